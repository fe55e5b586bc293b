/* Under icount an RDTSC is a function of the instructions before it: in a loop all differences are the same, whatever runs the loop. It
 * leaves flags and other registers alone. Argument: the cycles of an instruction. */
#include "check.h"

enum { LOOPS = 1000000, INSNS = 12, INSNS_FIRST = 5 };

int main(int argc, char **argv)
{
	uint64_t cycles = argc > 1 ? strtoull(argv[1], NULL, 0) : 8;
	uint64_t last, wrong = 0, carries = 0, loops = LOOPS;

	__asm__ volatile("rdtsc\n\t"
			 "shl $32, %%rdx\n\t"
			 "lea (%%rax, %%rdx), %[last]\n\t"
			 "sub %[head], %[last]\n"
			 "1:\tstc\n\t"
			 "rdtsc\n\t"
			 "adc $0, %[carries]\n\t"
			 "shl $32, %%rdx\n\t"
			 "add %%rdx, %%rax\n\t"
			 "mov %%rax, %%rdx\n\t"
			 "sub %[last], %%rdx\n\t"
			 "mov %%rax, %[last]\n\t"
			 "xor %[expected], %%rdx\n\t"
			 "or %%rdx, %[wrong]\n\t"
			 "dec %[loops]\n\t"
			 "jnz 1b"
			 : [last] "=&r"(last), [wrong] "+&r"(wrong), [carries] "+&r"(carries), [loops] "+&r"(loops)
			 : [expected] "r"(INSNS * cycles), [head] "r"((INSNS - INSNS_FIRST) * cycles)
			 : "rax", "rdx", "cc");
	CHECK(wrong == 0, "the TSC does not follow the instructions: %#lx", wrong);
	CHECK(carries == LOOPS, "%lu of %d", carries, LOOPS);
	return check_result();
}
