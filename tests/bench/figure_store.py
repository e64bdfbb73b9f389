# SPDX-License-Identifier: Apache-2.0
"""bytes a sample in the store, ten minutes and a day of them, and how fast a day answers

What is stored is made (`tests/bench/store_bench.c` tells how): 16 CPUs, all of them busy, at 19 Hz; of the first 15,000 samples 30 % have stacks of their own, half as many as of a machine that compiles and browses at once.
Sizes are with names, labels and times to a millisecond. No two questions are of one span: their ends lie anywhere, those of the whole day in the first and the last ten minutes of it, so that what sums do not cover is read from windows. They are asked of one view, which
knows the words of all slices and keeps the sums that it read, as that of `hearth serve` does; what it takes the first time, when a new view has yet to read the words of the slices that it asks, is told in the notes, and so is CPU time, for the machine may be busy with something else. Of --quick the day has an hour and a half.

Then the day is rolled up, as it is an hour after its end (each tick with its time), after three days and after thirty (store/roll_up_levels.def), each time of what was there before. A year is not written: its figure is what the three take together, of 365 such days the last three
with ticks, thirty more in minutes and the others in hours. That is more than a real year would take, for in hours thirty days share their words.
"""

import csv
import shutil

import measuring
from rows import Row

DAY_WINDOWS = 8640
TEN_MINUTES = 60
CPUS, BUSY = 16, 100

QUESTIONS = {
    "day-graph": ("flame graph of the whole day, p99", 100),
    "process-hour": ("flame graph of an hour of one process, p99", 30),
    "minutes-graph": ("flame graph of ten minutes, p99", None),
    "day-series": ("series of the day by comm, p99", 50),
    "day-series-pid": ("series of the day by process, p99", 50),
    "hour-series": ("series of an hour by comm, p99", 50),
    "day-values": ("processes of the day by CPU time, p99", None),
    "minutes-heat": ("heat map of ten minutes, p99", None),
}


def run(bench, *arguments):
    program = measuring.ROOT / ".output/bench/store_bench"
    ended = measuring.run([program, *arguments], 3600)
    return list(csv.DictReader(ended.stdout.splitlines(), delimiter="\t"))


def write(bench, name, windows):
    folder = bench.path(name)
    [written] = run(bench, "write", folder, windows, CPUS, BUSY)
    return folder, written


def size_row(what, written, bar):
    return Row(f"{what}: bytes a sample", float(written["bytes_a_sample"]), "B", bar,
               note=f"{int(written['samples']):,} samples; adding a window takes {float(written['ms_a_window']):.1f} ms "
                    f"of CPU, {float(written['most_ms']):.0f} at most")  # fmt: skip


DAY_BAR = 3
LEVELS = {1: ("a day rolled up", 3), 2: ("a day in minutes", 30), 3: ("a day in hours", 332)}  # what it is called, and of how many days of a year it is


def rolled_rows(bench, folder, hours):
    """An hour and a half is no day: its words are of fewer samples, and the day's bar is none of it."""
    year = 0
    for level, (what, days) in LEVELS.items():
        bar = DAY_BAR if level == 1 and not bench.quick else None
        [rolled] = run(bench, "roll", folder, level)
        year += float(rolled["bytes_a_sample"]) * days / 365
        yield Row(f"{what}: bytes a sample", float(rolled["bytes_a_sample"]), "B", bar,
                  note=f"{int(rolled['samples']):,} samples; it takes {float(rolled['cpu_s']) / hours:.2f} s of CPU for an hour of them")  # fmt: skip
    yield Row("a year rolled up: bytes a sample", year, "B", 1, note="of the three figures before")


def measure(bench):
    folder, written = write(bench, "minutes", TEN_MINUTES)
    yield size_row("ten minutes", written, 8)
    shutil.rmtree(folder)
    folder, written = write(bench, "day", bench.seconds(DAY_WINDOWS, 540))
    yield size_row("a day as it is recorded", written, None)
    for asked in run(bench, "ask", folder, bench.seconds(100, 10)):
        what, bar = QUESTIONS[asked["question"]]
        yield Row(what, float(asked["p99_ms"]), "ms", bar,
                  note=f"median {float(asked['median_ms']):.1f} ms; of CPU {float(asked['p99_cpu_ms']):.1f} ms; the first time {float(asked['first_ms']):.0f} ms, of "
                       f"CPU {float(asked['first_cpu_ms']):.0f}")  # fmt: skip
    yield from rolled_rows(bench, folder, bench.seconds(DAY_WINDOWS, 540) / 360)
    shutil.rmtree(folder)
