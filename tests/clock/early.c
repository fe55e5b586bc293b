/* Before 1970 seconds are rounded down, so that microseconds and nanoseconds are never negative: by system call and by the vDSO. Run from
 * 1970 on, with the wall clock stepped back by 10 s. */
#include <sys/syscall.h>
#include <sys/time.h>

#include "check.h"

struct reading {
	struct timespec spec;
	struct timeval val;
	time_t seconds;
};

static void early(const char *by, const struct reading *now)
{
	CHECK(now->spec.tv_sec == -10 && now->spec.tv_nsec > 0, "%s: %ld.%09ld", by, now->spec.tv_sec, now->spec.tv_nsec);
	CHECK(now->val.tv_sec == -10 && now->val.tv_usec >= now->spec.tv_nsec / 1000, "%s: %ld.%06ld", by, now->val.tv_sec,
		now->val.tv_usec);
	CHECK(now->seconds == -10, "%s: %ld", by, now->seconds);
}

int main(void)
{
	struct reading now;

	syscall(SYS_clock_gettime, CLOCK_REALTIME, &now.spec);
	syscall(SYS_gettimeofday, &now.val, NULL);
	syscall(SYS_time, &now.seconds);
	early("system call", &now);
	clock_gettime(CLOCK_REALTIME, &now.spec);
	gettimeofday(&now.val, NULL);
	time(&now.seconds);
	early("vDSO", &now);
	return check_result();
}
