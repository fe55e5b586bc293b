/* CPU models: what CPUID reports to the guest, and so which instructions the guest may use. A model is the same on every host. */
#ifndef TICK86_EMU_MODEL_H
#define TICK86_EMU_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/decode.h"

struct cpu_model {
	const char *name;  /* the name for --cpu: x86-64, x86-64-v2, x86-64-v3 */
	const char *brand; /* leaves 80000002H to 80000004H; at most 47 characters */
	unsigned level;    /* the x86-64 psABI's level: 1, 2, 3 */
	bool avx;          /* the model has XSAVE, with the state of YMM */
	uint64_t extra;    /* a bit for each enum isa: instructions that the model has though CPUID does not report them; for tests */
};

/* Family, model and stepping in EAX of CPUID leaf 1, for every model. */
enum { CPU_FAMILY = 6, CPU_MODEL = 0x5e, CPU_STEPPING = 3 };

/* Returns the model of that name, or NULL if there is none. */
const struct cpu_model *cpu_model_find(const char *name);
/* Returns true if the model has these instructions. If not, they raise #UD. */
bool cpu_model_has(const struct cpu_model *model, enum isa isa);
/* Writes the names of all models, separated by ", ", for messages. */
void cpu_model_names(char *text, size_t size);
/* Returns the first feature of the model that the emulator needs from the host and the host lacks, or NULL. */
const char *cpu_model_missing_on_host(const struct cpu_model *model);
/* Returns the feature that the instructions of an enum isa belong to, if the host lacks it, or NULL. */
const char *cpu_isa_missing_on_host(enum isa isa);

struct cpuid_result {
	uint32_t eax, ebx, ecx, edx;
};
/* The parts of CPUID that differ between runs and threads. */
struct cpuid_context {
	unsigned vcpu, vcpus;
	uint64_t tsc_khz;
	bool tsc_invariant;
	bool rdtscp_disabled; /* RDTSCP and RDPID raise #UD */
};
struct cpuid_result cpu_model_cpuid(const struct cpu_model *model, const struct cpuid_context *context, uint32_t leaf, uint32_t subleaf);

/* Writes the model's features as in the `flags` line of /proc/cpuinfo, in its order, separated by blanks. Returns the length that the
 * full text needs, as snprintf does. */
size_t cpu_model_flags(const struct cpu_model *model, const struct cpuid_context *context, char *text, size_t size);

#endif
