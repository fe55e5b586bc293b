/* The x87 state while a run uses it: the guest's state stays in the host's x87 unit from one x87 instruction to the next
 * (`live`), so that most of them are one host instruction, exact to the last flag and pending exception. Nothing else in
 * the emulator touches the unit: no long double, no MMX. */
#ifndef TICK86_EMU_X87_LIVE_H
#define TICK86_EMU_X87_LIVE_H

#include "emu/cpu/x87.h"

/* Moves the state into the host's unit. It must not be live. */
void x87_to_host(struct x87 *x87);

/* Brings the state back, if it is live, and leaves the host's unit as FNINIT does. */
void x87_from_host(struct x87 *x87);

/* The same out of the frame of a host signal, whose handler runs with a fresh unit and will not return. `valid` and `st`
 * are as in FXSAVE's area. */
void x87_from_frame(struct x87 *x87, uint16_t control, uint16_t status, uint8_t valid, const uint8_t st[8][16]);

#endif
