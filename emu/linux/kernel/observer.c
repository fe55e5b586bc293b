/* The list of observers, and the questions to all of them. */
#include "emu/linux/kernel/observer.h"

#include "emu/cpu/fatal.h"

static void space_changed(void *follower, const struct space_change *change)
{
	struct process *process = follower;

	OBSERVE(process, memory, process, change);
}

void observer_add(struct process *process, struct observer *observer)
{
	struct observer **last = &process->observers;

	observer->slot = 0;
	observer->next = NULL;
	for (; *last; last = &(*last)->next)
		observer->slot++;
	CHECK(observer->slot < OBSERVERS_MAX);
	*last = observer;
	if (observer->on->memory) {
		process->space.follow = space_changed;
		process->space.follower = process;
	}
}

bool observer_sees_calls(const struct process *process)
{
	for (const struct observer *observer = process->observers; observer; observer = observer->next)
		if (observer->on->stop || observer->on->result)
			return true;
	return false;
}

int64_t observe_call(struct task *task, uint64_t number, const uint64_t arg[6])
{
	int64_t error = 0;

	for (struct observer *observer = task->process->observers; observer && !error; observer = observer->next)
		if (observer->on->call)
			error = observer->on->call(observer, task, number, arg);
	return error;
}

bool observe_claim(struct process *process, enum doorbell message, const siginfo_t *info)
{
	for (struct observer *observer = process->observers; observer; observer = observer->next)
		if (observer->on->claim && observer->on->claim(observer, process, message, info))
			return true;
	return false;
}

uint64_t observe_budget(const struct process *process)
{
	uint64_t least = UINT64_MAX;

	for (struct observer *observer = process->observers; observer; observer = observer->next) {
		uint64_t budget = observer->on->budget ? observer->on->budget(observer, process) : UINT64_MAX;

		least = budget < least ? budget : least;
	}
	return least;
}
