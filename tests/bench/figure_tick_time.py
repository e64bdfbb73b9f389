# SPDX-License-Identifier: Apache-2.0
"""how long the BPF program runs, by its own clock and by the kernel's

The kernel counts around the whole program, its entry and exit included, when kernel.bpf_stats_enabled is
set; hearth reads the clock at its first and last line.
"""

from pathlib import Path

import loads
import measuring
from rows import Row

SWITCH = Path("/proc/sys/kernel/bpf_stats_enabled")


class KernelCounts:
    """`with KernelCounts()`: the kernel counts the time of BPF programs; as it was before at the end."""

    def __enter__(self):
        self.before = SWITCH.read_text()
        SWITCH.write_text("1")

    def __exit__(self, *_):
        SWITCH.write_text(self.before)


def measure(bench):
    seconds = bench.seconds(20, 3)
    for load in (loads.mixed_load(), loads.compile_load(bench)):
        with load, KernelCounts():
            recording = measuring.record(bench, "-a", "-F", 999, "-d", seconds, seconds=seconds)
        own = recording.self
        yield Row(f"{load.name}: BPF time a run, all", own["bpf_ns"] / own["bpf_runs"], "ns",
                  note=f"{own['bpf_runs']:,} runs at 999 Hz")  # fmt: skip
        yield Row(f"{load.name}: BPF time a tick that fired", own["bpf_ns"] / recording.fired, "ns",
                  note=f"{recording.fired:,} ticks, {recording.stats['stacks']:,} new stacks")  # fmt: skip
        yield Row(f"{load.name}: by the kernel's count, a run", own["kernel_bpf_ns"] / own["bpf_runs"], "ns",
                  note=f"{own['kernel_bpf_ns'] / own['bpf_ns']:.3f} of its own")  # fmt: skip
