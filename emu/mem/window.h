/* The window of the address space in which the emulator stands. */
#ifndef TICK86_EMU_WINDOW_H
#define TICK86_EMU_WINDOW_H

#include <sys/resource.h>

/* Returns the soft limit on address space with which the emulator was started. It was raised before `now`, the present one, was read. */
rlim_t window_address_limit(rlim_t now);

#endif
