# SPDX-License-Identifier: Apache-2.0
"""from exec to the first tick delivered, one busy target, the other CPU idle

hearth counts from its own start as the kernel says it: that lies between the moment before the spawn and
the moment after, so the figure is true to within the time that the spawn took, printed beside it.
"""

import json
import os
import statistics
import subprocess
import time

import measuring
from rows import Row

RATE = 99


def busy_target(cpu):
    """A sample that keeps one CPU busy, for longer than all runs need."""
    target = measuring.e2e.Child(*measuring.e2e.sample("shares_70_30", "--hold", 120))
    target.wait_for("^ready$")
    os.sched_setaffinity(target.pid, {cpu})
    target.say()
    return target


def start_once(bench, pid):
    """One short recording: (its own figures, nanoseconds that the spawn took)."""
    stats = bench.path("start.json")
    command = [bench.binary, "record", "-F", RATE, "-p", pid, "-d", "0.3", "--stats", stats,
               "-o", bench.path("start.folded")]  # fmt: skip
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, text=True)
    spawned = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - before
    said = process.communicate()[1]
    if process.returncode:
        raise measuring.Failed(f"hearth record: status {process.returncode}: {said}")
    return json.loads(stats.read_text())["self"], spawned


def measure(bench):
    idle, *_, busy = sorted(os.sched_getaffinity(0))
    with busy_target(busy) as target:
        start_once(bench, target.pid)  # the files it reads are in the page cache from here on
        runs, disturbed = [], 0
        for _ in range(bench.seconds(10, 3)):
            disturbed += not measuring.wait_until_idle(idle)
            runs.append(start_once(bench, target.pid))
    first = [own["first_tick_ns"] / 1e6 for own, _ in runs]
    spawned = statistics.median(ns / 1e6 for _, ns in runs)
    start_cpu = statistics.median(own["start_cpu_ns"] / 1e6 for own, _ in runs)
    period = 1000 / RATE
    note = f"of {len(runs)}, min {min(first):.1f}, max {max(first):.1f}"
    if disturbed:
        note += f"; before {disturbed} of them the other CPU was not idle"
    yield Row("first tick delivered, median", statistics.median(first), "ms", 150, note=note)
    yield Row("  of it hearth's CPU until the timers run", start_cpu, "ms")
    yield Row("  of it the first period of the timer", period, "ms", note=f"at {RATE} Hz")
    yield Row("  of it waiting and delivery", statistics.median(first) - start_cpu - period, "ms")
    yield Row("the spawn around it, from outside", spawned, "ms", note="the error of the above at most")
