# SPDX-License-Identifier: Apache-2.0
"""`hearth top`, in a real terminal (tmux) and as pages of text."""

import contextlib
import os
import re
import signal
import subprocess

import pytest

import hearth
from recording import NOBODY, assert_refused, until
from tmux_terminal import Terminal

FAST = ["-i", "1"]  # the shortest interval, so that tests wait for little


@contextlib.contextmanager
def load(name="shares_70_30", seconds=600):
    """A sample that runs as long as it is looked at."""
    with hearth.Child(*hearth.sample(name, seconds)) as child:
        yield child


def top(*arguments, **options):
    return Terminal(hearth.BINARY, "top", *FAST, *arguments, **options)


def quit_top(terminal):
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.is_cooked()


def row_of(shown, words):
    """The words of the first line that has these."""
    return next((line.split() for line in shown.splitlines() if words in line), None)


def functions(shown):
    """{name: (self, total)} in percent."""
    rows = re.findall(r"^ +([\d.]+) \S* +([\d.]+)  (?:native|inlined|kernel|jit|unknown) +(\S+)", shown, re.MULTILINE)
    return {name: (float(own), float(total)) for own, total, name in rows}


def ticks(shown):
    found = re.search(r"^(\d+) ticks ", shown, re.MULTILINE)
    return int(found[1]) if found else 0


def lost(shown):
    """In percent of the ticks."""
    found = re.search(r"^\d+ ticks .* ([\d.]+) % lost", shown, re.MULTILINE)
    return float(found[1]) if found else 0


@pytest.mark.root
def test_shares_of_a_known_load():
    """Seven and three of ten, within what so many ticks can tell (and the rounding of what is shown)."""
    with load() as child, top("--span", "start", "-F", "199", "-p", child.pid) as terminal:
        terminal.wait_for_text("SELF%")
        terminal.press("Tab", "o")
        shown = terminal.wait_for(
            lambda text: ticks(text) > 800 and {"seventy", "thirty"} <= set(functions(text)) and text, "ticks of both functions"
        )
        found, n = functions(shown), ticks(shown)
        # Of ticks that are late nobody knows in which function they would have been.
        both = sum(found[name][1] for name in ("seventy", "thirty"))
        assert both >= 0.95 * (100 - lost(shown)), shown
        for name, share in (("seventy", 0.7), ("thirty", 0.3)):
            hearth.assert_share(round(found[name][1] / both * n), n, name, equals=share, within=0.01)
        quit_top(terminal)


@pytest.mark.root
def test_cpu_time_of_a_process_is_what_the_kernel_counts():
    """After a reset no more is shown than what the kernel says that it took since, and what the interval had that was not over then."""
    with load() as child, top("--span", "start", "-p", child.pid) as terminal:
        begun = terminal.wait_for(lambda text: row_of(text, "shares_70_30") and text, "the process")
        assert str(child.pid) in begun
        with hearth.StolenTime() as stolen:
            before = cpu_seconds(child.pid)
            terminal.press("r")
            shown = terminal.wait_for(lambda text: 300 < ticks(text) and text, "ticks after the reset")
            # What it got until now is more than what is shown, which ends with the last interval.
            used = cpu_seconds(child.pid) - before
        assert ticks(shown) / 99 <= used + 1.5 + stolen.ns / 1e9
        quit_top(terminal)


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat", encoding="utf-8").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pointed_at(shown):
    """The block of the flame graph that the cursor is on."""
    found = re.search(r"^[\d.]+ % (?:\(itself [\d.]+ %\) )?(\S+) *$", shown, re.MULTILINE)
    return found and found[1]


@pytest.mark.root
def test_a_process_is_chosen_and_zoomed_into():
    """While it is paused: blocks stay where they are, however many ticks the next interval has."""
    with load() as child, top("--span", "start", "--comm", "shares_70_30") as terminal:
        terminal.wait_for(lambda text: ticks(text) > 50 and "take_turns" in text, "ticks")
        terminal.press("p")
        terminal.wait_for_text("PAUSED")
        terminal.press("Down")
        terminal.wait_for_text(f"flame graph of shares_70_30 ({child.pid})")
        terminal.press("Enter")
        passed = [terminal.wait_for(pointed_at, "the process's block")]
        while "take_turns" not in passed:
            terminal.press("Down")
            passed.append(terminal.wait_for(lambda text: pointed_at(text) not in (None, *passed) and pointed_at(text), "a block below"))
        assert passed[-2:] == ["main", "take_turns"], passed
        terminal.press("Down")
        wider = terminal.wait_for(lambda text: pointed_at(text) != "take_turns" and pointed_at(text), "what it calls most")
        assert wider == "seventy"
        terminal.press("Up")
        terminal.wait_for(lambda text: pointed_at(text) == "take_turns", "the block above")
        terminal.press("Enter")
        terminal.wait_for_text("zoomed to take_turns")
        terminal.press("u")
        terminal.wait_for_text("zoomed to main")
        terminal.press("t")
        terminal.wait_for(lambda text: re.search(r"- (main|take_turns)", text), "the tree")
        quit_top(terminal)


@pytest.mark.root
def test_rows_are_filtered():
    with load(), load("recursion"), top() as terminal:
        terminal.wait_for(lambda text: "shares_70_30" in text and "recursion" in text, "both")
        terminal.press("/")
        terminal.type("RECUR")
        terminal.press("Enter")
        terminal.wait_for_text("/RECUR")
        table = terminal.text().partition("functions of")[0]
        assert "recursion" in table and "shares_70_30" not in table
        quit_top(terminal)


@pytest.mark.root
def test_threads_are_told_apart():
    with load("threads") as child, top("-p", child.pid) as terminal:
        terminal.press("H")
        terminal.wait_for_text("by thread")
        threads = set(os.listdir(f"/proc/{child.pid}/task"))
        terminal.wait_for(
            lambda text: len(threads & set(re.findall(rf"^ +{child.pid} +(\d+) ", text, re.MULTILINE))) >= 2, "two threads"
        )
        quit_top(terminal)


@pytest.mark.root
@pytest.mark.parametrize("ending", [".folded", ".html", ".pb.gz", ".svg"])
def test_what_is_shown_is_written(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    with load() as child, top("--span", "start", "-p", child.pid) as terminal:
        terminal.wait_for(lambda text: ticks(text) > 100 and "seventy" in text, "ticks")
        terminal.press("w")
        terminal.wait_for_text("write to: hearth-top-")
        terminal.press("C-u")
        terminal.type(str(path))
        terminal.press("Enter")
        until(path.exists, "the file")
        quit_top(terminal)
    read = hearth.run("render", path, "--format", "folded", "-o", "-") if ending == ".pb.gz" else None
    if ending == ".folded":
        stacks = hearth.read_folded(path)
        assert {stack.process for stack in stacks} == {"shares_70_30"}
        both = hearth.ticks(stacks, lambda stack: {"seventy", "thirty"} & set(stack.frames))
        hearth.assert_share(hearth.ticks(stacks, lambda stack: "seventy" in stack.frames), both, "seventy", equals=0.7)
    elif read:
        assert "take_turns" in read.stdout, read
    else:
        assert "seventy" in path.read_text() or ending == ".html"


@pytest.mark.root
def test_a_file_that_cannot_be_written_is_told(tmp_path):
    with load() as child, top("-p", child.pid) as terminal:
        terminal.wait_for_text("take_turns")
        terminal.press("w", "C-u")
        terminal.type(f"{tmp_path}/none/x.svg")
        terminal.press("Enter")
        terminal.wait_for_text("hearth: cannot write")
        quit_top(terminal)
        assert "hearth: cannot write" in terminal.text()


@pytest.mark.root
def test_another_size():
    with load(), top() as terminal:
        terminal.wait_for_text("SELF%")
        terminal.resize(60, 12)
        terminal.wait_for(lambda text: "SELF%" not in text and "SINCE%" in text, "one pane of a small screen")
        terminal.press("Tab")
        terminal.wait_for_text("SELF%")
        terminal.resize(20, 3)
        terminal.wait_for(lambda text: len(text.splitlines()) <= 3, "a tiny screen")
        terminal.resize(150, 45)
        terminal.wait_for(lambda text: "SELF%" in text and "SINCE%" in text and "flame graph of" in text, "all panes")
        quit_top(terminal)


@pytest.mark.root
def test_pause_keeps_what_is_shown():
    with load() as child, top("--span", "start", "-p", child.pid) as terminal:
        terminal.wait_for(lambda text: ticks(text) > 50, "ticks")
        terminal.press("p")
        terminal.wait_for_text("PAUSED")
        paused = ticks(terminal.text())
        before = cpu_seconds(child.pid)
        until(lambda: cpu_seconds(child.pid) > before + 3, "three seconds of CPU time")
        assert ticks(terminal.text()) == paused
        terminal.press("p")
        terminal.wait_for(lambda text: ticks(text) > paused + 200, "all that came meanwhile")
        quit_top(terminal)


@pytest.mark.root
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_it_and_the_terminal_is_as_it_was(number):
    with load(), top() as terminal:
        terminal.wait_for_text("SELF%")
        os.kill(terminal.pid(), number)
        assert terminal.end() == 0
        assert terminal.is_cooked()
        terminal.wait_for(lambda text: "SELF%" not in text, "the screen of before")


@pytest.mark.root
def test_the_terminals_own_interrupt_ends_it():
    with load(), top() as terminal:
        terminal.wait_for_text("SELF%")
        terminal.press("C-c")
        assert terminal.end() == 0
        assert terminal.is_cooked()


@pytest.mark.root
def test_an_end_that_is_hurried_leaves_the_terminal_as_it_was():
    with load(), top() as terminal:
        terminal.wait_for_text("SELF%")
        pid = terminal.pid()
        with contextlib.suppress(ProcessLookupError):
            while not terminal.status.exists():
                os.kill(pid, signal.SIGINT)
        assert terminal.end() in (0, 128 + signal.SIGINT)
        assert terminal.is_cooked()
        terminal.wait_for(lambda text: "SELF%" not in text, "the screen of before")


@pytest.mark.root
def test_the_terminals_quit_key_leaves_no_raw_terminal():
    with load(), top() as terminal:
        terminal.wait_for_text("SELF%")
        terminal.press("C-\\", "Tab")
        terminal.wait_for_text("> functions")
        quit_top(terminal)


@pytest.mark.root
def test_a_terminal_that_is_gone_ends_it():
    with load(), top() as terminal:
        terminal.wait_for_text("SELF%")
        pid = terminal.pid()
        terminal.tmux("kill-session", "-t", "t")
        until(lambda: not os.path.exists(f"/proc/{pid}"), "the end")


@pytest.mark.root
def test_names_from_outside_steer_no_terminal(tmp_path):
    hostile = tmp_path / "\x1b[2J\x1b]0;x\x07\r"
    source = tmp_path / "spin.c"
    source.write_text(
        "volatile unsigned long n;\n"
        '__attribute__((noinline)) void spin(void) __asm__("\\"evil\\033[31mred\\"");\n'
        "void spin(void) { for (unsigned long i = 0; i < 100000000; i++) n += i; }\n"
        "int main(void) { for (;;) spin(); }\n"
    )
    subprocess.run(["cc", "-O1", "-o", hostile, source], check=True)
    with hearth.Child(hostile) as child, top("-p", child.pid) as terminal:
        terminal.wait_for(lambda text: str(child.pid) in text and "evil" in text, "the process and its function")
        terminal.press("Down", "Tab", "Tab")
        terminal.wait_for_text(f"({child.pid})")
        shown = terminal.text("-e")
        # What is left of escapes are those of colours, which tmux makes of what it was told to draw.
        assert "\x1b" not in re.sub(r"\x1b\[[\d;:]*m|\x1b\(B", "", shown).replace("\x0e", "").replace("\x0f", "")
        assert "processes" in shown and "\x07" not in shown
        quit_top(terminal)


@pytest.mark.root
def test_without_colours_and_without_utf8():
    with load(), top(environment={"NO_COLOR": "1", "LC_ALL": "C"}) as terminal:
        terminal.wait_for_text("take_turns")
        terminal.press("Down", "Tab", "Tab")
        terminal.wait_for_text("> flame graph")
        assert not re.search(r"\x1b\[(?:[\d;]*;)?(?:3[0-7]|4[0-7]|38|48)[;m]", terminal.text("-e"))
        assert terminal.text().isascii()
        assert "|" in terminal.text()
        quit_top(terminal)


@pytest.mark.root
def test_a_command_is_profiled_and_ended_with_it():
    command = hearth.sample("shares_70_30", 600)
    with top("--", *command) as terminal:
        terminal.wait_for(lambda text: "take_turns" in text and "shares_70_30" in text, "the command's functions")
        pid = int(row_of(terminal.text(), " shares_70_30")[0]) if row_of(terminal.text(), " shares_70_30") else None
        quit_top(terminal)
        assert pid is None or not os.path.exists(f"/proc/{pid}")


@pytest.mark.root
def test_the_end_of_what_is_profiled_is_its_end():
    with top("--", *hearth.sample("shares_70_30", 1)) as terminal:
        assert terminal.end() == 0
        assert terminal.is_cooked()
        assert "ended with status 0" in terminal.text()


@pytest.mark.root
def test_what_libbpf_says_holds_nothing_up():
    """It is more than a pipe holds, and is said before there is a screen."""
    with load() as child, top("-v", "-p", child.pid) as terminal:
        terminal.wait_for_text("take_turns")
        quit_top(terminal)
        terminal.wait_for(lambda text: "libbpf" in text, "what libbpf said")


@pytest.mark.root
def test_a_command_that_says_much_holds_nothing_up():
    with top("--", "sh", "-c", "while :; do echo said again >&2; done") as terminal:
        terminal.wait_for(lambda text: "SELF%" in text and "said again" in text, "the screen, and what the command says")
        quit_top(terminal)


# --- pages --------------------------------------------------------------------------------------------


@pytest.mark.root
def test_pages_of_text():
    with load() as child:
        ended = hearth.run("top", "-n", "2", *FAST, "-p", child.pid, env={**os.environ, "COLUMNS": "100", "LC_ALL": "C.UTF-8"})
    assert ended.returncode == 0 and ended.stderr == "", ended
    first, second = ended.stdout.split("\n\n")
    for page in (first, second):
        assert page.startswith("hearth top  PID ") and ticks(page), page
        assert "take_turns" in page and "\x1b" not in page
        assert max(map(len, page.splitlines())) <= 100
        assert row_of(page, " shares_70_30")[0] == str(child.pid)
    assert "hearth itself" in second


@pytest.mark.root
def test_pages_nobody_reads_end():
    with load() as child, hearth.Child(hearth.BINARY, "top", "--batch", *FAST, "-p", child.pid) as pages:
        pages.wait_for("SELF%")
        pages.process.stdout.close()
        pages.open.discard(pages.process.stdout)
        del pages.read[pages.process.stdout]
        assert pages.process.wait(hearth.DEADLINE_SECONDS) == 0


@pytest.mark.root
def test_a_command_that_ends_at_once_has_its_page():
    ended = hearth.run("top", "--batch", "-i", "60", "--", *hearth.sample("shares_70_30", 1))
    assert ended.returncode == 0 and "take_turns" in ended.stdout, ended


@pytest.mark.root
def test_each_interval_has_its_page():
    """Those that come quickly one after the other, too, as the last two do."""
    ended = hearth.run("top", "--batch", "-i", "1", "--", *hearth.sample("shares_70_30", 3.1))
    pages = [page for page in ended.stdout.split("\n\n") if page.startswith("hearth top")]
    assert len(pages) >= 3 and sum(map(ticks, pages)) > 0.9 * 3.1 * 99, ended


# --- wrong use ----------------------------------------------------------------------------------------


def test_no_terminal_is_one_line():
    assert_refused(hearth.run("top"), 2, "draws on a terminal.*--batch")


def test_a_terminal_that_nothing_is_known_of():
    with Terminal(hearth.BINARY, "top", environment={"TERM": "nonesuch"}) as terminal:
        assert terminal.end() == 2
        terminal.wait_for_text('nothing is known of a terminal "nonesuch"')


@pytest.mark.parametrize(
    "arguments, pattern",
    [
        (["-i", "0"], "from 1s to 60s"),
        (["-i", "61"], "from 1s to 60s"),
        (["-n", "0"], "a number of pages from 1 on"),
        (["--span", "year"], "one of last, minute, start"),
        (["-b", "-a", "-p", "1"], "exclude each other"),
        (["-b", "--"], "no command behind --"),
    ],
)
def test_wrong_use(arguments, pattern):
    assert_refused(hearth.run("top", *arguments), 2, pattern)


@pytest.mark.root
def test_without_the_privilege_it_says_what_record_says():
    told = [
        subprocess.run([*NOBODY, hearth.BINARY, *words], capture_output=True, text=True)
        for words in (["top", "-n", "1"], ["record", "-d", "1", "-o", "-"])
    ]
    assert [ended.returncode for ended in told] == [3, 3], told
    assert told[0].stderr == told[1].stderr, told
