/* Replaying a recording: the effects in its log take the place of the world, and nothing of the outside is touched but memory and
 * standard output and error. */
#ifndef TICK86_EMU_TRACE_REPLAY_H
#define TICK86_EMU_TRACE_REPLAY_H

/* `tick86 replay`: returns the recorded program's exit status, or dies of its signal; 2: wrong usage, or no recording; 3: the replay
 * has come to differ; 4: the recording ends before the program did, or is damaged from some point on. */
int replay_command(char **argv);

#endif
