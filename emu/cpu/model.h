/* CPU models: what the guest's CPUID says, and so which instructions it may use. It says the same on every host. */
#ifndef TICK86_EMU_MODEL_H
#define TICK86_EMU_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/decode.h"

struct cpu_model {
	const char *name;  /* as --cpu takes it: x86-64, x86-64-v2, x86-64-v3 */
	const char *brand; /* leaves 80000002H to 80000004H; at most 47 characters */
	unsigned level;    /* of the x86-64 psABI: 1, 2, 3 */
	bool avx;          /* XSAVE and its state with YMM */
	uint64_t extra;    /* by enum isa: instructions that it has though CPUID does not say so; for tests of what no model has */
};

/* CPUID leaf 1 EAX of every model, as family, model, stepping. */
enum { CPU_FAMILY = 6, CPU_MODEL = 0x5e, CPU_STEPPING = 3 };

/* NULL when there is no such model. */
const struct cpu_model *cpu_model_find(const char *name);
/* Whether the model has the instructions: they are undefined for it if not. */
bool cpu_model_has(const struct cpu_model *model, enum isa isa);
/* Names of all models, separated by ", ", for messages. */
void cpu_model_names(char *text, size_t size);
/* The first feature of the model that the host lacks and the emulator needs from it, or NULL. */
const char *cpu_model_missing_on_host(const struct cpu_model *model);
/* The feature that the instructions of an enum isa are about, if the host lacks it, or NULL. */
const char *cpu_isa_missing_on_host(enum isa isa);

struct cpuid_result {
	uint32_t eax, ebx, ecx, edx;
};
/* What changes from run to run and thread to thread. */
struct cpuid_context {
	unsigned vcpu, vcpus;
	uint64_t tsc_khz;
	bool tsc_invariant;
	bool rdtscp_disabled; /* RDTSCP and RDPID raise #UD */
};
struct cpuid_result cpu_model_cpuid(const struct cpu_model *model, const struct cpuid_context *context, uint32_t leaf,
                                    uint32_t subleaf);

/* The features as Linux names them in the `flags` line of /proc/cpuinfo, in its order, separated by blanks. Returns the
 * length that they need, as snprintf does. */
size_t cpu_model_flags(const struct cpu_model *model, const struct cpuid_context *context, char *text, size_t size);

#endif
