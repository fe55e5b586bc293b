/* Files of /proc and /sys that would show the emulator, the host or the host's time. One table lists them with the functions that write
 * their text (proc_files.c). */
#ifndef TICK86_EMU_PROC_FILES_H
#define TICK86_EMU_PROC_FILES_H

#include <stdio.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/view.h"

/* --- about the machine: proc_machine.c ----------------------------------------------------------------- */

void machine_write_cpuinfo(struct task *task, FILE *out);
void machine_write_uptime(struct task *task, FILE *out);
void machine_write_stat(struct task *task, FILE *out);
void machine_write_cpu_range(struct task *task, FILE *out);
void machine_write_clocksource(struct task *task, FILE *out);
void machine_write_khz(struct task *task, FILE *out);

/* --- about a process or thread: as the kernel would show it, with the guest's mappings, times and ids ------------------ */

/* proc_maps.c */
void proc_write_maps(struct view *view, FILE *out);
void proc_write_smaps(struct view *view, FILE *out);
void proc_write_numa_maps(struct view *view, FILE *out);
void proc_write_smaps_rollup(struct view *view, FILE *out);
uint64_t proc_mapped_bytes(const struct space *space);
/* proc_process.c */
void proc_write_cmdline(struct view *view, FILE *out);
void proc_write_environ(struct view *view, FILE *out);
void proc_write_auxv(struct view *view, FILE *out);
void proc_write_limits(struct view *view, FILE *out);
void proc_write_comm(struct view *view, FILE *out);
void proc_write_syscall(struct view *view, FILE *out);
void proc_write_children(struct view *view, FILE *out);
/* proc_numbers.c; `whole`: for /proc/PID, not /proc/PID/task/TID */
void proc_write_stat(struct view *view, FILE *out);
void proc_write_status(struct view *view, FILE *out);
void proc_write_statm(struct view *view, FILE *out);

/* Returns the name of the view's thread. */
void proc_thread_name(const struct view *view, char name[16]);
/* Opens the host's file of the view's process. */
FILE *proc_host_file(const struct view *view, const char *name);

#endif
