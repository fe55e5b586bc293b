/* The first stack of a program: arguments, environment, auxiliary vector. */
#include <elf.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "show.h"

extern char **environ;

static void show_aux_vector(void)
{
	static const struct {
		const char *name;
		unsigned long type;
	} known[] = {
		{ "AT_PHENT", AT_PHENT },
		{ "AT_PAGESZ", AT_PAGESZ },
		{ "AT_FLAGS", AT_FLAGS },
		{ "AT_UID", AT_UID },
		{ "AT_EUID", AT_EUID },
		{ "AT_GID", AT_GID },
		{ "AT_EGID", AT_EGID },
		{ "AT_SECURE", AT_SECURE },
		{ "AT_CLKTCK", AT_CLKTCK },
		{ "AT_PHNUM", AT_PHNUM },
	};
	const char *platform = (const char *)getauxval(AT_PLATFORM);
	const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		printf("%s %lu\n", known[i].name, getauxval(known[i].type));
	printf("AT_PLATFORM %s\n", platform);
	CHECK(strstr((const char *)getauxval(AT_EXECFN), "args") != NULL);
	CHECK(getauxval(AT_RANDOM) != 0);
	CHECK(getauxval(AT_ENTRY) != 0);
	CHECK(headers[0].p_type == PT_PHDR || headers[0].p_type == PT_LOAD);
	CHECK(headers[getauxval(AT_PHNUM) - 1].p_type != PT_NULL);
}

static void show_stack_layout(char **argv)
{
	char **end = argv;

	while (*end != NULL)
		end++;
	CHECK(environ == end + 1);
	end = environ;
	while (*end != NULL)
		end++;
	CHECK(((Elf64_auxv_t *)(end + 1))->a_type != AT_NULL);
	CHECK(((unsigned long)(argv - 1) & 15) == 0); /* the psABI: RSP is 16-byte aligned at entry */
	CHECK(argv[0] + strlen(argv[0]) + 1 == argv[1] || argv[1] == NULL);
}

int main(int argc, char **argv)
{
	printf("argc %d\n", argc);
	for (int i = 1; i <= argc; i++)
		printf("argv[%d] '%s'\n", i, argv[i] == NULL ? "(null)" : argv[i]);
	for (char **p = environ; *p != NULL; p++)
		if (strncmp(*p, "GUEST_", 6) == 0)
			puts(*p);
	show_aux_vector();
	show_stack_layout(argv);
	if (argc == 1) { /* once more, with arguments and an environment of our choice */
		char *arguments[] = { argv[0], "one", "", "three with spaces", "\xc3\xa9", NULL };
		char *environment[] = { "GUEST_A=1", "GUEST_EMPTY=", "NO_EQUALS_SIGN", "GUEST_A=2", NULL };

		execve(argv[0], arguments, environment);
		perror("execve");
	}
	return argc;
}
