# SPDX-License-Identifier: Apache-2.0
"""unwind rows compiled from real programs: bytes a row, rows a second, peak memory

Of the files below those that are here. Bytes a row are the whole table, index and rules too, by the rows that it tells
apart (not by those that repeat a rule where a page begins). Memory is the peak of the heap, the table among it.
"""

import csv
import subprocess

import measuring
from rows import Row

LIBRARIES = "/usr/lib/x86_64-linux-gnu"
# Those that bars are set for come first.
BARRED = (
    f"{LIBRARIES}/libc.so.6",
    f"{LIBRARIES}/libLLVM-14.so.1",
    "/usr/lib/postgresql/15/bin/postgres",
    "/usr/bin/node",
)
OTHERS = (
    f"{LIBRARIES}/ld-linux-x86-64.so.2",
    f"{LIBRARIES}/libcrypto.so.3",
    "/usr/bin/bash",
    "/usr/bin/python3.11",
    "/usr/lib/gcc/x86_64-linux-gnu/12/cc1",
)


def measure(bench):
    program = measuring.ROOT / ".output/bench/row_bench"
    files = [path for path in BARRED + OTHERS if measuring.Path(path).exists()]
    ended = subprocess.run(
        [program, "-n", str(bench.seconds(20, 3)), *files], capture_output=True, text=True
    )
    if ended.returncode:
        raise measuring.Failed(f"row_bench: {ended.stderr.strip()}")
    for figures in csv.DictReader(ended.stdout.splitlines(), delimiter="\t"):
        yield from rows_of(figures)


def rows_of(figures):
    name, barred = measuring.Path(figures["file"]).name, figures["file"] in BARRED
    number = {key: float(value) for key, value in figures.items() if key not in ("file", "not_expressible")}
    yield Row(f"{name}: size of a row", number["bytes_a_row"], "B", 4 if barred else None,
              note=f"{number['rows']:,.0f} rows, {number['rules']:.0f} rules, {number['pages']:.0f} pages, "
                   f"{number['bytes']:,.0f} bytes; not expressible:{figures['not_expressible'] or ' none'}")  # fmt: skip
    yield Row(f"{name}: million rows a second", number["million_rows_a_second"], "",
              5 if barred else None, at_least=True, note=f"{number['ms']:.2f} ms")  # fmt: skip
    yield Row(f"{name}: memory, of the section", number["peak_bytes"] / number["section_bytes"], "×",
              1.5 if barred else None,
              note=f"{number['peak_bytes']:,.0f} of {number['section_bytes']:,.0f} bytes")  # fmt: skip
