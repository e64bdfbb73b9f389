# SPDX-License-Identifier: Apache-2.0
"""`hearth render` of several inputs: added up, whatever each one is, and what is not alike is said."""

import gzip
import os
import random
import re
import resource
import subprocess

import pytest

import hearth
import pprof_encoder
import recording

SCRIPT = "".join(
    f"app 12/{tid} [{cpu:03}]  {second}:    {period} cpu-clock:u: \n\t 401 {name} (/bin/app)\n\n"
    for tid, cpu, second, period, name in [(14, 1, 1.5, 10, "f"), (15, 3, 1.7, 30, "g")]
)
FOLDED = {"a": "a;b 1\na;c 2\n", "b": "a;b 5\nq;[truncated:x];z 7\n"}
SUM = "a;b 6\na;c 2\nq;[truncated:x];z 7\n"


def render(*arguments, **options):
    return hearth.run("render", *arguments, **options)


def folded_of(*arguments, complaints=()):
    ended = render(*arguments, "--format", "folded", "-o", "-")
    assert ended.returncode == 0, ended.stderr
    assert recording.complaints(ended) == list(complaints)
    return ended.stdout


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    """a.folded, b.folded and p.txt, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for name, text in FOLDED.items():
        (tmp_path / f"{name}.folded").write_text(text)
    (tmp_path / "p.txt").write_text(SCRIPT)
    return tmp_path


def test_counts_add_up(inputs):
    assert folded_of("a.folded", "b.folded") == SUM
    assert folded_of("a.folded", "--title", "x", "b.folded", "a.folded") == "a;b 7\na;c 4\nq;[truncated:x];z 7\n"


def test_a_picture_names_its_input_where_that_tells_no_command(inputs):
    def titles(*arguments, **options):
        picture = render(*arguments, "--format", "svg", "-o", "-", **options).stdout
        return re.findall("<title>(.*)</title>", picture)[0], re.findall(r'id="origin".*?</g></g>|$', picture)[0].count(">a.folded")

    assert titles(inputs / "a.folded") == ("a.folded · Flame graph", 1)
    assert titles("a.folded", "--title", "Mine", "b.folded", "p.txt") == ("a.folded and 2 others · Mine", 1)
    assert titles("--before", "b.folded", "a.folded") == ("a.folded · Flame graph", 1)
    with open("a.folded") as text:
        assert titles("-", stdin=text) == ("Flame graph", 0)


@pytest.mark.parametrize("ending", ["pb.gz", "speedscope.json", "cpuprofile", "firefox.json", "folded.gz"])
def test_each_may_be_another_format(ending, inputs):
    other = inputs / f"b.{ending}"
    if ending == "folded.gz":
        other.write_bytes(gzip.compress(FOLDED["b"].encode()))
    else:
        assert render("b.folded", "-o", other).returncode == 0
    # What has a time of its own calls its values otherwise.
    value = () if ending in ("pb.gz", "folded.gz") else ("--value", "samples")
    assert folded_of("a.folded", other, *value) == SUM


def test_standard_input_is_one_of_them(inputs):
    with open("b.folded") as said:
        ended = render("a.folded", "-", "--format", "folded", "-o", "-", stdin=said)
    assert (ended.returncode, ended.stdout) == (0, SUM)


def test_pipes_are(inputs):
    command = ["bash", "-c", '"$0" render <(cat a.folded) <(cat b.folded) --format folded -o -', hearth.BINARY]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == SUM


def test_any_number_up_to_the_most(inputs):
    assert folded_of(*["a.folded"] * 256) == "a;b 256\na;c 512\n"
    recording.assert_refused(render(*["a.folded"] * 257, "-o", "-"), 2, "more than 256 inputs")


def test_an_empty_one_changes_nothing(inputs):
    (inputs / "empty").write_text("")
    warning = "hearth: warning: empty: no samples in it"
    assert folded_of("empty", "a.folded", "empty", "b.folded", complaints=[warning] * 2) == SUM


def test_shaping_is_of_the_sum(inputs):
    assert folded_of("a.folded", "b.folded", "--ignore", "^c$", "--no-kernel") == "a;b 6\nq;[truncated:x];z 7\n"
    assert folded_of("a.folded", "b.folded", "--reverse") == "b;a 6\nc;a 2\nz;[truncated:x];q 7\n"


def test_functions_of_several_modules_are_one_if_asked(inputs):
    (inputs / "c.folded").write_text("app;f 5\n")
    assert render("p.txt", "-o", "p.pb.gz").returncode == 0
    top = render("p.pb.gz", "c.folded", "--format", "top", "-o", "-").stdout
    assert [line.split()[0] for line in top.splitlines() if re.search(" f( +app)?$", line)] == ["5", "1"]
    top = render("p.pb.gz", "c.folded", "--strip-modules", "--format", "top", "-o", "-").stdout
    assert [line.split()[0] for line in top.splitlines() if line.endswith(" f")] == ["6"]


def test_pprof_of_the_sum_has_all_values_and_labels(inputs):
    ended = render("p.txt", "a.folded", "-o", "sum.pb.gz")
    assert recording.complaints(ended) == ["hearth: warning: a.folded: it has no cpu in nanoseconds: its samples are 0 of that"]
    raw = subprocess.run(["go", "tool", "pprof", "-raw", "sum.pb.gz"], check=True, capture_output=True, text=True).stdout
    assert "samples/count cpu/nanoseconds\n" in raw
    assert "comm:[app] cpu:[3] pid:[12] tid:[15]" in raw
    assert folded_of("sum.pb.gz", "--value", "cpu") == "app;f 10\napp;g 30\n"
    ended = render("a.folded", "p.txt", "-o", "sum.pb.gz")
    assert recording.complaints(ended) == [
        "hearth: warning: p.txt: what stands before it has no cpu in nanoseconds: its samples are 0 of that"
    ]


def test_a_value_is_chosen_of_each(inputs):
    assert render("p.txt", "-o", "p.pb.gz").returncode == 0
    assert folded_of("p.pb.gz", "p.txt", "--value", "cpu") == "app;f 20\napp;g 60\n"
    ended = render("p.txt", "a.folded", "--value", "cpu", "-o", "-")
    recording.assert_refused(ended, 2, "a.folded: --value cpu: there is no such value, but samples")


def test_what_counts_something_else_is_refused(inputs):
    assert render("p.txt", "--value", "cpu", "-o", "cpu.pb.gz").returncode == 0
    said = "cpu.pb.gz: it counts cpu in nanoseconds, and what stands before it samples, which do not add up; --value NAME"
    recording.assert_refused(render("a.folded", "cpu.pb.gz", "-o", "-"), 2, said)
    # Of the one that has both it is chosen.
    assert folded_of("cpu.pb.gz", "p.txt", "--value", "cpu") == "app;f 20\napp;g 60\n"


def test_times_of_one_kind_of_clock_are_kept_and_said(inputs):
    said = "p.txt: its times and those before it are taken to be of one clock, as of one machine that was not started in between\n"
    ended = render("p.txt", "p.txt", "-o", "sum.firefox.json")
    assert ended.stderr == said + "wrote sum.firefox.json\n"
    # Of what has no place for times nothing is said.
    assert render("p.txt", "p.txt", "-o", "sum.pb.gz").stderr == "wrote sum.pb.gz\n"


def test_times_of_other_clocks_are_left_out_and_said(inputs):
    assert render("p.txt", "-o", "p.firefox.json").returncode == 0
    ended = render("p.txt", "p.firefox.json", "p.txt", "--value", "samples", "-o", "sum.html")
    assert recording.complaints(ended) == [
        "hearth: warning: p.firefox.json: its times and those before it are not of one clock: the sum has none"
    ]


def test_samples_of_other_rates_are_said(inputs):
    for rate in (99, 19):
        stacks = [([pprof_encoder.Frame(name) for name in stack], 1) for stack in ("ab", "ac")]
        (inputs / f"{rate}.pb").write_bytes(pprof_encoder.encode(stacks, rate))
    said = "19.pb: its samples are of another event or rate than those before it; each counts as it is"
    assert folded_of("99.pb", "19.pb", complaints=[f"hearth: warning: {said}"]) == "a;b 2\na;c 2\n"
    assert folded_of("99.pb", "99.pb", "a.folded") == "a;b 3\na;c 4\n"


def test_a_bad_one_is_named(inputs):
    (inputs / "bad").write_text("nothing\n")
    (inputs / "odd.folded").write_text("a 1\nx\na 2\n")
    recording.assert_refused(render("a.folded", "bad", "-o", "-"), 2, "bad: no profile of a kind that is read")
    recording.assert_refused(render("a.folded", "none", "b.folded", "-o", "-"), 2, "cannot read none: No such file")
    assert folded_of("a.folded", "odd.folded", complaints=[
        "hearth: warning: odd.folded:2: left out: no count at the end",
        "hearth: warning: odd.folded: 1 of 3 lines left out, 2 stacks kept",
    ]) == "a 3\na;b 1\na;c 2\n"  # fmt: skip
    assert os.path.exists("a.folded") and not os.path.exists("a.svg")


def test_more_than_may_be_counted(inputs):
    (inputs / "much").write_text(f"a {2**63 - 1}\n")
    said = r"a.folded: with those before it there are more than 2\^63 - 1 samples"
    recording.assert_refused(render("much", "a.folded", "-o", "-"), 2, said)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["a.folded", "b.folded"], "several inputs: say with -o where to write"),
        (["-", "-", "-o", "x.svg"], "standard input can be read once"),
        (["-", "a.folded", "/dev/stdin", "-o", "x.svg"], "standard input can be read once"),
        (["a.folded", "", "-o", "x.svg"], "the input's name is empty"),
        (["a.folded", ".", "-o", "x.svg"], "cannot read .: Is a directory"),
    ],
)
def test_wrong_use(arguments, said, inputs):
    recording.assert_refused(render(*arguments), 2, said)
    assert sorted(os.listdir()) == ["a.folded", "b.folded", "p.txt"]


@pytest.mark.root
def test_too_few_descriptors_hurt_nothing(inputs):
    """What the process that is shut in has to say goes nowhere but to hearth, also where it cannot be shut in."""
    names = [f"{number}.folded" for number in range(60)]
    for name in names:
        (inputs / name).write_text("a;b 1\n")
    victim = inputs / "victim"
    victim.write_text("as it was " * 20)
    for limit in range(70, 190, 6):
        with victim.open("r+b") as stdin:
            ended = subprocess.run(
                [hearth.BINARY, "render", *names, "--format", "folded", "-o", "-"], stdin=stdin, capture_output=True, text=True,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)),
            )  # fmt: skip
        assert victim.read_text() == "as it was " * 20
        assert ended.stdout in ("", "a;b 60\n") and (ended.returncode == 0) == bool(ended.stdout)
        assert ended.returncode == 0 or "open files" in ended.stderr, ended


def test_of_a_long_log_the_last_word_is_told(inputs):
    names = [f"{'x' * 70}{number:03}.folded" for number in range(250)]
    for name in names:
        (inputs / name).write_text("good 1\n" * 20 + "bad\n" * 10)
    (inputs / "damaged.pb.gz").write_bytes(gzip.compress(b"text 1\n")[:-3])
    ended = render(*names, "damaged.pb.gz", "-o", "x.folded")
    lines = ended.stderr.splitlines()
    assert ended.returncode == 2 and "damaged.pb.gz" in lines[-1]
    assert names[0] in lines[0]
    assert all(line.startswith("hearth: ") for line in lines)


@pytest.mark.parametrize("seed", range(6))
def test_the_sum_is_what_the_files_are_one_behind_the_other(seed, inputs):
    rng = random.Random(seed)
    lines = [f"{';'.join(rng.choices('abcd', k=rng.randint(1, 9)))} {rng.choice([1, 7, 2**40])}\n" for _ in range(900)]
    names = [f"{part}.folded" for part in "xyz"]
    for index, name in enumerate(names):
        (inputs / name).write_text("".join(lines[index * 300 : index * 300 + 300]))
    (inputs / "all.folded").write_text("".join(lines))
    assert folded_of(*names) == folded_of("all.folded")
