# SPDX-License-Identifier: Apache-2.0
"""what a tick and a frame cost without frame pointers, beside the kernel's walk by frame pointers

One source, every frame another function, compiled without frame pointers for hearth and with
them for the classic profiler (fp_peer.bpf.c); both with the same number of user frames, which is checked.
The target has a CPU nearly for itself; recordings of both sides alternate, and medians are compared.

Cost is the kernel's count of the perf_event programs' run time over a span that begins when every file's
rows are there; the ticks are the target's CPU time in it, by the rate. The runs outside the target are taken
off at their own price: that of recordings of a process that sleeps while the target works as before.
"""

import collections
import contextlib
import os
import re
import signal
import statistics
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import measuring
from figure_tick_time import KernelCounts
from rows import Row

BUILT = measuring.ROOT / ".output/bench"
TARGET_CPU, OTHER_CPU = max(os.sched_getaffinity(0)), min(os.sched_getaffinity(0))
BYTES_A_FRAME = {"SMALL": (28, 40), "WIDE": (170, 210)}
WARM, COLD = ("spin", 1000), ("thrash", 99)
BARS = {"spin": {30: 1.1, 60: 1.0, 120: 1.0}, "thrash": {30: 1.3, 60: 1.2, 120: 1.1}}
SLOPE_BARS = {"SMALL": 0.8, "WIDE": 1.0}
LEAD_SECONDS = 0.5  # until every file's rows are there
MAX_TRUNCATED = 20
MIN_SHARE_OF_DEPTH = 0.97
MIN_TICKS = 50


class Side(NamedTuple):
    """One of those compared: the build of its target, and the frames that it sees below main and above the leaf."""

    name: str
    build: str
    outside: int  # main and what called it: frames beside the target's levels


HEARTH = Side("hearth", "omit", 4)  # main, two of libc, _start
PEER = Side("count_stacks", "no-omit", 2)  # main and its caller
WALK = Side("walk_only", "no-omit", 2)


# --- one recording ---------------------------------------------------------------------------------------


class Taken(NamedTuple):
    """What a span of a recording took, and what the stacks of all of it were."""

    run_ns: int
    runs: int
    ticks: float  # of the runs, those in the target: its CPU time by the rate
    depths: dict  # ticks by frames of the user stack, of the whole recording
    truncated: int


class Account(NamedTuple):
    """What the kernel has counted so far: of a process's perf_event programs, and of the target."""

    run_ns: int
    runs: int
    target_ns: int


def read_account(profiler, target_pid):
    clock = (~target_pid << 3) | 2  # its CPU time: linux/posix-timers.h
    for _ in range(100):
        began, run_ns, runs = time.monotonic(), 0, 0
        target_ns = time.clock_gettime_ns(clock)
        for info in Path(f"/proc/{profiler.pid}/fdinfo").iterdir():
            with contextlib.suppress(FileNotFoundError):
                text = info.read_text()
                if re.search(r"^prog_type:\t7$", text, re.MULTILINE):
                    run_ns += field(text, "run_time_ns")
                    runs += field(text, "run_cnt")
        if time.monotonic() - began < 0.002:  # else something came between the two clocks
            break
    return Account(run_ns, runs, target_ns)


def field(text, name):
    return int(re.search(rf"^{name}:\t(\d+)$", text, re.MULTILINE)[1])


def measure_span(profiler, pid, hz, seconds):
    """(run time, runs, ticks in the target) of some seconds, after LEAD_SECONDS; then the profiler is told to end."""
    deadline = time.monotonic() + 30
    while not read_account(profiler, pid).runs:
        if profiler.poll() is not None or time.monotonic() > deadline:
            raise measuring.Failed(f"no perf_event program ran: {profiler.args}: {profiler.stderr.read()}")
        time.sleep(0.01)
    time.sleep(LEAD_SECONDS)
    before = read_account(profiler, pid)
    time.sleep(seconds)
    after = read_account(profiler, pid)
    profiler.send_signal(signal.SIGINT)
    run_ns, runs, target_ns = (b - a for a, b in zip(before, after))
    return run_ns, runs, target_ns * hz / 1e9


def start(command, cpu, **options):
    """A process on that CPU, ahead of all others there (who keep the twentieth that the kernel leaves them)."""

    def settle():
        os.sched_setaffinity(0, {cpu})
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))

    return subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=settle, **options,
    )  # fmt: skip


@contextlib.contextmanager
def target(side, size, work, way, frames):
    """A target at its leaf; its PID."""
    command = [BUILT / f"deep_stack-{side.build}-{size}", frames - side.outside, work, way]
    with start(command, TARGET_CPU, stdout=subprocess.PIPE) as process:
        try:
            ready = re.match(r"ready: (\d+) bytes", process.stdout.readline())
            low, high = BYTES_A_FRAME[size]
            if not ready or not low <= int(ready[1]) <= high:
                raise measuring.Failed(f"{command}: {ready and ready[0]}: not {low} to {high} bytes a frame")
            yield process.pid
        finally:
            process.kill()


def depths_of(stacks):
    depths = collections.Counter()
    for stack in stacks:
        depths[sum(not measuring.e2e.is_kernel(frame) for frame in stack.frames)] += stack.count
    return depths


def run_hearth(bench, pid, hz, seconds):
    folded, stats = bench.path("price.folded"), bench.path("price.json")
    command = [bench.binary, "record", "-p", pid, "-F", hz, "--stats", stats,
               "-o", folded]  # fmt: skip
    span, _ = run_profiler(command, pid, hz, seconds)
    told = measuring.json.loads(stats.read_text())["ticks"]
    stacks = [stack for stack in measuring.e2e.read_folded(folded) if stack.fate == "complete"]
    return Taken(*span, depths_of(stacks), sum(told["truncated"].values()))


def run_peer(side, pid, hz, seconds):
    command = [BUILT / "fp_peer_bench", BUILT / "fp_peer.bpf.o", side.name, pid, hz]
    span, output = run_profiler(command, pid, hz, seconds)
    return Taken(*span, {int(line.split()[0]): int(line.split()[1]) for line in output.splitlines()}, 0)


def run_profiler(command, pid, hz, seconds):
    with start(command, OTHER_CPU, stdout=subprocess.PIPE) as process:
        try:
            span = measure_span(process, pid, hz, seconds)
            output, complaint = process.communicate(timeout=measuring.HURRY_SECONDS)
        finally:
            process.kill()
    if process.returncode:
        raise measuring.Failed(f"{command}: status {process.returncode}: {complaint[-500:]}")
    return span, output


def run_side(bench, side, pid, hz, seconds):
    if side is HEARTH:
        return run_hearth(bench, pid, hz, seconds)
    return run_peer(side, pid, hz, seconds)


def check_depth(side, taken, frames, hz):
    """Both sides must have walked what was asked for."""
    if taken.ticks < MIN_TICKS:
        raise measuring.Failed(f"{side.name}: only {taken.ticks} ticks in the target")
    share = taken.depths.get(frames, 0) / max(1, sum(taken.depths.values()))
    if taken.truncated > MAX_TRUNCATED + LEAD_SECONDS * hz:
        raise measuring.Failed(f"{side.name}: {taken.truncated} truncated, more than before all was known")
    if share < MIN_SHARE_OF_DEPTH:
        raise measuring.Failed(
            f"{side.name}: {share:.1%} of the stacks have {frames} user frames: {dict(taken.depths)}"
        )


# --- prices ----------------------------------------------------------------------------------------------


class Case(NamedTuple):
    size: str
    work: str
    way: str
    frames: int


class Price:
    """Measures ns a tick of each side and case, in rounds, and remembers them all."""

    def __init__(self, bench):
        self.bench = bench
        self.prices = collections.defaultdict(list)  # (side, case): ns a tick
        self.outside = {}  # (side, work): ns a run outside the target
        self.shares = []  # of the runs, those in the target

    def seconds(self, work):
        return self.bench.seconds(1.5, 0.7) if work == "spin" else self.bench.seconds(3, 1.5)

    def measure_outside(self, side, work, hz):
        """While the target works, another process is asked for, which sleeps."""
        with target(side, "SMALL", work, "plain", 30), start(["sleep", "1000"], OTHER_CPU) as sleeper:
            try:
                taken = run_side(self.bench, side, sleeper.pid, hz, self.seconds(work))
            finally:
                sleeper.kill()
        self.outside[side, work] = taken.run_ns / taken.runs

    def take(self, side, case, hz):
        if (side, case.work) not in self.outside:
            self.measure_outside(side, case.work, hz)
        with target(side, case.size, case.work, case.way, case.frames) as pid:
            taken = run_side(self.bench, side, pid, hz, self.seconds(case.work))
        check_depth(side, taken, case.frames, hz)
        others = (taken.runs - taken.ticks) * self.outside[side, case.work]
        self.prices[side, case].append((taken.run_ns - others) / taken.ticks)
        self.shares.append(taken.ticks / taken.runs)

    def alternate(self, sides, cases, hz, rounds):
        for number in range(rounds):
            for case in cases:
                for side in sides if number % 2 else reversed(sides):
                    self.take(side, case, hz)

    def ns(self, side, case):
        return statistics.median(self.prices[side, case])

    def ratio(self, case, a=HEARTH, b=PEER):
        return self.ns(a, case) / self.ns(b, case)

    def in_words(self, side, case):
        values = self.prices[side, case]
        return f"{self.ns(side, case):,.0f} ({min(values):,.0f}–{max(values):,.0f})"

    def row(self, case, bar=None):
        name = "cold" if case.work == "thrash" else "warm"
        changing = ", leaf side changes" if case.way == "changing" else ""
        return Row(f"{name}, {case.size.lower()}, {case.frames} frames{changing}", self.ratio(case), "×", bar,
                   note=f"{self.in_words(HEARTH, case)} / {self.in_words(PEER, case)} ns a tick")  # fmt: skip

    def slope(self, side, size):
        low, high = (self.ns(side, Case(size, "spin", "plain", frames)) for frames in (30, 120))
        return (high - low) / 90

    def slope_row(self, size):
        own, kernel = self.slope(HEARTH, size), self.slope(WALK, size)
        return Row(f"a frame, {size.lower()}: / bpf_get_stack's", own / kernel, "×", SLOPE_BARS[size],
                   note=f"{own:.1f} / {kernel:.1f} ns, 30 to 120 frames; bpf_get_stackid's program "
                        f"{self.slope(PEER, size):.1f}")  # fmt: skip


def measure(bench):
    price, sizes = Price(bench), ("SMALL", "WIDE")
    with KernelCounts():
        for (work, hz), rounds in ((WARM, bench.seconds(3, 1)), (COLD, bench.seconds(3, 1))):
            cases = [Case(size, work, "plain", frames) for size in sizes for frames in BARS[work]]
            price.alternate((HEARTH, PEER), cases, hz, rounds)
            for case in cases:
                yield price.row(case, BARS[work][case.frames])
        ends = [Case(size, "spin", "plain", frames) for size in sizes for frames in (30, 120)]
        price.alternate((WALK,), ends, WARM[1], bench.seconds(3, 1))
        for size in sizes:
            yield price.slope_row(size)
        changing = [Case(size, "spin", "changing", 60) for size in sizes]
        price.alternate((HEARTH, PEER), changing, WARM[1], bench.seconds(2, 1))
        for case in changing:
            yield price.row(case)
    yield Row("a run outside the target", None, note=", ".join(
        f"{side.name} {work} {ns:,.0f} ns" for (side, work), ns in price.outside.items()))  # fmt: skip
    yield Row("of the runs, in the target", 100 * statistics.median(price.shares), "%",
              note=f"{100 * min(price.shares):.0f} to {100 * max(price.shares):.0f}")  # fmt: skip
