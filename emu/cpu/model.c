#include "emu/cpu/model.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

static const struct cpu_model models[] = {
	{ .name = "x86-64", .brand = "tick86 virtual CPU", .level = 1 },
	{ .name = "x86-64-v2", .brand = "tick86 virtual CPU", .level = 2 },
	{ .name = "x86-64-v3", .brand = "tick86 virtual CPU", .level = 3, .avx = true },
};
enum { MODELS = sizeof models / sizeof models[0] };

/* --- features ------------------------------------------------------------------------------------- */

/* Where CPUID reports a feature. */
enum place { LEAF1_EDX, EXT1_EDX, EXT7_EDX, LEAF1_ECX, EXT1_ECX, LEAF6_EAX, LEAF6_ECX, LEAF7_EBX, LEAFD_EAX, LEAF7_ECX };

enum condition { ALWAYS, WITH_SMP, WITH_RDTSCP, WITH_INVARIANT_TSC };

struct feature {
	const char *name;   /* Linux's, as /proc/cpuinfo shows it */
	uint8_t place, bit;
	uint8_t level;      /* the lowest psABI level of a model that has it */
	bool host;          /* runs on the host's own instructions */
	uint8_t condition;
	uint8_t isa;        /* enum isa: the instructions that it is about, if programs on all models may not use them */
};

/* In the order of /proc/cpuinfo. The levels are the psABI's micro-architecture levels; v3 also has AES, PCLMULQDQ,
 * FSGSBASE, ERMS and RDPID, which CPUs of that level have, and WAITPKG, because its waits are the clock's. No RDRAND, RDSEED: their results would not repeat. */
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
enum { FEATURES = sizeof features / sizeof features[0] };

static bool has_feature(const struct cpu_model *model, const struct cpuid_context *context, const struct feature *feature)
{
	if (feature->level > model->level)
		return false;
	switch ((enum condition)feature->condition) {
	case WITH_SMP:
		return context->vcpus > 1;
	case WITH_RDTSCP:
		return !context->rdtscp_disabled;
	case WITH_INVARIANT_TSC:
		return context->tsc_invariant;
	case ALWAYS:
		break;
	}
	return true;
}

static uint32_t feature_bits(const struct cpu_model *model, const struct cpuid_context *context, enum place place)
{
	uint32_t bits = 0;

	for (int k = 0; k < FEATURES; k++) {
		if (features[k].place == place && has_feature(model, context, &features[k]))
			bits |= 1u << features[k].bit;
	}
	return bits;
}

/* Names that Linux keeps for itself, or does not show. */
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

/* What the host's CPUID says. Read once and for all: a virtual machine leaves to its hypervisor each time, which takes microseconds. */
struct host_features {
	uint32_t leaf1[4], leaf7[4], ext1[4]; /* EAX EBX ECX EDX */
};

static struct host_features read_host(void)
{
	struct host_features host = { 0 };

	__get_cpuid(1, &host.leaf1[0], &host.leaf1[1], &host.leaf1[2], &host.leaf1[3]);
	__get_cpuid_count(7, 0, &host.leaf7[0], &host.leaf7[1], &host.leaf7[2], &host.leaf7[3]);
	__get_cpuid(0x80000001, &host.ext1[0], &host.ext1[1], &host.ext1[2], &host.ext1[3]);
	return host;
}

static bool host_has(const struct host_features *host, const struct feature *feature)
{
	const uint32_t word[] = {
		[LEAF1_EDX] = host->leaf1[3], [LEAF1_ECX] = host->leaf1[2], [EXT1_EDX] = host->ext1[3], [EXT1_ECX] = host->ext1[2],
		[LEAF7_EBX] = host->leaf7[1], [LEAF7_ECX] = host->leaf7[2],
	};

	return word[feature->place] >> feature->bit & 1;
}

/* A CPU with AVX is of no use under a kernel that does not switch its registers: SDM vol. 1, 14.3. */
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

/* --- leaves: SDM vol. 2, CPUID --------------------------------------------------------------------- */

enum {
	MAX_BASIC = 0x16, MAX_EXTENDED = 0x80000008u, HYPERVISOR = 0x40000000u, MAX_HYPERVISOR = 0x40000010u,
	CRYSTAL_HZ = 1000, BUS_MHZ = 100,
};

/* Bits that number `count` things. */
static unsigned id_bits(unsigned count)
{
	return count > 1 ? 32 - (unsigned)__builtin_clz(count - 1) : 0;
}

static struct cpuid_result version_leaf(const struct cpu_model *model, const struct cpuid_context *context)
{
	enum { CLFLUSH_QWORDS = 8 };
	unsigned ids = 1u << id_bits(context->vcpus);

	return (struct cpuid_result){
		.eax = (CPU_MODEL >> 4) << 16 | CPU_FAMILY << 8 | (CPU_MODEL & 15) << 4 | CPU_STEPPING,
		.ebx = (context->vcpu & 0xff) << 24 | (ids < 255 ? ids : 255) << 16 | CLFLUSH_QWORDS << 8,
		.ecx = feature_bits(model, context, LEAF1_ECX),
		.edx = feature_bits(model, context, LEAF1_EDX),
	};
}

/* Leaf 4: the sizes steer glibc's memcpy, so they are part of the machine. */
static struct cpuid_result cache_leaf(const struct cpuid_context *context, uint32_t subleaf)
{
	enum { DATA = 1, INSTRUCTION = 2, UNIFIED = 3, LINE = 64 };
	static const struct {
		uint8_t type, level, ways;
		uint32_t bytes;
		bool shared;
	} caches[] = {
		{ DATA, 1, 8, 32 << 10, false },
		{ INSTRUCTION, 1, 8, 32 << 10, false },
		{ UNIFIED, 2, 16, 1 << 20, false },
		{ UNIFIED, 3, 16, 8 << 20, true },
	};
	enum { SELF_INITIALIZING = 1 << 8, INCLUSIVE = 2 };
	uint32_t ids = (1u << id_bits(context->vcpus)) - 1;

	if (subleaf >= sizeof caches / sizeof caches[0])
		return (struct cpuid_result){ 0 };
	return (struct cpuid_result){
		.eax = caches[subleaf].type | (uint32_t)caches[subleaf].level << 5 | SELF_INITIALIZING
			| (caches[subleaf].shared ? (ids & 0xfff) << 14 : 0) | (ids & 63) << 26,
		.ebx = (caches[subleaf].ways - 1u) << 22 | (LINE - 1),
		.ecx = caches[subleaf].bytes / caches[subleaf].ways / LINE - 1,
		.edx = caches[subleaf].shared ? INCLUSIVE : 0,
	};
}

static struct cpuid_result topology_leaf(const struct cpuid_context *context, uint32_t subleaf)
{
	enum { THREADS = 1 << 8, CORES = 2 << 8 };
	struct cpuid_result result = { .ecx = subleaf & 0xff, .edx = context->vcpu };

	if (subleaf == 0) {
		result.ebx = 1;
		result.ecx |= THREADS;
	} else if (subleaf == 1) {
		result.eax = id_bits(context->vcpus);
		result.ebx = context->vcpus;
		result.ecx |= CORES;
	}
	return result;
}

/* Leaf 0DH: x87, SSE and YMM; the layout is that of emu/cpu/xsave.h. */
static struct cpuid_result xsave_leaf(const struct cpu_model *model, const struct cpuid_context *context, uint32_t subleaf)
{
	enum { X87_SSE_YMM = 7, AREA = 832, YMM_OFFSET = 576, YMM_SIZE = 256 };

	if (!model->avx)
		return (struct cpuid_result){ 0 };
	switch (subleaf) {
	case 0:
		return (struct cpuid_result){ .eax = X87_SSE_YMM, .ebx = AREA, .ecx = AREA };
	case 1:
		return (struct cpuid_result){ .eax = feature_bits(model, context, LEAFD_EAX), .ebx = AREA };
	case 2:
		return (struct cpuid_result){ .eax = YMM_SIZE, .ebx = YMM_OFFSET };
	}
	return (struct cpuid_result){ 0 };
}

static struct cpuid_result text_leaf(const char *text, size_t offset)
{
	char field[48] = { 0 };
	struct cpuid_result result;

	memcpy(field, text, strnlen(text, sizeof field - 1));
	memcpy(&result, field + offset, sizeof result);
	return result;
}

static struct cpuid_result basic_leaf(const struct cpu_model *model, const struct cpuid_context *context, uint32_t leaf,
                                      uint32_t subleaf)
{
	switch (leaf) {
	case 0: /* "GenuineIntel", in the order EBX EDX ECX */
		return (struct cpuid_result){ .eax = MAX_BASIC, .ebx = 0x756e6547, .edx = 0x49656e69, .ecx = 0x6c65746e };
	case 1:
		return version_leaf(model, context);
	case 2: /* TLBs; FFH: the caches are in leaf 4 */
		return (struct cpuid_result){ .eax = 0x76036301, .ebx = 0x00f0b5ff, .edx = 0x00c30000 };
	case 4:
		return cache_leaf(context, subleaf);
	case 6:
		return (struct cpuid_result){ .eax = feature_bits(model, context, LEAF6_EAX),
			.ecx = feature_bits(model, context, LEAF6_ECX) };
	case 7:
		if (subleaf)
			break;
		return (struct cpuid_result){ .ebx = feature_bits(model, context, LEAF7_EBX),
			.ecx = feature_bits(model, context, LEAF7_ECX) };
	case 0xb:
		return topology_leaf(context, subleaf);
	case 0xd:
		return xsave_leaf(model, context, subleaf);
	case 0x15: /* TSC frequency = ECX * EBX / EAX, exact for any kHz */
		return (struct cpuid_result){ .eax = 1, .ebx = (uint32_t)context->tsc_khz, .ecx = CRYSTAL_HZ };
	case 0x16: {
		uint32_t mhz = (uint32_t)(context->tsc_khz / 1000) & 0xffff;

		return (struct cpuid_result){ .eax = mhz, .ebx = mhz, .ecx = BUS_MHZ };
	}
	}
	return (struct cpuid_result){ 0 };
}

static struct cpuid_result extended_leaf(const struct cpu_model *model, const struct cpuid_context *context, uint32_t leaf)
{
	switch (leaf) {
	case 0x80000000:
		return (struct cpuid_result){ .eax = MAX_EXTENDED };
	case 0x80000001:
		return (struct cpuid_result){ .ecx = feature_bits(model, context, EXT1_ECX),
			.edx = feature_bits(model, context, EXT1_EDX) };
	case 0x80000002:
	case 0x80000003:
	case 0x80000004:
		return text_leaf(model->brand, (leaf - 0x80000002) * 16);
	case 0x80000006: /* L2: 1024 KiB, 16 ways (code 8), lines of 64 bytes */
		return (struct cpuid_result){ .ecx = 1024u << 16 | 8 << 12 | 64 };
	case 0x80000007:
		return (struct cpuid_result){ .edx = feature_bits(model, context, EXT7_EDX) };
	case 0x80000008: /* 48 bits of linear address, 39 of physical */
		return (struct cpuid_result){ .eax = 48 << 8 | 39 };
	}
	return (struct cpuid_result){ 0 };
}

/* VMware's convention: leaf 40000010H has the frequencies of the TSC and of the bus. */
static struct cpuid_result hypervisor_leaf(const struct cpuid_context *context, uint32_t leaf)
{
	struct cpuid_result result = { 0 };

	if (leaf == HYPERVISOR) {
		result = text_leaf("tick86tick86", 0);
		return (struct cpuid_result){ MAX_HYPERVISOR, result.eax, result.ebx, result.ecx };
	}
	if (leaf == MAX_HYPERVISOR)
		result = (struct cpuid_result){ .eax = (uint32_t)context->tsc_khz, .ebx = BUS_MHZ * 1000 };
	return result;
}

struct cpuid_result cpu_model_cpuid(const struct cpu_model *model, const struct cpuid_context *context, uint32_t leaf,
                                    uint32_t subleaf)
{
	if (leaf <= MAX_BASIC)
		return basic_leaf(model, context, leaf, subleaf);
	if (leaf >= 0x80000000 && leaf <= MAX_EXTENDED)
		return extended_leaf(model, context, leaf);
	if (leaf >= HYPERVISOR && leaf <= MAX_HYPERVISOR)
		return hypervisor_leaf(context, leaf);
	/* Intel: a leaf out of range reads as the highest basic one. */
	return basic_leaf(model, context, MAX_BASIC, subleaf);
}
