# SPDX-License-Identifier: Apache-2.0
"""1,000 connections and 200 questions a second to a hearth serve that records: answers within 50 ms, no tick is lost to it

The client is that of the figure `http` of tests/bench, whose questions these are.
"""

import asyncio

import figure_http
import measuring
import soak_loads
import soaking
from rows import Row

MINUTES, QUICK_SECONDS = 5, 10


def measure(soak):
    store, left_behind = soak.path("http"), measuring.e2e.LeftBehind()
    with soaking.Serve(soak, store, "--max-cpu", "10000%") as serve, soak_loads.busy():
        serve.wait_until_ready()
        serve.wait_for_windows(1)
        address = serve.find_address().removeprefix("http://")
        taken = asyncio.run(figure_http.load(address, soak.span(MINUTES, QUICK_SECONDS)))
        wrong = [one for one in taken if one[1] != 200]
        times = [ms for _, _, ms in taken]
        yield Row("questions that were not answered", len(wrong), "", 0, note=f"of {len(taken):,}; {figure_http.CONNECTIONS:,} connections")
        note = f"median {figure_http.share(times, 0.5):.1f}, slowest {max(times):.1f}"
        yield Row("p99 of all", figure_http.share(times, 0.99), "ms", figure_http.MOST_MS, note=note)
        yield from soaking.rows_of_end(soak, serve, store, left_behind)
