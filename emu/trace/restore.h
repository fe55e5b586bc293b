/* Going on with a saved program. */
#ifndef TICK86_EMU_TRACE_RESTORE_H
#define TICK86_EMU_TRACE_RESTORE_H

#include "emu/linux/kernel/machine.h"
#include "emu/trace/reader.h"
#include "emu/trace/saved.h"

struct restorer {
	const char *path;
	struct trace_reader reader;
	struct saved_run run;
	int64_t away_ns;        /* real time since it was saved */
	struct process *process;
	struct vma next;        /* what the last MAPPING says of the next MAP */
	int empty;              /* a file of no bytes */
	struct restored_object *objects; /* shared memory that no file stands behind */
	struct restored_timerfd *timerfds;
	unsigned next_fd;       /* descriptors up to here are as they were */
	bool ended;             /* by its END record */
	bool damaged;           /* nobody could restore it */
	char why[384];          /* it cannot be restored: one sentence */
};

/* Opens the file and reads the run's options from it into `options`, and a clock that goes on as options->away and options->host_khz say
 * into `clock`, whose state is allocated. False: `why`. restore_run.c. */
bool restore_begin(struct restorer *restorer, const char *path, struct options *options, struct tk *clock);
/* Makes `process`, which was created for such options and such a clock and is empty yet, what it was. False: `why`; the process cannot
 * be used. restore.c. */
bool restore_process(struct restorer *restorer, struct process *process);

/* --- inside ---------------------------------------------------------------------------------------------- */

/* Keeps the sentence and returns false, for `return restore_refuse(...)`; or that the file is damaged, and how. restore.c. */
bool restore_refuse(struct restorer *restorer, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool restore_damaged(struct restorer *restorer, const char *what, const char *name);
/* The next record; the JSON object of one, the caller's, or NULL; such of FIELDS into its structure. Without: the file is damaged. */
bool restore_next(struct restorer *restorer, struct trace_record *record);
json_t *restore_json(struct restorer *restorer, const struct trace_record *record);
bool restore_read(struct restorer *restorer, const struct trace_record *record, void *structure);

/* One record's effect. False: `why`, or where that is empty, the record cannot be. */
bool restore_mapping(struct restorer *restorer, const struct trace_record *record);
bool restore_map(struct restorer *restorer, const struct trace_record *record);
/* The objects that have been mapped need no descriptor any more. restore_memory.c. */
void restore_memory_done(struct restorer *restorer);

/* Each timerfd; then each descriptor, by number; then what this process has and the program had not is closed. restore_files.c. */
bool restore_timerfd(struct restorer *restorer, const struct saved_timer *saved);
bool restore_file(struct restorer *restorer, const struct trace_record *record);
void restore_files_done(struct restorer *restorer);

#endif
