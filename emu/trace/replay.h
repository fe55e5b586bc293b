/* Replays a recording. The effects in its log replace the world: a replay touches nothing outside but standard output and error. */
#ifndef TICK86_EMU_TRACE_REPLAY_H
#define TICK86_EMU_TRACE_REPLAY_H

/* Runs `tick86 replay`. Returns the recorded program's exit status, or dies of the signal that killed it. Other results: 2 wrong usage,
 * or the file is no recording; 3 the replay differs from the recording; 4 the recording ends before the program did, or is damaged. */
int replay_command(char **argv);

#endif
