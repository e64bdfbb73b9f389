# SPDX-License-Identifier: Apache-2.0
"""what hearth serve grows by from slice to slice, with 60 processes at work: memory and open files

What is known of a slice grows while it is written, and ends with it: only from slice to slice does it show whether anything stays. So
that this takes half an hour and not a day, slices are of six minutes here, in a hearth of its own (Makefile). Each slice gives
one value, the mean of its readings; the growth is the slope of a line through these, with Student's bounds for so few.
"""

import statistics

import figure_serve_cost
import measuring
from rows import Row

BINARY = measuring.e2e.OUTPUT / "bench/hearth_short_slices"
SLICE_SECONDS, QUICK_SECONDS = 360, 20  # --quick: no slice, but a part of one
SLICES = 5
# The 97.5 % quantile of Student's t by degrees of freedom.
T_975 = {1: 12.706, 2: 4.303, 3: 3.182}


def means(readings, field, seconds):
    """Of each whole slice."""
    begun, of_slices = readings[0].at, {}
    for reading in readings:
        of_slices.setdefault(int((reading.at - begun) / seconds), []).append(getattr(reading, field))
    longest = max(map(len, of_slices.values()))
    return [statistics.fmean(values) for values in of_slices.values() if len(values) > 0.9 * longest]


def measure(bench):
    seconds = bench.seconds(SLICE_SECONDS, QUICK_SECONDS)
    with figure_serve_cost.Mix():
        readings, _ = figure_serve_cost.serve(bench, SLICES * seconds, seconds, BINARY)
    for what, field, unit, scale in (("resident", "resident_bytes", "MB", 1e6), ("open files", "files", "", 1)):
        of_slices = [value / scale for value in means(readings, field, seconds)]
        grows, error = figure_serve_cost.fit(range(len(of_slices)), of_slices)
        bounds = T_975[len(of_slices) - 2] * error
        listed = ", ".join(f"{value:.4g}" for value in of_slices)
        yield Row(f"{what}, growth a slice", grows, unit, note=f"± {bounds:.3g} (95 %): {listed}")
        yield Row("  beyond its own noise", max(0, abs(grows) - bounds), unit, 0)
