# SPDX-License-Identifier: Apache-2.0
"""`hearth render --before`: a differential profile of two sides, as FlameGraph's difffolded.pl makes it, but that what is scaled adds up."""

import fractions
import os
import random
import subprocess
from collections import Counter

import pytest

import hearth
import recording

BEFORE, AFTER = "a;b 1\na;c 2\n", "a;b 5\nq;[truncated:x];z 7\n"


def render(*arguments, **options):
    return hearth.run("render", *arguments, **options)


def folded_of(*arguments):
    ended = render(*arguments, "--format", "folded", "-o", "-")
    assert (ended.returncode, recording.complaints(ended)) == (0, []), ended
    return ended.stdout


def counts_of(folded):
    """{stack: (before, after)}"""
    lines = [line.rsplit(" ", 2) for line in folded.splitlines()]
    return {stack: (int(before), int(after)) for stack, before, after in lines}


@pytest.fixture
def sides(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "before.folded").write_text(BEFORE)
    (tmp_path / "after.folded").write_text(AFTER)
    return tmp_path


def test_both_counts(sides):
    assert folded_of("--before", "before.folded", "after.folded") == "a;b 1 5\na;c 2 0\nq;[truncated:x];z 0 7\n"
    assert folded_of("after.folded", "--before=before.folded") == "a;b 1 5\na;c 2 0\nq;[truncated:x];z 0 7\n"


def test_it_is_what_a_file_with_two_counts_is(sides):
    (sides / "two").mkdir()  # a picture says the name of its input
    assert render("--before", "before.folded", "after.folded", "-o", "two/after.folded").returncode == 0
    for format in ("svg", "tree", "top"):
        both = [
            render(*inputs, "--format", format, "-o", "-", "--title", "x")
            for inputs in (["two/after.folded"], ["--before", "before.folded", "after.folded"])
        ]
        assert both[0] == both[1], format


@pytest.mark.parametrize("format", ["html", "json", "pprof", "speedscope", "cpuprofile", "firefox", "callgrind"])
def test_every_format_is_written(format, sides):
    ended = render("--before", "before.folded", "after.folded", "--format", format, "-o", "out")
    assert (ended.returncode, ended.stderr) == (0, "wrote out\n")


def test_each_side_is_added_up(sides):
    wanted = "a;b 2 11\na;c 4 2\nq;[truncated:x];z 0 14\n"
    inputs = ["after.folded", "after.folded", "before.folded"]
    assert folded_of("--before", "before.folded", *inputs, "--before", "before.folded") == wanted


def test_either_is_of_any_format(sides):
    assert render("before.folded", "-o", "before.pb.gz").returncode == 0
    with open("after.folded") as said:
        ended = render("--before", "before.pb.gz", "-", "-o", "-", "--format", "folded", stdin=said)
    assert ended.stdout == "a;b 1 5\na;c 2 0\nq;[truncated:x];z 0 7\n", ended


def test_shaping_is_of_both(sides):
    assert folded_of("--before", "before.folded", "after.folded", "--focus", "a") == "a;b 1 5\na;c 2 0\n"
    assert folded_of("--before", "before.folded", "after.folded", "--hide", "b|c") == "a 3 5\nq;[truncated:x];z 0 7\n"


def test_pprof_has_both(sides):
    assert render("--before", "before.folded", "after.folded", "-o", "x.pb.gz").returncode == 0
    top = ["go", "tool", "pprof", "-top", "-sample_index=before", "x.pb.gz"]
    told = subprocess.run(top, check=True, capture_output=True, text=True).stdout
    assert "3samples, 100% of 3samples total" in told


def test_one_value_of_both(sides):
    events = [("f", 10), ("g", 30)]
    script = "".join(f"app 1/2 [001] 1.5: {period} cpu-clock: \n\t 401 {name} (/app)\n\n" for name, period in events)
    (sides / "x.txt").write_text(script)
    assert folded_of("--before", "x.txt", "x.txt", "x.txt", "--value", "cpu") == "app;f 10 20\napp;g 30 60\n"
    said = "--before: it counts samples, and the input cpu in nanoseconds; --value NAME takes one that both have"
    assert render("x.txt", "--value", "cpu", "-o", "cpu.pb.gz").returncode == 0
    recording.assert_refused(render("--before", "x.txt", "cpu.pb.gz", "-o", "-"), 2, said)


def test_scaled_it_adds_up_to_what_is_after(sides):
    assert folded_of("--before", "before.folded", "--normalize", "after.folded") == (
        "a;b 4 5\na;c 8 0\nq;[truncated:x];z 0 7\n"
    )


def random_folded(rng, path, stacks):
    counts = Counter()
    for _ in range(stacks):
        counts[";".join(rng.choices("abcd", k=rng.randint(1, 7)))] += rng.choice([1, 1, 2, 50, 10**6])
    path.write_text("".join(f"{stack} {count}\n" for stack, count in counts.items()))
    return counts


@pytest.mark.parametrize("seed", range(8))
def test_random_sides(seed, sides):
    """Counted here. Where difffolded.pl rounds each count down, hearth's count is less than 1 off, and so is each frame's."""
    rng = random.Random(seed)
    before = random_folded(rng, sides / "x.folded", rng.randint(1, 300))
    after = random_folded(rng, sides / "y.folded", rng.randint(1, 300))
    plain = {stack: (before[stack], after[stack]) for stack in before.keys() | after.keys()}
    assert counts_of(folded_of("--before", "x.folded", "y.folded")) == plain
    scaled = counts_of(folded_of("--before", "x.folded", "--normalize", "y.folded"))
    assert sum(count for count, _ in scaled.values()) == sum(after.values())
    factor = fractions.Fraction(sum(after.values()), sum(before.values()))
    exact, found = Counter(), Counter()
    for stack, count in before.items():
        frames = stack.split(";")
        for depth in range(1, len(frames) + 1):
            exact[";".join(frames[:depth])] += count * factor
            found[";".join(frames[:depth])] += scaled.get(stack, (0, 0))[0]
    assert all(abs(found[frame] - exact[frame]) < 1 for frame in exact)
    assert {stack: count for stack, (_, count) in scaled.items() if count} == dict(after)


def test_only_what_counts_is_scaled(sides):
    """Another value of the profile before would be too large then."""
    (sides / "b").write_text("app;f 9000000000000000000 1\n")
    (sides / "a").write_text("app;f 0 1000000\n")
    ended = render("a", "--before", "b", "--normalize", "--format", "folded", "-o", "-")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "app;f 1000000 1000000\n"


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--before", "before.folded"], r"what is to be rendered\?"),
        (["--before", "before.folded", "after.folded"], "several inputs: say with -o where to write"),
        (["--before", "", "after.folded", "-o", "-"], "--before '': the input's name is empty"),
        (["--before", "-", "-", "-o", "-"], "standard input can be read once"),
        (["--before", "none", "after.folded", "-o", "-"], "cannot read none: No such file"),
        (["--normalize", "after.folded"], "--normalize is of what --before FILE names"),
        (["--before", "before.folded", "--subtract", "before.folded", "after.folded", "-o", "-"], "one at a time"),
    ],
)
def test_wrong_use(arguments, said, sides):
    recording.assert_refused(render(*arguments), 2, said)
    assert sorted(os.listdir()) == ["after.folded", "before.folded"]
