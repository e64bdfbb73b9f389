# SPDX-License-Identifier: Apache-2.0
"""--verify: libunwind unwinds the same registers and memory, and finds the same callers."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import hearth

pytestmark = pytest.mark.root

PYTHON_WORK = "import json; [json.loads(json.dumps({str(i): [i] * 9})) for i in range(150000)]"
NODE_WORK = "let a = {}; for (let i = 0; i < 2e6; i++) a['k' + i % 5000] = JSON.stringify({ i, b: [i] })"


def verify(*command):
    recorded = hearth.record("--verify", "-F", 999, "--", *command)
    told = recorded.stats["verify"]
    assert told["compared"] > 100, told
    assert told["agreed"] >= 0.999 * told["compared"], recorded.process.stderr
    assert f"libunwind agrees with {told['agreed']} of {told['compared']} user stacks" in recorded.process.stderr
    left_out = sum(told["rows_ended"].values()) + sum(told["libunwind_ended"].values()) + told["deeper_than_snapshot"]
    assert told["compared"] + left_out == recorded.stats["snapshots"]
    return recorded


@pytest.fixture(scope="module")
def unwound(tmp_path_factory):
    program = tmp_path_factory.mktemp("verify") / "unwound"
    source = Path(__file__).with_name("unwound.c")
    subprocess.run(["cc", "-O2", "-fomit-frame-pointer", "-pthread", "-o", program, source], check=True)
    return program


@pytest.mark.parametrize("stack", ["chain", "thread", "signal", "trap"])
def test_known_stacks(stack, unwound):
    verify(unwound, stack, "1")


def test_python():
    verify("/usr/bin/python3", "-c", PYTHON_WORK)


# Built by machines that have it: code made at run time, walked by frame pointers, below code with CFI.
if shutil.which("node"):

    def test_node():
        verify(shutil.which("node"), "-e", NODE_WORK)


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    """A program that works below so many frames of 1 KiB."""
    program = tmp_path_factory.mktemp("deep") / "deep"
    source = (
        "#include <stdlib.h>\n#include <string.h>\n#include <time.h>\n"
        "__attribute__((noinline)) static int deep(int n) { volatile char kept[1000]; memset((char *)kept, n, 1000);\n"
        "  if (!n) while (clock() < CLOCKS_PER_SEC / 2) ;\n  return (n ? deep(n - 1) : 0) + kept[n % 1000]; }\n"
        "int main(int argc, char **argv) { return argc != 2 || deep(atoi(argv[1])) == 7; }\n"
    )
    command = ["cc", "-O1", "-fomit-frame-pointer", "-xc", "-o", program, "-"]
    subprocess.run(command, input=source, text=True, check=True)
    return program


def test_deeper_than_the_snapshot_is_told(deep):
    """A stack of 512 KiB, of which the snapshot has 128 KiB."""
    recorded = hearth.record("--verify", "-F", 999, "--", deep, "500")
    told = recorded.stats["verify"]
    assert told["deeper_than_snapshot"] > 300, told
    assert re.search(r"not compared: .*deeper than the snapshot \d+", recorded.process.stderr)


def test_a_deep_stack_is_in_the_snapshot(deep):
    """As deep as those of compilers are: of 110 KiB."""
    told = verify(deep, "108").stats["verify"]
    assert told["compared"] > 300, told
    assert told["deeper_than_snapshot"] == 0, told


def test_stack_pointer_below_the_stacks_mapping(growing_stack):
    """The stack begins above it: that is no depth which the snapshot does not reach."""
    recorded = verify(growing_stack, "1")
    told = recorded.stats["verify"]
    assert told["compared"] > 500, told
    assert told["deeper_than_snapshot"] == 0, told


def test_of_any_number_of_mappings_the_outer_ones_are_there(many_mappings):
    """The program's and its libraries', however many lie between."""
    recorded = hearth.record("--verify", "-F", 999, "--", many_mappings, "direct", "20000")
    told = recorded.stats["verify"]
    spinning = hearth.ticks(recorded.stacks, lambda stack: "spin" in stack.frames)
    assert spinning > 300
    assert told["agreed"] >= 0.98 * spinning, told
    assert told["libunwind_ended"]["snapshot_full"] < 0.02 * spinning, told


def test_more_mappings_than_a_snapshot_has_are_told(many_mappings):
    """A caller's address may lie in one of the others: that is no reason to call the stack broken."""
    recorded = hearth.record("--verify", "-F", 999, "--", many_mappings, "through", "600")
    told = recorded.stats["verify"]
    assert told["libunwind_ended"]["snapshot_full"] > 300, told
    assert told["libunwind_ended"]["bad_caller"] + told["libunwind_ended"]["bad_leaf"] == 0, told
    through = [stack for stack in recorded.stacks if stack.fate == "complete" and "spin" in stack.frames]
    assert sum(stack.count for stack in through) > 300
    for stack in through:
        assert stack.frames.count("[unknown]") == 1, stack
