/* Inside of saving. */
#ifndef TICK86_EMU_TRACE_SAVER_H
#define TICK86_EMU_TRACE_SAVER_H

#include "emu/linux/kernel/machine.h"
#include "emu/trace/saved.h"
#include "emu/trace/writer.h"

struct saver {
	struct process *process;
	struct trace_writer *writer;
	char why[256]; /* it cannot be saved: one sentence */
};

/* Keeps the sentence and returns false, for `return save_refuse(...)`. save.c. */
bool save_refuse(struct saver *saver, const char *format, ...) __attribute__((format(printf, 2, 3)));
void save_emit(struct saver *saver, const struct trace_record *record);
void save_fields(struct saver *saver, enum saved_part part, const void *structure);

/* Each writes what it is named after, or refuses. */
bool save_memory(struct saver *saver);
bool save_files(struct saver *saver);

#define SAVE(KIND, ...) (&(const struct trace_record){ .kind = TRACE_##KIND, .field = { __VA_ARGS__ } })
#define SAVE_DATA(KIND, DATA, SIZE, ...) \
	(&(const struct trace_record){ .kind = TRACE_##KIND, .field = { __VA_ARGS__ }, .data = (const uint8_t *)(DATA), .size = (SIZE) })

#endif
