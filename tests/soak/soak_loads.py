# SPDX-License-Identifier: Apache-2.0
"""What is done to a machine while hearth serve records it."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import measuring

STORMS = 2  # of processes, side by side


@contextlib.contextmanager
def storm(soak, processes_a_second):
    """New processes all the time; gives a list that holds, when it is over, how many a second there were."""
    source = Path(__file__).with_name("process_storm.c").read_text()
    program, rates = measuring.recording.compile_c(soak.folder, "process_storm", source, "-O2"), []
    command = [program, str(processes_a_second // STORMS), "/bin/true"]
    begun = time.monotonic()
    running = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) for _ in range(STORMS)]
    try:
        yield rates
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        started = [int(process.communicate()[0] or 0) for process in running]
        rates.append(sum(started) / (time.monotonic() - begun))


@contextlib.contextmanager
def busy(program="shares_70_30"):
    """A sample that works without end."""
    with measuring.e2e.Child(*measuring.e2e.sample(program, 10**6)) as load:
        yield load


def run_ns(pid):
    """CPU time of all threads of a process, to the nanosecond (Documentation/scheduler/sched-stats)."""
    return sum(int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0]) for thread in os.listdir(f"/proc/{pid}/task"))
