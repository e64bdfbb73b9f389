# SPDX-License-Identifier: Apache-2.0
"""What the figures share: running hearth, reading what it and the kernel say, and the state of the machine."""

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import List, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

import hearth as e2e  # noqa: E402  reads folded profiles and samples, bounds shares
import recording  # noqa: E402  knows the worker

CPUS = len(os.sched_getaffinity(0))
HURRY_SECONDS = 120  # beyond its duration, hearth needs two or three of them


class Failed(Exception):
    """A figure could not be measured: why."""


class Bench:
    """One run of the bench: its folder, its binary (a copy: a build meanwhile changes nothing), its haste."""

    def __init__(self, folder, quick, binary=None):
        self.folder, self.quick = folder, quick
        self.binary = folder / "hearth"
        if os.geteuid():
            sys.exit("tests/bench/run: profiling needs root: sudo make bench")
        self.origin = Path(binary or e2e.BINARY)
        if not self.origin.exists() or not e2e.SAMPLES.exists():
            sys.exit("tests/bench/run: nothing is built: make all samples")
        shutil.copy(self.origin, self.binary)

    def describe(self):
        haste = ", --quick: not for keeping" if self.quick else ""
        what = commit() if self.origin == e2e.BINARY else self.origin
        return f"hearth ({what}) on Linux {platform.release()}, {CPUS} CPUs, {processor()}{haste}"

    def path(self, name):
        return self.folder / name

    def seconds(self, full, quick):
        return quick if self.quick else full


def commit():
    ended = subprocess.run(
        ["git", "-C", ROOT, "describe", "--always", "--dirty"], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    return ended.stdout.strip() or "an unknown commit"


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


# --- running hearth ---------------------------------------------------------------------------------


class Recording(NamedTuple):
    """What `hearth record` left."""

    stacks: List[e2e.Stack]
    stats: dict
    stdout: str

    @property
    def self(self):
        return self.stats["self"]

    @property
    def ticks(self):
        return self.stats["ticks"]

    @property
    def fired(self):
        return self.ticks["due"] - self.ticks["lost"]["late"]


def record(bench, *arguments, seconds):
    """Runs `hearth record ARGUMENTS` to its end; `seconds` is how long that takes at least."""
    folded, stats = bench.path("out.folded"), bench.path("stats.json")
    command = [bench.binary, "record", "--stats", stats, "-o", folded, *arguments]
    ended = run(command, seconds + HURRY_SECONDS)
    return Recording(e2e.read_folded(folded), json.loads(stats.read_text()), ended.stdout)


def run(command, deadline_seconds, **options):
    """Runs a command that has to succeed."""
    command = [str(word) for word in command]
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace", timeout=deadline_seconds, **options,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Failed(f"took over {deadline_seconds} s: {' '.join(command)}") from None
    if ended.returncode:
        raise Failed(f"status {ended.returncode}: {' '.join(command)}: {ended.stderr.strip()[-500:]}")
    return ended


class Usage(NamedTuple):
    """What a command took."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int  # not below this program's own: the kernel keeps the mark of before the exec


def run_for_usage(command, stdout=subprocess.DEVNULL):
    start = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"status {process.returncode}: {' '.join(map(str, command))}")
    return Usage(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


# --- the machine ------------------------------------------------------------------------------------


def machine_times():
    """(all, idle, stolen) seconds of all CPUs since boot: proc(5), /proc/stat."""
    times = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    tick = os.sysconf("SC_CLK_TCK")
    return sum(times) / tick, (times[3] + times[4]) / tick, times[7] / tick


def describe_others(seconds=0.5):
    """How busy the machine is while the bench does nothing."""
    before = machine_times()
    time.sleep(seconds)
    passed, idle, stolen = (now - then for now, then in zip(machine_times(), before))
    busy = max(0, 1 - idle / passed) if passed else 0
    return f"(before it: others keep the CPUs {100 * busy:.0f} % busy, {100 * stolen / (passed or 1):.0f} % stolen)"


def wait_until_idle(cpu, patience_seconds=20):
    """Waits until others leave that CPU alone; False: they did not."""
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        before = cpu_idle_seconds(cpu)
        time.sleep(0.2)
        if cpu_idle_seconds(cpu) - before >= 0.9 * 0.2:
            return True
    return False


def cpu_idle_seconds(cpu):
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{cpu} "):
            idle, waiting = line.split()[4:6]
            return (int(idle) + int(waiting)) / os.sysconf("SC_CLK_TCK")
    raise Failed(f"/proc/stat does not know CPU {cpu}")


def cpu_ns_of(pid):
    """CPU time of a running hearth with its worker, all threads, to the nanosecond: Documentation/scheduler/sched-stats."""
    total = 0
    for process in [pid, *filter(recording.is_worker, recording.children_of(pid))]:
        for thread in Path(f"/proc/{process}/task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
    return total


def resident_mb(own):
    """At their most, hearth and its children, which need not have been at it at the same time."""
    children = [own.get(child, {}) for child in ("worker", "opener", "file_opener")]
    return (own["rss_peak_bytes"] + sum(child.get("rss_peak_bytes", 0) for child in children)) / 1e6


def lower_bound(k, n):
    """The share that k of n prove with a confidence of 95 % (Clopper and Pearson, one-sided)."""
    return e2e.share_interval(k, n, 0.90)[0]
