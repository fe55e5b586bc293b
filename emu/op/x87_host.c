/* x87 instructions that the host's own x87 unit executes. */
#include "emu/op/x87_host.h"

#include "emu/cpu/x87_live.h"

/* In a file of their own, so that no handler takes their calls in. */
HANDLER(x87_make_live)
{
	x87_to_host(&cpu->x87);
	GO(i);
}

HANDLER(x87_make_parked)
{
	x87_from_host(&cpu->x87);
	GO(i);
}
