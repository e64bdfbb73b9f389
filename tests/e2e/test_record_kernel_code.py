# SPDX-License-Identifier: Apache-2.0
"""Code that comes to the kernel and goes while hearth records has the name that it had at the tick."""

import re
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

RATE = 999


@pytest.fixture(scope="module")
def bpf_work(tmp_path_factory):
    source = Path(__file__).with_name("bpf_work.c")
    return recording.compile_c(tmp_path_factory.mktemp("bpf"), "bpf_work", source.read_text(), "-lbpf")


def assert_its_own(stacks, name):
    """A process that bears the name of a BPF program ran that program most of the time, and no other."""
    ran = [s for s in stacks if s.process == name and "bpf_prog_test_run_skb_[k]" in s.frames]
    assert hearth.ticks(ran) > 100
    behind = [s for s in ran if s.frames[-1] not in ("bpf_test_run_[k]", "bpf_prog_test_run_skb_[k]")]
    programs = [f for s in behind for f in s.frames if f.startswith(("bpf_prog_", "[kernel]")) and "_run_" not in f]
    for program in programs:
        assert re.fullmatch(rf"bpf_prog_[0-9a-f]{{16}}_{name}_\[k\]", program), (program, name)
    in_program = hearth.ticks(ran, lambda s: any(f in programs for f in s.frames))
    hearth.assert_share(in_program, hearth.ticks(ran), name, at_least=0.8)


def test_programs_that_come_and_go(bpf_work):
    """All of them are gone when names are looked for, and one may have been where another one was before."""
    names = ["alpha", "beta", "gamma"]
    stacks = hearth.record("-F", RATE, "--", bpf_work, "0.5", *names).stacks
    for name in names:
        assert_its_own(stacks, name)


def wait_for_comm(child, name):
    comm = Path(f"/proc/{child.pid}/comm")
    recording.until(lambda: comm.read_text().strip() == name, name)


def test_a_program_that_was_there_before_and_one_that_stays(bpf_work):
    with hearth.Child(bpf_work, "1.5", "early", "late") as child:
        wait_for_comm(child, "early")
        stacks = hearth.record("-p", child.pid, "-F", RATE, "-d", "2.6").stacks
    assert_its_own(stacks, "early")
    assert_its_own(stacks, "late")


def test_a_program_that_stays_all_the_time(bpf_work):
    with hearth.Child(bpf_work, "60", "always") as child:
        wait_for_comm(child, "always")
        assert_its_own(hearth.record("-p", child.pid, "-F", RATE, "-d", "0.5").stacks, "always")
