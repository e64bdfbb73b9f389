# SPDX-License-Identifier: Apache-2.0
"""A thousand control groups that come and go while it is recorded, each with a process that lives for some milliseconds."""

import os
import shutil
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

RATE = 999
GROUPS = 1000
MICROSECONDS = 6000  # of CPU time, each
MORE_FILES = 64  # that hearth may have open meanwhile, beyond those that it has from the start


@pytest.fixture
def folder():
    """Where processes can be started in a group: in the unified hierarchy."""
    unified = recording.cgroup_mounts().get("unified")
    if not unified:
        pytest.skip("there is no unified hierarchy in which this test can make groups")
    path = Path(unified, f"hearth-test-{os.getpid()}")
    path.mkdir()
    yield path
    for group in path.glob("*/"):
        group.rmdir()
    path.rmdir()


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_each_is_known_though_it_is_gone(folder, tmp_path):
    storm = shutil.copy(Path(__file__).with_name("group_storm.c"), tmp_path)
    program = recording.compile_c(tmp_path, "group_storm", Path(storm).read_text(), "-O2")
    out = tmp_path / "out.pb.gz"
    with recording.start("--comm", "group_storm", "-F", RATE, "-o", out) as recorder:
        recording.wait_until_recording(recorder)
        at_start = most = open_files(recorder.pid)
        with hearth.Child(program, folder, GROUPS, MICROSECONDS) as child:

            def is_over():
                nonlocal most
                most = max(most, open_files(recorder.pid))
                return child.process.poll() is not None

            recording.until(is_over, "the groups are gone")
            assert child.end().returncode == 0
        ended = recorder.interrupt()
    assert ended.returncode == 0, ended
    assert most <= at_start + MORE_FILES
    folded = hearth.run("render", out, "--by", "container", "-o", "-", "--format", "folded")
    assert folded.returncode == 0, folded
    stacks = [hearth.read_stack(line) for line in folded.stdout.splitlines()]
    at_work = [stack for stack in stacks if {"even", "odd"} & set(stack.frames)]
    named = [stack for stack in at_work if stack.process != "[no container]"]
    hearth.assert_share(hearth.ticks(named), hearth.ticks(at_work), "ticks with a container", at_least=0.99)
    for stack in named:
        assert ("odd" in stack.frames) == int(stack.process, 16) % 2, stack
    assert len({stack.process for stack in named}) >= 0.97 * GROUPS
