# SPDX-License-Identifier: Apache-2.0
"""The kernel's verifier takes the programs whichever clang compiled them: `make e2e` builds hearth with each."""

import re
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

INSTALLED = sorted(
    int(path.name.rpartition("-")[2])
    for path in Path("/usr/bin").glob("clang-*")
    if re.fullmatch(r"clang-\d+", path.name)
)


def test_clangs_are_installed():
    """Debian's and Ubuntu's names; make deps installs the newest."""
    assert INSTALLED


@pytest.mark.parametrize("number", INSTALLED)
def test_programs_load(number, tmp_path):
    """By PID, for which all programs are needed."""
    binary = hearth.OUTPUT / f"hearth-clang-{number}"
    out, stats = tmp_path / "out.folded", tmp_path / "stats.json"
    with recording.busy() as child:
        command = [binary, "record", "-p", child.pid, "-F", 999, "-d", 0.3, "-o", out, "--stats", stats]
        with hearth.Child(*command) as recorder:
            ended = recorder.end()
    assert ended.returncode == 0, ended.stderr
    stacks = hearth.read_folded(out)
    hearth.check_accounts(stacks, hearth.json.loads(stats.read_text()))
    assert "main" in recording.frames(stacks)
