/* CPU models: what the guest's CPUID says, and so which instructions it may use. */
#ifndef TICK86_EMU_MODEL_H
#define TICK86_EMU_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpu_model {
	const char *name;     /* as --cpu takes it: x86-64, x86-64-v2, x86-64-v3 */
	const char *brand;
	uint32_t leaf1_ecx, leaf1_edx, leaf7_ebx, leaf80000001_ecx, leaf80000001_edx;
	bool avx;             /* XSAVE state has YMM; VEX instructions are defined */
};

/* NULL when there is no such model. */
const struct cpu_model *cpu_model_find(const char *name);
/* Names of all models, separated by ", ", for messages. */
void cpu_model_names(char *text, size_t size);
/* The first feature of the model that the host lacks and the emulator needs from it, or NULL. */
const char *cpu_model_missing_on_host(const struct cpu_model *model);

struct cpuid_result {
	uint32_t eax, ebx, ecx, edx;
};
/* What changes from run to run and thread to thread. */
struct cpuid_context {
	unsigned vcpu, vcpus;
	uint64_t tsc_khz;
	bool tsc_invariant;
};
struct cpuid_result cpu_model_cpuid(const struct cpu_model *model, const struct cpuid_context *context, uint32_t leaf,
                                    uint32_t subleaf);

#endif
