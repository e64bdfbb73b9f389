# SPDX-License-Identifier: Apache-2.0
"""any call of any kind fails, once or with all that follow: commands keep what there was and say so; hearth serve does, too, and what it kept is whole

Of commands tests/e2e/failing_calls.py tells what has to hold: make check tries some calls of each, this one all of them in an order of chance,
as far as time allows. Of hearth serve: it ends by itself with a line that says why, or records and ends when it is told to; never of a signal; its
store has no damage; nothing is left in the kernel or as a process.
"""

import random
import shutil
import struct
import subprocess
import time

import failing_calls
import measuring
import soaking
from rows import Row

MINUTES, QUICK_SECONDS = 10, 40  # of commands, and of serve
WORK_SECONDS = 2.5  # of a serve that begins well: two windows
TOLD = 10  # of what did not hold, so many are told


def what_fails(kind, number, is_for_good):
    return f"{kind} {number}{' and all that follow' if is_for_good else ''}"


class Tally:
    """How many were tried, and which did not hold."""

    def __init__(self):
        self.tried, self.failed = 0, []

    def attempt(self, what, check):
        self.tried += 1
        try:
            check()
        except AssertionError as error:
            self.failed.append(what)
            if len(self.failed) <= TOLD:
                print(f"       {what}: {str(error)[:600]}", flush=True)

    def row(self, what, note):
        return Row(what, len(self.failed), "", 0, note=f"of {self.tried:,} tried{note}")


def commands_row(soak, chance):
    tally = Tally()
    with failing_calls.template(failing_calls.NOBODY) as origin:
        trials = [failing_calls.Trial(command, kind, origin, failing_calls.NOBODY) for command in failing_calls.COMMANDS for kind in failing_calls.KINDS]
        calls = [(trial, number, is_for_good) for trial in trials for number in range(1, trial.calls + 1) for is_for_good in (False, True)]
        chance.shuffle(calls)
        end = time.monotonic() + soak.span(MINUTES, QUICK_SECONDS)
        for trial, number, is_for_good in calls:
            if time.monotonic() > end:
                break
            tally.attempt(f"{trial.command.name}, {what_fails(trial.kind, number, is_for_good)}", lambda: trial.check(number, is_for_good))  # noqa: B023
    return tally.row("commands that did not hold", f", of {len(calls):,}")


class ServeCalls:
    """hearth serve of which calls fail."""

    def __init__(self, soak):
        self.soak, self.store, self.count_path = soak, soak.path("calls"), soak.path("count")

    def run(self, kind, number, is_for_good):
        """What did not hold is an AssertionError; gives how many calls there were."""
        shutil.rmtree(self.store, ignore_errors=True)
        self.count_path.write_bytes(bytes(8))
        variables = {"LD_PRELOAD": str(failing_calls.LIBRARY), "FAIL_KIND": kind, "FAIL_AT": str(number), "FAIL_COUNT": str(self.count_path)}
        if is_for_good:
            variables["FAIL_FOR_GOOD"] = "1"
        left_behind = measuring.e2e.LeftBehind()
        with soaking.Serve(self.soak, self.store, "--window", "1s", **variables) as serve:
            status = self.let_work(serve)
            assert status in (0, 1, 2, 3), f"it ended with {status}: {serve.said()[-400:]}"
            assert status == 0 or "hearth: " in serve.said(), "it does not say why it ended"
        self.check_store()
        left = soaking.row_of_left_behind(left_behind)
        assert not left.value, f"left behind: {left.note}"
        return struct.unpack("=Q", self.count_path.read_bytes())[0]

    def let_work(self, serve):
        """Its exit status: when it is told to, where it did not end before."""
        end = time.monotonic() + WORK_SECONDS
        while serve.process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        try:
            return serve.stop() if serve.process.poll() is None else serve.process.returncode
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end: {serve.said()[-400:]}") from None

    def check_store(self):
        if not list(self.store.glob("*.slice")):
            return
        verified = soaking.hearth(self.soak, "store", "verify", "--store", self.store)
        assert verified.returncode == 0, f"its store does not verify: {verified.stdout[-300:]}{verified.stderr[-300:]}"


def serve_row(soak, chance):
    tally, calls = Tally(), ServeCalls(soak)
    counts = {kind: calls.run(kind, 0, False) for kind in failing_calls.KINDS}
    kinds = [kind for kind, count in counts.items() if count]
    end = time.monotonic() + soak.span(MINUTES, QUICK_SECONDS)
    while time.monotonic() < end:
        kind, is_for_good = chance.choice(kinds), chance.random() < 0.5
        number = chance.randint(1, counts[kind])
        tally.attempt(f"serve, {what_fails(kind, number, is_for_good)}", lambda: calls.run(kind, number, is_for_good))  # noqa: B023
    return tally.row("hearth serve that did not hold", f"; calls of each kind: {', '.join(f'{kind} {counts[kind]:,}' for kind in kinds)}")


def measure(soak):
    chance = random.Random(soak.seed)
    yield commands_row(soak, chance)
    yield serve_row(soak, chance)
