/* Inside of saving. */
#ifndef TICK86_EMU_TRACE_SAVER_H
#define TICK86_EMU_TRACE_SAVER_H

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/observer.h"
#include "emu/trace/saved.h"
#include "emu/trace/writer.h"

/* The observer that saves a process. */
struct saving {
	struct observer observer; /* first */
	bool due;                 /* --save-signal has come */
	bool done;                /* what --save-at asks for */
	pid_t asker;              /* `tick86 save`, or 0; and the first of its descriptors for us */
	int asker_fd;
	struct inherited_fd *inherited; /* what the run began with, besides the standard streams; a last one with fd 0 */
};

/* Saving once. */
struct saver {
	struct process *process;
	const struct saving *saving;
	struct trace_writer *writer;
	char why[256]; /* it cannot be saved: one sentence */
};

/* Keeps the sentence and returns false, for `return save_refuse(...)`. save.c. */
bool save_refuse(struct saver *saver, const char *format, ...) __attribute__((format(printf, 2, 3)));
void save_emit(struct saver *saver, const struct trace_record *record);
void save_fields(struct saver *saver, enum saved_part part, const void *structure);

/* Takes note of the descriptors that a process which is not to run yet has inherited: they are not the program's own. save_files.c. */
void save_note_inherited(struct saving *saving);

/* Each writes what it is named after, or refuses. */
bool save_memory(struct saver *saver);
bool save_files(struct saver *saver);

#define SAVE(KIND, ...) (&(const struct trace_record){ .kind = TRACE_##KIND, .field = { __VA_ARGS__ } })
#define SAVE_DATA(KIND, DATA, SIZE, ...) \
	(&(const struct trace_record){ .kind = TRACE_##KIND, .field = { __VA_ARGS__ }, .data = (const uint8_t *)(DATA), .size = (SIZE) })

#endif
