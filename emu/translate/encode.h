/* Inside emu/translate: writing the host's instructions (SDM vol. 2). */
#ifndef TICK86_EMU_TRANSLATE_ENCODE_H
#define TICK86_EMU_TRANSLATE_ENCODE_H

#include <stdbool.h>
#include <string.h>

#include "emu/translate/home.h"

struct emitter {
	uint8_t *at; /* where the next byte goes */
	const struct home *home;
};

enum { REX = 0x40, REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };
enum { CC_O = 0, CC_B = 2, CC_Z = 4, CC_NZ = 5, CC_L = 12 };

static inline void emit8(struct emitter *e, unsigned byte)
{
	*e->at++ = (uint8_t)byte;
}

static inline void emit32(struct emitter *e, int64_t value)
{
	int32_t low = (int32_t)value;

	memcpy(e->at, &low, sizeof(low));
	e->at += sizeof(low);
}

static inline void emit64(struct emitter *e, uint64_t value)
{
	memcpy(e->at, &value, sizeof(value));
	e->at += sizeof(value);
}

static inline void emit_bytes(struct emitter *e, const void *bytes, size_t size)
{
	memcpy(e->at, bytes, size);
	e->at += size;
}

/* The four bytes of a way to `target`, `behind` bytes of the instruction following them. */
static inline void emit_relative(struct emitter *e, const void *target, unsigned behind)
{
	emit32(e, (const uint8_t *)target - (e->at + 4 + behind));
}

/* opcode reg, [home + offset], with 64 bits */
static inline void emit_home(struct emitter *e, unsigned opcode, unsigned reg, size_t offset)
{
	emit8(e, REX | REX_W | (reg >> 3) * REX_R);
	emit8(e, opcode);
	emit8(e, (reg & 7) << 3 | 5);
	emit_relative(e, (const uint8_t *)e->home + offset, 0);
}

static inline void emit_load(struct emitter *e, unsigned reg, size_t offset)
{
	emit_home(e, 0x8b, reg, offset);
}

static inline void emit_store(struct emitter *e, unsigned reg, size_t offset)
{
	emit_home(e, 0x89, reg, offset);
}

#define HOME(field) offsetof(struct home, field)
#define HOME_SLOT(reg) (offsetof(struct home, slot) + 8 * (size_t)(reg))

/* ModRM and displacement of [base + disp] with `reg`. */
static inline void emit_based(struct emitter *e, unsigned reg, unsigned base, int32_t disp)
{
	bool small = disp == (int8_t)disp;

	emit8(e, (small ? 0x40 : 0x80) | (reg & 7) << 3 | (base & 7));
	if ((base & 7) == RSP)
		emit8(e, 0x24);
	if (small)
		emit8(e, (uint8_t)disp);
	else
		emit32(e, disp);
}

/* opcode reg, [base + disp], with 64 bits */
static inline void emit_memory(struct emitter *e, unsigned opcode, unsigned reg, unsigned base, int32_t disp)
{
	emit8(e, REX | REX_W | (reg >> 3) * REX_R | (base >> 3) * REX_B);
	emit8(e, opcode);
	emit_based(e, reg, base, disp);
}

/* LEA reg, [base + disp] */
static inline void emit_lea(struct emitter *e, unsigned reg, unsigned base, int32_t disp)
{
	emit_memory(e, 0x8d, reg, base, disp);
}

/* LEA reg, [base + index + disp] */
static inline void emit_add(struct emitter *e, unsigned reg, unsigned base, unsigned index, int8_t disp)
{
	emit8(e, REX | REX_W | (reg >> 3) * REX_R | (index >> 3) * REX_X | (base >> 3) * REX_B);
	emit8(e, 0x8d);
	emit8(e, 0x44 | (reg & 7) << 3);
	emit8(e, (index & 7) << 3 | (base & 7));
	emit8(e, (uint8_t)disp);
}

static inline void emit_constant(struct emitter *e, unsigned reg, uint64_t value)
{
	bool huge = value >> 32;

	if (huge || reg >> 3)
		emit8(e, REX | (huge ? REX_W : 0) | (reg >> 3) * REX_B);
	emit8(e, 0xb8 | (reg & 7));
	if (huge)
		emit64(e, value);
	else
		emit32(e, (int64_t)value);
}

static inline void emit_jump(struct emitter *e, const void *target)
{
	emit8(e, 0xe9);
	emit_relative(e, target, 0);
}

/* Jcc; returns where its displacement is written. */
static inline uint8_t *emit_branch(struct emitter *e, unsigned cc, const void *target)
{
	emit8(e, 0x0f);
	emit8(e, 0x80 | cc);
	emit_relative(e, target, 0);
	return e->at - 4;
}

/* Lets the branch or jump, whose displacement is written at `field`, go to where the next byte goes. */
static inline void emit_here(const struct emitter *e, uint8_t *field)
{
	int32_t way = (int32_t)(e->at - (field + 4));

	memcpy(field, &way, sizeof(way));
}

/* JRCXZ; returns where its displacement is written. */
static inline uint8_t *emit_if_zero(struct emitter *e)
{
	emit8(e, 0xe3);
	emit8(e, 0);
	return e->at - 1;
}

/* As emit_here, for a displacement of one byte. */
static inline void emit_here_short(const struct emitter *e, uint8_t *field)
{
	*field = (uint8_t)(e->at - (field + 1));
}

/* RAX is lost. Flags as flags_t, to AX and back. */
static inline void emit_flags_to_ax(struct emitter *e)
{
	emit_bytes(e, (const uint8_t[]){ 0x0f, 0x90, 0xc0, 0x9f }, 4); /* SETO AL; LAHF */
}

static inline void emit_flags_from_ax(struct emitter *e)
{
	emit_bytes(e, (const uint8_t[]){ 0x04, 0x7f, 0x9e }, 3); /* ADD AL, 127; SAHF */
}

#endif
