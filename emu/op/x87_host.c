/* Handlers that move the x87 state between struct x87 and the host's unit. */
#include "emu/op/x87_host.h"

#include "emu/cpu/x87_live.h"

/* In a separate file, so that the compiler does not inline their calls into handlers. */
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
