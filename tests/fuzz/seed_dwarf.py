#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds for dwarf_fuzz: `seed_dwarf.py FOLDER` writes the DWARF of a few small programs there, in its form.

Code is linked to address 0x1000, where the target has its own.
"""

import struct
import subprocess
import sys
import tempfile
from pathlib import Path

NAMES = ["info", "abbrev", "aranges", "line", "str", "line_str", "str_offsets", "addr", "ranges", "rnglists"]

SOURCE = """
static volatile int sink;
static inline __attribute__((always_inline)) void inner(int x) { sink = x; }
int outer(int x) { if (x) { int y = x + sink; inner(y); } return sink; }
void _start(void) { outer(sink); }
"""

BUILDS = [
    [compiler, "-O2", f"-gdwarf-{version}", *more]
    for compiler in ("gcc", "clang")
    for version in (2, 4, 5)
    for more in ([], ["-ffunction-sections"])
]


def seed(folder, build):
    source, program, section = folder / "a.c", folder / "a", folder / "section"
    source.write_text(SOURCE)
    subprocess.run(
        [*build, "-nostdlib", "-static", "-fdebug-prefix-map=" + str(folder) + "=/d", "-Wl,-Ttext=0x1000", "-o", program, source],
        check=True,
        cwd=folder,
    )
    made = b""
    for number, name in enumerate(NAMES):
        section.unlink(missing_ok=True)
        subprocess.run(
            ["objcopy", f"--dump-section=.debug_{name}={section}", program, folder / "copy"],
            stderr=subprocess.DEVNULL,
        )
        if section.exists():
            content = section.read_bytes()
            made += struct.pack("<BH", number, len(content)) + content
    return made


def main(target):
    Path(target).mkdir(parents=True, exist_ok=True)
    for build in BUILDS:
        with tempfile.TemporaryDirectory() as folder:
            name = "-".join(word.lstrip("-") for word in build)
            Path(target, name).write_bytes(seed(Path(folder), build))


if __name__ == "__main__":
    main(sys.argv[1])
