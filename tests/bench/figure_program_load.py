# SPDX-License-Identifier: Apache-2.0
"""until the BPF programs are loaded, compiled by each clang that is installed

The load is hearth's own reading of the clock around all of it: the object is opened, its types are matched with the
kernel's, maps are made, the kernel's verifier takes each program and compiles it, followers are attached. The
recording is of one process, for which all programs are needed. The verifier's part is that of the bpf() calls which
load a program, as strace sees them, which lengthens them a little. hearth runs ahead of all others meanwhile.
"""

import json
import os
import re
import shutil
import statistics

import measuring
from rows import Row

BUILT = measuring.ROOT / ".output"
LOADED = re.compile(r"bpf\(BPF_PROG_LOAD, .*prog_name=\"(\w+)\".* = \d+ <(\d+\.\d+)>$", re.MULTILINE)


def builds():
    """(name, binary) of hearth as each clang compiled its kernel side, oldest first."""
    found = {int(path.name.rpartition("-")[2]): path for path in BUILT.glob("hearth-clang-*")}
    if not found:
        raise measuring.Failed("no build by a clang of known number: make deps bench")
    return [(f"clang {number}", found[number]) for number in sorted(found)]


def run_first():
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(2))


def load_once(bench, binary, *before):
    """What hearth says of itself."""
    stats = bench.path("load.json")
    command = [*before, binary, "record", "-p", os.getpid(), "-d", "0.05", "--stats", stats,
               "-o", bench.path("load.folded")]  # fmt: skip
    measuring.run(command, measuring.HURRY_SECONDS, preexec_fn=run_first)
    return json.loads(stats.read_text())["self"]


def verified_ms(bench, binary):
    """Milliseconds of each program, in the verifier."""
    trace = bench.path("load.strace")
    load_once(bench, binary, "strace", "-f", "-T", "-e", "trace=bpf", "-e", "signal=none", "-o", trace)
    return {name: 1e3 * float(seconds) for name, seconds in LOADED.findall(trace.read_text()) if name in PROGRAMS}


PROGRAMS = ("tick", "identify", "on_fork", "on_exec", "on_free")


def rows_of(bench, name, binary):
    own, runs = bench.path("loaded-hearth"), bench.seconds(15, 3)
    shutil.copy(binary, own)
    load_once(bench, own)
    told = [load_once(bench, own) for _ in range(runs)]
    loads = [self["load_ns"] / 1e6 for self in told]
    start_cpu = statistics.median(self["start_cpu_ns"] / 1e6 for self in told)
    yield Row(f"{name}: program load, median", statistics.median(loads), "ms", 100,
              note=f"of {runs}, min {min(loads):.1f}, max {max(loads):.1f}")  # fmt: skip
    yield Row("  hearth's CPU until the timers run", start_cpu, "ms", note="the load is most of it")
    if shutil.which("strace"):
        verified = verified_ms(bench, own)
        yield Row("  of it the verifier", sum(verified.values()), "ms",
                  note=", ".join(f"{program} {ms:.1f}" for program, ms in verified.items()))  # fmt: skip


def measure(bench):
    for name, binary in builds():
        yield from rows_of(bench, name, binary)
    if not shutil.which("strace"):
        yield Row("the verifier's part", None, note="strace is not installed")
