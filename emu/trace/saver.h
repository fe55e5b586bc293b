/* The saver's structures and the functions that its files share. */
#ifndef TICK86_EMU_TRACE_SAVER_H
#define TICK86_EMU_TRACE_SAVER_H

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/observer.h"
#include "emu/trace/saved.h"
#include "emu/trace/writer.h"

/* The observer that saves a process. */
struct saving {
	struct observer observer; /* must be first */
	bool due;                 /* --save-signal was received */
	bool done;                /* --save-at was carried out */
	pid_t asker;              /* pid of a `tick86 save` that asks, or 0; the first of its two descriptors */
	int asker_fd;
	struct inherited_fd *inherited; /* the descriptors that the run began with, except the standard streams; ends with fd 0 */
};

/* One act of saving. */
struct saver {
	struct process *process;
	const struct saving *saving;
	struct trace_writer *writer;
	char why[256]; /* one sentence: why the program cannot be saved */
};

/* Sets `why` and returns false, for `return save_refuse(...)`. save.c. */
bool save_refuse(struct saver *saver, const char *format, ...) __attribute__((format(printf, 2, 3)));
void save_emit(struct saver *saver, const struct trace_record *record);
void save_fields(struct saver *saver, enum saved_part part, const void *structure);

/* Notes the descriptors that a process has inherited, before it runs: they are not the program's own. save_files.c. */
void save_note_inherited(struct saving *saving);

/* Each writes what its name says, or refuses. */
bool save_memory(struct saver *saver);
bool save_files(struct saver *saver);

#define SAVE(KIND, ...) (&(const struct trace_record){ .kind = TRACE_##KIND, .field = { __VA_ARGS__ } })
#define SAVE_DATA(KIND, DATA, SIZE, ...) \
	(&(const struct trace_record){ .kind = TRACE_##KIND, .field = { __VA_ARGS__ }, .data = (const uint8_t *)(DATA), .size = (SIZE) })

#endif
