# SPDX-License-Identifier: Apache-2.0
"""ticks in processes that live under 10 ms whose leaf is attributed to a module

Attributed is a leaf that belongs to the kernel or to a file, named or not; a tick without any frame is not.
The bound is the share that the counts prove with 95 % (Clopper and Pearson).
"""

import statistics

import loads
import measuring
from rows import Row

RATE = 999
SHORT_SECONDS = 0.010


def is_attributed(stack):
    return bool(stack.frames) and stack.frames[-1] != "[unknown]"


def is_user(stack):
    return not (stack.frames and measuring.e2e.is_kernel(stack.frames[-1]))


def share_row(what, stacks, note="", bar=99):
    ticks = measuring.e2e.ticks
    n, k = ticks(stacks), ticks(stacks, is_attributed)
    if not n:
        raise measuring.Failed(f"{what}: no tick to judge by")
    return Row(what, 100 * k / n, "%", bar, at_least=True,
               note=f"{k:,} of {n:,}, proves {100 * measuring.lower_bound(k, n):.2f} %{note}")  # fmt: skip


def fired_in(recording, processes):
    return [
        stack for stack in recording.stacks if stack.process in processes and stack.fate != "lost"
    ]


def pair_of_rows(what, stacks, note=""):
    """All ticks, and those alone that the kernel is not the leaf of: the harder half."""
    yield share_row(what, stacks, note)
    yield share_row("  of it with a leaf in user space", [stack for stack in stacks if is_user(stack)])


def short_share(lives):
    return sum(life < SHORT_SECONDS for life in lives) / len(lives)


def storm_rows(load, recording):
    """The programs that are short, together; then each, also those that are not."""
    short = {program for program, lives in load.lives.items() if statistics.median(lives) < SHORT_SECONDS}
    if not short:
        raise measuring.Failed("on this machine no program of the storm lives under 10 ms")
    yield from pair_of_rows("build storm: programs under 10 ms (median)", fired_in(recording, short))
    for program, lives in sorted(load.lives.items()):
        stacks = fired_in(recording, {program})
        if stacks:
            note = f"; {len(lives):,} lives, median {1e3 * statistics.median(lives):.1f} ms, "
            note += f"{100 * short_share(lives):.0f} % under 10 ms"
            yield share_row(f"  {program}", stacks, note, 99 if program in short else None)


def measure(bench):
    seconds = bench.seconds(20, 4)
    sample = measuring.e2e.sample("fork_storm", "--report", seconds)
    recording = measuring.record(bench, "-F", RATE, "--", *sample, seconds=2 * seconds)
    # A child of 2.5 ms bears the name of its parent; "exe", where the kernel names it after /proc/self/exe.
    yield from pair_of_rows("fork storm: children and parent", fired_in(recording, {"fork_storm", "exe"}))
    load = loads.build_storm(bench)
    with load:
        recording = measuring.record(bench, "-a", "-F", RATE, "-d", seconds, seconds=seconds)
    yield from storm_rows(load, recording)
