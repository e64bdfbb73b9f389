# SPDX-License-Identifier: Apache-2.0
"""1,000 new processes a second for minutes, so that all PIDs are given again and again: no window is lost, each tick is accounted for, memory and open files do not grow"""

import time
from pathlib import Path

import measuring
import soak_loads
import soaking
from rows import Row

PROCESSES_A_SECOND = 1000
WARM_UP_SECONDS, QUICK_WARM_UP = 180, 10
MINUTES, QUICK_SECONDS = 15, 30


def pid_max():
    return int(Path("/proc/sys/kernel/pid_max").read_text())


def measure(soak):
    store, left_behind = soak.path("churn"), measuring.e2e.LeftBehind()
    with soaking.Serve(soak, store, "--max-cpu", "10000%") as serve:
        serve.wait_until_ready()
        begun = time.monotonic()
        with soak_loads.storm(soak, PROCESSES_A_SECOND) as rates:
            time.sleep(soak.seconds(WARM_UP_SECONDS, QUICK_WARM_UP))
            readings = soaking.read_for(serve, soak.span(MINUTES, QUICK_SECONDS))
        wraps = rates[0] * (time.monotonic() - begun) / pid_max()
        yield Row("processes a second", rates[0], "", note="as many as this machine can, of 1,000")
        yield Row("times that PIDs began anew", wraps, "", note=f"pid_max {pid_max():,}")
        yield from soaking.rows_of_growth(soak, readings)
        yield from soaking.rows_of_end(soak, serve, store, left_behind)
