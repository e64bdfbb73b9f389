# SPDX-License-Identifier: Apache-2.0
"""Wrong use of `hearth record`, and machines that lack something: one clear line, the right status."""

import os
import signal
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

NEVER_A_PID = Path("/proc/sys/kernel/pid_max").read_text().strip()

# Arguments, and what the line must tell. {out} is a file that must not be made.
REFUSED = {
    "rate 0": (["-F", "0"], r"rate 0\b.*whole number"),
    "rate of letters": (["-F", "abc"], r"rate abc\b"),
    "rate with a fraction": (["-F", "9.5"], r"rate 9\.5\b"),
    "negative rate": (["-F", "-5"], r"rate -5\b"),
    "rate beyond any": (["-F", "99999999999999999999"], r"rate 9+\b"),
    "duration 0": (["-d", "0"], r"duration 0\b"),
    "negative duration": (["-d", "-1"], r"duration -1\b"),
    "duration of letters": (["-d", "1x"], r"duration 1x\b"),
    "endless duration": (["-d", "inf"], r"duration inf\b"),
    "event nonsense": (["-e", "nonsense"], r"event nonsense\b.*cpu-clock, cycles"),
    "demangle nonsense": (["--demangle", "c++"], r"demangle c\+\+.*full, short, none"),
    "no folder of symbols": (["--symbols", "/no/such/folder"], r"symbols /no/such/folder: No such file"),
    "a file of symbols": (["--symbols", "/etc/passwd"], r"symbols /etc/passwd: Not a directory"),
    "unknown option": (["--nonsense"], r"no option --nonsense"),
    "unknown letter": (["-Z"], r"no option -Z"),
    "option without argument": (["-p"], r"-p needs an argument"),
    "unknown PID": (["-p", NEVER_A_PID], rf"no process {NEVER_A_PID}\b"),
    "unknown TID": (["--tid", NEVER_A_PID], rf"no thread {NEVER_A_PID}\b"),
    "PID of letters": (["-p", "abc"], r"pid abc\b"),
    "PID 0": (["-p", "0"], r"pid 0\b"),
    "empty PID": (["-p", "1,,2"], r"pid 1,,2"),
    "unknown user": (["--user", "nobody-has-this-name"], r"no such user"),
    "no cgroup": (["--cgroup", "/tmp"], r"--cgroup /tmp: not a cgroup"),
    "missing cgroup": (["--cgroup", "/sys/fs/cgroup/none/such"], r"No such file"),
    "comm too long": (["--comm", "sixteen-letters-"], r"1 to 15 bytes"),
    "empty comm": (["--comm", ""], r"1 to 15 bytes"),
    "PID and command": (["-p", "1", "--", "true"], r"exclude each other"),
    "all and PID": (["-a", "-p", "1"], r"exclude each other"),
    "no command behind the dashes": (["--"], r"no command behind --"),
    "unknown format": (["--format", "nonsense"], r"no such format"),
    "empty output": (["-o", ""], r"empty file name"),
    "command not found": (["--", "no-such-command"], r"cannot run no-such-command: No such"),
    "command not executable": (["--", "/etc/passwd"], r"cannot run /etc/passwd: Permission denied"),
    "command is a folder": (["--", "/tmp"], r"cannot run /tmp: Permission denied"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, tmp_path):
    arguments, pattern = REFUSED[name]
    ended = hearth.run(
        "record", "--stats", tmp_path / "stats", "-o", tmp_path / "out.svg", *arguments
    )
    recording.assert_refused(ended, 2, pattern)
    assert os.listdir(tmp_path) == []


def test_ending_without_a_format(tmp_path):
    ended = hearth.run("record", "-o", tmp_path / "out.nonsense", "--", "true")
    recording.assert_refused(ended, 2, r"the ending tells no format")


@pytest.mark.parametrize("stats", ["./out.svg", "link", "other/../out.svg"])
def test_statistics_into_the_profile(stats, tmp_path):
    """One would overwrite the other, whatever it is called."""
    (tmp_path / "link").symlink_to("out.svg")
    (tmp_path / "other").mkdir()
    command = ["record", "-o", "out.svg", "--stats", stats, "--", "true"]
    recording.assert_refused(hearth.run(*command, cwd=tmp_path), 2, r"--stats and -o name the same file")
    (tmp_path / "out.svg").write_text("there already")
    recording.assert_refused(hearth.run(*command, cwd=tmp_path), 2, r"--stats and -o name the same file")


def test_a_version_1_hierarchy_without_controllers(tmp_path):
    subprocess.run(["mount", "-t", "cgroup", "-o", "none,name=hearth-test", "hearth-test", tmp_path], check=True)
    try:
        ended = hearth.run("record", "--cgroup", tmp_path, "-o", "/dev/null", "--format", "svg")
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    recording.assert_refused(ended, 2, r"without a controller that hearth knows")


def test_a_thread_is_no_process(tmp_path):
    """-p with the TID of a further thread would match nothing, for ever: it is said at once."""
    with recording.busy("threads") as child:
        tasks = Path(f"/proc/{child.pid}/task")
        recording.until(lambda: len(os.listdir(tasks)) > 1, "a second thread")
        tid = next(task for task in os.listdir(tasks) if int(task) != child.pid)
        ended = hearth.run("record", "-p", tid, "-d", "0.1", "-o", tmp_path / "out.svg")
    recording.assert_refused(ended, 2, rf"{tid}.*--tid")


# --- what the machine does not permit or have -------------------------------------------------------


def test_without_privilege():
    with recording.folder_for_all() as (folder, binary):
        with hearth.Child(
            *recording.NOBODY, binary, "record", "-d", 1, "-o", folder / "out.svg"
        ) as child:
            ended = child.end()
        recording.assert_refused(ended, 3, r"not permitted.*\brun as root\b")
        assert os.listdir(folder) == ["hearth"]


def test_without_privilege_no_command_is_run():
    with recording.folder_for_all() as (folder, binary):
        with hearth.Child(
            *recording.NOBODY, binary, "record", "-o", folder / "out.svg", "--", "touch", folder / "ran"
        ) as child:
            ended = child.end()
        recording.assert_refused(ended, 3, r"not permitted")
        assert os.listdir(folder) == ["hearth"]


def test_without_btf(tmp_path):
    """An empty file system hides the kernel's types, for hearth alone."""
    hide = 'mount -t tmpfs hearth-test /sys/kernel/btf && exec "$@"'
    with hearth.Child(
        "unshare", "-m", "sh", "-c", hide, "sh",
        hearth.BINARY, "record", "-d", 1, "-o", tmp_path / "out.svg",
    ) as child:  # fmt: skip
        ended = child.end()
    recording.assert_refused(ended, 3, r"no BTF.*CONFIG_DEBUG_INFO_BTF=y")
    assert os.listdir(tmp_path) == []


def test_rate_above_the_kernels_ceiling(tmp_path):
    with recording.setting("/proc/sys/kernel/perf_event_max_sample_rate", 5000):
        ended = hearth.run("record", "-F", 5001, "-d", 1, "-o", tmp_path / "out.svg")
        recording.assert_refused(ended, 2, r"5001.*perf_event_max_sample_rate.*\b5000\b")
        assert os.listdir(tmp_path) == []
        assert hearth.run("record", "-F", 5000, "-o", tmp_path / "out.svg", "--", "true").returncode == 0


# With a cycle counter there is nothing to be refused, without one nothing to be recorded: which of
# the two tests exists is decided here, by what the kernel lists.
if list(Path("/sys/bus/event_source/devices").glob("cpu*")):

    def test_cycles_where_the_hardware_has_them():
        recorded = hearth.record("-e", "cycles", "-F", 999, "--", *hearth.sample("shares_70_30", 0.5))
        assert recorded.stats["event"] == "cycles"
        assert recorded.stats["ticks"]["due"] > 0

else:

    def test_cycles_where_the_hardware_has_none(tmp_path):
        ended = hearth.run("record", "-e", "cycles", "-d", 1, "-o", tmp_path / "out.svg")
        recording.assert_refused(ended, 3, r"no event cycles.*-e cpu-clock")
        assert os.listdir(tmp_path) == []


# --- nothing happens ----------------------------------------------------------------------------------


def test_a_short_time_has_digits(tmp_path):
    with recording.sleeper() as child:
        ended = hearth.run("record", "-p", child.pid, "-d", 0.001, "-o", tmp_path / "out.svg")
    recording.assert_failed(ended, 0, r"warning: no tick hit the target in [1-9][0-9]*\.[0-9] ms")


@pytest.mark.parametrize("form", ["svg", "folded"])
def test_no_tick_at_all(form, tmp_path):
    out = tmp_path / f"out.{form}"
    with recording.sleeper() as child:
        ended = hearth.run("record", "-p", child.pid, "-F", 999, "-d", 0.5, "-o", out)
    recording.assert_failed(ended, 0, r"warning: no tick hit the target")
    if form == "svg":
        assert ElementTree.parse(out).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    else:
        assert out.read_text() == ""


def test_pid_that_dies_meanwhile(tmp_path):
    """The recording ends by itself, and writes what it has."""
    out = tmp_path / "out.folded"
    with hearth.held_sample("shares_70_30", 0.5) as child:
        with recording.start("-p", child.pid, "-F", 999, "-o", out) as recorder:
            recording.wait_until_recording(recorder)
            child.say()
            child.end()
            ended = recorder.end(timeout=10)
    assert ended.returncode == 0, ended
    assert "the target ended" in ended.stderr
    assert recording.processes(hearth.read_folded(out)) == {"shares_70_30"}


def test_pid_that_dies_and_is_not_reaped(tmp_path):
    out = tmp_path / "out.folded"
    with hearth.held_sample("shares_70_30", 0.2) as child:
        with recording.start("-p", child.pid, "-F", 999, "-o", out) as recorder:
            recording.wait_until_recording(recorder)
            child.say()
            recording.until(lambda: recording.is_over(child.pid), "a zombie")
            ended = recorder.end(timeout=10)
            assert child.process.poll() == 0
    assert ended.returncode == 0, ended
    assert hearth.ticks(hearth.read_folded(out)) > 0


def test_thread_that_dies_meanwhile(tmp_path):
    out = tmp_path / "out.folded"
    with hearth.held_sample("shares_70_30", 0.2) as child:
        with recording.start("--tid", child.pid, "-F", 999, "-o", out) as recorder:
            recording.wait_until_recording(recorder)
            child.say()
            child.end()
            ended = recorder.end(timeout=10)
    assert ended.returncode == 0, ended
    assert "the target ended" in ended.stderr
    assert hearth.ticks(hearth.read_folded(out)) > 0


def test_one_of_two_pids_that_dies(tmp_path):
    """The other one goes on being recorded."""
    out = tmp_path / "out.folded"
    with recording.sleeper() as short, hearth.held_sample("recursion", 0.3) as long:
        with recording.start("-p", f"{short.pid},{long.pid}", "-F", 999, "-o", out) as recorder:
            recording.wait_until_recording(recorder)
            short.process.kill()
            short.process.wait()
            long.say()
            report = hearth.report_of(long.end().stdout)
            ended = recorder.end(timeout=10)
    assert ended.returncode == 0, ended
    expected = report["cpu_ns"] / 1e9 * 999
    assert hearth.ticks(hearth.read_folded(out)) >= 0.98 * expected - hearth.tick_deviation(
        report["switches"]
    )


def test_unknown_pid_among_others(tmp_path):
    """A list of PIDs is seldom up to date: the others are profiled."""
    with recording.busy() as child:
        pids = f"{child.pid},{NEVER_A_PID}"
        ended = hearth.run("record", "-p", pids, "-d", "0.3", "-o", tmp_path / "out.folded")
    assert ended.returncode == 0, ended
    assert f"hearth: warning: there is no process {NEVER_A_PID}" in ended.stderr.splitlines()
    assert hearth.read_folded(tmp_path / "out.folded")


# --- the command ------------------------------------------------------------------------------------

STATUSES = {
    "good": ("exit 0", 0),
    "its own": ("exit 7", 7),
    "like hearth's": ("exit 3", 3),
    "killed": ("kill -KILL $$", 128 + 9),
    "ended by SIGTERM": ("kill -TERM $$", 128 + 15),
}


@pytest.mark.parametrize("passes", [False, True], ids=["", "--pass-status"])
@pytest.mark.parametrize("name", STATUSES)
def test_status_of_the_command(name, passes, tmp_path):
    script, status = STATUSES[name]
    options = ["--pass-status"] if passes else []
    ended = hearth.run("record", *options, "-o", tmp_path / "out.svg", "--", "sh", "-c", script)
    words = f"was killed by a signal ({signal.strsignal(status - 128)}) and " if status > 128 else ""
    assert ended.stderr.splitlines()[-1] == f"sh {words}ended with status {status}"
    assert ended.returncode == (status if passes else 0)
    assert os.listdir(tmp_path) == ["out.svg"]


def test_the_command_has_its_own_input_and_output(tmp_path):
    with recording.start("-o", tmp_path / "out.svg", "--", "cat") as recorder:
        recorder.say("what came in goes out")
        ended = recorder.end()
    assert ended.returncode == 0
    assert ended.stdout == "what came in goes out\n"


def test_the_command_inherits_nothing(tmp_path):
    """Of hearth: neither blocked or ignored signals nor descriptors."""
    script = "grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | wc -l"
    direct = subprocess.run(["sh", "-c", script], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    with recording.start("-o", tmp_path / "out.svg", "--", "sh", "-c", script) as recorder:
        ended = recorder.end()
    # What whoever runs the tests ignores, both inherit.
    assert ended.stdout == direct.stdout
