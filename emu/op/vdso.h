/* How the vDSO's code (emu/linux/process/vdso.S) reads the clock: by the reserved encoding UD1 VDSO_MARK(%rax), REG. A real CPU raises
 * #UD for it, and so does this one for any other address. REG selects the function; arguments are as in the C calling convention. The
 * assembler includes this file, too. */
#ifndef TICK86_EMU_VDSO_H
#define TICK86_EMU_VDSO_H

#define VDSO_MARK 0x7c10c86

/* The numbers of the registers that select the functions. */
#define VDSO_CLOCK_GETTIME \
	0 /* EAX: stores the time and returns 0 in RAX, or returns the system call's number if it does not handle the clock */
#define VDSO_GETTIMEOFDAY 1 /* ECX: returns 0 in RAX */
#define VDSO_TIME 2         /* EDX: returns the time in RAX */
#define VDSO_GETCPU 3       /* EBX: returns 0 in RAX */

#endif
