# SPDX-License-Identifier: Apache-2.0
"""what hearth serve costs with 60 processes at work, 19 Hz: CPU, BPF, memory, what it writes, and what grows

The 60 processes work some milliseconds each second and wait, as services do: python3 of several kinds, shells that start tools, and
programs of samples/ one after the other. The steady part begins when the files that run have been met. CPU time is that of all of hearth's
processes, BPF time what the kernel counts (kernel.bpf_stats_enabled, which costs some itself), memory their proportional
share without BPF maps that are mapped, and what is written is what reached the disk's layer (on tmpfs: what was handed to it).

Within a slice of the store, of an hour, what is known of it grows, and ends with it: a line through an hour tells where in a slice the hour
began. So what grows is the last ten minutes less the same minutes an hour before, in the slice before (--quick: a line through all readings).
"""

import os
import re
import signal
import statistics
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import measuring
from rows import Row

RATE = 19
PROCESSES = 60
WARM_UP_SECONDS = 300
EVERY_SECONDS = 5
HOUR = 3600
PHASE_SECONDS = 600  # of a slice, of which two are compared
SWITCH = Path("/proc/sys/kernel/bpf_stats_enabled")

PYTHON_LOADS = (
    "text = json.dumps({str(i): [i] * 5 for i in range(120)}); json.loads(text)",
    "[re.sub(r'([a-z]+)-([0-9]+)', r'\\2-\\1', 'abc-123 def-456 ' * 30) for _ in range(10)]",
    "zlib.compress(os.urandom(20000)); hashlib.sha256(b'x' * 200000).digest()",
    "sorted(random.random() for _ in range(8000))",
)
PYTHON = "import hashlib, json, os, random, re, time, zlib\nwhile True:\n    {}\n    time.sleep(0.5 + random.random())\n"
SHELL = "while :; do ls /usr/lib >/dev/null; sed -n 1p /etc/passwd >/dev/null; sleep 2; done"
SAMPLE = "while :; do {} 0.01 >/dev/null; sleep 1; done"


def commands():
    """As many as there are to be, of each kind in turn."""
    samples = [measuring.e2e.SAMPLES / name for name in ("shares_70_30", "recursion", "syscalls")]
    kinds = [["/usr/bin/python3", "-S", "-c", PYTHON.format(load)] for load in PYTHON_LOADS]
    kinds += [["/bin/sh", "-c", SHELL]]
    kinds += [["/bin/sh", "-c", SAMPLE.format(sample)] for sample in samples]
    return [kinds[i % len(kinds)] for i in range(PROCESSES)]


class Mix:
    """The processes, each the head of a group of its own, so that what it started ends with it."""

    def __enter__(self):
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             start_new_session=True)
            for command in commands()
        ]  # fmt: skip
        return self

    def __exit__(self, *_):
        for process in self.processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Reading(NamedTuple):
    at: float
    cpu_ns: int
    bpf_ns: int
    bpf_runs: int
    resident_bytes: int
    map_bytes: int
    files: int
    written_bytes: int


def family(pid):
    """A process, and all that descend from it."""
    pids = [pid]
    for one in pids:
        for thread in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                pids += map(int, thread.read_text().split())
            except OSError:
                pass  # the thread has ended
    return pids


def cpu_ns(pids):
    return sum(
        int((thread / "schedstat").read_text().split()[0]) for pid in pids for thread in Path(f"/proc/{pid}/task").iterdir()
    )


def proportional_bytes(pid):
    """Its share of memory, but for BPF maps."""
    total, is_map = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            is_map = line.endswith("anon_inode:bpf-map")
        elif line.startswith("Pss:") and not is_map:
            total += int(line.split()[1]) * 1024
    return total


def bpf_counts(pid):
    """Run time and runs of the programs that the process holds, and the memory of its maps."""
    run_ns, runs, map_bytes = {}, {}, {}
    for told in measuring.recording.descriptors(pid):
        if "link_id" not in told and "prog_id" in told and "run_time_ns" in told:
            run_ns[told["prog_id"]], runs[told["prog_id"]] = int(told["run_time_ns"]), int(told["run_cnt"])
        elif "map_id" in told:
            map_bytes[told["map_id"]] = int(told["memlock"])
    return sum(run_ns.values()), sum(runs.values()), sum(map_bytes.values())


def read(pid):
    pids = family(pid)
    io = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    run_ns, runs, map_bytes = bpf_counts(pid)
    return Reading(
        time.monotonic(), cpu_ns(pids), run_ns, runs, sum(map(proportional_bytes, pids)), map_bytes,
        sum(len(os.listdir(f"/proc/{one}/fd")) for one in pids), int(io["write_bytes"]) or int(io["wchar"]),
    )  # fmt: skip


def fit(times, values):
    """The slope of a line through them, and the standard error of that."""
    middle, height = statistics.fmean(times), statistics.fmean(values)
    spread = sum((at - middle) ** 2 for at in times)
    grows = sum((at - middle) * (value - height) for at, value in zip(times, values)) / spread
    rest = sum((value - height - grows * (at - middle)) ** 2 for at, value in zip(times, values))
    return grows, (rest / max(1, len(times) - 2) / spread) ** 0.5


def slope(readings, field):
    """What it grows by an hour, and the standard error of that."""
    times = [(reading.at - readings[0].at) / HOUR for reading in readings]
    return fit(times, [getattr(reading, field) for reading in readings])


def phase_growth(readings, field):
    """What the last minutes have more than those an hour before, and the standard error of that."""
    ends = readings[-1].at
    later = [getattr(reading, field) for reading in readings if reading.at > ends - PHASE_SECONDS]
    before = [getattr(reading, field) for reading in readings if ends - HOUR - PHASE_SECONDS < reading.at <= ends - HOUR]
    error = (statistics.variance(later) / len(later) + statistics.variance(before) / len(before)) ** 0.5
    return statistics.fmean(later) - statistics.fmean(before), error


def growth(readings, field):
    """An hour's."""
    is_whole = readings[-1].at - readings[0].at > HOUR + PHASE_SECONDS / 2
    return phase_growth(readings, field) if is_whole else slope(readings, field)


def serve(bench, seconds, warm_up, binary=None):
    """The readings of the steady part, and what hearth said."""
    said = bench.path("serve.txt")
    with said.open("w") as errors:
        process = subprocess.Popen(
            [binary or bench.binary, "serve", "--store", bench.path("store"), "--rate", str(RATE), "--listen", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
        )  # fmt: skip
    try:
        time.sleep(warm_up)
        readings, end = [], time.monotonic() + seconds
        while not readings or time.monotonic() < end:
            if readings:
                time.sleep(EVERY_SECONDS)
            if process.poll() is not None:
                raise measuring.Failed(f"hearth serve ended after {len(readings)} readings: {process.returncode}, {said.read_text()}")
            readings.append(read(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(measuring.HURRY_SECONDS)
    return readings, said.read_text()


def rows_of(readings, said):
    first, last = readings[0], readings[-1]
    passed = last.at - first.at
    cpu, bpf = (last.cpu_ns - first.cpu_ns) / 1e9 / passed, (last.bpf_ns - first.bpf_ns) / 1e9 / passed
    runs = last.bpf_runs - first.bpf_runs
    yield Row("CPU + BPF, of one CPU", 100 * (cpu + bpf), "%", 0.2, note=f"{passed:.0f} s, {measuring.CPUS} CPUs")
    yield Row("  of it hearth's processes", 100 * cpu, "%")
    yield Row("  of it its BPF programs", 100 * bpf, "%",
              note=f"{runs:,} runs, {(last.bpf_ns - first.bpf_ns) / 1e3 / max(1, runs):.1f} us each")  # fmt: skip
    resident = max(reading.resident_bytes for reading in readings)
    yield Row("resident, all processes, at most", resident / 1e6, "MB", 60)
    yield Row("memory of maps", last.map_bytes / 1e6, "MB")
    yield Row("written", (last.written_bytes - first.written_bytes) / 1e6 * HOUR / passed, "MB/h", 8)
    for what, field, unit, scale in (("resident grows", "resident_bytes", "MB/h", 1e6), ("open files grow", "files", "/h", 1)):
        grows, error = growth(readings, field)
        yield Row(what, grows / scale, unit, note=f"± {2 * error / scale:.3g} (95 %); {getattr(last, field) / scale:.4g} at the end")
    changes = re.findall(r"rate (?:lowered|raised) .*", said)
    yield Row("changes of the rate", len(changes), note="; ".join(changes))


def measure(bench):
    before = SWITCH.read_text()
    SWITCH.write_text("1")
    try:
        with Mix():
            yield from rows_of(*serve(bench, bench.seconds(HOUR + PHASE_SECONDS, 60), bench.seconds(WARM_UP_SECONDS, 30)))
    finally:
        SWITCH.write_text(before)
