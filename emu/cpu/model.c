/* The CPU models that --cpu names, and the features that CPUID reports for them. */
#include "emu/cpu/feature.h"

#include <stdio.h>
#include <string.h>
#include <sys/platform/x86.h>

static const struct cpu_model models[] = {
	{ .name = "x86-64", .brand = "tick86 virtual CPU", .level = 1 },
	{ .name = "x86-64-v2", .brand = "tick86 virtual CPU", .level = 2 },
	{ .name = "x86-64-v3", .brand = "tick86 virtual CPU", .level = 3, .avx = true },
};
enum { MODELS = sizeof(models) / sizeof(models[0]) };

/* --- features ------------------------------------------------------------------------------------- */

enum condition { ALWAYS, WITH_SMP, WITH_RDTSCP, WITH_INVARIANT_TSC };

struct feature {
	const char *name; /* Linux's name for it, as in /proc/cpuinfo */
	uint8_t place, bit;
	uint8_t level; /* the lowest psABI level of a model that has it */
	bool host;     /* the emulator uses the host's own instructions for it */
	uint8_t condition;
	uint8_t isa; /* enum isa: the instructions of this feature, if some model lacks them */
};

/* In the order of /proc/cpuinfo. The levels are the psABI's micro-architecture levels. v3 also has AES, PCLMULQDQ, FSGSBASE, ERMS and
 * RDPID, which real CPUs of that level have, and WAITPKG, since its waits are the clock's. No model has RDRAND or RDSEED: their results
 * would not repeat. */
static const struct feature features[] = {
	{ "fpu", LEAF1_EDX, 0, 1, false, ALWAYS, ISA_BASE },
	{ "de", LEAF1_EDX, 2, 1, false, ALWAYS, ISA_BASE },
	{ "pse", LEAF1_EDX, 3, 1, false, ALWAYS, ISA_BASE },
	{ "tsc", LEAF1_EDX, 4, 1, false, ALWAYS, ISA_BASE },
	{ "msr", LEAF1_EDX, 5, 1, false, ALWAYS, ISA_BASE },
	{ "pae", LEAF1_EDX, 6, 1, false, ALWAYS, ISA_BASE },
	{ "mce", LEAF1_EDX, 7, 1, false, ALWAYS, ISA_BASE },
	{ "cx8", LEAF1_EDX, 8, 1, false, ALWAYS, ISA_BASE },
	{ "apic", LEAF1_EDX, 9, 1, false, ALWAYS, ISA_BASE },
	{ "mtrr", LEAF1_EDX, 12, 1, false, ALWAYS, ISA_BASE },
	{ "pge", LEAF1_EDX, 13, 1, false, ALWAYS, ISA_BASE },
	{ "mca", LEAF1_EDX, 14, 1, false, ALWAYS, ISA_BASE },
	{ "cmov", LEAF1_EDX, 15, 1, false, ALWAYS, ISA_BASE },
	{ "pat", LEAF1_EDX, 16, 1, false, ALWAYS, ISA_BASE },
	{ "pse36", LEAF1_EDX, 17, 1, false, ALWAYS, ISA_BASE },
	{ "clflush", LEAF1_EDX, 19, 1, false, ALWAYS, ISA_BASE },
	{ "mmx", LEAF1_EDX, 23, 1, true, ALWAYS, ISA_BASE },
	{ "fxsr", LEAF1_EDX, 24, 1, false, ALWAYS, ISA_BASE },
	{ "sse", LEAF1_EDX, 25, 1, true, ALWAYS, ISA_BASE },
	{ "sse2", LEAF1_EDX, 26, 1, true, ALWAYS, ISA_BASE },
	{ "ht", LEAF1_EDX, 28, 1, false, WITH_SMP, ISA_BASE },
	{ "syscall", EXT1_EDX, 11, 1, false, ALWAYS, ISA_BASE },
	{ "nx", EXT1_EDX, 20, 1, false, ALWAYS, ISA_BASE },
	{ "rdtscp", EXT1_EDX, 27, 1, false, WITH_RDTSCP, ISA_BASE },
	{ "lm", EXT1_EDX, 29, 1, false, ALWAYS, ISA_BASE },
	{ "nonstop_tsc", EXT7_EDX, 8, 1, false, WITH_INVARIANT_TSC, ISA_BASE },
	{ "pni", LEAF1_ECX, 0, 2, true, ALWAYS, ISA_SSE3 },
	{ "pclmulqdq", LEAF1_ECX, 1, 3, true, ALWAYS, ISA_PCLMULQDQ },
	{ "ssse3", LEAF1_ECX, 9, 2, true, ALWAYS, ISA_SSSE3 },
	{ "fma", LEAF1_ECX, 12, 3, true, ALWAYS, ISA_FMA },
	{ "cx16", LEAF1_ECX, 13, 2, true, ALWAYS, ISA_CX16 },
	{ "sse4_1", LEAF1_ECX, 19, 2, true, ALWAYS, ISA_SSE4_1 },
	{ "sse4_2", LEAF1_ECX, 20, 2, true, ALWAYS, ISA_SSE4_2 },
	{ "movbe", LEAF1_ECX, 22, 3, false, ALWAYS, ISA_MOVBE },
	{ "popcnt", LEAF1_ECX, 23, 2, true, ALWAYS, ISA_POPCNT },
	{ "tsc_deadline_timer", LEAF1_ECX, 24, 1, false, ALWAYS, ISA_BASE },
	{ "aes", LEAF1_ECX, 25, 3, true, ALWAYS, ISA_AES },
	{ "xsave", LEAF1_ECX, 26, 3, false, ALWAYS, ISA_XSAVE },
	{ "osxsave", LEAF1_ECX, 27, 3, false, ALWAYS, ISA_BASE },
	{ "avx", LEAF1_ECX, 28, 3, true, ALWAYS, ISA_AVX },
	{ "f16c", LEAF1_ECX, 29, 3, true, ALWAYS, ISA_F16C },
	{ "hypervisor", LEAF1_ECX, 31, 1, false, ALWAYS, ISA_BASE },
	{ "lahf_lm", EXT1_ECX, 0, 2, true, ALWAYS, ISA_LAHF },
	{ "abm", EXT1_ECX, 5, 3, true, ALWAYS, ISA_LZCNT },
	{ "arat", LEAF6_EAX, 2, 1, false, ALWAYS, ISA_BASE },
	{ "aperfmperf", LEAF6_ECX, 0, 1, false, ALWAYS, ISA_BASE },
	{ "fsgsbase", LEAF7_EBX, 0, 3, false, ALWAYS, ISA_FSGSBASE },
	{ "tsc_adjust", LEAF7_EBX, 1, 1, false, ALWAYS, ISA_BASE },
	{ "bmi1", LEAF7_EBX, 3, 3, true, ALWAYS, ISA_BMI1 },
	{ "avx2", LEAF7_EBX, 5, 3, true, ALWAYS, ISA_AVX2 },
	{ "bmi2", LEAF7_EBX, 8, 3, true, ALWAYS, ISA_BMI2 },
	{ "erms", LEAF7_EBX, 9, 3, false, ALWAYS, ISA_BASE },
	{ "zero_fcs_fds", LEAF7_EBX, 13, 1, false, ALWAYS, ISA_BASE },
	{ "xsaveopt", LEAFD_EAX, 0, 3, false, ALWAYS, ISA_XSAVEOPT },
	{ "xsavec", LEAFD_EAX, 1, 3, false, ALWAYS, ISA_XSAVEC },
	{ "xgetbv1", LEAFD_EAX, 2, 3, false, ALWAYS, ISA_BASE },
	{ "waitpkg", LEAF7_ECX, 5, 3, false, ALWAYS, ISA_WAITPKG },
	{ "rdpid", LEAF7_ECX, 22, 3, false, WITH_RDTSCP, ISA_RDPID },
};
enum { FEATURES = sizeof(features) / sizeof(features[0]) };

static bool has_feature(const struct cpu_model *model, const struct cpuid_context *context, const struct feature *feature)
{
	if (feature->level > model->level)
		return false;
	switch ((enum condition)feature->condition) {
	case WITH_SMP: return context->vcpus > 1;
	case WITH_RDTSCP: return !context->rdtscp_disabled;
	case WITH_INVARIANT_TSC: return context->tsc_invariant;
	case ALWAYS: break;
	}
	return true;
}

uint32_t cpu_feature_bits(const struct cpu_model *model, const struct cpuid_context *context, enum cpuid_place place)
{
	uint32_t bits = 0;

	for (int k = 0; k < FEATURES; k++) {
		if (features[k].place == place && has_feature(model, context, &features[k]))
			bits |= 1u << features[k].bit;
	}
	return bits;
}

/* Returns true for features that /proc/cpuinfo does not show. */
static bool hidden_in_cpuinfo(const struct feature *feature)
{
	return !strcmp(feature->name, "osxsave") || !strcmp(feature->name, "zero_fcs_fds");
}

size_t cpu_model_flags(const struct cpu_model *model, const struct cpuid_context *context, char *text, size_t size)
{
	size_t length = 0;

	if (size)
		text[0] = '\0';
	for (int k = 0; k < FEATURES; k++) {
		if (!has_feature(model, context, &features[k]) || hidden_in_cpuinfo(&features[k]))
			continue;
		length += (size_t)snprintf(length < size ? text + length : NULL, length < size ? size - length : 0, "%s%s",
			length ? " " : "", features[k].name);
	}
	return length;
}

/* --- models --------------------------------------------------------------------------------------- */

const struct cpu_model *cpu_model_find(const char *name)
{
	for (int k = 0; k < MODELS; k++) {
		if (!strcmp(models[k].name, name))
			return &models[k];
	}
	return NULL;
}

bool cpu_model_has(const struct cpu_model *model, enum isa isa)
{
	if (isa == ISA_BASE || (model->extra >> isa & 1))
		return true;
	for (int k = 0; k < FEATURES; k++) {
		if (features[k].isa == isa)
			return features[k].level <= model->level;
	}
	return false;
}

void cpu_model_names(char *text, size_t size)
{
	size_t length = 0;

	for (int k = 0; k < MODELS && length < size; k++)
		length += (size_t)snprintf(text + length, size - length, "%s%s", k ? ", " : "", models[k].name);
}

/* The host's CPUID, in the copy that libc made at its start. In a virtual machine each CPUID exits to the hypervisor, which takes
 * microseconds. */
struct host_features {
	uint32_t leaf1[4], leaf7[4], ext1[4]; /* EAX EBX ECX EDX */
};

static void read_leaf(uint32_t leaf[4], unsigned index)
{
	memcpy(leaf, __x86_get_cpuid_feature_leaf(index)->cpuid_array, 4 * sizeof(uint32_t));
}

static struct host_features read_host(void)
{
	struct host_features host = { 0 };

	read_leaf(host.leaf1, CPUID_INDEX_1);
	read_leaf(host.leaf7, CPUID_INDEX_7);
	read_leaf(host.ext1, CPUID_INDEX_80000001);
	return host;
}

static bool host_has(const struct host_features *host, const struct feature *feature)
{
	/* clang-format off */
	const uint32_t word[] = {
		[LEAF1_EDX] = host->leaf1[3], [LEAF1_ECX] = host->leaf1[2], [EXT1_EDX] = host->ext1[3], [EXT1_ECX] = host->ext1[2],
		[LEAF7_EBX] = host->leaf7[1], [LEAF7_ECX] = host->leaf7[2],
	};
	/* clang-format on */

	return word[feature->place] >> feature->bit & 1;
}

/* The host's AVX can be used only if its kernel switches the YMM registers: SDM vol. 1, 14.3. */
static bool host_keeps_ymm(const struct host_features *host)
{
	enum { OSXSAVE = 1 << 27, SSE_AND_YMM = 6 };
	uint32_t low, high;

	if (!(host->leaf1[2] & OSXSAVE))
		return false;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & SSE_AND_YMM) == SSE_AND_YMM;
}

const char *cpu_model_missing_on_host(const struct cpu_model *model)
{
	const struct host_features host = read_host();

	for (int k = 0; k < FEATURES; k++) {
		const struct feature *feature = &features[k];

		if (feature->host && feature->level <= model->level && !host_has(&host, feature))
			return feature->name;
	}
	if (model->avx && !host_keeps_ymm(&host))
		return "avx (switched off by the kernel)";
	return NULL;
}

const char *cpu_isa_missing_on_host(enum isa isa)
{
	const struct host_features host = read_host();

	if ((isa == ISA_AVX || isa == ISA_AVX2 || isa == ISA_FMA || isa == ISA_F16C) && !host_keeps_ymm(&host))
		return "avx";
	for (int k = 0; k < FEATURES; k++) {
		if (features[k].host && features[k].isa == isa && isa != ISA_BASE && !host_has(&host, &features[k]))
			return features[k].name;
	}
	return NULL;
}
