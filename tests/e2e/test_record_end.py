# SPDX-License-Identifier: Apache-2.0
"""How recordings end: Ctrl-C and other signals, broken and full outputs; and what every end leaves
behind, which is nothing. A result is written whole or not at all.
"""

import fcntl
import os
import pty
import signal
import stat
import subprocess
import termios
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

AT_ONCE = 5  # seconds: far more than an end takes, far less than anything that is waited for here

OLD = "kept;as;it;was 1\n"


@pytest.fixture(scope="module")
def hold():
    with recording.stopper() as options:
        yield options


def assert_written(path):
    """There, whole, of a busy shares_70_30."""
    stacks = hearth.read_folded(path)
    assert recording.processes(stacks) == {"shares_70_30"}
    assert "main" in recording.frames(stacks)


# --- signals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_signal_ends_and_writes(number, tmp_path):
    out = tmp_path / "out.folded"
    with recording.busy() as child:
        with recording.start("-p", child.pid, "-F", 999, "-o", out) as recorder:
            ids = recording.wait_until_recording(recorder)
            recording.until_worked(child, 0.2)
            recorder.send(number)
            ended = recorder.end(timeout=AT_ONCE)
    assert ended.returncode == 0, ended
    assert recording.complaints(ended) == []
    assert ended.stderr.splitlines()[0] == "interrupted; writing what there is"
    assert_written(out)
    assert os.listdir(tmp_path) == ["out.folded"]
    recording.wait_until_freed(ids)


@pytest.mark.parametrize("moment", recording.MOMENTS_BEFORE_TICKS)
def test_signal_before_the_first_tick(moment, hold, tmp_path):
    """The result is an empty one, and it is written."""
    out = tmp_path / "out.svg"
    with recording.busy() as child:
        with recording.start("-p", child.pid, "-o", out, **hold(moment)) as recorder:
            recording.wait_until_stopped(recorder)
            recorder.send(signal.SIGINT)
            recording.go_on(recorder)
            ended = recorder.end(timeout=AT_ONCE)
    assert ended.returncode == 0, ended
    assert "interrupted; writing what there is" in ended.stderr
    ElementTree.parse(out)


def start_on_a_terminal(terminal, *arguments):
    """With a terminal of its own, of which it is the foreground."""

    def take():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    return subprocess.Popen(
        [str(word) for word in arguments], stdin=terminal, stdout=terminal, stderr=terminal, preexec_fn=take
    )


def read_terminal(fd, until=None):
    """What comes, until a text is in it, or until nobody has the terminal any more."""
    text = ""
    while until is None or until not in text:
        try:
            data = os.read(fd, 4096)
        except OSError:  # EIO: the last one closed it
            break
        if not data:
            break
        text += data.decode("utf-8", "replace")
    return text


def test_control_c_at_the_terminal(tmp_path):
    """It reaches the command as well, which hearth waits for. The progress line tells that it runs."""
    out = tmp_path / "out.folded"
    ours, theirs = pty.openpty()
    child = start_on_a_terminal(
        theirs, hearth.BINARY, "record", "-F", 999, "-o", out, "--", *hearth.sample("shares_70_30", 100000)
    )
    try:
        os.close(theirs)
        shown = read_terminal(ours, until="recording ")
        assert "Ctrl-C" in shown + read_terminal(ours, until="Ctrl-C")
        os.write(ours, b"\x03")
        shown = read_terminal(ours)
        assert child.wait(AT_ONCE) == 0
    finally:
        child.kill()
        child.wait()
        os.close(ours)
    assert "interrupted; writing what there is" in shown
    assert shown.splitlines()[-1].endswith(f"ended with status {128 + signal.SIGINT}")
    assert "hearth: " not in shown
    assert_written(out)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_signal_to_hearth_alone_is_passed_on(number, tmp_path):
    """What only hearth got, the command gets from hearth."""
    out = tmp_path / "out.folded"
    with recording.start("-o", out, "--", *hearth.sample("shares_70_30", 100000)) as recorder:
        recording.wait_until_recording(recorder)
        command = recording.until(lambda: recording.commands_of(recorder.pid), "the command runs")[0]
        recording.until(
            lambda: Path(f"/proc/{command}/comm").read_text() == "shares_70_30\n", "its exec"
        )
        recorder.send(number)
        ended = recorder.end(timeout=AT_ONCE)
    assert ended.returncode == 0, ended
    assert ended.stderr.splitlines()[-1].endswith(f"ended with status {128 + number}")
    assert recording.is_over(command)
    assert out.exists()


# --- a second signal ----------------------------------------------------------------------------------


def assert_aborted(ended, number=signal.SIGINT):
    assert ended.returncode in (-number, 128 + number), ended
    assert len(recording.complaints(ended)) == 1, ended
    assert "interrupted again: ended at once" in ended.stderr


@pytest.mark.parametrize("moment", recording.MOMENTS_OF_WRITING)
def test_second_control_c_while_writing(moment, hold, tmp_path):
    """It ends at once, and what it says is true: nothing was written, or else all of it."""
    out = tmp_path / "out.folded"
    out.write_text(OLD)
    with recording.busy() as child:
        with recording.start("-p", child.pid, "-F", 999, "-o", out, **hold(moment)) as recorder:
            ids = recording.wait_until_recording(recorder)
            recording.until_worked(child, 0.1)
            recorder.send(signal.SIGINT)
            recording.wait_until_stopped(recorder)
            recorder.send(signal.SIGINT)
            recording.go_on(recorder)
            ended = recorder.end(timeout=AT_ONCE)
    assert os.listdir(tmp_path) == ["out.folded"]
    if out.read_text() == OLD:
        assert_aborted(ended)
    else:  # the signal came too late: the new file was about to take the name
        assert "nothing was written" not in ended.stderr
        assert_written(out)
    recording.wait_until_freed(ids)


@pytest.mark.parametrize("moment", recording.MOMENTS_OF_WRITING)
def test_first_control_c_while_writing(moment, hold, tmp_path):
    """The recording's time was over already. It is the first: the result is finished, not thrown away."""
    out = tmp_path / "out.folded"
    out.write_text(OLD)
    with recording.busy() as child:
        options = ["-p", child.pid, "-F", 999, "-d", "0.3", "-o", out]
        with recording.start(*options, **hold(moment)) as recorder:
            recording.wait_until_stopped(recorder)
            recorder.send(signal.SIGINT)
            recording.go_on(recorder)
            ended = recorder.end(timeout=AT_ONCE)
    assert ended.returncode == 0, ended
    assert "again" not in ended.stderr
    assert_written(out)
    assert os.listdir(tmp_path) == ["out.folded"]


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_second_signal_while_nobody_reads_the_fifo(second, tmp_path):
    """The output waits for a reader, for ever: a second signal ends that."""
    out = tmp_path / "fifo"
    os.mkfifo(out)
    with recording.busy() as child:
        with recording.start("-p", child.pid, "--format", "folded", "-o", out) as recorder:
            recording.wait_until_recording(recorder)
            recorder.send(signal.SIGINT)
            recorder.wait_for("^interrupted; writing")
            recorder.send(second)
            ended = recorder.end(timeout=AT_ONCE)
    assert_aborted(ended, second)
    assert stat.S_ISFIFO(os.stat(out).st_mode)


def full_pipe():
    """A pipe in which there is no room left, and whose reader does not read."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)
    return reader, writer


def test_second_control_c_while_standard_output_is_stuck():
    reader, writer = full_pipe()
    onto_pipe = ["sh", "-c", f'exec "$@" >/proc/self/fd/{writer}', "sh"]
    command = [hearth.BINARY, "record", "-F", 999, "-o", "-", "-p"]
    with recording.busy() as child:
        with hearth.Child(*onto_pipe, *command, child.pid, pass_fds=[writer]) as recorder:
            recording.wait_until_recording(recorder)
            recording.until_worked(child, 0.1)
            recorder.send(signal.SIGINT)
            recorder.wait_for("^interrupted; writing")
            recorder.send(signal.SIGINT)
            ended = recorder.end(timeout=AT_ONCE)
    os.close(reader)
    os.close(writer)
    assert_aborted(ended)


STUBBORN = 'trap "" INT TERM; echo started; read line; exit 5'


def test_control_c_while_a_written_result_waits_for_its_command(tmp_path):
    """The command does not care about Ctrl-C. A second one ends the waiting; what is written was written."""
    out = tmp_path / "out.folded"
    with recording.start("-o", out, "--", "sh", "-c", STUBBORN) as recorder:
        recorder.wait_for("^started$")
        recorder.send(signal.SIGINT)
        recorder.wait_for(f"^wrote {out}$")
        recorder.send(signal.SIGINT)
        recording.until(lambda: recording.is_over(recorder.pid), "the second Ctrl-C ends it", AT_ONCE)
        ended = recorder.end()  # closes the command's input: it ends as well
    assert out.exists()
    assert "nothing was written" not in ended.stderr


def test_first_control_c_while_a_written_result_waits_for_its_command(tmp_path):
    """The time is over and the result is there: a Ctrl-C then is the first one, and loses nothing."""
    out = tmp_path / "out.folded"
    with recording.start("-d", "0.2", "-o", out, "--", "sh", "-c", STUBBORN) as recorder:
        recorder.wait_for("^waiting for sh to end")
        recorder.send(signal.SIGINT)
        recorder.say()
        ended = recorder.end()
    assert out.exists()
    assert "nothing was written" not in ended.stderr
    assert "again" not in ended.stderr


# --- outputs that cannot be written -------------------------------------------------------------------


def assert_not_even_started(out, pattern, folder):
    """Refused before the recording, and before the command runs."""
    ran = Path(folder, "ran")
    ended = hearth.run("record", "-o", out, "--", "touch", ran)
    recording.assert_refused(ended, 2, pattern)
    assert not ran.exists()


def test_output_folder_missing(tmp_path):
    assert_not_even_started(tmp_path / "no" / "out.svg", r"no/out\.svg: No such file", tmp_path)
    assert os.listdir(tmp_path) == []


def test_output_is_a_folder(tmp_path):
    out = tmp_path / "out.svg"
    out.mkdir()
    assert_not_even_started(out, r"out\.svg: Is a directory", tmp_path)


def test_output_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    assert_not_even_started(tmp_path / "file" / "out.svg", r"Not a directory", tmp_path)


def test_stats_folder_missing(tmp_path):
    ran, out = tmp_path / "ran", tmp_path / "out.svg"
    stats = tmp_path / "no" / "stats.json"
    ended = hearth.run("record", "-o", out, "--stats", stats, "--", "touch", ran)
    recording.assert_refused(ended, 2, r"no/stats\.json: No such file")
    assert os.listdir(tmp_path) == []


def test_output_on_a_file_system_for_reading_only(tmp_path):
    with recording.small_disk(tmp_path):
        subprocess.run(["mount", "-o", "remount,ro", tmp_path], check=True)
        assert_not_even_started(tmp_path / "out.svg", r"Read-only file system", "/nowhere")


def test_standard_output_is_closed():
    closed = ["sh", "-c", '"$@" >&-', "sh"]
    with hearth.Child(*closed, hearth.BINARY, "record", "-o", "-", "--", "true") as child:
        ended = child.end()
    recording.assert_refused(ended, 2, r"standard output: Bad file descriptor")


RECORD_A_LITTLE = ["-F", 999, "--", *hearth.sample("shares_70_30", 0.05)]


@pytest.mark.parametrize("old", [None, OLD], ids=["", "over a file"])
def test_disk_full(old, tmp_path):
    with recording.small_disk(tmp_path) as disk:
        out = disk / "out.svg"
        if old:
            out.write_text(old)
        recording.fill(disk)
        before = sorted(os.listdir(disk))
        ended = hearth.run("record", "-o", out, *RECORD_A_LITTLE)
        assert sorted(os.listdir(disk)) == before
        assert not old or out.read_text() == old
    recording.assert_failed(ended, 2, r"cannot write .*out\.svg: No space left on device")
    assert "wrote" not in ended.stderr


def test_disk_full_for_the_statistics(tmp_path):
    """The profile is written all the same: it has no fault."""
    disk = tmp_path / "disk"
    disk.mkdir()
    out = tmp_path / "out.folded"
    with recording.small_disk(disk):
        recording.fill(disk)
        ended = hearth.run("record", "-o", out, "--stats", disk / "stats.json", *RECORD_A_LITTLE)
        assert os.listdir(disk) == ["filler"]
    recording.assert_failed(ended, 2, r"cannot write .*stats\.json: No space left on device")
    assert_written(out)


def test_disk_full_with_the_commands_status(tmp_path):
    """hearth's own failure counts more than --pass-status."""
    with recording.small_disk(tmp_path) as disk:
        recording.fill(disk)
        work = f"{hearth.sample('shares_70_30')[0]} 0.05; exit 9"
        ended = hearth.run(
            "record", "-F", 999, "--pass-status", "-o", disk / "out.svg", "--", "sh", "-c", work
        )
    recording.assert_failed(ended, 2, r"No space left on device")
    assert ended.stderr.splitlines()[-1] == "sh ended with status 9"


def test_standard_output_is_full():
    with open("/dev/full", "wb") as full:
        ended = recording.run_to(full, "record", "-o", "-", *RECORD_A_LITTLE)
    recording.assert_failed(ended, 2, r"cannot write standard output: No space left on device")


def test_device_is_full():
    ended = hearth.run("record", "--format", "folded", "-o", "/dev/full", *RECORD_A_LITTLE)
    recording.assert_failed(ended, 2, r"cannot write /dev/full: No space left on device")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_reader_of_standard_output_is_gone():
    """SIGPIPE does not kill: one line says it."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = recording.run_to(writer, "record", "--format", "folded", "-o", "-", *RECORD_A_LITTLE)
    finally:
        os.close(writer)
    recording.assert_failed(ended, 2, r"cannot write standard output: Broken pipe")


def test_standard_error_is_gone(tmp_path):
    """Nobody can be told, and yet the result is written and the status is right."""
    reader, writer = os.pipe()
    os.close(reader)
    out = tmp_path / "out.folded"
    command = [hearth.BINARY, "record", "-o", out, *RECORD_A_LITTLE]
    try:
        status = subprocess.run([str(word) for word in command], stderr=writer).returncode
    finally:
        os.close(writer)
    assert status == 0
    assert_written(out)


# --- whole or not at all ------------------------------------------------------------------------------


def test_an_existing_file_is_replaced_not_rewritten(tmp_path):
    """Who has the old one open, or by another name, keeps it: nobody sees a mixture."""
    out, other = tmp_path / "out.folded", tmp_path / "other"
    out.write_text(OLD)
    os.link(out, other)
    with open(out) as reader:
        assert hearth.run("record", "-o", out, *RECORD_A_LITTLE).returncode == 0
        assert reader.read() == OLD
    assert other.read_text() == OLD
    assert_written(out)
    assert sorted(os.listdir(tmp_path)) == ["other", "out.folded"]


@pytest.mark.parametrize("moment", recording.MOMENTS_OF_WRITING)
def test_no_half_of_a_file_is_ever_seen(moment, hold, tmp_path):
    """At every step of the writing the name shows the old content, or all of the new one."""
    out = tmp_path / "out.folded"
    out.write_text(OLD)
    with recording.start("-o", out, *RECORD_A_LITTLE, **hold(moment)) as recorder:
        recording.wait_until_stopped(recorder)
        assert out.read_text() == OLD
        recording.go_on(recorder)
        assert recorder.end().returncode == 0
    assert_written(out)
    assert os.listdir(tmp_path) == ["out.folded"]


def test_a_link_is_followed(tmp_path):
    target, link = tmp_path / "target.folded", tmp_path / "link.folded"
    target.write_text(OLD)
    link.symlink_to("target.folded")
    assert hearth.run("record", "-o", link, *RECORD_A_LITTLE).returncode == 0
    assert os.readlink(link) == "target.folded"
    assert_written(target)
    assert sorted(os.listdir(tmp_path)) == ["link.folded", "target.folded"]


def test_a_link_to_another_folder_is_followed(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    target, link = tmp_path / "b" / "target", tmp_path / "a" / "link.folded"
    target.write_text(OLD)
    link.symlink_to("../b/target")
    assert hearth.run("record", "-o", link, *RECORD_A_LITTLE).returncode == 0
    assert link.is_symlink()
    assert_written(target)
    assert os.listdir(tmp_path / "a") == ["link.folded"]
    assert os.listdir(tmp_path / "b") == ["target"]


def test_a_link_to_nothing_yet_is_followed(tmp_path):
    """As a shell's > would do: the link stays one, its target comes to be."""
    target, link = tmp_path / "target.folded", tmp_path / "link.folded"
    link.symlink_to("target.folded")
    assert hearth.run("record", "-o", link, *RECORD_A_LITTLE).returncode == 0
    assert link.is_symlink()
    assert_written(target)


def test_a_file_keeps_its_permissions(tmp_path):
    """What its owner closed to others stays closed."""
    out = tmp_path / "out.folded"
    out.write_text(OLD)
    os.chmod(out, 0o600)
    assert hearth.run("record", "-o", out, *RECORD_A_LITTLE).returncode == 0
    assert stat.S_IMODE(os.stat(out).st_mode) == 0o600
    assert_written(out)


def test_a_fifo_is_written_in_place(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with recording.start("--format", "folded", "-o", fifo, *RECORD_A_LITTLE) as recorder:
        text = fifo.read_text()
        assert recorder.end().returncode == 0
    assert all(hearth.read_stack(line).process == "shares_70_30" for line in text.splitlines())
    assert text
    assert os.listdir(tmp_path) == ["fifo"]


def test_a_signal_ends_the_waiting_for_a_reader(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with recording.start("--format", "folded", "-o", fifo, *RECORD_A_LITTLE) as recorder:
        recording.until(lambda: Path(f"/proc/{recorder.pid}/wchan").read_text() == "wait_for_partner",
                        "it waits for a reader")  # fmt: skip
        recorder.send(signal.SIGTERM)
        ended = recorder.end(timeout=AT_ONCE)
    assert ended.returncode == 2
    assert f"cannot write {fifo}: Interrupted system call" in ended.stderr


NO_NAMELESS_FILES = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

int open(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	va_list rest;
	int mode;

	va_start(rest, flags);
	mode = flags & O_CREAT ? va_arg(rest, int) : 0;
	va_end(rest);
	if ((flags & O_TMPFILE) != O_TMPFILE)
		return real(path, flags, mode);
	errno = EOPNOTSUPP;
	return -1;
}
"""


@pytest.mark.parametrize("plant", [os.mkfifo, lambda path: path.symlink_to("elsewhere")], ids=["fifo", "link"])
def test_what_lies_under_the_hidden_name_is_not_opened(plant, tmp_path):
    """On a file system without O_TMPFILE, where that name may be foreseen."""
    plant(tmp_path / ".out.folded.hearth-new")
    with recording.preloaded(NO_NAMELESS_FILES) as options:
        with recording.start("-o", tmp_path / "out.folded", *RECORD_A_LITTLE, **options()) as recorder:
            assert recorder.end().returncode == 0
    assert_written(tmp_path / "out.folded")
    assert os.listdir(tmp_path) == ["out.folded"]


@pytest.mark.parametrize("form", [[], ["--format", "folded"]], ids=["", "folded"])
def test_default_output(form, tmp_path):
    with recording.start(*form, *RECORD_A_LITTLE, cwd=tmp_path) as recorder:
        ended = recorder.end()
    name = "hearth.folded" if form else "hearth.html"
    assert ended.returncode == 0
    assert f"wrote {name}" in ended.stderr.splitlines()
    assert os.listdir(tmp_path) == [name]


# --- kill -9 ------------------------------------------------------------------------------------------


def kill_and_look(recorder, folder, files):
    """SIGKILL: nothing of hearth remains, neither in the kernel nor in the folder, nor a child of it."""
    ids = recording.bpf_ids(recorder.pid)
    children = recording.children_of(recorder.pid)
    recorder.send(signal.SIGKILL)
    ended = recorder.end(timeout=AT_ONCE)  # the output's end comes when the last one that has it ends
    assert ended.returncode == -signal.SIGKILL
    for child in children:
        recording.until(lambda: recording.is_over(child), f"the child {child} ends", AT_ONCE)
    if ids:
        recording.wait_until_freed(ids)
    assert sorted(os.listdir(folder)) == files
    return ids, children


@pytest.mark.parametrize("moment", recording.MOMENTS_BEFORE_TICKS)
def test_killed_before_the_first_tick(moment, hold, tmp_path):
    """The command, which waits for its start, never runs."""
    command = ["touch", tmp_path / "ran"]
    with recording.start("-o", tmp_path / "out.svg", "--", *command, **hold(moment)) as recorder:
        recording.wait_until_stopped(recorder)
        ids, children = kill_and_look(recorder, tmp_path, [])
    assert len(children) == 3  # the worker, the command and its keeper
    assert bool(ids) == (moment != "bpf_object__load_skeleton")


def test_killed_while_loading(tmp_path):
    """As soon as the first map is there; the verifier has not even begun."""
    with recording.start("-o", tmp_path / "out.svg", "--", "touch", tmp_path / "ran") as recorder:
        recording.until(lambda: recording.bpf_ids(recorder.pid), "the first map")
        kill_and_look(recorder, tmp_path, [])


def test_killed_while_recording(tmp_path):
    with recording.busy() as child:
        with recording.start("-p", child.pid, "-F", 999, "-o", tmp_path / "out.svg") as recorder:
            recording.wait_until_recording(recorder)
            ids, _ = kill_and_look(recorder, tmp_path, [])
    assert {kind for kind, _ in ids} == {"prog", "map", "link"}


def test_killed_while_recording_a_command(tmp_path):
    """The command ends by SIGTERM, and may say good-bye."""
    last_words = 'trap "echo terminated; exit" TERM; echo started; while :; do :; done'
    with recording.start("-o", tmp_path / "out.svg", "--", "sh", "-c", last_words) as recorder:
        recorder.wait_for("^started$")
        kill_and_look(recorder, tmp_path, [])
        assert recorder.output()[0].splitlines() == ["started", "terminated"]


# Commands that a signal of the kernel's at hearth's death would not end: one that has it forgotten by changing its
# user, and one that does not heed SIGTERM.
FOR_EVER = "ulimit -t 60; echo started; while :; do :; done"
UNYIELDING = {
    "another user": ["setpriv", "--reuid=65534", "--clear-groups", "sh", "-c", FOR_EVER],
    "ignores SIGTERM": ["sh", "-c", f'trap "" INT TERM; {FOR_EVER}'],
}


@pytest.mark.parametrize("command", UNYIELDING.values(), ids=UNYIELDING)
def test_killed_while_recording_a_command_that_is_hard_to_end(command, tmp_path):
    with recording.start("-o", tmp_path / "out.svg", "--", *command) as recorder:
        recorder.wait_for("^started$")
        _, children = kill_and_look(recorder, tmp_path, [])
    assert len(children) == 3


def test_a_second_control_c_ends_a_stubborn_command(tmp_path):
    with recording.start("-o", tmp_path / "out.folded", "--", *UNYIELDING["ignores SIGTERM"]) as recorder:
        recorder.wait_for("^started$")
        children = recording.commands_of(recorder.pid)
        recorder.send(signal.SIGINT)
        recorder.wait_for("^waiting for sh to end")
        recorder.send(signal.SIGINT)
        for child in children:
            recording.until(lambda: recording.is_over(child), f"the child {child} ends", AT_ONCE)
    assert len(children) == 2


@pytest.mark.parametrize("moment", recording.MOMENTS_OF_WRITING)
def test_killed_while_writing(moment, hold, tmp_path):
    """The file that was there is what it was."""
    out = tmp_path / "out.folded"
    out.write_text(OLD)
    with recording.start("-o", out, *RECORD_A_LITTLE, **hold(moment)) as recorder:
        recording.wait_until_stopped(recorder)
        if moment == "rename":
            # Only here: the moment between two system calls in which the new file needs a name, as
            # linkat() cannot replace. The next recording to the same file takes that name again.
            kill_and_look(recorder, tmp_path, [".out.folded.hearth-new", "out.folded"])
        else:
            kill_and_look(recorder, tmp_path, ["out.folded"])
    assert out.read_text() == OLD
    assert hearth.run("record", "-o", out, *RECORD_A_LITTLE).returncode == 0
    assert_written(out)
    assert os.listdir(tmp_path) == ["out.folded"]


def test_killed_while_writing_a_new_file(hold, tmp_path):
    with recording.start("-o", tmp_path / "out.folded", *RECORD_A_LITTLE, **hold("linkat")) as recorder:
        recording.wait_until_stopped(recorder)
        kill_and_look(recorder, tmp_path, [])


def test_nothing_is_left_after_a_good_end(tmp_path):
    with recording.start("-F", 999, "-d", "0.3", "-o", tmp_path / "out.svg") as recorder:
        ids = recording.wait_until_recording(recorder)
        assert recorder.end().returncode == 0
    assert {kind for kind, _ in ids} == {"prog", "map", "link"}
    recording.wait_until_freed(ids)
    assert os.listdir(tmp_path) == ["out.svg"]
