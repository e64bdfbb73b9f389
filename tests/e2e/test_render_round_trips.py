# SPDX-License-Identifier: Apache-2.0
"""Folded stacks go to every format that can carry them and back, and are the same: profiles of random stacks, whose names are what each of
these formats, or JSON, or a shell, has a meaning for. In a drawing children are inside of their parents."""

import itertools
import random
import re
import xml.etree.ElementTree as ElementTree
from collections import defaultdict

import pytest

import hearth

NAMES = """a;b;main;f(int, char*);[libc.so.6];g_[k];h_[i];j_[j];x y;-;--;std::vector<a, b>;é;中;"q";\\;<x>;it's;a 3x;_[k];[k]x;x_[j]_[i];
(anonymous);%s;@;{"a":1};name:1;$(id);#c;~d;0x12;[truncated:no_rows];[lost:table_full];[unknown];all;root;(root);(idle);(program);
(garbage collector);x (y.c:3);f (/bin/x);[empty];constructor;__proto__;null;true;-1;</script>;&amp;;[process];[marker];[kernel] x""".replace("\n", "").split(";")  # fmt: skip
COUNTS = [1, 2, 3, 1000000, 2**46]
ENDINGS = ["pb.gz", "speedscope.json", "cpuprofile", "firefox.json"]


def render(path, out):
    with hearth.Child(hearth.BINARY, "render", path, "-o", out) as child:
        ended = child.end()
    assert (ended.returncode, ended.stderr) == (0, f"wrote {out}\n"), ended
    return out


@pytest.fixture(scope="module", params=range(8))
def folded(request, tmp_path_factory):
    """As hearth writes it."""
    rng = random.Random(request.param)
    folder = tmp_path_factory.mktemp("random")
    stacks = {";".join(rng.choices(NAMES, k=rng.randint(1, 8))): rng.choice(COUNTS) for _ in range(40)}
    (folder / "in.folded").write_text("".join(f"{stack} {count}\n" for stack, count in stacks.items()))
    path = render(folder / "in.folded", folder / "written.folded")
    assert total(path.read_text()) == sum(stacks.values())
    return path


def total(text):
    return sum(int(line.rpartition(" ")[2]) for line in text.splitlines())


@pytest.mark.parametrize("ending", ["folded", *ENDINGS])
def test_it_comes_back(folded, ending, tmp_path):
    written = render(folded, tmp_path / f"out.{ending}")
    assert render(written, tmp_path / "again.folded").read_text() == folded.read_text()


def test_it_comes_back_by_way_of_all_of_them(folded, tmp_path):
    path = folded
    for ending in random.Random(str(folded)).sample(ENDINGS, len(ENDINGS)):
        path = render(path, tmp_path / f"out.{ending}")
    assert render(path, tmp_path / "again.folded").read_text() == folded.read_text()


def rows_of_svg(path):
    """{y: [(left, right, ticks)]}, from left to right"""
    rows = defaultdict(list)
    for rect in ElementTree.parse(path).iterfind(".//{*}g[@id='frames']/{*}rect"):
        left, width, y = (float(rect.get(key)) for key in ("x", "width", "y"))
        ticks = re.search(r"%, ([0-9,]+) samples?$", rect.findtext("{*}title"), re.MULTILINE)[1]
        rows[y].append((left, left + width, int(ticks.replace(",", ""))))
    return {y: sorted(row) for y, row in rows.items()}


def test_children_are_never_wider_than_their_parent(folded, tmp_path):
    rows = rows_of_svg(render(folded, tmp_path / "out.svg"))
    lowest = max(rows)
    assert [ticks for _, _, ticks in rows[lowest]] == [total(folded.read_text())]
    for y in sorted(rows)[:-1]:
        parents = [(left, right, ticks, []) for left, right, ticks in rows[y + 18]]
        for left, right, ticks in rows[y]:
            (parent,) = [parent for parent in parents if parent[0] <= left and right <= parent[1]]
            parent[3].append(ticks)
        assert all(sum(children) <= ticks for _, _, ticks, children in parents)
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(rows[y]))
