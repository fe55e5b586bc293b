/* The leaves of CPUID: SDM vol. 2, CPUID. */
#include <string.h>

#include "emu/cpu/cpu.h"
#include "emu/cpu/feature.h"

/* clang-format off */
enum {
	MAX_BASIC = 0x16, MAX_EXTENDED = 0x80000008u, HYPERVISOR = 0x40000000u, MAX_HYPERVISOR = 0x40000010u,
	CRYSTAL_HZ = 1000, BUS_MHZ = 100,
};
/* clang-format on */

/* Returns the number of bits that can number `count` things. */
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
		.ecx = cpu_feature_bits(model, context, LEAF1_ECX),
		.edx = cpu_feature_bits(model, context, LEAF1_EDX),
	};
}

/* Leaf 4. The cache sizes steer glibc's memcpy, so the CPU model fixes them. */
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

	if (subleaf >= sizeof(caches) / sizeof(caches[0]))
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

/* Leaf 0DH: x87, SSE and YMM, in the layout of emu/cpu/xsave.h. */
static struct cpuid_result xsave_leaf(const struct cpu_model *model, const struct cpuid_context *context, uint32_t subleaf)
{
	enum { X87_SSE_YMM = 7, AREA = 832, YMM_OFFSET = 576, YMM_SIZE = 256 };

	if (!model->avx)
		return (struct cpuid_result){ 0 };
	switch (subleaf) {
	case 0: return (struct cpuid_result){ .eax = X87_SSE_YMM, .ebx = AREA, .ecx = AREA };
	case 1: return (struct cpuid_result){ .eax = cpu_feature_bits(model, context, LEAFD_EAX), .ebx = AREA };
	case 2: return (struct cpuid_result){ .eax = YMM_SIZE, .ebx = YMM_OFFSET };
	}
	return (struct cpuid_result){ 0 };
}

static struct cpuid_result text_leaf(const char *text, size_t offset)
{
	char field[48] = { 0 };
	struct cpuid_result result;

	memcpy(field, text, strnlen(text, sizeof(field) - 1));
	memcpy(&result, field + offset, sizeof(result));
	return result;
}

static struct cpuid_result basic_leaf(const struct cpu_model *model, const struct cpuid_context *context, uint32_t leaf, uint32_t subleaf)
{
	switch (leaf) {
	case 0: /* "GenuineIntel", in the order EBX EDX ECX */
		return (struct cpuid_result){ .eax = MAX_BASIC, .ebx = 0x756e6547, .edx = 0x49656e69, .ecx = 0x6c65746e };
	case 1: return version_leaf(model, context);
	case 2: /* TLBs; FFH: the caches are in leaf 4 */
		return (struct cpuid_result){ .eax = 0x76036301, .ebx = 0x00f0b5ff, .edx = 0x00c30000 };
	case 4: return cache_leaf(context, subleaf);
	case 5: /* the smallest and the largest cache line that UMONITOR watches */
		if (!cpu_model_has(model, ISA_WAITPKG))
			break;
		return (struct cpuid_result){ .eax = MONITOR_LINE, .ebx = MONITOR_LINE };
	case 6:
		return (struct cpuid_result){ .eax = cpu_feature_bits(model, context, LEAF6_EAX),
			.ecx = cpu_feature_bits(model, context, LEAF6_ECX) };
	case 7:
		if (subleaf)
			break;
		return (struct cpuid_result){ .ebx = cpu_feature_bits(model, context, LEAF7_EBX),
			.ecx = cpu_feature_bits(model, context, LEAF7_ECX) };
	case 0xb: return topology_leaf(context, subleaf);
	case 0xd: return xsave_leaf(model, context, subleaf);
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
	case 0x80000000: return (struct cpuid_result){ .eax = MAX_EXTENDED };
	case 0x80000001:
		return (struct cpuid_result){ .ecx = cpu_feature_bits(model, context, EXT1_ECX),
			.edx = cpu_feature_bits(model, context, EXT1_EDX) };
	case 0x80000002:
	case 0x80000003:
	case 0x80000004: return text_leaf(model->brand, (leaf - 0x80000002) * 16);
	case 0x80000006: /* L2: 1024 KiB, 16 ways (code 8), lines of 64 bytes */
		return (struct cpuid_result){ .ecx = 1024u << 16 | 8 << 12 | 64 };
	case 0x80000007: return (struct cpuid_result){ .edx = cpu_feature_bits(model, context, EXT7_EDX) };
	case 0x80000008: /* 48 bits of linear address, 39 of physical */ return (struct cpuid_result){ .eax = 48 << 8 | 39 };
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

struct cpuid_result cpu_model_cpuid(const struct cpu_model *model, const struct cpuid_context *context, uint32_t leaf, uint32_t subleaf)
{
	if (leaf <= MAX_BASIC)
		return basic_leaf(model, context, leaf, subleaf);
	if (leaf >= 0x80000000 && leaf <= MAX_EXTENDED)
		return extended_leaf(model, context, leaf);
	if (leaf >= HYPERVISOR && leaf <= MAX_HYPERVISOR)
		return hypervisor_leaf(context, leaf);
	/* Intel: a leaf out of range reads as the highest basic leaf. */
	return basic_leaf(model, context, MAX_BASIC, subleaf);
}
