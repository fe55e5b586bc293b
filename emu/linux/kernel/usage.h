/* CPU time as struct rusage. */
#ifndef TICK86_EMU_USAGE_H
#define TICK86_EMU_USAGE_H

#include <stdint.h>
#include <sys/resource.h>

/* Returns a usage with `ns` of user time; everything else is 0. */
struct rusage usage_of_ns(int64_t ns);

#endif
