/* What cpuid.c and model.c share. Not for other files. */
#ifndef TICK86_EMU_CPU_FEATURE_H
#define TICK86_EMU_CPU_FEATURE_H

#include "emu/cpu/model.h"

/* The leaves and registers in which CPUID reports features. */
enum cpuid_place { LEAF1_EDX, EXT1_EDX, EXT7_EDX, LEAF1_ECX, EXT1_ECX, LEAF6_EAX, LEAF6_ECX, LEAF7_EBX, LEAFD_EAX, LEAF7_ECX };

/* Returns the register's bits for the features that the model has in this context. */
uint32_t cpu_feature_bits(const struct cpu_model *model, const struct cpuid_context *context, enum cpuid_place place);

#endif
