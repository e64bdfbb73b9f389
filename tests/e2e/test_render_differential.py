# SPDX-License-Identifier: Apache-2.0
"""`hearth render` of folded stacks with two counts, before a change and after it: drawn by those after, both kept where the output has a place."""

import subprocess

import pytest

import hearth

TWO = "a;b 1 2\na;c 3 0\na;d 0 5\n"


def render(*arguments, **options):
    return hearth.run("render", *arguments, **options)


@pytest.fixture()
def differential(tmp_path):
    path = tmp_path / "two.folded"
    path.write_text(TWO)
    return path


def folded_of(path, *arguments):
    ended = render(path, "--format", "folded", "-o", "-", *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_both_counts_are_written_again(differential):
    assert folded_of(differential) == TWO


def test_either_count_may_be_taken_alone(differential):
    assert folded_of(differential, "--value", "before") == "a;b 1\na;c 3\n"
    assert folded_of(differential, "--value", "after") == "a;b 2\na;d 5\n"


def test_it_is_drawn_by_the_counts_after(differential):
    ended = render(differential, "--format", "tree", "-o", "-")
    assert ended.stdout.startswith("7 samples;")
    assert " d\n" in ended.stdout and " c\n" not in ended.stdout


def test_shaping_keeps_both(differential):
    assert folded_of(differential, "--ignore", "d") == "a;b 1 2\na;c 3 0\n"
    assert folded_of(differential, "--reverse") == "b;a 1 2\nc;a 3 0\nd;a 0 5\n"


def test_pprof_carries_both(differential, tmp_path):
    profile, again = tmp_path / "two.pb.gz", tmp_path / "again.pb.gz"
    render(differential, "-o", profile)
    assert folded_of(profile) == TWO
    subprocess.run(["go", "tool", "pprof", "-proto", "-output", again, profile], check=True, capture_output=True)
    assert folded_of(again) == TWO
    top = subprocess.run(
        ["go", "tool", "pprof", "-top", "-sample_index=before", profile], check=True, capture_output=True, text=True
    )
    assert "Type: before" in top.stdout and "4samples, 100% of 4samples total" in top.stdout


def test_lines_of_the_other_kind_are_left_out_by_their_number(differential):
    differential.write_text(TWO + "a;e 7\n")
    ended = render(differential, "--format", "folded", "-o", "-")
    assert ended.stdout == TWO
    assert "two.folded:4: left out: one count, where the first line has two" in ended.stderr
    differential.write_text("a;b 1\n" + TWO.splitlines(keepends=True)[0] + "a;c 1\n")
    ended = render(differential, "--format", "folded", "-o", "-")
    assert ended.stdout == "a;b 1\na;c 1\n"
    assert "two.folded:2: left out: two counts, where the first line has one" in ended.stderr
