"""How long a test waits for what ought to happen at once: as tests/limit.c, for tests that talk to a program while it runs."""

import os


def seconds(count):
    """So many seconds of a machine that does nothing else."""
    return count * max(1, os.getloadavg()[0] / len(os.sched_getaffinity(0)))
