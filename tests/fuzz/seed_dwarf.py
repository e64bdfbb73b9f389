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

# As dwarf_fuzz.c numbers them: which file, and which section of it.
SECTIONS = (
    [("a", f".debug_{name}") for name in
     ("info", "abbrev", "aranges", "line", "str", "line_str", "str_offsets", "addr", "ranges", "rnglists")]
    + [("common", f".debug_{name}") for name in ("info", "abbrev", "str")]
    + [("a.dwo", f".debug_{name}.dwo") for name in ("info", "abbrev", "str", "str_offsets", "rnglists")]
    + [("a.dwp", f".debug_{name}.dwo") for name in ("info", "abbrev", "str", "str_offsets", "rnglists")]
    + [("a.dwp", ".debug_cu_index")]
)  # fmt: skip

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


# Of which a folder has the program `a` and what it leads to, in the end.
SPLIT = [
    [compiler, "-O2", f"-gdwarf-{version}", "-gsplit-dwarf"] for compiler in ("gcc", "clang") for version in (4, 5)
]


def run(folder, *command):
    subprocess.run(command, check=True, cwd=folder, stderr=subprocess.DEVNULL)


def link(folder, build, name, *sources):
    prefix = "-fdebug-prefix-map=" + str(folder) + "=/d"
    run(folder, *build, "-nostdlib", "-static", prefix, "-Wl,-Ttext=0x1000", "-Wl,--build-id", "-o", name, *sources)


def make_plain(folder, build):
    link(folder, build, "a", "a.c")


def make_split(folder, build):
    run(folder, *build, "-fdebug-prefix-map=" + str(folder) + "=/d", "-c", "a.c")
    link(folder, build, "a", "a.o")


def make_package(folder, build):
    make_split(folder, build)
    run(folder, "llvm-dwp", "a.dwo", "-o", "a.dwp")
    (folder / "a.dwo").unlink()


def make_common(folder, build):
    for name in ("a", "b"):
        link(folder, build, name, "a.c")
    run(folder, "dwz", "-m", "common", "a", "b")


def collect(folder):
    made, section = b"", folder / "section"
    for number, (file, name) in enumerate(SECTIONS):
        if not (folder / file).exists():
            continue
        section.unlink(missing_ok=True)
        subprocess.run(
            ["objcopy", f"--dump-section={name}={section}", folder / file, folder / "copy"], stderr=subprocess.DEVNULL
        )
        if section.exists():
            content = section.read_bytes()
            made += struct.pack("<BH", number, len(content)) + content
    return made


def main(target):
    Path(target).mkdir(parents=True, exist_ok=True)
    made = [(make_plain, build) for build in BUILDS] + [(make_split, build) for build in SPLIT]
    # llvm-dwp 14 does not end over GCC's DWARF 5.
    made += [(make_package, build) for build in SPLIT if build[0] == "clang"]
    made += [(make_common, ["gcc", "-O2", f"-gdwarf-{version}"]) for version in (4, 5)]
    for make, build in made:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "a.c").write_text(SOURCE)
            make(folder, build)
            words = [make.__name__, *(word.lstrip("-") for word in build)]
            Path(target, "-".join(words)).write_bytes(collect(folder))


if __name__ == "__main__":
    main(sys.argv[1])
