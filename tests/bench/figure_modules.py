# SPDX-License-Identifier: Apache-2.0
"""what new modules cost: 200 files that hearth never saw, met over 10 s, at 99 Hz on the whole machine

Cost is the CPU time of hearth's process, user and system, all threads, from before the first of them until after the
last: without the start and without the naming at the end. Each file is met by a new process that spends three ticks in
it (modules.py). Small and large ones come in an order that mixes them. Then the same again, all known.
"""

import json
import random
import signal
import subprocess
import time
from collections import Counter

import measuring
import modules
from rows import Row

RATE = 99
COUNT, SECONDS = 200, 10
LEAD_SECONDS = 2  # until what else runs here is known
SETTLE_SECONDS = 1


class Spread:
    """hearth's process while modules are met: its CPU seconds by span."""

    def __init__(self, bench, paths, seconds):
        self.stats, folded = bench.path("modules.json"), bench.path("modules.folded")
        command = [bench.binary, "record", "-a", "-F", RATE, "--stats", self.stats,
                   "-o", folded]  # fmt: skip
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            time.sleep(LEAD_SECONDS)
            modules.meet(paths[:1], 0.5)
            self.new, self.known = (self._share(paths[1:], seconds) for _ in range(2))
            self.process.send_signal(signal.SIGINT)
            said = self.process.communicate(timeout=measuring.HURRY_SECONDS)[1]
        finally:
            self.process.kill()
        if self.process.returncode:
            raise measuring.Failed(f"hearth record: status {self.process.returncode}: {said[-500:]}")
        self.told, self.stacks = json.loads(self.stats.read_text()), measuring.e2e.read_folded(folded)

    def _share(self, paths, seconds):
        """Of one CPU, what hearth took while they were met."""
        before = measuring.cpu_ns_of(self.process.pid)
        took = modules.meet(paths, seconds)
        time.sleep(SETTLE_SECONDS)  # what the last ones cost belongs to them
        if took > seconds * 1.5:  # each cost what it cost, but they came more slowly
            raise measuring.Failed(f"{len(paths)} modules took {took:.1f} s: this machine is too busy")
        return (measuring.cpu_ns_of(self.process.pid) - before) / 1e9 / seconds


def complete_row(stacks):
    """Of the ticks in the processes that met the files, first ticks among them."""
    fired = [stack for stack in stacks if stack.process == modules.SPIN_IN.name and stack.fate != "lost"]
    total, reasons = measuring.e2e.ticks(fired), Counter()
    for stack in fired:
        reasons[stack.reason] += stack.count
    complete = reasons.pop(None, 0)
    else_ = ", ".join(f"{reason} {count}" for reason, count in reasons.items())
    return Row("  complete, of the ticks in these processes", 100 * complete / total, "%",
               note=f"{complete:,} of {total:,}; truncated: {else_ or 'none'}")  # fmt: skip


def measure(bench):
    count, seconds = bench.seconds(COUNT, COUNT // 5), bench.seconds(SECONDS, SECONDS // 5)
    paths = modules.copies(count + 1, bench.path("modules"))
    random.Random(1).shuffle(paths)
    spread = Spread(bench, paths, seconds)
    told, unwind = spread.told, spread.told["unwind"]
    if unwind["loaded"] < count:
        raise measuring.Failed(f"of {count} modules hearth loaded the rows of {unwind['loaded']}")
    yield Row(f"{count} new modules in {seconds} s, of one CPU", 100 * spread.new, "%", 3,
              note=modules.describe(paths[1:]))  # fmt: skip
    yield Row("  compiling rows, the whole recording", unwind["compile_ns"] / 1e6, "ms",
              note=f"{unwind['rows']:,} rows of {unwind['modules']} modules, {unwind['loaded'] - len(paths)} of them "
                   f"of what else ran; the longest {unwind['compile_max_ns'] / 1e6:.0f} ms")  # fmt: skip
    yield Row("  longest turn of the loop", told["self"]["longest_turn_ns"] / 1e6, "ms")
    yield Row("  the same again, all known", 100 * spread.known, "%")
    yield complete_row(spread.stacks)
    lost = ", ".join(f"{reason} {count}" for reason, count in told["ticks"]["lost"].items())
    yield Row("  snapshots taken, whole machine", told["snapshots"], "",
              note=f"{told['mended']} gave the whole stack; no room for {told['ticks']['truncated']['snapshot_full']}; "
                   f"of {told['ticks']['due']:,} ticks lost: {lost}; requests postponed: {unwind['postponed']}")  # fmt: skip
