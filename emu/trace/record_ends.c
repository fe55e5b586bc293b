/* Beginnings and ends of processes; and what one leaves behind that is killed while it holds the turn. */
#include <signal.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/tree.h"
#include "emu/trace/record.h"
#include "emu/trace/recorder.h"

/* --- what counts -------------------------------------------------------------------------------------- */

void recorder_keep(struct recording *recording)
{
	unsigned other = !recording->kept_last;

	recording->kept[other].log = recording->log;
	recording->kept[other].at = recording->writer.at;
	__atomic_store_n(&recording->kept_last, other, __ATOMIC_SEQ_CST);
}

/* The log goes on from what was kept last: whoever wrote behind that was killed before it was whole. */
static void go_back(struct recording *recording)
{
	recording->log = recording->kept[recording->kept_last].log;
	recording->writer.at = recording->kept[recording->kept_last].at;
	for (size_t k = 0; k < CHUNK_SLOTS; k++)
		if (recording->chunk[k].number > recording->log.chunks)
			recording->chunk[k].number = 0;
	if (!recording->writer.error && ftruncate(recording->writer.fd, (off_t)recording->writer.at.file_bytes) < 0)
		return; /* no file: what has gone out is out */
}

/* --- beginnings --------------------------------------------------------------------------------------- */

void record_fork(struct process *process, pid_t child)
{
	struct recorder *recorder = process->recorder;

	if (!recorder)
		return;
	record_pause(process, 0);
	recorder->recording->log.forking = child;
	recorder_keep(recorder->recording);
}

void record_forked(struct process *process, bool done)
{
	struct recording *recording = process->recorder ? process->recorder->recording : NULL;

	if (!recording)
		return;
	if (done)
		recorder_emit(process, RECORD(FORK, (uint64_t)recording->log.forking));
	recording->log.forking = 0;
	recorder_keep(recording);
}

void record_begin_child(struct process *process)
{
	struct recorder *recorder = process->recorder;

	if (!recorder)
		return;
	recorder->logged_insns = recorder->checked_insns = 0;
	recorder->log_tid = 0;
}

void record_turn(struct process *process)
{
	struct recorder *recorder = process->recorder;

	if (!recorder || recorder->lost_turns == recorder->recording->log.lost_turns)
		return;
	recorder->lost_turns = recorder->recording->log.lost_turns;
	recorder_emit_shared(process);
}

/* --- ends --------------------------------------------------------------------------------------------- */

void record_killed(struct process *process, pid_t pid)
{
	struct recording *recording = process->recorder ? process->recorder->recording : NULL;

	if (!recording || recording->log.ended == pid)
		return;
	recorder_append(process, pid, RECORD(EXIT, SIGKILL));
	recording->log.ended = pid;
	recorder_keep(recording);
}

void record_killed_in_turn(struct process *process, pid_t pid)
{
	struct recording *recording = process->recorder ? process->recorder->recording : NULL;

	if (!recording)
		return;
	go_back(recording);
	recording->log.lost_turns++;
	if (recording->log.forking && tree_to_host(process->tree, recording->log.forking) > 0)
		recorder_append(process, pid, RECORD(FORK, (uint64_t)recording->log.forking));
	recording->log.forking = 0;
	recorder_keep(recording);
}

void record_exit(struct process *process, int status, bool last)
{
	struct recorder *recorder = process->recorder;

	if (!recorder)
		return;
	recorder_emit_writes(process);
	recorder_emit(process, RECORD(EXIT, (uint64_t)status));
	recorder->recording->log.ended = process->pid;
	if (last)
		recorder_append(process, process->pid, RECORD(END, recorder->recording->log.insns));
	recorder_flush(process);
}
