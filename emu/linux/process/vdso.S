/* The vDSO: the functions that vdso(7) lists for x86-64. Each asks the emulator's clock by one instruction (emu/op/vdso.h);
 * a clock that this one does not know stays a system call. No function touches the stack. */
#include <asm/unistd_64.h>

#include "emu/op/vdso.h"

	.text

.macro FUNCTION name
	.globl __vdso_\name
	.weak \name
	.type __vdso_\name, @function
	.type \name, @function
	.balign 16
__vdso_\name:
\name:
	.cfi_startproc
.endm

.macro END name
	.cfi_endproc
	.size __vdso_\name, . - __vdso_\name
	.size \name, . - \name
.endm

FUNCTION clock_gettime
	ud1l VDSO_MARK(%rax), %eax
	test %eax, %eax
	jnz 1f
	ret
1:	syscall
	ret
END clock_gettime

FUNCTION gettimeofday
	ud1l VDSO_MARK(%rax), %ecx
	ret
END gettimeofday

FUNCTION time
	ud1l VDSO_MARK(%rax), %edx
	ret
END time

FUNCTION getcpu
	ud1l VDSO_MARK(%rax), %ebx
	ret
END getcpu

FUNCTION clock_getres
	mov $__NR_clock_getres, %eax
	syscall
	ret
END clock_getres

	.section .note.GNU-stack, "", @progbits
