/* Continues a saved program. */
#ifndef TICK86_EMU_TRACE_RESTORE_H
#define TICK86_EMU_TRACE_RESTORE_H

#include "emu/linux/kernel/machine.h"
#include "emu/trace/reader.h"
#include "emu/trace/saved.h"

struct restorer {
	const char *path;
	struct trace_reader reader;
	struct saved_run run;
	int64_t away_ns; /* real ns since it was saved */
	struct process *process;
	struct vma next;                 /* what the last MAPPING record says about the next MAP */
	int empty;                       /* descriptor of an empty file */
	struct restored_object *objects; /* shared memory that belongs to no file */
	struct restored_timerfd *timerfds;
	unsigned next_fd; /* descriptors below this one are done */
	bool ended;       /* the END record was read */
	bool damaged;     /* the file is invalid */
	char why[384];    /* one sentence: why the program cannot be restored here */
};

/* Opens the file. Reads the run's options into `options`, and into `clock` a clock that continues by options->away and
 * options->host_khz, whose state is allocated. Returns false with a reason in `why`. restore_run.c. */
bool restore_begin(struct restorer *restorer, const char *path, struct options *options, struct tk *clock);
/* Restores `process`, which was created with these options and this clock and is still empty. On failure returns false with a reason in
 * `why`; the process cannot be used then. restore.c. */
bool restore_process(struct restorer *restorer, struct process *process);

/* --- shared by the files of restoring ------------------------------------------------------------------- */

/* restore_refuse sets `why` and returns false: `return restore_refuse(...)`. restore_damaged does so for an invalid file. restore.c. */
bool restore_refuse(struct restorer *restorer, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool restore_damaged(struct restorer *restorer, const char *what, const char *name);
/* restore_next reads the next record. restore_json returns the JSON object in a record, which the caller owns, or NULL. restore_read
 * reads FIELDS into a structure. On failure the file is damaged. */
bool restore_next(struct restorer *restorer, struct trace_record *record);
json_t *restore_json(struct restorer *restorer, const struct trace_record *record);
bool restore_read(struct restorer *restorer, const struct trace_record *record, void *structure);

/* Each applies one record. On failure returns false with a reason in `why`; if that is empty, the record is invalid. */
bool restore_mapping(struct restorer *restorer, const struct trace_record *record);
bool restore_map(struct restorer *restorer, const struct trace_record *record);
/* Closes the descriptors of mapped objects, which are not needed any more. restore_memory.c. */
void restore_memory_done(struct restorer *restorer);

/* Called for each timerfd, then for each descriptor in order of number, then once to close the descriptors that the program did not
 * have. restore_files.c. */
bool restore_timerfd(struct restorer *restorer, const struct saved_timer *saved);
bool restore_file(struct restorer *restorer, const struct trace_record *record);
void restore_files_done(struct restorer *restorer);

#endif
