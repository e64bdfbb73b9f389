# SPDX-License-Identifier: Apache-2.0
"""hearth serve over half an hour of 60 processes, new ones, questions and reloads: CPU seconds are those of /proc, nothing grows, nothing is lost

Truth: of each of the 60 the ticks in the store by the rate are its CPU seconds of /proc in the same span, or more by what
was stolen from the machine meanwhile, which ticks count and /proc does not. Counts of ticks spread as a Poisson's at most: one of 60 lies beyond 5.5
standard deviations by chance once in 400,000 runs.
"""

import signal
import time

import figure_serve_cost
import measuring
import soak_loads
import soaking
from rows import Row

RATE = 99
MOST_DEVIATIONS = 5.5
WARM_UP_SECONDS, QUICK_WARM_UP = 180, 10
MINUTES, QUICK_SECONDS = 30, 40
QUESTIONS = ("/api/v1/series?by=comm&from=-10m", "/api/v1/profile?from=-1m&format=json", "/api/v1/labels?name=pid&from=-10m", "/api/v1/events?from=-1h")
PROCESSES_A_SECOND = 50


def cpu_seconds(mix):
    return {process.pid: soak_loads.run_ns(process.pid) / 1e9 for process in mix.processes}


def disturb(serve, reading):
    """With each reading: what a page asks, and now and then a reload."""
    for question in QUESTIONS:
        serve.get(question)
    if reading % 12 == 5:
        serve.process.send_signal(signal.SIGHUP)


def ticks_by_pid(soak, store, begun, ended):
    """A root is COMM-PID."""
    by_pid = {}
    for stack in soaking.query(soak, store, "--by", "pid", "--from", f"@{begun:.3f}", "--to", f"@{ended:.3f}"):
        pid = int(stack.process.rpartition("-")[2] or 0) if stack.process[-1:].isdigit() else 0
        by_pid[pid] = by_pid.get(pid, 0) + stack.count
    return by_pid


def deviations(ticks, seconds, stolen):
    """How far they are from what is to be expected; what begins or ends in the midst of a period may be a tick more or less."""
    expected = seconds * RATE
    return max(0, ticks - expected - stolen.ticks(RATE) - 1, expected - ticks - 1) / max(1, expected) ** 0.5


def rows_of_truth(soak, store, before, after, begun, ended, stolen):
    by_pid = ticks_by_pid(soak, store, begun, ended)
    seconds = {pid: after[pid] - before[pid] for pid in after}
    ticks = {pid: by_pid.get(pid, 0) for pid in after}
    worst = max(after, key=lambda pid: deviations(ticks[pid], seconds[pid], stolen))
    of_all, proc = sum(ticks.values()), sum(seconds.values())
    note = f"of {len(after)} in {ended - begun:.0f} s: {ticks[worst] / RATE:.2f} s, /proc {seconds[worst]:.2f} s"
    yield Row("CPU seconds of a process, at worst", deviations(ticks[worst], seconds[worst], stolen), "sigma", MOST_DEVIATIONS, note=note)
    note = f"{of_all / RATE:.2f} s, /proc {proc:.2f} s: {100 * (of_all / RATE / proc - 1):+.2f} %, stolen {stolen.ns / 1e9:.2f} s"
    yield Row("CPU seconds of all of them", deviations(of_all, proc, stolen), "sigma", MOST_DEVIATIONS, note=note)


def measure(soak):
    store, left_behind = soak.path("mix"), measuring.e2e.LeftBehind()
    with figure_serve_cost.Mix() as mix, soaking.Serve(soak, store, "--max-cpu", "10000%", "--rate", RATE) as serve:
        serve.wait_until_ready()
        with soak_loads.storm(soak, PROCESSES_A_SECOND):
            time.sleep(soak.seconds(WARM_UP_SECONDS, QUICK_WARM_UP))
            with measuring.e2e.StolenTime() as stolen:
                begun, before = time.time(), cpu_seconds(mix)
                readings = soaking.read_for(serve, soak.span(MINUTES, QUICK_SECONDS), disturb)
                ended, after = time.time(), cpu_seconds(mix)
        yield from soaking.rows_of_growth(soak, readings)
        yield from soaking.rows_of_end(soak, serve, store, left_behind)
    yield from rows_of_truth(soak, store, before, after, begun, ended, stolen)
