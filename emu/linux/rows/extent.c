/* How many bytes the pointer arguments of a row point to. */
#include "emu/linux/rows/syscall.h"

static bool counts_in_32_bits(const struct syscall_arg *arg)
{
	return arg->type == ARG_INT || arg->type == ARG_UINT;
}

uint64_t syscall_extent(const struct syscall_row *row, unsigned number, const uint64_t arg[6])
{
	const struct syscall_arg *pointer = &row->arg[number], *by = &row->arg[pointer->by];
	uint64_t count = arg[pointer->by], bytes;

	switch (pointer->extent) {
	case EXTENT_FIXED:
	case EXTENT_STRING:
		return pointer->size;
	case EXTENT_ARG:
	case EXTENT_RESULT:
		if (counts_in_32_bits(by))
			count = by->type == ARG_INT && (int32_t)count < 0 ? 0 : (uint32_t)count;
		return __builtin_mul_overflow(count, pointer->size, &bytes) ? UINT64_MAX : bytes;
	default:
		return 0;
	}
}
