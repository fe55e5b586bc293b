/* Descriptors by path: those that are not open do not exist, whatever their number. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "show.h"

enum { NUMBERS = 1100, FIRST = 900 };

static int is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Descriptors that are not open, but have a name in this directory for one of four calls. */
static void look(const char *directory)
{
	int at = open(directory, O_RDONLY | O_DIRECTORY), found = 0;

	for (int fd = FIRST; fd < NUMBERS; fd++) {
		char path[128], target[128], name[16];
		struct stat status;

		if (is_open(fd))
			continue;
		snprintf(path, sizeof(path), "%s/%d", directory, fd);
		snprintf(name, sizeof(name), "%d", fd);
		found += access(path, F_OK) == 0;
		found += readlink(path, target, sizeof(target)) >= 0;
		found += stat(path, &status) == 0;
		found += lstat(path, &status) == 0;
		found += at >= 0 && faccessat(at, name, F_OK, 0) == 0;
		found += open(path, O_RDONLY | O_NONBLOCK) >= 0;
	}
	close(at);
	printf("%d found, open: %d\n", found, at >= 0);
}

static int listed(const char *directory)
{
	DIR *list = opendir(directory);
	int found = 0;

	for (struct dirent *entry; list && (entry = readdir(list));)
		found += atoi(entry->d_name) >= FIRST && !is_open(atoi(entry->d_name));
	if (list)
		closedir(list);
	return found;
}

int main(void)
{
	static const char *const directories[] = { "/proc/self/fd", "/dev/fd", "/proc/thread-self/fd", "/proc/self/fdinfo",
		"/proc//self/./fd" };
	char own[64];

	for (size_t k = 0; k < sizeof(directories) / sizeof(directories[0]); k++)
		look(directories[k]);
	snprintf(own, sizeof(own), "/proc/%d/fd", (int)getpid());
	look(own);
	snprintf(own, sizeof(own), "/proc/self/task/%d/fd", (int)getpid());
	printf("listed: %d %d %d\n", listed("/proc/self/fd"), listed("/proc/self/fdinfo"), listed(own));
	SHOW(chdir("/proc/self/fd"));
	SHOW(open("961", O_RDONLY));
	SHOW(access("../fd/960", F_OK));
	SHOW(open("/proc/self/fd/1020", O_RDONLY));
	SHOW(dup2(1, 900));
	SHOW(access("900", F_OK));
	SHOW(access("/dev/fd/900", F_OK));
	return 0;
}
