# SPDX-License-Identifier: Apache-2.0
"""ticks counted for the CPU time that the target used, at 999 Hz over 20 s

CPU time is the kernel's (getrusage, user and system, children included). A tick whose time passed without
firing is due but not fired.
"""

import measuring
from rows import Row

RATE = 999


def measure(bench):
    seconds = bench.seconds(20, 3)
    targets = (
        ("one thread", "shares_70_30", seconds),
        ("eight threads", "threads", seconds * measuring.CPUS),
        ("fork storm", "fork_storm", seconds),
    )
    for what, name, cpu_seconds in targets:
        sample = measuring.e2e.sample(name, "--report", cpu_seconds)
        recording = measuring.record(bench, "-F", RATE, "--", *sample, seconds=2 * cpu_seconds)
        report = measuring.e2e.report_of(recording.stdout)
        expected = report["cpu_ns"] / 1e9 * RATE
        yield Row(
            f"{what}: fired / (CPU time × rate)", recording.fired / expected, "", 1.02,
            note=f"{recording.fired:,} for {report['cpu_ns'] / 1e9:.2f} s of CPU, {report['switches']:,} switches",
        )  # fmt: skip
        yield Row(
            f"{what}: due / (CPU time × rate)", recording.ticks["due"] / expected, "", 0.98, at_least=True,
            note=f"late {recording.ticks['lost']['late']:,}, "
            f"stolen meanwhile {recording.stats['steal_ns'] / 1e6:.0f} ms",
        )  # fmt: skip
