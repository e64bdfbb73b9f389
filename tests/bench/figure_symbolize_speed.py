# SPDX-License-Identifier: Apache-2.0
"""hearth symbolize against its peers: time and peak memory of the whole command, with DWARF and with symbols only

A new process each time, files in the page cache, random addresses in .text on standard input, names demangled, the
best of several runs by turns. With DWARF: OpenJDK 17's libjvm.so joined with its debug file (symbol_files.py).
Symbols only: LLVM's own library, of which the distribution has nothing but dynamic symbols. A bar is what llvm-symbolizer
took in the same run by the factor that is promised. For scale, the Rust tools' figures as issue 5 has them, of another
day's machine: there llvm-symbolizer took 0.11, 2.4, 2.7 and 5.8 s.
"""

import subprocess
from pathlib import Path

import measuring
import symbol_files
import symbolizers
from rows import Row

FACTORS = {1: 3, 1_000: 5, 10_000: 4, 100_000: 3}  # llvm-symbolizer's time by hearth's
MEMORY_SHARE = 1 / 3  # of llvm-symbolizer's
RUST = {
    1: "gimli's addr2line 0.21 s; blazesym 0.035 s, 80 MB",
    1_000: "gimli's addr2line 0.97 s, 411 MB; blazesym 1.31 s, 347 MB",
    10_000: "gimli's addr2line 1.84 s, 530 MB; blazesym 2.33 s, 497 MB",
    100_000: "gimli's addr2line 5.5 s, 591 MB; blazesym 5.5 s, 635 MB",
}
SYMBOLS_ONE_MS, SYMBOLS_FACTOR, LOOK_UPS = 12, 3, 2  # LOOK_UPS: million a second
LOOK_UP_COUNT = 1_000_000
SYMBOL_BENCH = measuring.ROOT / ".output/bench/symbol_bench"


class Tool:
    """A command over a file, and its best run."""

    def __init__(self, name, command):
        self.name, self.command, self.usages = name, command, []

    def run(self, addresses):
        self.usages.append(run_over(self.command, addresses))

    @property
    def seconds(self):
        return min(usage.wall_seconds for usage in self.usages)

    @property
    def megabytes(self):
        return max(usage.peak_bytes for usage in self.usages) / 1e6


def run_over(command, addresses):
    """With the addresses, a file, on standard input."""
    return measuring.run_for_usage(["sh", "-c", 'exec "$@" <"$0"', addresses, *command])


def tools(bench, path, with_slow_ones):
    yield Tool("hearth", [bench.binary, "symbolize", "-e", path])
    yield Tool("llvm-symbolizer", ["llvm-symbolizer", "--output-style=GNU", "-fpiC", "-e", path])
    if with_slow_ones:
        yield Tool("addr2line", ["addr2line", "-fpiC", "-e", path])


def measure_at(bench, path, count, with_slow_ones=False):
    """The tools after they ran by turns."""
    addresses = bench.path("addresses")
    addresses.write_text("".join(f"{address:#x}\n" for address in symbolizers.random_addresses(path, count)))
    compared = list(tools(bench, path, with_slow_ones))
    for number in range(bench.seconds(5, 2)):
        for tool in compared:
            if number == 0 or tool.name != "addr2line":
                tool.run(addresses)
    return compared


def peers_note(peers):
    return "; ".join(f"{peer.name} {peer.seconds:.3f} s, {peer.megabytes:.0f} MB" for peer in peers)


def measure(bench):
    yield from with_dwarf(bench)
    yield from symbols_only(bench)


def with_dwarf(bench):
    try:
        path = symbol_files.get(symbol_files.LIBJVM)
    except symbol_files.Unavailable as error:
        yield Row("with DWARF", None, note=f"not to be had here: {error}")
        return
    for count, factor in FACTORS.items():
        what = f"DWARF, {count:,} address{'es' if count > 1 else ''}"
        ours, llvm, *others = measure_at(bench, path, count, count <= 10_000)
        yield Row(f"{what}: time", ours.seconds, "s", llvm.seconds / factor,
                  note=f"{llvm.seconds / ours.seconds:.1f} times as fast as llvm-symbolizer; {peers_note([llvm, *others])}")  # fmt: skip
        yield Row(f"{what}: peak memory", ours.megabytes, "MB", llvm.megabytes * MEMORY_SHARE,
                  note=f"for scale: {RUST[count]}")  # fmt: skip


def symbols_only(bench):
    path = next(iter(sorted(Path("/usr/lib").glob("*/libLLVM*.so*"), key=lambda file: file.stat().st_size)), None)
    if not path:
        yield Row("symbols only", None, note="no libLLVM is installed")
        return
    ours, llvm = measure_at(bench, path, 1)
    yield Row("symbols only, 1 address: time", 1000 * ours.seconds, "ms", SYMBOLS_ONE_MS,
              note=f"{path.name}; {peers_note([llvm])}")  # fmt: skip
    ours, llvm = measure_at(bench, path, 100_000)
    yield Row("symbols only, 100,000 addresses: time", ours.seconds, "s", llvm.seconds / SYMBOLS_FACTOR,
              note=f"{llvm.seconds / ours.seconds:.1f} times as fast as llvm-symbolizer; {peers_note([llvm])}")  # fmt: skip
    yield Row("symbols only, 100,000 addresses: peak memory", ours.megabytes, "MB",
              note="never below that of this program")  # fmt: skip
    yield look_ups(bench, path)


def look_ups(bench, path):
    """Beyond loading, which one address costs as well."""
    told = subprocess.run(
        [SYMBOL_BENCH, "-n", str(bench.seconds(5, 2)), path, str(LOOK_UP_COUNT)], capture_output=True, text=True
    )
    if told.returncode:
        raise measuring.Failed(told.stderr.strip())
    loading, all_of_it = map(float, told.stdout.split())
    return Row("symbols only: million look-ups a second", LOOK_UP_COUNT / (all_of_it - loading) / 1e6, "", LOOK_UPS,
               at_least=True, note=f"{LOOK_UP_COUNT:,} at once in one process, once loaded")  # fmt: skip
