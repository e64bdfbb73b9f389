# SPDX-License-Identifier: Apache-2.0
"""hearth.conf: what stands in it is as if typed, what is typed goes before it, and what is wrong with it is said with its line."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest

import hearth
import recording

DOCS = Path(__file__).resolve().parents[2] / "docs"
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def conf(tmp_path):
    """Writes the file; gives the first words of a command that reads it."""
    path = tmp_path / "hearth.conf"

    def write(text, mode=0o644):
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        return ["--config", path]

    return write


@pytest.fixture
def folded(tmp_path):
    path = tmp_path / "in.folded"
    path.write_text("a;b;c 3\na;d_[k] 1\n")
    return path


def render(path, *options):
    return hearth.run("render", *options, path, "-o", "-")


def test_an_option_of_the_file_counts(conf, folded):
    ended = render(folded, *conf("# a comment\n\n[render]\n  format = folded  \nno-kernel\n"))
    assert (ended.returncode, ended.stdout) == (0, "a 1\na;b;c 3\n"), ended


def test_what_is_typed_goes_first(conf, folded):
    ended = render(folded, *conf("[render]\nformat = svg\n"), "--format", "folded")
    assert (ended.returncode, ended.stdout) == (0, "a;b;c 3\na;d_[k] 1\n"), ended


def test_also_where_an_option_adds_up(conf, folded):
    """Both would leave nothing: a stack must hold each frame that --focus names."""
    options = conf("[render]\nformat = folded\nfocus = ^nothing$\n")
    assert render(folded, *options, "--focus", "^b$").stdout == "a;b;c 3\n"
    assert render(folded, *options).stdout == ""
    twice = conf("[render]\nformat = folded\nfocus = ^a$\nfocus = ^b$\n")
    assert render(folded, *twice).stdout == "a;b;c 3\n"


@pytest.mark.parametrize("word, is_set", [("yes", True), ("true", True), ("on", True), ("no", False), ("0", False)])
def test_a_flag(conf, folded, word, is_set):
    ended = render(folded, *conf(f"[render]\nformat=folded\nno-kernel={word}\n"))
    assert (ended.stdout == "a 1\na;b;c 3\n") == is_set, ended


def test_headers_share_what_is_below(conf, tmp_path):
    options = conf(f"[query store]\nstore = {tmp_path / 'none'}\n[render]\nno-such-option = 1\n")
    for command in (["query"], ["store"]):
        ended = hearth.run(*command, *options, *(["list"] if command == ["store"] else []))
        assert ended.returncode == 2 and str(tmp_path / "none") in ended.stderr, ended


@pytest.mark.parametrize(
    "text, line, what",
    [
        ("[render]\n\nno-such = 1\n", 3, "no option no-such"),
        ("format = svg\n", 1, "no .COMMAND."),
        ("[rendr]\n", 1, "no command 'rendr'"),
        ("[render\n", 1, "a header is"),
        ("[render] x\n", 1, "a header is"),
        ("[render]\nno kernel = yes\n", 2, "a line is NAME = VALUE"),
        ("[render]\n= yes\n", 2, "a line is NAME = VALUE"),
        ("[render]\nno-kernel = perhaps\n", 2, "no-kernel is yes or no"),
        ("[render]\nformat\n", 2, "format needs a value"),
        ("[render]\nformat = none-such\n", 2, "format none-such: "),
        ("[render]\nformat =\n", 2, "format '': "),
        ("[render]\nconfig = /etc/passwd\n", 2, "no option config"),
        ("[render]\nwidth = \x1b[31m\n", 2, "width"),
        ("[render]\nforma = svg\n", 2, "no option forma;"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(conf, folded, text, line, what):
    options = conf(text)
    recording.assert_refused(render(folded, *options), 2, rf"^hearth: {re.escape(str(options[1]))}:{line}: .*{what}")


def test_help_needs_no_good_file(conf):
    ended = hearth.run("render", *conf("[render]\nno-such = 1\n"), "--help")
    assert ended.returncode == 0 and "Usage" in ended.stdout and not ended.stderr


def test_what_is_no_text(conf, folded):
    recording.assert_refused(render(folded, *conf(b"[render]\0\n")), 2, "it is no text")
    recording.assert_refused(render(folded, *conf(b"#" * ((1 << 20) + 1))), 2, "too large")


def test_a_named_file_must_be_there(tmp_path, folded):
    recording.assert_refused(render(folded, "--config", tmp_path / "none"), 2, "No such file")
    recording.assert_refused(render(folded, "--config", tmp_path), 2, "no plain file")
    os.mkfifo(tmp_path / "fifo")
    recording.assert_refused(render(folded, "--config", tmp_path / "fifo"), 2, "no plain file")
    recording.assert_refused(hearth.run("render", "--config"), 2, "needs an argument")


def test_the_file_is_named_first(conf, folded):
    """Behind an operand it may be another program's."""
    options = conf("[render]\nformat = folded\n")
    ended = hearth.run("render", folded, *options, "-o", "-")
    recording.assert_refused(ended, 2, "ahead of all other options")
    recording.assert_refused(render(folded, *options, *options), 2, "once")
    ended = hearth.run("record", "--config", options[1], "--check-config", "--", "true", "--config", "/none")
    assert ended.returncode == 0, ended


def test_check_config_only_checks(conf, tmp_path):
    options = conf(f"[render]\noutput = {tmp_path / 'out.svg'}\nno-kernel = no\n")
    ended = hearth.run("render", *options, "--check-config")
    assert ended == (0, "", ""), ended
    ended = hearth.run("render", *conf("[render]\nwidth = wide\n"), "--width", "100", "--check-config")
    recording.assert_refused(ended, 2, "hearth.conf:2: width wide: ")
    recording.assert_refused(hearth.run("render", "--check-config=1"), 2, "takes no value")
    assert not (tmp_path / "out.svg").exists()


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_write_is_not_read(conf, folded, mode):
    options = conf("[render]\nformat = folded\n", mode)
    if IS_ROOT:
        os.chown(options[1], 0, 65534)
    recording.assert_refused(render(folded, *options), 2, "others may write into it: chmod go-w")


@pytest.mark.skipif(not IS_ROOT, reason="gives files away")
def test_root_reads_what_is_roots_only(conf, folded):
    options = conf("[render]\nformat = folded\n")
    os.chown(options[1], 65534, 65534)
    recording.assert_refused(render(folded, *options), 2, "not root's.*: chown root")


@pytest.mark.skipif(not IS_ROOT, reason="becomes somebody else")
def test_others_read_roots_and_their_own(conf, tmp_path):
    """From a folder that they can enter; the profile comes by standard input."""

    def render_as_nobody(path):
        return subprocess.run(
            [*recording.NOBODY, hearth.BINARY, "render", "--config", path, "-", "-o", "-"],
            input="a;b 1\n", capture_output=True, text=True,
        )  # fmt: skip

    options = conf("[render]\nformat = folded\n")
    for folder in (tmp_path, *tmp_path.parents):
        if Path(tempfile.gettempdir()) in folder.parents:
            folder.chmod(0o755)
    assert render_as_nobody(options[1]).stdout == "a;b 1\n"
    os.chown(options[1], 65534, 65534)
    assert render_as_nobody(options[1]).stdout == "a;b 1\n"
    os.chown(options[1], 1, 1)
    assert "it is another user's" in render_as_nobody(options[1]).stderr


def test_the_manual_shows_a_good_file(conf):
    text = (DOCS / "hearth.conf.5").read_text().split(".nf\n")[1].split(".fi")[0].replace("\\-", "-")
    options = conf(text)
    for command in re.findall(r"\w+", " ".join(re.findall(r"^\[(.*)\]$", text, re.MULTILINE))):
        assert hearth.run(command, *options, "--check-config") == (0, "", "")
