# SPDX-License-Identifier: Apache-2.0
"""Programs on a FUSE mount: one that answers is profiled like any other, one that never does costs itself alone."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

SERVER = Path(__file__).with_name("fuse_server.py")
RATE = 499


@contextlib.contextmanager
def mount(tmp_path, file, *name):
    """(server, folder that has the file)."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    with hearth.Child(sys.executable, SERVER, folder, file, *name) as server:
        server.wait_for("^ready$")
        yield server, folder
        server.end()


@pytest.fixture
def mounted(tmp_path):
    """(server, path of the program)."""
    with mount(tmp_path, hearth.SAMPLES / "shares_70_30") as (server, folder):
        yield server, folder / "program"


def openers_of(recorder):
    return [child for child in recording.children_of(recorder.pid) if recording.is_opener(child)]


def program_stacks(stacks):
    return [stack for stack in hearth.fired(stacks) if stack.process == "program"]


def assert_no_turn_waits(stats):
    """The loop waits for no file: a second is what the opener has for one."""
    assert stats["self"]["longest_turn_ns"] < 0.5e9 + stats["steal_ns"], stats


def named_share(stacks):
    ticks = hearth.ticks(stacks)
    assert ticks > 100, stacks
    return hearth.ticks(stacks, lambda stack: stack.fate == "complete" and "main" in stack.frames) / ticks


def test_one_that_answers(mounted):
    """Its process has ended when it is named."""
    _, program = mounted
    recorded = hearth.record("-F", RATE, "--", program, 1)
    assert named_share(program_stacks(recorded.stacks)) > 0.95
    stats = recorded.stats
    assert stats["modules_unopened"] == {"file_limit": 0, "may_block": 0, "gone": 0}, stats
    assert stats["module_copy_bytes"] == program.stat().st_size, stats
    assert stats["self"]["opener"]["started"] == 1, stats
    assert stats["self"]["opener"]["failed"] == 0, stats


def test_what_the_opener_gave_up(mounted):
    """All but the capabilities to open, its own user, and no copy of the mounts."""
    _, program = mounted
    with hearth.Child(program, 100000), recording.start("-a", "-o", "/dev/null", "--format", "folded") as recorder:
        opener = recording.until(lambda: openers_of(recorder), "its opener")[0]

        def status():
            lines = Path(f"/proc/{opener}/status").read_text().splitlines()
            return dict(line.split(":\t") for line in lines if ":\t" in line)

        recording.until(lambda: status()["Seccomp"] == "2", "it is in its cage")
        told = status()
        assert set(told["Uid"].split()) == {str(2100000000 + opener)}
        ptrace, read_search, checkpoint_restore = 1 << 19, 1 << 2, 1 << 40
        for capabilities in ("CapPrm", "CapEff"):
            assert int(told[capabilities], 16) == ptrace | read_search | checkpoint_restore, capabilities
        for capabilities in ("CapInh", "CapBnd", "CapAmb"):
            assert int(told[capabilities], 16) == 0, capabilities
        assert told["NoNewPrivs"] == "1"
        for namespace in ("net", "ipc"):
            assert os.readlink(f"/proc/{opener}/ns/{namespace}") != os.readlink(f"/proc/self/ns/{namespace}")
        assert os.readlink(f"/proc/{opener}/ns/mnt") == os.readlink("/proc/self/ns/mnt")
        recorder.send(signal.SIGINT)
        assert recorder.end().returncode == 0


@pytest.mark.parametrize("operation", ["OPEN", "READ", "FLUSH"])
def test_one_that_never_answers(mounted, operation, tmp_path):
    """To open, to read, to close: whatever hangs, the recording goes on, of others all is there, and hearth ends."""
    server, program = mounted
    out, stats = tmp_path / "out.folded", tmp_path / "stats.json"
    with hearth.Child(program, 100000) as child, recording.busy() as innocent:
        recording.until_worked(child, 0.1)
        server.say(operation)
        server.wait_for("^silent$")
        arguments = ["-F", RATE, "-d", 2, "-p", f"{child.pid},{innocent.pid}", "--stats", stats, "-o", out]
        with recording.start(*arguments) as recorder:
            server.wait_for(f"^asked {operation}$")
            stuck = openers_of(recorder)
            ended = recorder.end(timeout=20)
        # It waits inside the kernel, for the server alone.
        assert len(stuck) == 1 and Path(f"/proc/{stuck[0]}/comm").exists(), stuck
        assert not recording.bpf_ids(stuck[0])
        server.end()
        recording.until(lambda: recording.is_over(stuck[0]), "it is gone with the mount")
    assert ended.returncode == 0, ended
    assert "1 files on FUSE or network file systems could not be copied in time" in ended.stderr
    told = json.loads(stats.read_text())
    assert told["modules_unopened"]["may_block"] == 1, told
    assert told["module_copy_bytes"] == 0, told
    assert told["self"]["opener"]["started"] == told["self"]["opener"]["failed"] == 1, told
    assert_no_turn_waits(told)
    stacks = hearth.read_folded(out)
    others = [stack for stack in hearth.fired(stacks) if stack.process != "program"]
    assert named_share(others) > 0.95
    assert {stack.reason for stack in program_stacks(stacks)} <= {"rows_missing"}


# --- what tells of a program ------------------------------------------------------------------------

WORK = """
static __attribute__((noinline)) int hidden(int n)
{
	volatile int sum = 0;
	for (int i = 0; i < n; i++)
		sum += i * i;
	return sum;
}
int main(void)
{
	for (;;)
		if (hidden(100000) == 1)
			return 1;
}
"""


@pytest.fixture
def stripped(tmp_path):
    """(server, program, folder of debug files, in which a link leads to the program's on FUSE)."""
    program = recording.compile_c(tmp_path, "stripped", WORK, "-Wl,--build-id")
    debug_file = tmp_path / "debug"
    subprocess.run(["objcopy", "--only-keep-debug", program, debug_file], check=True)
    subprocess.run(["strip", program], check=True)
    notes = subprocess.run(["readelf", "-n", program], capture_output=True, text=True, check=True).stdout
    build_id = re.search("Build ID: ([0-9a-f]+)", notes)[1]
    link = tmp_path / "symbols" / ".build-id" / build_id[:2] / f"{build_id[2:]}.debug"
    link.parent.mkdir(parents=True)
    with mount(tmp_path, debug_file) as (server, folder):
        link.symlink_to(folder / "program")
        yield server, program, tmp_path / "symbols"


def record_stripped(program, symbols, out):
    with hearth.Child(program) as child:
        arguments = ["-F", RATE, "-d", 0.5, "-p", child.pid, "--symbols", symbols, "-o", out]
        with recording.start(*arguments) as recorder:
            ended = recorder.end(timeout=20)
    assert ended.returncode == 0, ended
    return hearth.fired(hearth.read_folded(out)), ended


@pytest.fixture
def with_own_tmp(tmp_path):
    """(server, a program that makes code, whose /tmp is on FUSE and has a map that tells of all code)."""
    told = tmp_path / "told"
    told.write_text("0 ffffffffffffffff told\n")
    source = Path(__file__).with_name("mapped_code.c").read_text()
    program = Path(recording.compile_c(tmp_path, "mapped_code", source))
    elsewhere = Path(tempfile.mkdtemp(dir="/var/tmp")) / "mapped_code"
    shutil.copy(program, elsewhere)
    script = f'mount --bind {tmp_path}/mounted /tmp && exec "$@"'
    try:
        with mount(tmp_path, told, "perf-*.map") as (server, _):
            with hearth.Child("unshare", "-m", "sh", "-c", script, "sh", elsewhere, "-") as child:
                child.wait_for("^ready$")
                yield server, child
    finally:
        shutil.rmtree(elsewhere.parent)


def record_made_code(child, out, stats):
    with recording.busy() as innocent:
        arguments = ["-F", RATE, "-d", 1.5, "-p", f"{child.pid},{innocent.pid}", "--stats", stats, "-o", out]
        with recording.start(*arguments) as recorder:
            ended = recorder.end(timeout=20)
    assert ended.returncode == 0, ended
    assert_no_turn_waits(json.loads(stats.read_text()))
    return hearth.fired(hearth.read_folded(out))


def made_share(stacks, name):
    made = [stack for stack in stacks if stack.process == "mapped_code" and stack.frames[-1:] in (["told_[j]"], ["[unknown]"])]
    return hearth.ticks(made, lambda stack: stack.frames[-1] == name) / hearth.ticks(made)


def test_a_perf_map_is_read(with_own_tmp, tmp_path):
    _, child = with_own_tmp
    stacks = record_made_code(child, tmp_path / "out.folded", tmp_path / "stats.json")
    assert made_share(stacks, "told_[j]") == 1


@pytest.mark.parametrize("operation", ["LOOKUP", "OPEN", "READ"])
def test_a_perf_map_that_never_answers(with_own_tmp, operation, tmp_path):
    server, child = with_own_tmp
    server.say(operation)
    server.wait_for("^silent$")
    stacks = record_made_code(child, tmp_path / "out.folded", tmp_path / "stats.json")
    server.wait_for(f"^asked {operation}$")
    assert made_share(stacks, "[unknown]") == 1
    assert named_share([stack for stack in stacks if stack.process != "mapped_code"]) > 0.95


def test_a_debug_file_is_read(stripped, tmp_path):
    _, program, symbols = stripped
    stacks, _ = record_stripped(program, symbols, tmp_path / "out.folded")
    assert hearth.ticks(stacks, lambda stack: "hidden" in stack.frames) > 0.9 * hearth.ticks(stacks)


@pytest.mark.parametrize("signals, options", [(1, ["-d", 0.3]), (2, [])], ids=["first", "second"])
def test_a_signal_ends_the_waiting_for_a_debug_file(stripped, signals, options, tmp_path):
    """Of a file on a file system that does not answer; the profile is written all the same."""
    server, program, symbols = stripped
    server.say("OPEN")
    server.wait_for("^silent$")
    out = tmp_path / "out.folded"
    with hearth.Child(program) as child:
        with recording.start("-F", RATE, *options, "-p", child.pid, "--symbols", symbols, "-o", out) as recorder:
            if signals == 2:
                recording.wait_until_recording(recorder)
                recording.until_worked(child, 0.3)
                recorder.send(signal.SIGINT)
            server.wait_for("^asked OPEN$")
            recorder.send(signal.SIGINT)
            ended = recorder.end(timeout=20)
    assert ended.returncode == 0, ended
    assert "nor is any file waited for; writing what there is" in ended.stderr
    stacks = hearth.fired(hearth.read_folded(out))
    assert hearth.ticks(stacks, lambda stack: "[stripped]" in stack.frames) > 0.9 * hearth.ticks(stacks) > 0


@pytest.mark.parametrize("operation", ["OPEN", "READ"])
def test_a_debug_file_that_never_answers(stripped, operation, tmp_path):
    server, program, symbols = stripped
    server.say(operation)
    server.wait_for("^silent$")
    stacks, ended = record_stripped(program, symbols, tmp_path / "out.folded")
    server.wait_for(f"^asked {operation}$")
    assert hearth.ticks(stacks, lambda stack: "[stripped]" in stack.frames) > 0.9 * hearth.ticks(stacks)
