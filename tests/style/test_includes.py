# SPDX-License-Identifier: Apache-2.0
"""Holds the table of folders of docs/architecture.md (and DESIGN.md) against the real #include lines."""

import os
import re
from pathlib import Path

import pytest
import tree

# A folder may include itself and these. "*": all. A path: only this file of that folder.
MAY_INCLUDE = {
    "base": [],
    "model": ["base"],
    "store": ["base", "model"],
    "bpf": [],
    "elf": ["base"],
    "unwind": ["base", "elf", "bpf/events.h"],
    "symbolize": ["base", "elf"],
    "worker": ["base", "elf", "unwind", "symbolize", "bpf/events.h"],
    "store": ["base", "model"],
    "render": ["base", "model"],
    "web": [],
    "http": ["base", "model", "render"],
    "terminal": ["base", "model"],
    "profiler": ["*"],
    "tests": ["*"],
    "samples": [],
}

# What user space may see of bpf/: the one shared header, the tables of rows that it is made of, and the walk.
SHARED_WITH_KERNEL = re.compile(r"bpf/(events\.h|user_walk\.h|[a-z0-9_]+\.def)")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>|(.*))', re.MULTILINE)

SOURCES = tree.files(".c", ".h", ".def", ".cpp")


def resolve(source, name):
    """The included file, relative to the root: beside the source, or from the root. None: not ours."""
    for path in (source.parent / name, Path(name)):
        if (tree.ROOT / path).is_file():
            return Path(os.path.normpath(path))
    return None


def complaint(source, quoted, bracketed, other):
    """What is wrong with this line of that file; None: nothing."""
    folder = source.parts[0]
    if other:
        return f"#include {other.strip()}: a name that cannot be checked"
    name = quoted or bracketed
    if name.endswith(".skel.h"):
        return None if folder == "profiler" and quoted else f"{name}: only profiler/ loads BPF"
    path = resolve(source, name)
    if path is None:
        return f'"{quoted}": there is no such file' if quoted else None
    if bracketed:
        # <elf.h> and the like: a header of the system that happens to be called as ours would be found beside it.
        return f"<{name}>: ours are quoted" if (tree.ROOT / name).is_file() else None
    included = path.parts[0]
    if included == folder and folder not in ("tests",):
        return None
    allowed = MAY_INCLUDE[folder]
    if "*" not in allowed and included not in allowed and str(path) not in allowed:
        return f"{path}: {folder}/ may include {', '.join(allowed) or 'nothing but itself'}"
    if included == "bpf" and folder != "tests" and not SHARED_WITH_KERNEL.fullmatch(str(path)):
        return f"{path}: of bpf/, user space sees events.h and user_walk.h only"
    return None


def complaints(source, text):
    found = (complaint(source, *match.groups()) for match in INCLUDE.finditer(text))
    return [what for what in found if what]


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_includes_go_down(source):
    assert not complaints(source, tree.read(source))


def test_every_folder_with_code_has_a_row():
    assert {path.parts[0] for path in SOURCES} <= set(MAY_INCLUDE)


@pytest.mark.parametrize(
    "source, line",
    [
        ("base/x.c", '#include "model/profile.h"'),
        ("base/x.c", "#include <model/profile.h>"),
        ("model/x.c", '  #  include "render/render.h"'),
        ("render/x.c", '#include "sample.skel.h"'),
        ("render/x.c", '#include "bpf/events.h"'),
        ("symbolize/x.c", '#include "model/profile.h"'),
        ("elf/x.c", '#include "../model/profile.h"'),
        ("bpf/x.bpf.c", '#include "base/buffer.h"'),
        ("profiler/x.c", '#include "no/such.h"'),
        ("profiler/x.c", '#include "bpf/unwind_step.h"'),
        ("profiler/x.c", "#include NAME"),
    ],
)
def test_the_check_finds(source, line):
    assert complaints(Path(source), f"int a;\n{line}\n")


@pytest.mark.parametrize(
    "source, line",
    [
        ("base/x.c", '#include "base/buffer.h"'),
        ("base/x.c", "#include <stdio.h>"),
        ("model/x.c", '#include "profile.h"'),
        ("profiler/x.c", '#include "sample.skel.h"'),
        ("profiler/x.c", '#include "bpf/events.h"'),
        ("profiler/x.c", '#include "bpf/user_walk.h"'),
        ("tests/unit/x_test.c", '#include "render/render.h"'),
    ],
)
def test_the_check_allows(source, line):
    assert not complaints(Path(source), f"{line}\n")
