# SPDX-License-Identifier: Apache-2.0
"""kill -9 of a hearth serve at 1,000 random moments: no damage, one window lost at most, and it is soon back

Windows are of a second. Half of the kills come within the first second (while it loads, seals what the one before left, begins), the others within six: while it writes, or
asks for names. After each the store is verified as it was left, and the next one seals it. A window is kept when its last ticks are there, three seconds
after its end at most: so a kill may cost one window and these three seconds. Restart: from the start of the process to its READY=1.
"""

import contextlib
import random
import sqlite3
import time

import measuring
import soaking
from rows import Row

KILLS, QUICK_KILLS = 1000, 20
KILLS_A_STORE = 50  # so that it does not take longer and longer to verify
SOON, LATE = 1.0, 6.0  # seconds that one lives at most
WINDOW = 1.0
LAST_ROWS = 3.0  # profiler/window_turns.c: so long a tick may wait
BAR_LOST = 1.5 * WINDOW + LAST_ROWS  # the first window may take in what is less than half of one
BAR_READY_MS = 300


def share(values, part):
    values = sorted(values)
    return values[min(int(len(values) * part), len(values) - 1)]


class Tally:
    def __init__(self):
        self.ready_ms, self.lost_seconds = [], []
        self.damaged, self.set_aside, self.kills = [], 0, 0

    def rows(self):
        yield Row("kills", self.kills, "", note=f"{len(self.ready_ms):,} of them after READY=1")
        yield Row("stores damaged by them", len(self.damaged), "", 0, note="; ".join(self.damaged[:3]))
        yield Row("slices set aside by the next one", self.set_aside, "", 0)
        if self.lost_seconds:
            note = f"median {share(self.lost_seconds, 0.5):.2f}, p99 {share(self.lost_seconds, 0.99):.2f}; windows of {WINDOW:.0f} s"
            yield Row("recorded and not kept, at most", max(self.lost_seconds), "s", BAR_LOST, note=note)
        if self.ready_ms:
            note = f"median {share(self.ready_ms, 0.5):.0f}, slowest {max(self.ready_ms):.0f}"
            yield Row("restart, to READY=1: p99", share(self.ready_ms, 0.99), "ms", BAR_READY_MS, note=note)


def kept_until(store):
    """When the last window ends that the killed one kept; None: it kept none."""
    ends = []
    for path in store.glob("*-open.slice"):
        # An empty one was only created.
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as slice_, contextlib.suppress(sqlite3.OperationalError):
            ends += [end for (end,) in slice_.execute("SELECT max(end_ns) FROM chunk WHERE kind = 3") if end]
    return max(ends) / 1e9 if ends else None


def kill_once(soak, store, chance, tally):
    """Gives when it was killed, and how long it had been ready, in seconds; None: it was not."""
    lives = chance.uniform(0, chance.choice((SOON, LATE)))
    with soaking.Serve(soak, store, "--window", "1s", "--max-cpu", "10000%") as serve:
        until = serve.begun + lives
        ready = serve.wait_until_ready(until)
        if ready is not None:
            tally.ready_ms.append(1000 * ready)
            time.sleep(max(0, until - time.monotonic()))
        if serve.process.poll() is not None:
            raise measuring.Failed(f"hearth serve ended: {serve.said()}")
        killed = time.time()
        serve.kill()
        tally.set_aside += "set aside" in serve.said()
    tally.kills += 1
    return killed, None if ready is None else lives - ready


def judge(soak, store, tally, killed, recorded):
    if not store.exists():
        return
    verified = soaking.hearth(soak, "store", "verify", "--store", store)
    if verified.returncode:
        tally.damaged.append(verified.stdout.strip() + verified.stderr.strip())
    kept = kept_until(store)
    if recorded is not None:
        tally.lost_seconds.append(killed - kept if kept else recorded)


def measure(soak):
    tally, chance = Tally(), random.Random(soak.seed)
    left_behind = measuring.e2e.LeftBehind()
    for number in range(QUICK_KILLS if soak.quick else KILLS):
        store = soak.path(f"crash-{number // KILLS_A_STORE}")
        judge(soak, store, tally, *kill_once(soak, store, chance, tally))
    yield from tally.rows()
    yield soaking.row_of_left_behind(left_behind)
