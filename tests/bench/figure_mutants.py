# SPDX-License-Identifier: Apache-2.0
"""damaged files through the real worker: 10,000 mutants of real programs, asked for rows and for names

One to sixteen bytes of each are others, half of them in the headers. hearth itself only hands in descriptors; what counts is that it goes
on, how often a worker had to be replaced, and the worker's CPU time for the slowest one.
"""

import csv
import subprocess

import measuring
from rows import Row

FILES = (
    "/usr/lib/x86_64-linux-gnu/libc.so.6",
    "/usr/lib/x86_64-linux-gnu/libz.so.1",
    "/usr/bin/bash",
    "/usr/bin/gzip",
    "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
    measuring.ROOT / ".output/samples/templates",
    measuring.ROOT / ".output/samples/shares_70_30",
    measuring.ROOT / ".output/samples/goroutines",
    measuring.ROOT / ".output/samples/generics",
)


def measure(bench):
    program = measuring.ROOT / ".output/bench/mutant_bench"
    files = [path for path in FILES if measuring.Path(path).exists()]
    mutants = int(bench.seconds(10000, 500))
    ended = subprocess.run([program, "-n", str(mutants), *files], capture_output=True, text=True)
    if ended.returncode:
        raise measuring.Failed(f"mutant_bench: {ended.stderr.strip()}")
    (told,) = csv.DictReader(ended.stdout.splitlines(), delimiter="\t")
    yield Row("mutants that hearth survived", 100 * float(told["mutants"]) / (mutants - mutants % len(files)), "%", 100,
              at_least=True, note=f"of {len(files)} files, in {told['seconds']} s; "
                   f"{told['answered']} of {2 * int(told['mutants']):,} questions answered, {told['refused']} by a refusal")  # fmt: skip
    yield Row("mutants that a worker survived", 100 - 100 * float(told["failed"]) / float(told["mutants"]), "%",
              note=f"{told['failed']} died, hung or talked nonsense")  # fmt: skip
    yield Row("the slowest mutant", float(told["slowest_ms"]) / 1e3, "s of CPU", 2)
    yield Row("the worker's peak memory", float(told["rss_peak_bytes"]) / 1e6, "MB")
