# SPDX-License-Identifier: Apache-2.0
"""what recording the whole machine costs at 99 Hz under full load, beside perf record

The recording's steady part is the CPU time of hearth's process over a minute, plus the time of its BPF program,
which interrupts others. It begins some seconds after the first tick: until then files are met that ran
already, and their rows are compiled, once. That counts to start-up and naming; a row tells what it makes of
the whole. perf's own work in the interrupt shows in no account, so its figure stands beside that of hearth's process alone.
"""

import json
import os
import shutil
import subprocess
import time

import loads
import measuring
from rows import Row

RATE = 99
WARM_UP_SECONDS = 10


class SteadyCost:
    """A recording, and what hearth's process took while nothing was new to it."""

    def __init__(self, bench, seconds):
        folded, stats = bench.path("out.folded"), bench.path("stats.json")
        warm_up = min(WARM_UP_SECONDS, seconds)
        process = subprocess.Popen(
            [bench.binary, "record", "-a", "-F", str(RATE), "-d", str(warm_up + seconds + 1), "--stats", stats,
             "-o", folded],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(warm_up)
        before, start = measuring.cpu_ns_of(process.pid), time.monotonic()
        time.sleep(seconds)
        self.process_share = (measuring.cpu_ns_of(process.pid) - before) / 1e9 / (time.monotonic() - start)
        if process.wait(measuring.HURRY_SECONDS):
            raise measuring.Failed(f"hearth record: status {process.returncode}")
        self.stats = json.loads(stats.read_text())
        self.own, self.seconds = self.stats["self"], self.stats["duration_ns"] / 1e9
        self.bpf_share = self.own["bpf_ns"] / 1e9 / self.seconds

    @property
    def first_rows_seconds(self):
        """What the recording took of CPU beyond what it takes once it is steady."""
        return self.own["recording_cpu_ns"] / 1e9 - self.process_share * self.seconds


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


def bpf_us(cost):
    return cost.own["bpf_ns"] / 1e3 / cost.own["bpf_runs"]


def own_rows(load, cost):
    own, stats = cost.own, cost.stats
    whole = (own["recording_cpu_ns"] + own["bpf_ns"]) / 1e9 / cost.seconds
    start, first_rows = own["start_cpu_ns"] / 1e6, cost.first_rows_seconds * 1e3
    end = (own["cpu_ns"] - own["start_cpu_ns"] - own["recording_cpu_ns"]) / 1e6
    yield Row(
        f"{load}: steady, CPU + BPF, of one CPU", 100 * (cost.process_share + cost.bpf_share), "%", 0.5,
        note=f"{stats['ticks']['due']:,} ticks, {stats['stacks']:,} stacks, {stats['processes']:,} processes",
    )  # fmt: skip
    yield Row("  of it hearth's process", 100 * cost.process_share, "%")
    yield Row("  of it its BPF program", 100 * cost.bpf_share, "%", note=f"{bpf_us(cost):.1f} us a tick")
    yield Row(f"{load}: from the first tick on, {cost.seconds:.0f} s", 100 * whole, "%")
    yield Row(
        f"{load}: start-up, first rows and naming, CPU", start + first_rows + end, "ms", 300,
        note=f"start-up {start:.0f}, first rows {first_rows:.0f}, the end {end:.0f}",
    )  # fmt: skip
    yield Row(f"{load}: peak memory", measuring.resident_mb(own), "MB", 40)
    yield Row(f"{load}: memory of maps", own["map_bytes"] / 1e6, "MB", 16)


def perf_rows(load, cost, perf):
    own = cost.own
    yield Row(
        f"{load}: perf record's process, steady", 100 * perf.steady_share, "%",
        note=f"hearth's is {cost.process_share / perf.steady_share:.2f} of it",
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
            cost = SteadyCost(bench, seconds)
            yield from own_rows(load.name, cost)
            if shutil.which("perf"):
                yield from perf_rows(load.name, cost, PerfCost(bench, seconds))
            else:
                yield Row(f"{load.name}: perf record", None, note="perf is not installed (linux-perf)")
