# SPDX-License-Identifier: Apache-2.0
"""A real terminal for programs that draw on one: a window of a tmux server of its own, which is asked what it shows."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

import hearth
from recording import until


class Terminal:
    """Runs a command in it, to be used in a `with`; `end()` waits until the command ended."""

    def __init__(self, *command, columns=120, rows=40, environment=None):
        self.folder = tempfile.TemporaryDirectory(prefix="hearth-test-")
        self.status = Path(self.folder.name, "status")
        self.pid_file = Path(self.folder.name, "pid")
        words = " ".join(shlex.quote(str(word)) for word in command)
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in (environment or {}).items())
        # The shell stays, so that what stands on the terminal afterwards can be looked at. It ignores what only hearth is to get.
        script = (
            f"trap : INT; sh -c 'echo $$ > {self.pid_file}; exec env {settings} \"$@\"' sh {words};"
            f" echo $? > {self.status}.new; mv {self.status}.new {self.status}; stty -a > {self.folder.name}/stty; exec sleep 1000000"
        )
        self.tmux("-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", columns, "-y", rows, script)

    def tmux(self, *arguments):
        command = ["tmux", "-u", "-S", f"{self.folder.name}/socket", *map(str, arguments)]
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        environment.pop("TMUX", None)
        ended = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=hearth.DEADLINE_SECONDS
        )
        assert ended.returncode == 0, ended
        return ended.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-S", f"{self.folder.name}/socket", "kill-server"], capture_output=True)
        self.folder.cleanup()

    def text(self, *options):
        return self.tmux("capture-pane", "-p", *options, "-t", "t")

    def press(self, *keys):
        """Keys by tmux's names: "Down", "Enter", "q"."""
        self.tmux("send-keys", "-t", "t", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", "-t", "t", text)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-t", "t", "-x", columns, "-y", rows)

    def wait_for(self, is_so, what):
        """Waits until the screen is so; gives what `is_so` gave of its text."""
        shown = ""

        def look():
            nonlocal shown
            shown = self.text()
            return is_so(shown)

        try:
            return until(look, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen:\n{shown}") from None

    def wait_for_text(self, words):
        return self.wait_for(lambda shown: words in shown, words)

    def pid(self):
        return int(until(lambda: self.pid_file.exists() and self.pid_file.read_text(), "the command's PID"))

    def end(self):
        """The command's exit status, once it has one."""
        return int(until(lambda: self.status.exists() and self.status.read_text(), "the command's end"))

    def is_cooked(self):
        """Is the terminal as shells want it, with echo and lines? Once the command ended."""
        told = until(lambda: Path(self.folder.name, "stty").exists() and Path(self.folder.name, "stty").read_text(), "stty")
        return {"echo", "icanon", "isig"} <= set(told.replace(";", " ").split())
