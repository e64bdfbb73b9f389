# SPDX-License-Identifier: Apache-2.0
"""What holds for every source file: its licence, its name, its size, its format."""

import re
import subprocess
from collections import defaultdict

import pytest
import tree

# Names that a tool or a habit gives to a file, in whatever folder.
NAMED_BY_CUSTOM = {"Makefile", "README.md", "run", ".gitignore"}

SOURCE_ENDINGS = (
    ".c", ".h", ".def", ".cpp", ".rs", ".go", ".py", ".sh", ".js", ".mjs", ".css", ".html", ".json", ".1", ".5",
)  # fmt: skip
SOURCES = [
    path
    for path in tree.files()
    if path.name.endswith(SOURCE_ENDINGS) or path.name in ("Makefile", "run")
]

# Below the folders named here, what tests read is data: a profile as another tool wrote it has no licence line.
DATA = re.compile(r"tests/[a-z0-9]+/(data|golden|corpus|expected)/|tests/golden/")

BOTH = "Apache-2.0 OR GPL-2.0-only"  # compiled into the kernel side and into user space
SPDX = re.compile(r"SPDX-License-Identifier\W+((?:Apache-2\.0|GPL-2\.0-only| OR )+)")


def licence_of(text):
    """Stands in the first line; below what must be first: a shebang, a doctype, JSON's brace."""
    lines = text.splitlines()[:2]
    first_says_other = lines and re.match(r"#!|<!|<\?|\{", lines[0])
    match = SPDX.search("\n".join(lines if first_says_other else lines[:1]))
    return match and match[1]


def licences_for(path):
    if path.parts[0] != "bpf" and not path.name.endswith(".bpf.c"):
        return {"Apache-2.0"}
    return {BOTH} if path.name == "events.h" or path.suffix == ".def" else {"GPL-2.0-only", BOTH}


@pytest.mark.parametrize("path", [p for p in SOURCES if not DATA.match(str(p))], ids=str)
def test_licence_line(path):
    assert licence_of(tree.read(path)) in licences_for(path)


def test_licence_texts_are_there():
    assert "Apache License" in tree.read("LICENSE")
    assert "GNU GENERAL PUBLIC LICENSE" in tree.read("LICENSES/GPL-2.0-only.txt")


def test_the_licence_check_finds():
    assert licence_of("/* SPDX-License-Identifier: GPL-2.0-only */\n") == "GPL-2.0-only"
    assert licence_of("#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n") == "Apache-2.0"
    assert licence_of("int a;\n/* SPDX-License-Identifier: Apache-2.0 */\n") is None
    assert licence_of("") is None


def doubles(paths):
    """Names that more than one file has."""
    by_name = defaultdict(list)
    for path in paths:
        if path.name not in NAMED_BY_CUSTOM:
            by_name[path.name].append(str(path))
    return {name: where for name, where in by_name.items() if len(where) > 1}


def test_file_names_are_unique():
    assert not doubles(path for path in tree.files() if not DATA.match(str(path)))


def test_the_name_check_finds():
    paths = tree.files(".c")
    assert doubles(paths + [paths[0].parent / "sub" / paths[0].name])


# --- size -------------------------------------------------------------------------------------------

MAX_FILE_LINES = 800
MAX_FUNCTION_LINES = 80

C_SOURCES = tree.files(".c", ".h", ".cpp")


def long_functions(text):
    """(line, length) of bodies that are too long. clang-format puts their braces in column 0."""
    found, start = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            if number - start - 1 > MAX_FUNCTION_LINES:
                found.append((start, number - start - 1))
            start = None
    return found


@pytest.mark.parametrize("path", C_SOURCES, ids=str)
def test_size(path):
    text = tree.read(path)
    assert len(text.splitlines()) <= MAX_FILE_LINES
    assert not long_functions(text)


def test_the_size_check_finds():
    assert long_functions("void f(void)\n{\n" + "\tg();\n" * (MAX_FUNCTION_LINES + 1) + "}\n")
    assert not long_functions("void f(void)\n{\n" + "\tg();\n" * MAX_FUNCTION_LINES + "}\n")


# --- format -----------------------------------------------------------------------------------------


def format_complaints(paths):
    """By path, each line in which clang-format tells of it."""
    ended = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", "--style=file", *paths],
        cwd=tree.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    told = defaultdict(list)
    for path, line in re.findall(r"^([^:\n]+)(:\d+:\d+: .*)$", ended.stdout, re.MULTILINE):
        told[path].append(path + line)
    assert bool(told) == bool(ended.returncode), ended.stdout
    return told


@pytest.fixture(scope="session")
def complaints():
    return format_complaints(C_SOURCES)


@pytest.mark.xdist_group("format")  # one worker asks clang-format, once
@pytest.mark.parametrize("path", C_SOURCES, ids=str)
def test_clang_format(path, complaints):
    assert not complaints[str(path)]


def test_the_format_check_finds(tmp_path):
    good, bad = tmp_path / "good.c", tmp_path / "bad.c"
    (tmp_path / ".clang-format").write_text(tree.read(".clang-format"))
    good.write_text("int f(void);\n")
    bad.write_text("int f( void ) {return 0;}\n")
    assert set(format_complaints([good, bad])) == {str(bad)}


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_no_trailing_blanks(path):
    if DATA.match(str(path)):
        return
    text = tree.read(path)
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert not re.search(r"[ \t\r]$", text, re.MULTILINE)
