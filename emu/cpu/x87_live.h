/* The guest's x87 state stays in the host's x87 unit from one x87 instruction to the next (`live`). So most x87 instructions are one
 * host instruction, exact to the last flag and pending exception. Nothing else in the emulator uses the unit: no long double, no MMX. */
#ifndef TICK86_EMU_X87_LIVE_H
#define TICK86_EMU_X87_LIVE_H

#include "emu/cpu/x87.h"

/* Moves the state into the host's unit. It must not be live. */
void x87_to_host(struct x87 *x87);

/* Moves the state back if it is live, and leaves the host's unit as FNINIT does. */
void x87_from_host(struct x87 *x87);

/* Takes the state from the frame of a host signal, whose handler runs with a fresh unit and does not return. `valid` and `st` are as in
 * FXSAVE's area. */
void x87_from_frame(struct x87 *x87, uint16_t control, uint16_t status, uint8_t valid, const uint8_t st[8][16]);

#endif
