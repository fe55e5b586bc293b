/* Records the beginnings and ends of processes, and repairs the log after a process was killed while it held the turn. */
#include <signal.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/tree.h"
#include "emu/trace/recorder.h"

/* --- the valid part of the log ------------------------------------------------------------------------ */

void recorder_keep(struct recording *recording)
{
	unsigned other = !recording->kept_last;

	recording->kept[other].log = recording->log;
	recording->kept[other].at = recording->writer.at;
	__atomic_store_n(&recording->kept_last, other, __ATOMIC_SEQ_CST);
}

/* Drops everything after the last kept state: the process that wrote it was killed in the middle. */
static void go_back(struct recording *recording)
{
	recording->log = recording->kept[recording->kept_last].log;
	recording->writer.at = recording->kept[recording->kept_last].at;
	for (size_t k = 0; k < CHUNK_SLOTS; k++)
		if (recording->chunk[k].number > recording->log.chunks)
			recording->chunk[k].number = 0;
	if (!recording->writer.error && ftruncate(recording->writer.fd, (off_t)recording->writer.at.file_bytes) < 0)
		return; /* the output is no file, so what is written cannot be taken back */
}

/* --- beginnings --------------------------------------------------------------------------------------- */

void recorder_fork(struct observer *self, struct process *process, pid_t child)
{
	struct recorder *recorder = recorder_of(self);

	recorder_pause(self, process, 0);
	recorder->recording->log.forking = child;
	recorder_keep(recorder->recording);
}

void recorder_forked(struct observer *self, struct process *process, bool done)
{
	struct recorder *recorder = recorder_of(self);
	struct log_state *log = &recorder->recording->log;

	(void)process;
	if (done)
		recorder_emit(recorder, RECORD(FORK, (uint64_t)log->forking));
	log->forking = 0;
	recorder_keep(recorder->recording);
}

void recorder_child(struct observer *self, struct process *process)
{
	struct recorder *recorder = recorder_of(self);

	(void)process;
	recorder->logged_insns = recorder->checked_insns = 0;
	recorder->log_tid = 0;
}

void recorder_turn(struct observer *self, struct process *process)
{
	struct recorder *recorder = recorder_of(self);

	(void)process;
	if (recorder->lost_turns == recorder->recording->log.lost_turns)
		return;
	recorder->lost_turns = recorder->recording->log.lost_turns;
	recorder_emit_shared(recorder);
}

/* --- ends --------------------------------------------------------------------------------------------- */

/* A process was killed while it held the turn. The records that it had not completed are dropped, so its last writes to memory that it
 * shared with other processes are unknown. `lost_turns` makes those processes record that memory again. */
static void undo_turn(struct recorder *recorder, pid_t pid)
{
	struct recording *recording = recorder->recording;

	go_back(recording);
	recording->log.lost_turns++;
	if (recording->log.forking && tree_to_host(recorder->process->tree, recording->log.forking) > 0)
		recorder_append(recorder, pid, RECORD(FORK, (uint64_t)recording->log.forking));
	recording->log.forking = 0;
	recorder_keep(recording);
}

void recorder_killed(struct observer *self, struct process *process, pid_t pid, bool in_turn)
{
	struct recorder *recorder = recorder_of(self);
	struct recording *recording = recorder->recording;

	(void)process;
	if (in_turn)
		undo_turn(recorder, pid);
	if (recording->log.ended == pid)
		return;
	recorder_append(recorder, pid, RECORD(EXIT, SIGKILL));
	recording->log.ended = pid;
	recorder_keep(recording);
}

void recorder_exit(struct observer *self, struct process *process, int status, bool last)
{
	struct recorder *recorder = recorder_of(self);

	recorder_emit_writes(recorder);
	recorder_emit(recorder, RECORD(EXIT, (uint64_t)status));
	recorder->recording->log.ended = process->pid;
	if (last)
		recorder_append(recorder, process->pid, RECORD(END, recorder->recording->log.insns));
	recorder_flush(recorder);
}
