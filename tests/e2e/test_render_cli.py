# SPDX-License-Identifier: Apache-2.0
"""`hearth render`: folded stacks in, any output out; bad lines are told, never silently dropped."""

import gzip
import os
import re
import signal
import stat
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import hearth
import recording

GOOD = "a;b;c 3\na;b;d 2\ne;f_[k] 1\n"

# Line 2 has no count, 4 a word for one, 6 an empty frame's name only.
MIXED = "a;b;c 3\na;b;nothing\na;b;d 2\na;b;d two\ne;f_[k] 1\n 7\n"


@pytest.fixture
def folded(tmp_path):
    path = tmp_path / "in.folded"
    path.write_text(GOOD)
    return path


def render(*arguments, said=None, cwd=None):
    """Runs `hearth render`; `said` is its standard input."""
    with hearth.Child(hearth.BINARY, "render", *arguments, cwd=cwd) as child:
        if said is not None:
            child.process.stdin.write(said.encode())
        return child.end()


def lines_of(path):
    return sorted(path.read_text().splitlines())


def assert_drawn(text):
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    for name in ("a", "b", "c", "d", "e"):
        assert f">{name}" in text or f"{name} (" in text, name


# --- to every output, from every input ------------------------------------------------------------------


def test_to_svg(folded, tmp_path):
    ended = render(folded, "-o", tmp_path / "out.svg")
    assert ended.returncode == 0, ended
    assert recording.complaints(ended) == []
    assert_drawn((tmp_path / "out.svg").read_text())


def test_to_folded(folded, tmp_path):
    ended = render(folded, "-o", tmp_path / "out.folded")
    assert ended.returncode == 0, ended
    assert lines_of(tmp_path / "out.folded") == lines_of(folded)


def test_folded_again_is_the_same(folded, tmp_path):
    """What hearth wrote it reads, to the byte."""
    once, twice = tmp_path / "once.folded", tmp_path / "twice.folded"
    assert render(folded, "-o", once).returncode == 0
    assert render(once, "-o", twice).returncode == 0
    assert once.read_bytes() == twice.read_bytes()


def test_default_output_stands_beside_its_input(folded):
    assert render(folded).returncode == 0
    assert_drawn(folded.with_suffix(".svg").read_text())
    assert sorted(os.listdir(folded.parent)) == ["in.folded", "in.svg"]


def test_default_output_has_the_ending_of_its_format(folded):
    other = folded.rename(folded.with_suffix(".txt"))
    assert render(other, "--format", "folded").returncode == 0
    assert lines_of(folded) == lines_of(other)
    assert sorted(os.listdir(folded.parent)) == ["in.folded", "in.txt"]


def test_default_output_of_a_hidden_file(tmp_path):
    (tmp_path / ".folded").write_text(GOOD)
    assert render(tmp_path / ".folded").returncode == 0
    assert sorted(os.listdir(tmp_path)) == [".folded", ".folded.svg"]


def test_default_output_is_never_the_input(folded, tmp_path):
    said = "would replace its input, .*: say with -o where to write"
    recording.assert_refused(render("in.folded", "--format", "folded", cwd=tmp_path), 2, said)
    (tmp_path / "in.svg").symlink_to("in.folded")
    recording.assert_refused(render("in.folded", cwd=tmp_path), 2, said)
    assert folded.read_text() == GOOD


def test_no_default_output_beside_a_device_or_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/null", "pipe"):
        recording.assert_refused(render(path, cwd=tmp_path), 2, f"{path} is no regular file: say with -o")
    assert not os.path.exists("/dev/null.svg")
    assert os.listdir(tmp_path) == ["pipe"]


def test_standard_input_to_standard_output():
    ended = render("-", "-o", "-", "--format", "folded", said=GOOD)
    assert ended.returncode == 0, ended
    assert sorted(ended.stdout.splitlines()) == sorted(GOOD.splitlines())
    assert ended.stderr == ""


def test_standard_input_that_somebody_read_the_beginning_of(tmp_path):
    (tmp_path / "in").write_text("a line of somebody else's\nmain;work 3\nmain;rest 4\n")
    script = 'exec <"$1"; read -r _; exec "$0" render - -o - --format folded'
    with hearth.Child("/bin/sh", "-c", script, hearth.BINARY, tmp_path / "in") as child:
        ended = child.end()
    assert (ended.returncode, ended.stdout) == (0, "main;rest 4\nmain;work 3\n"), ended


def test_standard_output_is_drawn_unless_told():
    assert_drawn(render("-", "-o", "-", said=GOOD).stdout)
    assert render("-", "-o", "-", "--format", "folded", said=GOOD).stdout.splitlines()[0] == "a;b;c 3"


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_standard_input_to_the_default_output(name, tmp_path):
    assert_drawn(render(name, said=GOOD, cwd=tmp_path).stdout)
    assert os.listdir(tmp_path) == []


def test_format_overrides_the_ending(folded, tmp_path):
    assert render(folded, "-o", tmp_path / "out.txt", "--format", "folded").returncode == 0
    assert lines_of(tmp_path / "out.txt") == lines_of(folded)


@pytest.mark.parametrize("format", ["svg", "folded"])
def test_a_base_that_no_stack_holds_is_said(format, folded, tmp_path):
    ended = render(folded, "-o", tmp_path / f"out.{format}", "--base", "b", "--base", "mian")
    assert ended.returncode == 0, ended
    assert recording.complaints(ended) == ["hearth: warning: --base mian: no stack holds a function of this name"]


@pytest.mark.parametrize("word, pattern, folds", [("--hide", "^e$", True), ("--show-from", "^a$", False)])
def test_a_process_is_no_function(word, pattern, folds, folded, tmp_path):
    ended = render(folded, "-o", "-", "--format", "folded", word, pattern)
    assert bool(ended.stdout) == folds, ended
    assert recording.complaints(ended)[0] == (
        f"hearth: warning: {word} {pattern}: no stack holds a function of this name, but a process, which it passes over (the first frame of folded stacks is one)"
    )


# The words of shaping are the model's, and whatever writes gets what they made.
SHAPES = [
    (["--focus", "^[cf]$"], "a;b;c 3\ne;f_[k] 1\n"),
    (["--ignore", "^e$"], "a;b;c 3\na;b;d 2\n"),
    (["--hide", "^b$"], "a;c 3\na;d 2\ne;f_[k] 1\n"),
    (["--show-from", "d|f"], "a;d 2\ne;f_[k] 1\n"),
    (["--base", "b"], "b;c 3\nb;d 2\ne;f_[k] 1\n"),
    (["--no-kernel"], "a;b;c 3\na;b;d 2\ne 1\n"),
    (["--reverse", "--ignore", "d"], "c;b;a 3\nf_[k];e 1\n"),
]


@pytest.mark.parametrize("words, wanted", SHAPES)
def test_stacks_are_shaped(words, wanted, folded, tmp_path):
    ended = render(folded, *words, "-o", "-", "--format", "folded")
    assert (ended.returncode, ended.stdout) == (0, wanted), ended
    assert render(folded, *words, "-o", tmp_path / "shaped.svg").returncode == 0
    plain = tmp_path / "plain" / folded.name  # which the picture says
    plain.parent.mkdir()
    plain.write_text(wanted)
    assert render(plain, "-o", tmp_path / "plain.svg").returncode == 0
    if sum(int(line.split()[-1]) for line in wanted.splitlines()) == 6 and words[0].startswith(("--hide", "--no-kernel")):
        assert (tmp_path / "shaped.svg").read_text() == (tmp_path / "plain.svg").read_text()


def test_what_shaping_took_out_is_said_with_the_fates_of_all(tmp_path):
    path, out = tmp_path / "in.folded", tmp_path / "out.svg"
    path.write_text("p;main;f 90\np;[truncated:bad];g 7\nq;[lost:full] 3\n")
    said = "97 of 100 ticks are left (97.0 %); of all: complete 90.00 %, truncated 7.00 %, lost 3.00 %"
    ended = render(path, "-o", out, "--focus", "main|g")
    assert ended.returncode == 0, ended
    assert f"shaped: {said}" in ended.stderr
    assert said in out.read_text()
    assert "truncated: bad 7.22 %" in out.read_text()
    assert "are left" not in render(path, "-o", out, "--hide", "main").stderr
    assert "are left" not in out.read_text()


@pytest.mark.parametrize(
    "order",
    [
        ["IN", "-o", "OUT", "--title", "A headline"],
        ["-o", "OUT", "--title", "A headline", "IN"],
        ["--title", "A headline", "IN", "-o", "OUT"],
        ["--title=A headline", "-oOUT", "--", "IN"],
    ],
    ids=["behind", "before", "around", "joined"],
)
def test_options_stand_anywhere(order, folded, tmp_path):
    out = tmp_path / "out.svg"
    words = [word.replace("OUT", str(out)).replace("IN", str(folded)) for word in order]
    ended = render(*words)
    assert ended.returncode == 0, ended
    assert ">A headline<" in out.read_text()


# As flamegraph.pl's own page has them.
@pytest.mark.parametrize("options", ["--color=java --hash", "--color io --title=X --countname=ms", "--cp", "--encoding utf-8", "--deterministic"])
def test_options_of_flamegraph_pl(options, folded, tmp_path):
    ended = render(folded, *options.split(), "-o", tmp_path / "out.svg")
    assert ended.returncode == 0, ended
    ElementTree.parse(tmp_path / "out.svg")


def test_an_input_that_begins_with_a_dash(tmp_path):
    (tmp_path / "-x.folded").write_text(GOOD)
    assert render("-o", "out.folded", "--", "-x.folded", cwd=tmp_path).returncode == 0
    assert lines_of(tmp_path / "out.folded") == sorted(GOOD.splitlines())


def test_input_is_a_pipe(tmp_path):
    fifo = tmp_path / "in"
    os.mkfifo(fifo)
    with hearth.Child(hearth.BINARY, "render", fifo, "-o", "-", "--format", "folded") as child:
        fifo.write_text(GOOD)
        assert sorted(child.end().stdout.splitlines()) == sorted(GOOD.splitlines())


def test_output_over_its_own_input(folded):
    assert render(folded, "-o", folded).returncode == 0
    assert lines_of(folded) == sorted(GOOD.splitlines())


# Only root can become somebody else: without that, every other test here is the proof.
if os.geteuid() == 0:

    @pytest.mark.parametrize("user", [(), recording.NOBODY], ids=["root", "nobody"])
    def test_few_bytes_that_become_many_take_no_more_memory_than_they_may(user):
        """Stacks of 30 million frames each, 60 kB compressed: 4 GB of them."""
        with recording.folder_for_all() as (folder, binary):
            with gzip.open(folder / "in.gz", "wb", compresslevel=1) as out:
                for name in b"abcd":
                    out.write(bytes([name]) + b";f" * 30_000_000 + b" 1\n")
            ended = subprocess.run([*user, binary, "render", folder / "in.gz", "-o", "-"], capture_output=True, text=True,
                                   timeout=hearth.DEADLINE_SECONDS)  # fmt: skip
            assert (ended.returncode, ended.stdout) == (2, "")
            assert re.fullmatch(r"hearth: .*in\.gz: it takes too much memory; [0-3] stacks were read before\n", ended.stderr), ended

    def test_needs_no_privilege():
        with recording.folder_for_all() as (folder, binary):
            (folder / "in.folded").write_text(GOOD)
            with hearth.Child(
                *recording.NOBODY, binary, "render", folder / "in.folded", "-o", folder / "out.svg"
            ) as child:
                ended = child.end()
            assert ended.returncode == 0, ended
            assert_drawn((folder / "out.svg").read_text())


# --- lines that are none --------------------------------------------------------------------------------


def test_bad_lines_are_named_and_the_rest_is_kept(tmp_path):
    path, out = tmp_path / "in.folded", tmp_path / "out.folded"
    path.write_text(MIXED)
    ended = render(path, "-o", out)
    assert ended.returncode == 0, ended
    told = recording.complaints(ended)
    for number in (2, 4, 6):
        assert any(line.startswith(f"hearth: warning: {path}:{number}: ") for line in told), number
    assert "3 of 6 lines left out, 3 stacks kept" in told[-1]
    assert len(told) == 4
    assert lines_of(out) == sorted(GOOD.splitlines())


def test_bad_lines_of_standard_input():
    ended = render("-", "-o", "-", "--format", "folded", said=MIXED)
    assert ended.returncode == 0
    assert sorted(ended.stdout.splitlines()) == sorted(GOOD.splitlines())
    assert any(line.startswith("hearth: warning: standard input:2: ") for line in recording.complaints(ended))


def test_very_many_bad_lines(tmp_path):
    """All are counted; not each gets a line of its own."""
    path = tmp_path / "in.folded"
    path.write_text("bad\n" * 100000 + "a;b 1\n" * 100000)
    ended = render(path, "-o", "-", "--format", "folded")
    assert ended.returncode == 0
    assert ended.stdout == "a;b 100000\n"
    assert len(ended.stderr.splitlines()) < 50
    assert "100000 of 200000 lines left out, 100000 stacks kept" in ended.stderr


def test_no_line_is_good(tmp_path):
    path = tmp_path / "in.folded"
    path.write_text("this is\nno profile\n")
    ended = render(path, "-o", tmp_path / "out.svg")
    assert ended.returncode == 2, ended
    (complaint,) = recording.complaints(ended)
    assert "no folded stacks" in complaint and "line 1: no count at the end" in complaint
    assert os.listdir(tmp_path) == ["in.folded"]


@pytest.mark.parametrize(
    "content, kind",
    [
        (b' {"traceEvents": []}', "JSON of another kind"),
        (b'[\n{"ph": "X"}]', "JSON of another kind"),
        (b'{"a":[' + b"1," * (33 << 20) + b"1]}", "JSON of another kind"),
        (b"<!DOCTYPE html>\n<html></html>", "HTML"),
        (b'<?xml version="1.0"?>\n<svg/>', "XML"),
        (b'<svg xmlns="x"/>', "SVG"),
        (b"\0\0\0\x20ftypisom", "binary data"),
    ],
    ids=["map", "array", "long line", "HTML", "XML", "SVG", "binary"],
)
def test_what_is_no_profile_is_called_what_it_is(content, kind, tmp_path):
    (tmp_path / "in").write_bytes(content)
    ended = render(tmp_path / "in", "-o", tmp_path / "out.svg")
    assert ended.returncode == 2, ended
    (complaint,) = recording.complaints(ended)
    assert "no profile of a kind that is read (pprof, speedscope, " in complaint and complaint.endswith(f"), but {kind}")


@pytest.mark.parametrize("name", ["<module>", "{}", '{"a":1}', "[1]", "<svg>"])
def test_names_that_look_like_it_are_read(name, tmp_path):
    (tmp_path / "in").write_text(f"{name};f 3\nbad\n")
    ended = render(tmp_path / "in", "-o", "-", "--format", "folded")
    assert (ended.returncode, ended.stdout) == (0, f"{name};f 3\n"), ended


@pytest.mark.parametrize(
    "content", [bytes(range(256)) * 64, b"\x7fELF" + b"\0" * 4096], ids=["all bytes", "ELF"]
)
def test_no_text_at_all(content, tmp_path):
    path = tmp_path / "in.folded"
    path.write_bytes(content)
    ended = render(path, "-o", tmp_path / "out.svg")
    assert ended.returncode == 2, ended
    assert os.listdir(tmp_path) == ["in.folded"]
    assert not any(ord(letter) < 32 and letter != "\n" for letter in ended.stderr)


@pytest.mark.parametrize("content", [b"a;b 1\nbad\nbad\n", Path("/bin/sh").read_bytes() + b"\na;b 1\n" * 20], ids=["text", "program"])
def test_a_few_lines_that_look_like_stacks_are_no_profile(content, tmp_path):
    path = tmp_path / "in.folded"
    path.write_bytes(content)
    recording.assert_refused(render(path, "-o", tmp_path / "out.svg"), 2, "no folded stacks .* but in [0-9]+ of [0-9]+ lines; line [0-9]+: ")
    assert os.listdir(tmp_path) == ["in.folded"]


def test_a_line_with_a_nul_byte_is_left_out(tmp_path):
    ended = render("-", "-o", "-", "--format", "folded", said=GOOD + "a;\0b 3\n")
    assert (ended.returncode, sorted(ended.stdout.splitlines())) == (0, sorted(GOOD.splitlines()))
    assert "standard input:4: left out: a NUL byte" in ended.stderr


def test_a_compressed_input_is_read(tmp_path):
    """Whatever its name; two files that were joined are one."""
    path = tmp_path / "in.txt"
    path.write_bytes(gzip.compress(GOOD.encode()) + gzip.compress(b"g 4\n"))
    ended = render(path, "-o", "-", "--format", "folded")
    assert ended.returncode == 0, ended
    assert sorted(ended.stdout.splitlines()) == sorted(GOOD.splitlines() + ["g 4"])


@pytest.mark.parametrize(
    "damage, said",
    [
        ("cut", "byte [0-9]+: it is cut off: gzip's end is missing; 3000 stacks were read before"),
        ("changed", "byte [1-9][0-9]*: damaged: gzip does not inflate it; 0 stacks were read before"),
    ],
)
def test_a_damaged_compressed_input_is_refused(damage, said, tmp_path):
    path = tmp_path / "in.folded.gz"
    content = gzip.compress(GOOD.encode() * 1000)
    path.write_bytes(content[:-9] if damage == "cut" else content[:20] + b"\xff" * 20 + content[40:])
    recording.assert_refused(render(path, "-o", tmp_path / "out.svg"), 2, said)
    assert os.listdir(tmp_path) == ["in.folded.gz"]


# What `perf script` prints of two samples of one event and one of another.
SCRIPT = """# ========
# cmdline : /usr/bin/perf record -g -a
# ========
#
Web Content  1333/1336  [010]  1000.000022:    1001001 cpu-clock:{blank}
\tffffffff81418cc0 do_evict+0x13 ([kernel.kallsyms])
\t    7f0000400040 void n::(anonymous namespace)::f<t>(t&&)+0x16 (/usr/lib/libapp.so.3)
\t          401136 main+0x16 (/usr/bin/app (deleted))

Web Content  1333/1336  [010]  1000.000122:          1 page-faults:{blank}
\t          401136 main+0x16 (/usr/bin/app (deleted))

java  12  [001]  1000.000222:    1001001 cpu-clock:{blank}
\t    7f0000400140 Ljava/lang/String;::hashCode+0x24 (/tmp/perf-12.map)
\t    7f0000400140 [unknown] (/usr/lib/libc.so.6)

"""


def test_what_perf_script_prints(tmp_path):
    path = tmp_path / "out.txt.gz"
    path.write_bytes(gzip.compress(SCRIPT.format(blank=" ").encode()))
    ended = render(path, "-o", "-", "--format", "folded")
    assert ended.returncode == 0, ended
    assert ended.stdout.splitlines() == [
        "Web Content;main;void n::(anonymous namespace)::f<t>(t&&);do_evict_[k] 1",
        "java;[libc.so.6];Ljava/lang/String:::hashCode_[j] 1",
    ]
    assert recording.complaints(ended) == [
        f"hearth: warning: {path}: counted: 2 samples of cpu-clock; left out: 1 of page-faults (--value EVENT counts another one)"
    ]


def test_by_a_label_of_the_samples(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text(SCRIPT.format(blank=" "))
    ended = render(path, "--by", "cpu", "-o", "-", "--format", "folded")
    assert ended.returncode == 0, ended
    assert ended.stdout.splitlines() == [
        "cpu-1;[libc.so.6];Ljava/lang/String:::hashCode_[j] 1",
        "cpu-10;main;void n::(anonymous namespace)::f<t>(t&&);do_evict_[k] 1",
    ]


def test_by_one_of_several_values(tmp_path):
    """By periods, which are time here, and in every format; what there is is said."""
    path = tmp_path / "in.txt"
    path.write_text(SCRIPT.format(blank=" "))
    folded = render(path, "--value", "cpu", "-o", "-", "--format", "folded")
    assert folded.returncode == 0, folded
    assert {line.rpartition(" ")[2] for line in folded.stdout.splitlines()} == {"1001001"}
    assert render(path, "--value", "cpu", "-o", tmp_path / "out.svg").returncode == 0
    root = ElementTree.parse(tmp_path / "out.svg").getroot()
    assert (root.get("data-countname"), root.get("data-rate")) == ("cpu", "1000000000")
    ended = render(path, "--value", "wall", "-o", tmp_path / "no.svg")
    assert ended.returncode == 2, ended
    assert recording.complaints(ended)[-1] == "hearth: --value wall: there is no such value, but samples, cpu, page-faults"
    assert not (tmp_path / "no.svg").exists()


TWO_EVENTS = """app 1 1.5: 700 cycles:u:{blank}
\t1000 f (/bin/app)

app 1 1.6: 3 page-faults:{blank}
\t1000 g (/bin/app)

app 1 1.7: 500 cycles:u:{blank}
\t1000 f (/bin/app)

app 1 1.8: 4 page-faults:{blank}
\t1000 g (/bin/app)
"""


@pytest.mark.parametrize(
    "value, wanted",
    [("samples", "app;f 2\n"), ("cycles:u", "app;f 1200\n"), ("cycles", "app;f 1200\n"), ("page-faults", "app;g 7\n")],
)
def test_any_event_of_perf_script_may_count(value, wanted, tmp_path):
    (tmp_path / "in.txt").write_text(TWO_EVENTS.format(blank=" "))
    ended = render(tmp_path / "in.txt", "--value", value, "-o", "-", "--format", "folded")
    assert (ended.returncode, ended.stdout) == (0, wanted), ended
    counted, other = ("page-faults", "cycles:u") if value == "page-faults" else ("cycles:u", "page-faults")
    assert f"counted: 2 samples of {counted}; left out: 2 of {other} (--value EVENT counts another one)" in ended.stderr
    (tmp_path / "bare.txt").write_text(re.sub(" (700|500|3|4) ", " ", TWO_EVENTS).format(blank=" "))
    ended = render(tmp_path / "bare.txt", "--value", value, "-o", "-", "--format", "folded")
    assert (ended.returncode, ended.stdout) == (0, wanted[:6] + "2\n"), ended


def events_text(*events):
    return "".join(f"app 1 1.{at}: 1 {event}: \n\t1000 f{at} (/bin/app)\n\n" for at, event in enumerate(events))


@pytest.mark.parametrize(
    "events, counted, left_out",
    [
        (["page-faults", "cpu-clock"], "1 sample of cpu-clock", "1 of page-faults"),
        (["page-faults", "instructions", "instructions"], "2 samples of instructions", "1 of page-faults"),
        (["instructions", "instructions", "cycles:u"], "1 sample of cycles:u", "2 of instructions"),
        (["faults", "cpu_atom/cycles/P", "cpu_core/cycles/P", "cpu_core/cycles/P", "faults", "faults"],
         "2 samples of cpu_core/cycles/P", "3 of faults, 1 of cpu_atom/cycles/P"),
        (["b", "a"], "1 sample of b", "1 of a"),
    ],
)  # fmt: skip
def test_of_several_events_the_one_of_the_cpu_or_the_most_counts(events, counted, left_out, tmp_path):
    path = tmp_path / "in.txt"
    path.write_text(events_text(*events))
    ended = render(path, "-o", "-", "--format", "folded")
    event = counted.split(" of ")[1]
    assert ended.stdout == "".join(f"app;f{at} 1\n" for at, name in enumerate(events) if name == event), ended
    assert recording.complaints(ended) == [
        f"hearth: warning: {path}: counted: {counted}; left out: {left_out} (--value EVENT counts another one)"
    ]
    ended = render(path, "-o", "-", "--format", "folded", "--value", "nope")
    assert ended.returncode == 2, ended
    (told,) = recording.complaints(ended)
    assert all(name in told or name == "cpu-clock" for name in events), told
    assert ("cpu" in told) == ("cpu-clock" in events or any("cpu" in name for name in events))


def test_the_labels_of_the_event_that_counts(tmp_path):
    (tmp_path / "in.txt").write_text(events_text("page-faults", "cpu-clock").replace("app 1 1.1", "run 2 1.1"))
    ended = render(tmp_path / "in.txt", "--by", "tid", "-o", "-", "--format", "folded")
    assert ended.stdout == "run-?/2;f1 1\n", ended


def test_many_events(tmp_path):
    """More than are told apart; the one that is asked for comes first."""
    path = tmp_path / "in.txt"
    path.write_text(events_text(*(f"e{at}" for at in range(40)), "e0"))
    ended = render(path, "-o", "-", "--format", "folded")
    assert ended.stdout == "app;f0 1\napp;f40 1\n", ended
    (told,) = recording.complaints(ended)
    assert "counted: 2 samples of e0; left out: 1 of e1, 1 of e2," in told and ", 1 of e30, 9 of others (--value" in told, told


def test_values_that_are_too_many_together(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("app 1 1.5: 9000000000000000000 cycles:\n\t1000 f (/bin/app)\n\n" * 2)
    assert "app;f 2\n" == render(path, "-o", "-", "--format", "folded").stdout
    recording.assert_refused(render(path, "-o", "-", "--value", "cycles"), 2, r"--value cycles: its values add up to more than 2\^63 - 1")


@pytest.mark.parametrize("asked, said", [("5", "--total 5: the counts add up to 6, which are the 100 %"), ("6", None), ("7", None)])
def test_a_total_below_the_counts_is_told(asked, said, folded):
    ended = render(folded, "-o", "-", "--total", asked)
    assert ended.returncode == 0
    assert ended.stderr == (f"hearth: warning: {said}\n" if said else "")


def test_a_chart_is_along_time(tmp_path):
    """What flamegraph.pl --flamechart does: the order of the input, and neighbours alone are merged."""
    path, out = tmp_path / "in.folded", tmp_path / "out.svg"
    path.write_text("p;b 1\np;b 2\np;a 3\np;b 1\n")
    assert render(path, "--flamechart", "-o", out).returncode == 0
    rects = ElementTree.parse(out).findall(".//{*}g[@id='frames']/{*}rect")
    assert [rect[0].text.split("\n")[0] for rect in rects] == ["all", "p", "b", "a", "b"]
    assert [rect[0].text.split(", ")[-1] for rect in rects[2:]] == ["3 samples", "3 samples", "1 sample"]


def test_a_chart_is_an_svg_or_a_page(folded, tmp_path):
    ended = render(folded, "--flamechart", "-o", tmp_path / "out.pb.gz")
    recording.assert_refused(ended, 2, "--flamechart is of an SVG or a page .*, of no pprof")
    ended = render(folded, "--flamechart", "-o", tmp_path / "out.html")
    assert ended.returncode == 0 and "--flamechart: the input tells no times: the page has no chart" in ended.stderr


def test_by_a_label_that_no_sample_has(folded, tmp_path):
    recording.assert_refused(render(folded, "--by", "cpu", "-o", tmp_path / "out.svg"), 2, "no sample tells its cpu")
    recording.assert_refused(render(folded, "--by", "colour", "-o", tmp_path / "out.svg"), 2, "no such label")


def test_empty_input_is_an_empty_profile(tmp_path):
    """As hearth itself writes one when there was no tick."""
    path = tmp_path / "in.folded"
    path.write_text("")
    ended = render(path, "-o", tmp_path / "out.svg")
    assert ended.returncode == 0, ended
    assert recording.complaints(ended) == [f"hearth: warning: {path}: no samples in it"]
    ElementTree.parse(tmp_path / "out.svg")


def test_hostile_names_stay_harmless(tmp_path):
    path, out = tmp_path / "in.folded", tmp_path / "out.svg"
    path.write_bytes(b"<script>alert(1)</script>;]]>;&amp;\"' 3\na;\xff\xfe\x01\x1b[31m 2\n")
    ended = render(path, "-o", out, "--title", "</title><script>x</script>")
    assert ended.returncode == 0, ended
    text = out.read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    assert "<script>alert" not in text and "<script>x<" not in text
    assert "\x1b" not in text and "\x01" not in text


# --- wrong use ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, pattern",
    [
        ([], r"what is to be rendered\?"),
        ([""], r"the input's name is empty"),
        (["none.folded"], r"cannot read none\.folded: No such file"),
        (["none.folded", "-o", "x.svg"], r"cannot read none\.folded: No such file"),
        (["."], r"cannot read \.: Is a directory"),
        (["in.folded", "other.folded"], r"several inputs: say with -o"),
        (["in.folded", "-o", "out.nonsense"], r"the ending tells no format"),
        (["in.folded", "--format", "nonsense"], r"no such format"),
        (["in.folded", "-o", "no/out.svg"], r"cannot write no/out\.svg: No such file"),
        (["in.folded", "-o", "."], r"the ending tells no format|Is a directory"),
        (["in.folded", "--nonsense"], r"no option --nonsense"),
        (["in.folded", "--width", "wide"], r"--width wide: "),
        (["in.folded", "--colors", "nonsense"], r"--colors nonsense: "),
        (["in.folded", "-o"], r"-o needs an argument"),
        (["in.folded", "-o", ""], r"--output '': an empty file name"),
        (["in.folded", "--width="], r"--width '': a whole number"),
        (["in.folded", "--hash=3"], r"--hash takes no value"),
        (["in.folded", "--help=3"], r"--help takes no value"),
        (["in.folded", "-Z"], r"no option -Z"),
        (["in.folded", "--focus", "("], r"--focus \(: Unmatched \("),
        (["in.folded", "--hide", "[z-a]"], r"--hide \[z-a\]: Invalid range end"),
        (["in.folded", "--ignore", ""], r"--ignore '': it is empty"),
        (["in.folded", "--reverse=3"], r"--reverse takes no value"),
        (["in.folded", "--sort", "size"], r"--sort size: name, total or time"),
        (["in.folded", "--min-share", "1px"], r"--min-share 1px: a share, from 0% to 100%"),
    ],
)
def test_wrong_use(arguments, pattern, folded, tmp_path):
    recording.assert_refused(render(*arguments, cwd=tmp_path), 2, pattern)
    assert os.listdir(tmp_path) == ["in.folded"]


def test_standard_output_is_full(folded):
    with open("/dev/full", "wb") as full:
        ended = recording.run_to(full, "render", folded, "-o", "-")
    recording.assert_refused(ended, 2, r"cannot write standard output: No space left on device")


def test_reader_of_standard_output_is_gone(folded):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = recording.run_to(writer, "render", folded, "-o", "-")
    finally:
        os.close(writer)
    recording.assert_refused(ended, 2, r"cannot write standard output: Broken pipe")


def test_existing_output_is_kept_when_there_is_nothing_to_draw(tmp_path):
    path, out = tmp_path / "in.folded", tmp_path / "out.svg"
    path.write_text("nothing\n")
    out.write_text("kept")
    assert render(path, "-o", out).returncode == 2
    assert out.read_text() == "kept"


def test_control_c_ends_it_at_once():
    """It waits for its input; nobody asked for a half."""
    with hearth.Child(hearth.BINARY, "render", "-", "-o", "-") as child:
        recording.until(lambda: stat.S_ISFIFO(os.stat(f"/proc/{child.pid}/fd/0").st_mode), "it runs")
        child.send(signal.SIGINT)
        child.process.wait(5)
        assert child.process.returncode == -signal.SIGINT
        assert child.end().stdout == ""


@pytest.mark.parametrize("ending", [".pb.gz", ".callgrind"])
def test_values_that_add_up_to_too_much_are_told(ending, tmp_path):
    """Each is a number that can be; their sum is none, neither is one that was cut."""
    (tmp_path / "in.txt").write_text("app 1/1 [000] 1.0: 9223372036854775000 cycles: \n\t1 a (x)\n\n" * 2)
    ended = render(tmp_path / "in.txt", "-o", tmp_path / f"out{ending}")
    assert ended.returncode == 2, ended
    assert "a value adds up to more than 2^63 - 1; --value NAME takes one alone" in ended.stderr
    assert not (tmp_path / f"out{ending}").exists()
    assert render(tmp_path / "in.txt", "--value", "samples", "-o", tmp_path / f"out{ending}").returncode == 0
