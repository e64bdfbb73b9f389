# SPDX-License-Identifier: Apache-2.0
"""`hearth render` to callgrind's format, read by callgrind_annotate: every function's own costs and totals, and who called it."""

import re
import subprocess

import pytest

import hearth
import recording

FOLDED = """app;main;work;alloc;grow;alloc 20
app;main;work;alloc 21
app;main;work;compute 60
app;main;read;do_read_[k] 12
app;main 9
app;[truncated:no_rows];[libc.so.6];f 2
main;fib;fib;fib 7
main;fib 3
"""

ROW = re.compile(r"^ *([\d,]+) \( *[\d.]+%\)  (\S+?):(.*?) \[(.*)\]$", re.MULTILINE)


def annotate(path, *options):
    """{name, with its place where it is no code: samples}"""
    told = subprocess.run(["callgrind_annotate", "--auto=no", "--threshold=100", *options, path],
                          check=True, capture_output=True, text=True, timeout=hearth.DEADLINE_SECONDS)  # fmt: skip
    assert "WARNING" not in told.stdout + told.stderr, told
    rows = ROW.findall(told.stdout)
    return {(name, place if "[" in place else ""): int(count.replace(",", "")) for count, place, name, _ in rows}


def expected():
    selves, totals = {}, {}
    for line in FOLDED.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [(re.sub(r"_\[[a-z]\]$", "", name), "") for name in stack.split(";")]
        frames[0] = (frames[0][0], "[process]")
        if frames[1][0].startswith("[truncated"):
            frames[1] = (frames[1][0], "[marker]")
        selves[frames[-1]] = selves.get(frames[-1], 0) + int(count)
        for frame in {("all", "[all]"), *frames}:
            totals[frame] = totals.get(frame, 0) + int(count)
    return selves, totals


@pytest.fixture
def written(tmp_path):
    (tmp_path / "in.folded").write_text(FOLDED)
    with hearth.Child(hearth.BINARY, "render", tmp_path / "in.folded", "-o", tmp_path / "out.callgrind") as child:
        ended = child.end()
    assert ended.returncode == 0, ended
    return tmp_path / "out.callgrind"


def test_costs(written):
    selves, totals = expected()
    assert annotate(written) == selves
    assert annotate(written, "--inclusive=yes") == totals


def test_callers(written):
    told = subprocess.run(["callgrind_annotate", "--tree=caller", "--inclusive=yes", "--threshold=100", written], check=True,
                          capture_output=True, text=True, timeout=hearth.DEADLINE_SECONDS).stdout  # fmt: skip
    assert re.search(r" 41 \( *30\.60%\)  < \?\?\?:work \(1x\) \[\?\?\?\]\n(.*\n)* *41 .*\* *\?\?\?:alloc", told), told


def test_it_is_not_read_back(written):
    """A call graph has no stacks: docs/formats.md."""
    with hearth.Child(hearth.BINARY, "render", written, "-o", written.parent / "x.svg") as child:
        recording.assert_refused(child.end(), 2, "out.callgrind")
