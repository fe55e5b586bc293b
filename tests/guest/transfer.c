/* Moving bytes: vectors, positions, sendfile, splice and tee, standard I/O. */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "show.h"

static void *volatile nowhere = (void *)8;

static void show_file(const char *what, int fd)
{
	char text[200];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	printf("%s: '%s'\n", what, text);
}

static void vectors(int fd)
{
	char a[4] = "", b[8] = "", c[20] = "";
	struct iovec out[3] = { { "one", 3 }, { "", 0 }, { "-two", 4 } };
	struct iovec in[3] = { { a, 3 }, { b, 2 }, { c, 19 } };
	struct iovec bad[2] = { { "good", 4 }, { nowhere, 4 } };

	SHOW(writev(fd, out, 3));
	SHOW(pwritev(fd, out, 3, 10));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(readv(fd, in, 3));
	printf("'%s' '%s' '%.2s'\n", a, b, c);
	SHOW(preadv(fd, in, 3, 11));
	printf("'%s' '%s'\n", a, b);
	SHOW(syscall(SYS_preadv2, fd, in, 3, 0L, 0L, 0));
	SHOW(syscall(SYS_preadv2, fd, in, 3, 0L, 0L, 0x1000));
	SHOW(syscall(SYS_pwritev2, fd, out, 3, 0L, 0L, 0x10)); /* RWF_APPEND */
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(readv(fd, in, 0));
	SHOW(readv(fd, in, -1));
	SHOW(writev(fd, out, IOV_MAX + 1));
	SHOW(writev(fd, bad + 1, 1));
	SHOW(pwritev(fd, bad, 2, 100));
	SHOW(writev(fd, nowhere, 2));
	SHOW(pread(fd, a, 1, -1));
}

static void between_files(int from)
{
	int to = open("to", O_CREAT | O_RDWR | O_TRUNC, 0600);
	off_t at = 1, out = 2;

	SHOW(sendfile(to, from, &at, 4));
	printf("offset %ld\n", (long)at);
	show_file("sent", to);
	lseek(from, 0, SEEK_SET);
	SHOW(sendfile(to, from, NULL, 3));
	SHOW(lseek(from, 0, SEEK_CUR));
	show_file("sent", to);
	at = 3;
	SHOW(copy_file_range(from, &at, to, &out, 5, 0));
	printf("offsets %ld %ld\n", (long)at, (long)out);
	show_file("copied", to);
	SHOW(copy_file_range(from, NULL, to, NULL, 5, 77));
	SHOW(sendfile(99, from, NULL, 1));
	at = -1;
	SHOW(sendfile(to, from, &at, 1));
	close(to);
}

static void through_pipes(int from)
{
	int one[2], two[2], to = open("spliced", O_CREAT | O_RDWR, 0600);
	char text[20] = "";
	off_t at = 2;

	if (pipe(one) != 0 || pipe(two) != 0)
		return;
	SHOW(splice(from, &at, one[1], NULL, 6, 0));
	SHOW(tee(one[0], two[1], 100, 0));
	SHOW(read(two[0], text, sizeof(text) - 1));
	printf("teed '%s'\n", text);
	SHOW(splice(one[0], NULL, to, NULL, 100, 0));
	show_file("spliced", to);
	SHOW(splice(from, NULL, to, NULL, 1, 0));
	SHOW(splice(one[0], NULL, to, NULL, 1, SPLICE_F_NONBLOCK));
	SHOW(vmsplice(one[1], &(struct iovec){ "vector", 6 }, 1, 0));
	memset(text, 0, sizeof(text));
	SHOW(read(one[0], text, sizeof(text) - 1));
	printf("vmspliced '%s'\n", text);
}

static void standard_io(void)
{
	FILE *f = fopen("stdio", "w+");
	char line[100];
	int a = 0;
	double d = 0;

	for (int i = 0; i < 3000; i++)
		fprintf(f, "line %d of %s\n", i, "many");
	SHOW(ftell(f));
	SHOW(fseek(f, -18, SEEK_END));
	CHECK(fgets(line, sizeof(line), f) != NULL);
	printf("last: %s", line);
	rewind(f);
	SHOW(fscanf(f, "line %d of", &a));
	SHOW(ungetc('Z', f));
	SHOW(fgetc(f));
	fclose(f);
	f = popen("echo 3.25 7", "r");
	SHOW(fscanf(f, "%lf %d", &d, &a));
	printf("%g %d\n", d, a);
	SHOW(pclose(f));
	f = tmpfile();
	CHECK(f != NULL);
	setvbuf(f, NULL, _IONBF, 0);
	SHOW(fwrite("abcdef", 2, 3, f));
	rewind(f);
	SHOW(fread(line, 1, 10, f));
	CHECK(feof(f) && !ferror(f));
	fclose(f);
}

static void own_memory(void)
{
	char from[] = "memory", to[7] = "";
	struct iovec local = { to, sizeof(to) }, remote = { from, sizeof(from) };

	SHOW(syscall(SYS_process_vm_readv, getpid(), &local, 1, &remote, 1, 0));
	printf("'%s'\n", to);
	from[0] = 'M';
	SHOW(syscall(SYS_process_vm_writev, getpid(), &remote, 1, &local, 1, 0));
	printf("'%s'\n", to);
	SHOW(syscall(SYS_process_vm_readv, 0x7ffffff0, &local, 1, &remote, 1, 0));
}

int main(void)
{
	int fd = open("from", O_CREAT | O_RDWR, 0600);

	vectors(fd);
	show_file("from", fd);
	between_files(fd);
	through_pipes(fd);
	standard_io();
	own_memory();
	return 0;
}
