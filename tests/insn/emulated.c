/* Runs a case in the emulator. */
#include "tests/insn/emulated.h"

#include "emu/translate/translate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void emulated_init(struct emulated *emulated)
{
	emulated->cpu = aligned_alloc(64, (sizeof(*emulated->cpu) + 63) & ~63UL);
	if (!emulated->cpu)
		abort();
	memset(emulated->cpu, 0, sizeof(*emulated->cpu));
	emulated->model = *cpu_model_find("x86-64-v3");
	emulated->model.extra = ~0ull;
	emulated->cpu->model = &emulated->model;
	space_init(&emulated->space);
	emulated->blocks = blocks_create(&emulated->space);
	translate_attach(emulated->blocks, &(struct translate_config){ 0 });
}

void emulated_forget_code(struct emulated *emulated)
{
	blocks_clear(emulated->blocks);
	memset(emulated->cpu->jump_cache, 0, sizeof(emulated->cpu->jump_cache));
}

void emulated_make_hot(struct emulated *emulated, bool at_once)
{
	blocks_configure(emulated->blocks, &(struct blocks_config){ .hot_after = at_once ? 1 : BLOCKS_NEVER_HOT });
}

static void put_x87(struct x87 *x87, const struct fp_state *fp)
{
	x87->control = fp->fcw;
	x87->status = fp->fsw & (uint16_t)~FSW_TOP;
	x87->top = fp->fsw >> 11 & 7;
	x87->valid = fp->ftw;
	x87->opcode = fp->fop;
	x87->ip = fp->fip;
	x87->dp = fp->fdp;
	for (int k = 0; k < 8; k++)
		memcpy(x87->r[(x87->top + k) & 7].bytes, fp->st[k], 10);
}

static void take_x87(struct fp_state *fp, const struct x87 *x87)
{
	fp->fcw = x87->control;
	fp->fsw = (uint16_t)(x87->status | x87->top << 11);
	fp->ftw = x87->valid;
	fp->fop = x87->opcode;
	fp->fip = x87->ip;
	fp->fdp = x87->dp;
	for (int k = 0; k < 8; k++)
		memcpy(fp->st[k], x87->r[(x87->top + k) & 7].bytes, 10);
}

void emulated_put(struct emulated *emulated, const struct machine *in)
{
	struct cpu *cpu = emulated->cpu;

	memcpy(cpu->r, in->r, sizeof(in->r));
	cpu->r[SLOT_ZERO] = 0;
	cpu->r[SLOT_FS_BASE] = in->fs_base;
	cpu->r[SLOT_GS_BASE] = in->gs_base;
	cpu->rip = in->rip;
	rflags_set(cpu, in->rflags);
	cpu->mxcsr = in->fp.mxcsr;
	put_x87(&cpu->x87, &in->fp);
	for (int k = 0; k < 16; k++) {
		memcpy(cpu->v[k].u8, in->fp.xmm[k], 16);
		memcpy(cpu->v[k].u8 + 16, in->fp.ymm_high[k], 16);
	}
}

static void take_state(struct machine *out, const struct cpu *cpu)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->r, cpu->r, sizeof(out->r));
	out->fs_base = cpu->r[SLOT_FS_BASE];
	out->gs_base = cpu->r[SLOT_GS_BASE];
	out->rip = cpu->rip;
	out->rflags = rflags_get(cpu);
	out->fp.mxcsr = cpu->mxcsr;
	take_x87(&out->fp, &cpu->x87);
	for (int k = 0; k < 16; k++) {
		memcpy(out->fp.xmm[k], cpu->v[k].u8, 16);
		memcpy(out->fp.ymm_high[k], cpu->v[k].u8 + 16, 16);
	}
}

void emulated_run(struct emulated *emulated, const struct machine *in, struct machine *out, struct outcome *outcome)
{
	struct cpu *cpu = emulated->cpu;

	emulated_put(emulated, in);
	if (cpu_run(cpu, emulated->blocks, EMULATED_BUDGET) == EXIT_EXCEPTION) {
		outcome->vector = cpu->exception.vector;
		outcome->error = cpu->exception.error;
		outcome->address = cpu->exception.address;
	} else {
		outcome->vector = VECTOR_NONE;
	}
	take_state(out, cpu);
}
