/* What a process asks about itself and the system: identity, uname, sysinfo, limits, prctl, random, /proc/self. */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "show.h"

static void self_files(char *program)
{
	char text[8000], path[300];
	FILE *f = fopen("/proc/self/cmdline", "r");
	ssize_t n;

	CHECK(f != NULL && fgets(text, sizeof(text), f) != NULL && strcmp(text, program) == 0);
	fclose(f);
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	CHECK(strcmp(strrchr(path, '/'), strrchr(program, '/')) == 0);
	f = fopen("/proc/self/maps", "r");
	int code = 0, stack = 0;
	while (fgets(text, sizeof(text), f) != NULL) {
		code += strstr(text, "r-xp") != NULL && strstr(text, path) != NULL;
		stack += strstr(text, "[stack]") != NULL;
	}
	fclose(f);
	printf("maps: code %d stack %d\n", code, stack);
}

int main(int argc, char **argv)
{
	struct utsname name;
	struct sysinfo info;
	struct rlimit limit;
	char text[64] = "", other[64];
	cpu_set_t cpus;
	unsigned cpu, node;

	(void)argc;
	printf("uid %d %d gid %d %d\n", getuid(), geteuid(), getgid(), getegid());
	SUCCEEDS(getgroups(0, NULL));
	SHOW(uname(&name));
	printf("%s %s %s\n", name.sysname, name.nodename, name.machine);
	SHOW(sysinfo(&info));
	CHECK(info.totalram > 0 && info.mem_unit > 0 && info.procs > 0);
	SHOW(sysconf(_SC_PAGESIZE));
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
	SHOW(sched_getaffinity(0, sizeof(cpus), &cpus));
	CHECK(CPU_COUNT(&cpus) >= 1);
	SHOW(syscall(SYS_getcpu, &cpu, &node, NULL));
	CHECK(CPU_ISSET(cpu, &cpus));
	SHOW(getrlimit(RLIMIT_STACK, &limit));
	printf("stack %ld\n", (long)limit.rlim_cur);
	SHOW(prctl(PR_SET_NAME, "renamed by itself", 0, 0, 0));
	SHOW(prctl(PR_GET_NAME, text, 0, 0, 0));
	printf("'%s'\n", text);
	SHOW(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	SHOW(prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0));
	SHOW(prctl(12345, 0, 0, 0, 0));
	SHOW(getrandom(text, sizeof(text), 0));
	SHOW(getrandom(other, sizeof(other), GRND_NONBLOCK));
	CHECK(memcmp(text, other, sizeof(text)) != 0);
	SHOW(getrandom(text, 1, 0x100));
	SHOW(syscall(9999));
	SHOW(syscall(-1));
	SHOW(sched_getscheduler(0));
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(nice(3));
	SHOW(getpriority(PRIO_PROCESS, 0));
	CHECK(getpid() == syscall(SYS_gettid) && getppid() > 0);
	self_files(argv[0]);
	return 0;
}
