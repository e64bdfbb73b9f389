# SPDX-License-Identifier: Apache-2.0
"""A rate that changes while it ticks: no time is lost or counted twice, and each tick tells what it stands for."""

import contextlib
import os
import statistics
import subprocess
import time
from collections import defaultdict
from typing import NamedTuple

import pytest

import hearth

pytestmark = pytest.mark.root

CHANGER = hearth.OUTPUT / "e2e/rate_changer"
SECOND_NS = 10**9
START_NS = 30 * 10**6  # from one CPU's first tick being due to the first time that is told


class Tick(NamedTuple):
    cpu: int
    time_ns: int
    period_ns: int
    late: int

    @property
    def rate(self):
        """The whole one that is next: periods are a little off, so that ticks come at all moments of a second."""
        return round(SECOND_NS / self.period_ns)


class Change(NamedTuple):
    rate: int
    asked_ns: int
    done_ns: int


class Run(NamedTuple):
    status: int
    ticks: list
    changes: list
    refused: list
    counted: tuple  # fired, late, idle, lost
    stolen_ns: int


def change_rates(*steps):
    """Each step is a rate and how long it is kept."""
    words = [f"{rate}:{seconds}" for rate, seconds in steps]
    with hearth.StolenTime() as stolen:
        ended = subprocess.run([CHANGER, *words], stdout=subprocess.PIPE, text=True, timeout=hearth.DEADLINE_SECONDS)
    lines = defaultdict(list)
    for line in ended.stdout.splitlines():
        kind, *numbers = line.split()
        lines[kind].append(tuple(map(int, numbers)))
    return Run(
        ended.returncode, [Tick(*tick) for tick in lines["tick"]], [Change(*change) for change in lines["rate"]],
        [rate for rate, in lines["refused"]], lines["counted"][0], stolen.ns,
    )  # fmt: skip


@contextlib.contextmanager
def busy_cpus():
    """Each CPU has something to do, so that none of them is ever idle."""
    with contextlib.ExitStack() as stack:
        for cpu in sorted(os.sched_getaffinity(0)):
            spinner = stack.enter_context(hearth.held_sample("shares_70_30", hearth.DEADLINE_SECONDS))
            os.sched_setaffinity(spinner.pid, {cpu})
            spinner.say()
        yield


STEPS = ((499, 1), (99, 1), (9, 2), (1, 3), (4, 2), (19, 1), (499, 1))


@pytest.fixture(scope="module")
def changed():
    with busy_cpus():
        run = change_rates(*STEPS)
    assert run.status == 0 and len(run.changes) == len(STEPS)
    return run


def ticks_of_cpus(run):
    of_cpu = defaultdict(list)
    for tick in run.ticks:
        of_cpu[tick.cpu].append(tick)
    for ticks in of_cpu.values():
        ticks.sort(key=lambda tick: tick.time_ns)
    assert set(of_cpu) >= os.sched_getaffinity(0)
    return of_cpu


def test_ticks_times_their_periods_are_the_time_that_passed(changed):
    """On each CPU, to within a period of the last rate, though others were a second long and ended anywhere in it."""
    for cpu, ticks in ticks_of_cpus(changed).items():
        passed = ticks[-1].time_ns - changed.changes[0].asked_ns
        stood_for = sum((1 + tick.late) * tick.period_ns for tick in ticks)
        assert abs(stood_for - passed) <= ticks[-1].period_ns + START_NS + changed.stolen_ns, (cpu, stood_for, passed)


def test_a_drain_right_after_a_change_has_only_ticks_of_before(changed):
    """Ticks tell the period of the rate that was set when they fired, and the first of a new one is a period later."""
    for tick in changed.ticks:
        before = [change for change in changed.changes if change.done_ns <= tick.time_ns]
        if before:
            last = before[-1]
            in_change = any(change.asked_ns <= tick.time_ns < change.done_ns for change in changed.changes)
            assert in_change or tick.rate == last.rate
            if len(before) > 1 and not in_change:
                assert tick.time_ns - last.asked_ns >= tick.period_ns * 0.99


def test_each_rate_ticks_at_its_distance(changed):
    """From one tick of a CPU to the next one there lies a period: all CPUs follow."""
    for ticks in ticks_of_cpus(changed).values():
        for rate in {rate for rate, _ in STEPS}:
            pairs = [(one, next_) for one, next_ in zip(ticks, ticks[1:]) if one.rate == next_.rate == rate]
            periods = [(next_.time_ns - one.time_ns) / one.period_ns for one, next_ in pairs if not next_.late]
            assert periods, rate
            assert abs(statistics.median(periods) - 1) < 0.05, rate


def test_accounts_add_up_over_all_rates(changed):
    fired, late, _, lost = changed.counted
    assert lost == 0 and fired == len(changed.ticks) and late == sum(tick.late for tick in changed.ticks)


@pytest.mark.parametrize("rate", [0, 100])
def test_rates_beyond_those_that_rings_were_made_for_are_refused(rate):
    run = change_rates((99, 0.2), (rate, 0.2))
    assert run.status == 1 and run.refused == [rate]
    assert {tick.rate for tick in run.ticks} <= {99}


BEATS = """
import sys, time
begin, end = float(sys.argv[1]), float(sys.argv[2])
while (now := time.monotonic()) < end:
    time.sleep(begin - now if begin > now else 0)
    worked = time.process_time() + 0.005
    while time.process_time() < worked:
        pass
    begin += 1
"""


def test_what_works_each_second_is_met_now_and_then():
    """
    Of four that work for 5 ms of each second, a quarter of a period of 50 Hz, at different moments of it: none is met in nearly all seconds, and more than
    one is. Moments come round in half a minute: within 17 seconds a tick meets each of them in 9 at most.
    """
    seconds, begin = 17, time.monotonic() + 1
    with contextlib.ExitStack() as stack:
        beats = [
            stack.enter_context(
                subprocess.Popen(["/usr/bin/python3", "-S", "-c", BEATS, str(begin + i * 0.255), str(begin + seconds + 10)])
            )
            for i in range(4)
        ]
        for beat in beats:
            stack.callback(beat.kill)
            os.sched_setaffinity(beat.pid, {min(os.sched_getaffinity(0))})
        recorded = hearth.record("--rate", 50, "--duration", seconds, "--by", "pid", *(f"--pid={beat.pid}" for beat in beats))
    met = [sum(stack.count for stack in recorded.stacks if str(beat.pid) in stack.process) for beat in beats]
    assert max(met) < 0.7 * seconds and sorted(met)[-2] >= 2, met
