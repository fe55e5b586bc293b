/* How the vDSO's code (emu/linux/process/vdso.S) reaches the clock: the reserved encoding UD1 VDSO_MARK(%rax), REG, which a real CPU
 * refuses with #UD and so does this one with any other address. REG says the function; its arguments are where the C calling
 * convention has them. Also read by the assembler. */
#ifndef TICK86_EMU_VDSO_H
#define TICK86_EMU_VDSO_H

#define VDSO_MARK 0x7c10c86

/* Numbers of the registers that stand for the functions. */
#define VDSO_CLOCK_GETTIME 0 /* EAX: RAX becomes 0 and the time is stored, or RAX becomes the system call's number if the clock is
                                not one of these */
#define VDSO_GETTIMEOFDAY  1 /* ECX: RAX becomes 0 */
#define VDSO_TIME          2 /* EDX: RAX becomes the time */
#define VDSO_GETCPU        3 /* EBX: RAX becomes 0 */

#endif
