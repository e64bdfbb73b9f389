# SPDX-License-Identifier: Apache-2.0
"""The recorder of cases (tests/replay/): a tick becomes a text that has all that its walk needs."""

import re
import subprocess
from pathlib import Path

import pytest

import hearth

pytestmark = pytest.mark.root

RECORDER = hearth.OUTPUT / "replay/case_recorder"


@pytest.fixture(scope="module")
def unwound(tmp_path_factory):
    program = tmp_path_factory.mktemp("case") / "unwound"
    source = Path(__file__).with_name("unwound.c")
    subprocess.run(["cc", "-O2", "-fomit-frame-pointer", "-pthread", "-o", program, source], check=True)
    return program


def record(case, *patterns, command):
    options = [part for pattern in patterns for part in ("-m", pattern)]
    return subprocess.run(
        [RECORDER, "-c", "A test.", *options, "-o", case, "--", *command], timeout=hearth.DEADLINE_SECONDS
    ).returncode


def test_case_of_a_known_stack(unwound, tmp_path):
    case = tmp_path / "chain.case"
    assert record(case, "# 0 burn", "^end root$", command=[unwound, "chain", "9"]) == 0
    text = case.read_text()
    assert text.startswith("# SPDX-License-Identifier: Apache-2.0\n# A test.\n# Recorded on Linux ")
    names = re.findall(r"^frame .*# [0-9]+ ([^+,]*)", text, re.MULTILINE)
    chain = ["burn", *(f"chain_{i}" for i in range(9, 0, -1)), "main"]
    assert names[: len(chain)] == chain and names[-1] == "_start"
    assert len(re.findall(r"^row unwound ", text, re.MULTILINE)) == len(chain) + 1
    # Of the stack there are the return addresses, and no more than that.
    words = [word for line in re.findall(r"^words \S+ (.*)", text, re.MULTILINE) for word in line.split()]
    assert len(words) == len(names) - 1


def test_no_case_of_a_stack_that_never_is(unwound, tmp_path):
    case = tmp_path / "never.case"
    assert record(case, "# 0 nobody_is_called_so", command=[unwound, "chain", "0.5"]) == 1
    assert not case.exists()
