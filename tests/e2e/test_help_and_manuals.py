# SPDX-License-Identifier: Apache-2.0
"""What --help lists, the manual pages tell; so do they of every reason in bpf/fates.def."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEARTH = ROOT / ".output" / "hearth"
HIDDEN = {"--call-graph"}  # taken for the sake of fingers, not listed
COMMANDS = re.findall(r"^COMMAND\((\w+),", (ROOT / "profiler/commands.def").read_text(), re.MULTILINE)


def help_of(*command):
    return subprocess.run([HEARTH, *command, "--help"], check=True, capture_output=True, text=True).stdout


def manual(name):
    return (ROOT / "docs" / f"{name}.1").read_text().replace("\\-", "-")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_a_manual(command):
    options = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", help_of(command), re.MULTILINE))
    told = manual(f"hearth-{command}") + manual("hearth-render")  # record shares its drawing options
    assert options and not {option for option in options if not re.search(re.escape(option) + r"(?![\w-])", told)}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_manual_tells_of_an_option_that_is_not(command):
    text = manual(f"hearth-{command}").split(".SH EXAMPLES")[0]
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) - {"--help"}
    assert not told - set(re.findall(r"--[a-z-]+", help_of(command))) - HIDDEN


def test_every_command_is_in_help_and_manual():
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", help_of(), re.MULTILINE)
        assert f".BR {command} " in manual("hearth")


def test_every_key_of_top_is_in_the_manual():
    table = (ROOT / "terminal/view_keys.def").read_text()
    keys = re.findall(r'^VIEW_KEY\(\w+, KEYS\(.*?\), "([^"]*)"', table, re.MULTILINE)
    assert len(keys) > 20
    told = re.findall(r"^\.B (.*)$", manual("hearth-top").partition(".SH KEYS")[2], re.MULTILINE)
    assert not [key for key in keys if ", ".join(key.split()) not in told]


def test_every_reason_is_in_the_manual():
    reasons = re.findall(r'^REASON\(\w+, (?:TRUNCATED|LOST), "(\w+)"', (ROOT / "bpf/fates.def").read_text(), re.MULTILINE)
    assert len(reasons) > 5
    assert not [reason for reason in reasons if reason not in manual("hearth-record")]


def test_every_palette_is_in_the_manual():
    palettes = re.findall(r"^PALETTE\((\w+),", (ROOT / "render/palette.def").read_text(), re.MULTILINE)
    assert len(palettes) > 10
    assert not [palette for palette in palettes if palette not in manual("hearth-render")]


@pytest.mark.parametrize("command", [[], *([command] for command in COMMANDS)], ids=" ".join)
def test_help_fits_a_terminal(command):
    text = help_of(*command)
    assert max(map(len, text.splitlines())) <= 100
    rows = text.partition("\n\n")[2]
    assert {len(indent) for indent in re.findall(r"^( {7,})(?!-)\S", rows, re.MULTILINE)} <= {28}


@pytest.mark.parametrize("words", [["version"], *([command, "--version"] for command in COMMANDS)], ids=" ".join)
def test_a_command_tells_the_version(words):
    asked, told = (subprocess.run([HEARTH, *line], capture_output=True, text=True) for line in (["--version"], words))
    assert asked.stdout.startswith("hearth ") and (told.returncode, told.stdout, told.stderr) == (0, asked.stdout, ""), told


@pytest.mark.parametrize("words", [["--version"], ["version"], ["--help"], ["help"], ["-h"]])
def test_asked_for_help_is_standard_output(words):
    ended = subprocess.run([HEARTH, *words], capture_output=True, text=True)
    assert ended.returncode == 0 and ended.stdout and not ended.stderr


def test_no_command_is_wrong_use():
    ended = subprocess.run([HEARTH], capture_output=True, text=True)
    assert ended.returncode == 2 and "Usage" in ended.stderr


def test_unknown_command_is_one_line():
    ended = subprocess.run([HEARTH, "recrod"], capture_output=True, text=True)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1 and "recrod" in ended.stderr
