/* Before 1970 seconds are rounded down, so that microseconds and nanoseconds are never negative. Run from 1970 on, with the wall clock
 * stepped back by 10 s. */
#include <sys/syscall.h>
#include <sys/time.h>

#include "check.h"

int main(void)
{
	struct timespec spec;
	struct timeval val;
	time_t seconds;

	syscall(SYS_clock_gettime, CLOCK_REALTIME, &spec);
	syscall(SYS_gettimeofday, &val, NULL);
	syscall(SYS_time, &seconds);
	CHECK(spec.tv_sec == -10 && spec.tv_nsec > 0, "%ld.%09ld", spec.tv_sec, spec.tv_nsec);
	CHECK(val.tv_sec == -10 && val.tv_usec >= spec.tv_nsec / 1000, "%ld.%06ld", val.tv_sec, val.tv_usec);
	CHECK(seconds == -10, "%ld", seconds);
	return check_result();
}
