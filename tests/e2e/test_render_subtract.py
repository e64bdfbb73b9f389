# SPDX-License-Identifier: Apache-2.0
"""`hearth render --subtract`: a profile less another one, as `go tool pprof -base` makes it of two cumulative ones of Go's."""

import os
import re
import subprocess

import pytest

import hearth
import recording

# Of what blocks a Go program its runtime counts how often and how long, from its start on: a profile after another one holds it.
BLOCKED = """package main

import (
	"os"
	"runtime"
	"runtime/pprof"
	"time"
)

func wait(d time.Duration) {
	c := make(chan int)
	go func() { time.Sleep(d); c <- 1 }()
	<-c
}

func early() { wait(2 * time.Millisecond) }
func late()  { wait(3 * time.Millisecond) }
func both()  { wait(time.Millisecond) }

func write(name string) {
	file, _ := os.Create(name)
	pprof.Lookup("block").WriteTo(file, 0)
	file.Close()
}

func main() {
	runtime.SetBlockProfileRate(1)
	for i := 0; i < 5; i++ {
		early()
		both()
	}
	write("base.pb.gz")
	for i := 0; i < 7; i++ {
		late()
		both()
	}
	write("later.pb.gz")
}
"""


def render(*arguments, **options):
    return hearth.run("render", *arguments, **options)


def folded_of(*arguments, complaints=()):
    ended = render(*arguments, "--format", "folded", "-o", "-")
    assert ended.returncode == 0, ended
    assert recording.complaints(ended) == list(complaints)
    return ended.stdout


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.folded").write_text("a;b 1\na;c 2\n")
    (tmp_path / "later.folded").write_text("a;b 5\na;c 2\nq;[truncated:x];z 7\n")
    return tmp_path


def test_counts_are_taken_away(folder):
    ended = render("later.folded", "--subtract", "base.folded", "-o", "left.folded")
    assert (ended.returncode, recording.complaints(ended)) == (0, []), ended
    assert (folder / "left.folded").read_text() == "a;b 4\nq;[truncated:x];z 7\n"


def test_each_side_is_added_up(folder):
    inputs = ["later.folded", "--subtract", "base.folded", "later.folded", "--subtract", "base.folded"]
    assert folded_of(*inputs) == "a;b 8\nq;[truncated:x];z 14\n"


def test_how_much_there_was_is_in_the_picture(folder):
    assert render("later.folded", "--subtract", "base.folded", "-o", "left.svg").returncode == 0
    assert "11 of 14 " in (folder / "left.svg").read_text()


def test_what_is_less_than_nothing_is_said(folder):
    said = "--subtract: of 2 stacks more is to be taken away than there is, 11 samples in all: they count 0"
    assert folded_of("base.folded", "--subtract", "later.folded", complaints=[f"hearth: warning: {said}"]) == ""


@pytest.mark.parametrize("format", ["svg", "html", "json", "pprof", "speedscope", "cpuprofile", "firefox", "callgrind", "top", "tree"])
def test_every_format_is_written(format, folder):
    for less in ("base.folded", "later.folded"):
        ended = render("later.folded", "--subtract", less, "--format", format, "-o", "out")
        assert (ended.returncode, ended.stderr) == (0, "wrote out\n")


def pprof(*arguments):
    return subprocess.run(["go", "tool", "pprof", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def blocked(tmp_path_factory):
    """The folder of base.pb.gz and later.pb.gz."""
    folder = tmp_path_factory.mktemp("blocked")
    (folder / "main.go").write_text(BLOCKED)
    subprocess.run(["go", "run", "main.go"], cwd=folder, check=True, capture_output=True, timeout=300)
    return folder


def rows_of(top):
    """{function: (flat, cumulative)} of pprof -top -unit=ns or count"""
    rows = re.findall(r"^ *([\d.]+)\w* +[\d.]+% +[\d.]+% +([\d.]+)\w* +[\d.]+% +(\S+)", top, re.MULTILINE)
    return {name: (float(flat), float(cumulative)) for flat, cumulative, name in rows}


@pytest.mark.parametrize("value", ["contentions", "delay"])
def test_it_is_what_pprof_makes_of_a_base(value, blocked, monkeypatch):
    monkeypatch.chdir(blocked)
    pprof("-proto", "-output", "go.pb.gz", "-base", "base.pb.gz", "later.pb.gz")
    ours = folded_of("later.pb.gz", "--subtract", "base.pb.gz", "--value", value)
    assert ours == folded_of("go.pb.gz", "--value", value)
    assert "main.late" in ours and "main.both" in ours and "main.early" not in ours


def test_all_values_are_taken_away(blocked, monkeypatch):
    monkeypatch.chdir(blocked)
    assert render("later.pb.gz", "--subtract", "base.pb.gz", "-o", "left.pb.gz").returncode == 0
    for value in ("contentions", "delay"):
        options = ("-top", "-nodefraction=0", "-nodecount=1000", f"-sample_index={value}", "-unit=ns")
        ours, theirs = pprof(*options, "left.pb.gz"), pprof(*options, "-base", "base.pb.gz", "later.pb.gz")
        assert rows_of(ours) == {name: row for name, row in rows_of(theirs).items() if row != (0, 0)} != {}


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--subtract", "base.folded"], r"what is to be rendered\?"),
        (["--subtract", "base.folded", "later.folded"], "several inputs: say with -o where to write"),
        (["--subtract", "", "later.folded", "-o", "-"], "--subtract '': the input's name is empty"),
        (["--subtract", "base.folded", "--normalize", "later.folded", "-o", "-"], "--normalize is of what --before FILE names"),
        (["--subtract", "none", "later.folded", "-o", "-"], "cannot read none: No such file"),
    ],
)
def test_wrong_use(arguments, said, folder):
    recording.assert_refused(render(*arguments), 2, said)
    assert sorted(os.listdir()) == ["base.folded", "later.folded"]
