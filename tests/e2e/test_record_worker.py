# SPDX-License-Identifier: Apache-2.0
"""The process that reads other people's files: what becomes of a recording without it, or when it dies or hangs."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = pytest.mark.root


def worker_of(recorder):
    return recording.until(
        lambda: [child for child in recording.children_of(recorder.pid) if recording.is_worker(child)], "its worker"
    )[0]


def status_of(pid):
    return dict(line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


def test_what_it_gave_up():
    """Seen from outside: its own user, no capability, no new privileges, a filter, nothing mounted, its own network."""
    with recording.busy() as child, recording.start("-p", child.pid, "-o", "/dev/null", "--format", "folded") as recorder:
        recording.wait_until_recording(recorder)
        worker = worker_of(recorder)
        status = status_of(worker)
        assert set(status["Uid"].split()) == {str(2100000000 + worker)}
        assert set(status["Gid"].split()) == {str(2100000000 + worker)}
        for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[capabilities], 16) == 0, capabilities
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"
        assert [line.split()[4] for line in Path(f"/proc/{worker}/mountinfo").read_text().splitlines()] == ["/"]
        for namespace in ("mnt", "net", "ipc"):
            assert os.readlink(f"/proc/{worker}/ns/{namespace}") != os.readlink(f"/proc/self/ns/{namespace}")
        recorder.send(signal.SIGINT)
        assert recorder.end().returncode == 0


def test_without_the_privileges_for_it():
    with hearth.Child("setpriv", "--bounding-set=-sys_admin", hearth.BINARY, "record", "-a", "-d", "1") as child:
        ended = child.end()
    recording.assert_refused(ended, 3, "cannot shut the worker in.*namespaces.*Operation not permitted.*hearth doctor")


def test_one_users_files_are_read_by_a_worker_of_their_own(tmp_path):
    """Rows as code is met, names in the order of owners: a worker that one user's file took over cannot lie of another's."""
    out, stats = tmp_path / "out.folded", tmp_path / "stats.json"
    source = "volatile int sum; int main(void) { for (int i = 0; i < 100000000; i++) sum += i; return 0; }"
    program = recording.compile_c(tmp_path, "owned", source, "-static")
    with recording.start("--comm", "owned", "-F", 999, "-o", out, "--stats", stats) as recorder:
        recording.wait_until_recording(recorder)
        for number, owner in enumerate([1001, 1002] * 4):
            folder = tmp_path / str(number)
            folder.mkdir()
            own = shutil.copy(program, folder / "owned")
            os.chown(own, owner, owner)
            with hearth.Child(own) as child:
                assert child.end().returncode == 0
        recorder.send(signal.SIGINT)
        assert recorder.end().returncode == 0
    told = json.loads(stats.read_text())["self"]["worker"]
    assert (told["started"], told["failed"]) == (8 + 2, 0), told
    stacks = hearth.fired(hearth.read_folded(out))
    assert hearth.ticks(stacks, lambda stack: "main" in stack.frames) > 0.95 * hearth.ticks(stacks)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=lambda n: n.name)
def test_one_that_dies_or_hangs_is_replaced(number, tmp_path):
    """A program that comes afterwards has whole stacks and names all the same; one that hung was waited for in vain."""
    fresh = shutil.copy(hearth.SAMPLES / "recursion", tmp_path / "fresh")
    out, stats = tmp_path / "out.folded", tmp_path / "stats.json"
    with recording.start("-a", "-F", 999, "-o", out, "--stats", stats) as recorder:
        recording.wait_until_recording(recorder)
        worker = worker_of(recorder)
        os.kill(worker, number)
        for name in (fresh, shutil.copy(fresh, tmp_path / "other")):
            with hearth.Child(name, *hearth.sample("recursion", 0.5)[1:]) as child:
                assert child.end().returncode == 0
        recording.until(lambda: recording.is_over(worker), "it is ended", 30)
        recorder.send(signal.SIGINT)
        ended = recorder.end(timeout=30)
    assert ended.returncode == 0, ended
    told = json.loads(stats.read_text())["self"]["worker"]
    assert told["started"] >= 2 and told["failed"] == 1, told  # more, where other users have programs
    assert "the process that reads files died, hung" in ended.stderr
    stacks = [stack for stack in hearth.fired(hearth.read_folded(out)) if stack.process in ("fresh", "other")]
    whole = [stack for stack in stacks if stack.fate == "complete" and "main" in stack.frames]
    if number == signal.SIGKILL:
        assert hearth.ticks(whole) >= 0.95 * hearth.ticks(stacks)
    else:  # it hung over one file
        assert hearth.ticks(whole) > 0
