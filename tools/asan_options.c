/* Linked into what make check-asan builds: the sanitizer's settings, also for programs that run without environment. Faults are the
 * guest's; and a replay has given up the system calls with which leaks are looked for. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:detect_leaks=0:abort_on_error=0:replace_intrin=0";
}
