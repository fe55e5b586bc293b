/* The words of the trace language: the type of each key, and the keys that each event takes and
 * gives. */
#include "timekeep/trace.h"

/* Same order: the enums of timekeep.h. */
static const char *const modes[] = { "host", "offset", "icount", NULL };
static const char *const guards[] = { "none", "clamp", "strict", "catchup", "table", NULL };
static const char *const syncs[] = { "1s", "2010", "exact", "max", NULL };
static const char *const policies[] = { "never-emulate", "default", "always-emulate", "apparent", "freeze", "advance", NULL };

/* Same order: handlers in trace_exec.c. */
static const char *const ids[] = { "monotonic", "realtime", "boottime", "monotonic_raw", "tai", NULL };
static const char *const off_on[] = { "off", "on", NULL };
static const char *const wakes[] = { "timer", "external", NULL };
static const char *const faults[] = { "gp", "ud", NULL };
static const char *const autos[] = { "auto", NULL };
static const char *const waits[] = { "forever", "deadlock", NULL };

const struct key_row key_rows[KEYS] = {
	[KEY_VCPU] = { "vcpu", TYPE_UNSIGNED, NULL },
	[KEY_CPU] = { "cpu", TYPE_UNSIGNED, NULL },
	[KEY_TSC] = { "tsc", TYPE_UNSIGNED, NULL },
	[KEY_NS] = { "ns", TYPE_SIGNED, NULL },
	[KEY_REAL] = { "real", TYPE_SIGNED, NULL },
	[KEY_MSR] = { "msr", TYPE_UNSIGNED, NULL },
	[KEY_VALUE] = { "value", TYPE_UNSIGNED, NULL },
	[KEY_ID] = { "id", TYPE_WORD, ids },
	[KEY_INSNS] = { "insns", TYPE_UNSIGNED, NULL },
	[KEY_TIMER] = { "timer", TYPE_UNSIGNED, NULL },
	[KEY_DEADLINE] = { "deadline", TYPE_SIGNED, NULL },
	[KEY_WAKE] = { "wake", TYPE_WORD, wakes },
	[KEY_KHZ] = { "khz", TYPE_UNSIGNED, NULL },
	[KEY_CPUS] = { "cpus", TYPE_UNSIGNED, NULL },
	[KEY_STABLE] = { "stable", TYPE_UNSIGNED, NULL },
	[KEY_TABLE] = { "table", TYPE_TABLE, NULL },
	[KEY_POLICY] = { "policy", TYPE_WORD, policies },
	[KEY_AWAY] = { "away", TYPE_SIGNED, NULL },
	[KEY_MODE] = { "mode", TYPE_WORD, modes },
	[KEY_VCPUS] = { "vcpus", TYPE_UNSIGNED, NULL },
	[KEY_GUEST_KHZ] = { "guest_khz", TYPE_UNSIGNED, NULL },
	[KEY_START] = { "start", TYPE_UNSIGNED, NULL },
	[KEY_GUARD] = { "guard", TYPE_WORD, guards },
	[KEY_SYNC] = { "sync", TYPE_WORD, syncs },
	[KEY_SHIFT] = { "shift", TYPE_WORD_OR_UNSIGNED, autos },
	[KEY_NS_PER_INSN] = { "ns-per-insn", TYPE_FRACTION, NULL },
	[KEY_SLEEP] = { "sleep", TYPE_WORD, off_on },
	[KEY_ALIGN] = { "align", TYPE_WORD, off_on },
	[KEY_EPOCH] = { "epoch", TYPE_SIGNED, NULL },
	[KEY_RATE] = { "rate", TYPE_FRACTION, NULL },
	[KEY_EXITING] = { "exiting", TYPE_WORD, off_on },
	[KEY_OFFSETTING] = { "offsetting", TYPE_WORD, off_on },
	[KEY_SCALING] = { "scaling", TYPE_WORD, off_on },
	[KEY_RDTSCP] = { "rdtscp", TYPE_WORD, off_on },
	[KEY_NODE_VCPUS] = { "node_vcpus", TYPE_UNSIGNED, NULL },
	[KEY_AT] = { "at", TYPE_SIGNED, NULL },
	[KEY_JUMP] = { "jump", TYPE_SIGNED, NULL },
	[KEY_STEP] = { "step", TYPE_SIGNED, NULL },
	[KEY_SKEW] = { "skew", TYPE_SIGNED, NULL },
	[KEY_DRIFT] = { "drift", TYPE_SIGNED, NULL },
	[KEY_LEAF] = { "leaf", TYPE_UNSIGNED, NULL },
	[KEY_AUX] = { "aux", TYPE_UNSIGNED, NULL },
	[KEY_FAULT] = { "fault", TYPE_WORD, faults },
	[KEY_OFFSET] = { "offset", TYPE_SIGNED, NULL },
	[KEY_ADJUST] = { "adjust", TYPE_SIGNED, NULL },
	[KEY_GENERATION] = { "generation", TYPE_UNSIGNED, NULL },
	[KEY_MATCHED] = { "matched", TYPE_UNSIGNED, NULL },
	[KEY_TIME] = { "time", TYPE_SIGNED, NULL },
	[KEY_FIRED] = { "fired", TYPE_LIST, NULL },
	[KEY_WAIT] = { "wait", TYPE_WORD_OR_UNSIGNED, waits },
	[KEY_INCARNATION] = { "incarnation", TYPE_UNSIGNED, NULL },
	[KEY_VERSION] = { "version", TYPE_UNSIGNED, NULL },
	[KEY_TIMESTAMP] = { "timestamp", TYPE_UNSIGNED, NULL },
	[KEY_SYSTEM] = { "system", TYPE_UNSIGNED, NULL },
	[KEY_MUL] = { "mul", TYPE_UNSIGNED, NULL },
	[KEY_FLAGS] = { "flags", TYPE_UNSIGNED, NULL },
	[KEY_BACKSTEPS] = { "backsteps", TYPE_UNSIGNED, NULL },
	[KEY_LARGEST_BACKSTEP] = { "largest_backstep", TYPE_UNSIGNED, NULL },
	[KEY_RAISED] = { "raised", TYPE_UNSIGNED, NULL },
	[KEY_EXITS] = { "exits", TYPE_UNSIGNED, NULL },
	[KEY_EAX] = { "eax", TYPE_UNSIGNED, NULL },
	[KEY_EBX] = { "ebx", TYPE_UNSIGNED, NULL },
	[KEY_ECX] = { "ecx", TYPE_UNSIGNED, NULL },
	[KEY_EDX] = { "edx", TYPE_UNSIGNED, NULL },
};

/* The keys of every event that happens on a host: a place and a time. */
#define COMMON (BIT(KEY_VCPU) | BIT(KEY_CPU) | BIT(KEY_TSC) | BIT(KEY_NS) | BIT(KEY_REAL))

const struct event_row event_rows[EVENTS] = {
	[EVENT_CLOCK] = { "clock",
		BIT(KEY_MODE) | BIT(KEY_VCPUS) | BIT(KEY_GUEST_KHZ) | BIT(KEY_START) | BIT(KEY_GUARD) | BIT(KEY_SYNC) | BIT(KEY_SHIFT)
			| BIT(KEY_NS_PER_INSN) | BIT(KEY_SLEEP) | BIT(KEY_ALIGN) | BIT(KEY_POLICY) | BIT(KEY_EPOCH) | BIT(KEY_RATE)
			| BIT(KEY_EXITING) | BIT(KEY_OFFSETTING) | BIT(KEY_SCALING) | BIT(KEY_RDTSCP) | BIT(KEY_NODE_VCPUS),
		0 },
	[EVENT_HOST] = { "host", BIT(KEY_KHZ) | BIT(KEY_CPUS) | BIT(KEY_STABLE) | BIT(KEY_TABLE) | COMMON, 0 },
	[EVENT_CREATE] = { "create", COMMON, BIT(KEY_OFFSET) },
	[EVENT_RDTSC] = { "rdtsc", COMMON, BIT(KEY_TSC) | BIT(KEY_AUX) },
	[EVENT_RDTSCP] = { "rdtscp", COMMON, BIT(KEY_TSC) | BIT(KEY_AUX) | BIT(KEY_FAULT) },
	[EVENT_RDMSR] = { "rdmsr", COMMON | BIT(KEY_MSR), BIT(KEY_VALUE) | BIT(KEY_FAULT) | BIT(KEY_OFFSET) | BIT(KEY_ADJUST) },
	[EVENT_WRMSR] = { "wrmsr", COMMON | BIT(KEY_MSR) | BIT(KEY_VALUE),
		BIT(KEY_VALUE) | BIT(KEY_FAULT) | BIT(KEY_OFFSET) | BIT(KEY_ADJUST) },
	[EVENT_HOSTWRITE] = { "hostwrite", COMMON | BIT(KEY_VALUE),
		BIT(KEY_OFFSET) | BIT(KEY_GENERATION) | BIT(KEY_MATCHED) | BIT(KEY_FAULT) },
	[EVENT_LOAD] = { "load", COMMON, BIT(KEY_OFFSET) },
	[EVENT_STOP] = { "stop", COMMON, 0 },
	[EVENT_CONT] = { "cont", COMMON, 0 },
	[EVENT_NOW] = { "now", COMMON | BIT(KEY_ID), BIT(KEY_TIME) },
	[EVENT_RUN] = { "run", COMMON | BIT(KEY_INSNS), BIT(KEY_INSNS) | BIT(KEY_TIME) | BIT(KEY_FIRED) },
	[EVENT_BUDGET] = { "budget", COMMON, BIT(KEY_INSNS) },
	[EVENT_ARM] = { "arm", COMMON | BIT(KEY_TIMER) | BIT(KEY_DEADLINE), BIT(KEY_INSNS) },
	[EVENT_DISARM] = { "disarm", COMMON | BIT(KEY_TIMER), BIT(KEY_INSNS) },
	[EVENT_IDLE] = { "idle", COMMON | BIT(KEY_WAKE), BIT(KEY_TIME) | BIT(KEY_FIRED) | BIT(KEY_WAIT) },
	[EVENT_TICK] = { "tick", COMMON, BIT(KEY_SHIFT) | BIT(KEY_TIME) | BIT(KEY_DRIFT) | BIT(KEY_WAIT) },
	[EVENT_SAVE] = { "save", COMMON, BIT(KEY_VALUE) | BIT(KEY_TIME) },
	[EVENT_RESTORE] = { "restore", COMMON | BIT(KEY_KHZ) | BIT(KEY_POLICY) | BIT(KEY_AWAY), BIT(KEY_OFFSET) | BIT(KEY_INCARNATION) },
	[EVENT_PVCLOCK] = { "pvclock", COMMON,
		BIT(KEY_VERSION) | BIT(KEY_TIMESTAMP) | BIT(KEY_SYSTEM) | BIT(KEY_MUL) | BIT(KEY_SHIFT) | BIT(KEY_FLAGS) },
	[EVENT_PVREAD] = { "pvread", COMMON, BIT(KEY_TIME) },
	[EVENT_STATS] = { "stats", COMMON, BIT(KEY_BACKSTEPS) | BIT(KEY_LARGEST_BACKSTEP) | BIT(KEY_RAISED) | BIT(KEY_EXITS) },
	[EVENT_WALL] = { "wall", COMMON | BIT(KEY_VALUE) | BIT(KEY_STEP), BIT(KEY_TIME) | BIT(KEY_FAULT) },
	[EVENT_INJECT] = { "inject", COMMON | BIT(KEY_AT) | BIT(KEY_JUMP) | BIT(KEY_STEP) | BIT(KEY_SKEW) | BIT(KEY_DRIFT),
		BIT(KEY_INSNS) },
	[EVENT_CPUID] = { "cpuid", COMMON | BIT(KEY_LEAF), BIT(KEY_EAX) | BIT(KEY_EBX) | BIT(KEY_ECX) | BIT(KEY_EDX) },
};
