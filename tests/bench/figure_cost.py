# SPDX-License-Identifier: Apache-2.0
"""what recording the whole machine costs at 99 Hz under full load, beside perf record

The recording's steady part is the CPU time of hearth's process from the start of the timers to their end,
plus the time of its BPF program, which interrupts others. perf's own work in the interrupt shows in no
account, so its figure stands beside that of hearth's process alone.
"""

import os
import shutil
import subprocess
import time

import loads
import measuring
from rows import Row

RATE = 99


class PerfCost:
    """What `perf record` took: per second of its steady part, and in all."""

    def __init__(self, bench, seconds):
        data = bench.path("perf.data")
        process = subprocess.Popen(
            ["perf", "record", "-q", "-a", "-F", str(RATE), "-g", "-e", "cpu-clock", "-o", data,
             "--", "sleep", str(seconds)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        lead = min(2, seconds / 4)  # it starts, and at the end it looks for build-ids
        time.sleep(lead)
        before, start = measuring.cpu_ns_of(process.pid), time.monotonic()
        time.sleep(seconds - 2 * lead)
        self.steady_share = (measuring.cpu_ns_of(process.pid) - before) / 1e9 / (time.monotonic() - start)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise measuring.Failed(f"perf record: status {process.returncode}")
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.file_bytes = data.stat().st_size
        data.unlink()


def own_rows(load, recording):
    own, seconds = recording.self, recording.stats["duration_ns"] / 1e9
    user, bpf = own["recording_cpu_ns"] / 1e7 / seconds, own["bpf_ns"] / 1e7 / seconds
    start, rest = own["start_cpu_ns"], own["cpu_ns"] - own["start_cpu_ns"] - own["recording_cpu_ns"]
    due, stacks, processes = recording.ticks["due"], recording.stats["stacks"], recording.stats["processes"]
    yield Row(
        f"{load}: steady, CPU + BPF, of one CPU", user + bpf, "%", 0.5,
        note=f"{seconds:.0f} s: {due:,} ticks, {stacks:,} stacks, {processes:,} processes",
    )  # fmt: skip
    yield Row("  of it hearth's process", user, "%")
    yield Row("  of it its BPF program", bpf, "%")
    yield Row(
        f"{load}: start-up and naming, CPU", (start + rest) / 1e6, "ms", 300,
        note=f"start-up {start / 1e6:.0f}, the end {rest / 1e6:.0f}",
    )  # fmt: skip
    yield Row(f"{load}: peak memory", own["rss_peak_bytes"] / 1e6, "MB", 40)
    yield Row(f"{load}: memory of maps", own["map_bytes"] / 1e6, "MB", 16)


def perf_rows(load, recording, perf):
    own, seconds = recording.self, recording.stats["duration_ns"] / 1e9
    user = own["recording_cpu_ns"] / 1e9 / seconds
    yield Row(
        f"{load}: perf record's process, steady", 100 * perf.steady_share, "%",
        note=f"hearth's is {user / perf.steady_share:.2f} of it",
    )  # fmt: skip
    yield Row(
        f"{load}: perf record, whole run, CPU", perf.cpu_seconds * 1e3, "ms",
        note=f"hearth's, with naming, {own['cpu_ns'] / 1e6:.0f}: {own['cpu_ns'] / 1e9 / perf.cpu_seconds:.2f} "
        f"of it; perf.data {perf.file_bytes / 1e6:.1f} MB, not named yet",
    )  # fmt: skip


def measure(bench):
    seconds = bench.seconds(60, 8)
    for load in (loads.compile_load(bench), loads.mixed_load()):
        with load:
            time.sleep(1)
            recording = measuring.record(bench, "-a", "-F", RATE, "-d", seconds, seconds=seconds)
            yield from own_rows(load.name, recording)
            if shutil.which("perf"):
                yield from perf_rows(load.name, recording, PerfCost(bench, seconds))
            else:
                yield Row(f"{load.name}: perf record", None, note="perf is not installed (linux-perf)")
