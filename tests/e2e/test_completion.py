# SPDX-License-Identifier: Apache-2.0
"""Completion: what hearth offers comes from its tables, and bash, zsh and fish themselves put it on their command lines."""

import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

import hearth

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = re.findall(r"^COMMAND\((\w+),", (ROOT / "profiler/commands.def").read_text(), re.MULTILINE)


def offered(*words):
    """{word: meaning} for what can follow; the last word is being typed."""
    ended = hearth.run("--complete", *words)
    assert ended.returncode == 0 and not ended.stderr, ended
    return dict(line.partition("\t")[::2] for line in ended.stdout.splitlines())


def test_commands():
    assert set(offered("")) == {*COMMANDS, "completion"}
    assert set(offered("rec")) == {"record"}
    assert set(offered("help", "")) == set(COMMANDS)
    assert set(offered("completion", "")) == {"bash", "zsh", "fish"}
    assert offered("nonsense", "") == {}


@pytest.mark.parametrize("command", COMMANDS)
def test_options_are_those_of_help(command):
    help_text = hearth.run(command, "--help").stdout
    listed = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", help_text, re.MULTILINE))
    assert set(offered(command, "-")) == listed | {"--help", "--check-config", "--config"}
    assert not set(offered(command, "--help", "--conf")), "--config stands first"


@pytest.mark.parametrize(
    "words, wanted",
    [
        (["render", "--format", "sv"], {"svg"}),
        (["render", "--format=sv"], {"--format=svg"}),
        (["render", "in", "--format", "sv"], {"svg"}),
        (["render", "-o", ""], {":files"}),
        (["render", "-ox", ""], {":files"}),
        (["render", "--config", ""], {":files"}),
        (["render", "--", "--form"], {":files"}),
        (["render", "--width", ""], set()),
        (["render", ""], {":files"}),
        (["query", "--store", ""], {":folders"}),
        (["query", ""], set()),
        (["record", "--user", ""], {":users"}),
        (["record", "--", ""], {":programs"}),
        (["record", "--", "ls", ""], {":files"}),
        (["record", "ls", "--form"], {":files"}),
        (["record", "-aF", ""], set()),
        (["record", "-a", "-d", "5", "--form"], {"--format"}),
        (["store", "ver"], {"verify", ":files"}),
        (["store", "import", ""], {":files"}),
        (["record", "--no-such", ""], {":programs"}),
    ],
    ids=lambda value: " ".join(sorted(value) if isinstance(value, set) else value),
)  # fmt: skip
def test_what_can_follow(words, wanted):
    assert set(offered(*words)) == wanted


def test_hidden_options_are_not_offered():
    assert "--call-graph" not in offered("record", "--")


def test_a_wrong_file_of_options_is_no_hindrance(tmp_path):
    path = tmp_path / "hearth.conf"
    path.write_text("nonsense\n")
    assert "--format" in offered("render", "--config", path, "--form")


def test_an_unknown_shell():
    for words in ([], ["ksh"], ["bash", "zsh"]):
        ended = hearth.run("completion", *words)
        assert ended.returncode == 2 and not ended.stdout and "which shell" in ended.stderr


# --- the shells themselves --------------------------------------------------------------------------


class Terminal:
    """A shell at a terminal: keys go in, and what the shell shows is waited for."""

    def __init__(self, *command, folder):
        self.shown = ""
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(folder)
            path = f"{hearth.OUTPUT}:{os.environ['PATH']}"
            os.execvpe(command[0], command, {"PATH": path, "TERM": "dumb", "PS1": "ready> ", "HOME": str(folder)})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def press(self, keys):
        self.shown = ""
        os.write(self.fd, keys.encode())

    def wait_for(self, text):
        deadline = time.monotonic() + hearth.DEADLINE_SECONDS
        while text not in self.shown:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no {text!r} before the deadline; shown: {self.shown!r}"
            self.shown += os.read(self.fd, 65536).decode("utf-8", "replace").replace("\a", "")


BASH = (["bash", "--norc", "--noprofile", "-i"], "source <(hearth completion bash); echo com''pletes\n")
ZSH = (["zsh", "-f", "-i"], "PS1='ready> '; autoload -U compinit; compinit -D -u; source <(hearth completion zsh); echo com''pletes\n")

# What is typed, and what the line becomes with a tab behind it.
TYPED = [
    ("hearth rec", "hearth record "),
    ("hearth render --subtr", "hearth render --subtract "),
    ("hearth render --format speeds", "--format speedscope "),
    ("hearth render --format=speeds", "--format=speedscope "),
    ("hearth render only_", "hearth render only_one_such_file.folded "),
    ("hearth query --store a_", "hearth query --store a_folder/"),
    ("hearth record --user daemo", "--user daemon "),
    ("hearth record -- hear", "-- hearth"),
]


def put_files(folder):
    (folder / "only_one_such_file.folded").write_text("a 1\n")
    (folder / "a_folder").mkdir()


@pytest.mark.parametrize("typed, wanted", TYPED)
@pytest.mark.parametrize("shell", [BASH, ZSH], ids=["bash", "zsh"])
def test_a_shell_completes(shell, typed, wanted, tmp_path):
    command, script = shell
    put_files(tmp_path)
    with Terminal(*command, folder=tmp_path) as terminal:
        terminal.press(script)
        terminal.wait_for("completes")
        terminal.wait_for("ready> ")
        terminal.press(typed + "\t")
        terminal.wait_for(wanted)


@pytest.mark.parametrize("typed, wanted", TYPED)
def test_fish_completes(typed, wanted, tmp_path):
    put_files(tmp_path)
    ended = subprocess.run(
        ["fish", "--no-config", "-c", 'hearth completion fish | source; complete -C "$argv[1]"', typed],
        cwd=tmp_path, env=dict(os.environ, PATH=f"{hearth.OUTPUT}:{os.environ['PATH']}", HOME=str(tmp_path)),
        capture_output=True, text=True, timeout=hearth.DEADLINE_SECONDS,
    )  # fmt: skip
    assert wanted.split()[-1] in {line.partition("\t")[0] for line in ended.stdout.splitlines()}, ended


def test_fish_tells_what_an_option_means(tmp_path):
    ended = subprocess.run(
        ["fish", "--no-config", "-c", 'hearth completion fish | source; complete -C "hearth store --jso"'],
        cwd=tmp_path, env=dict(os.environ, PATH=f"{hearth.OUTPUT}:{os.environ['PATH']}", HOME=str(tmp_path)),
        capture_output=True, text=True, timeout=hearth.DEADLINE_SECONDS,
    )  # fmt: skip
    assert ended.stdout == "--json\tfor programs\n", ended
