# SPDX-License-Identifier: Apache-2.0
"""A running program's file is removed, renamed, or its mode changed: as often as it likes it stays one module, and
nobody else pays for it.
"""

import json
import os
import shutil
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

# Works for so many seconds; with a path, another thread changes that file's change time all the time: its mode, or
# the time of its last change.
SOURCE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sink;

static void *change(void *path)
{
	int fd = open(path, O_RDONLY);

#ifdef CHANGER_CPU
	cpu_set_t cpus;
	struct stat status;

	CPU_ZERO(&cpus);
	CPU_SET(CHANGER_CPU, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	for (;;) {
		fchmod(fd, 0755);
		fstat(fd, &status); /* whose time was looked at moves by nanoseconds */
	}
#endif
	for (;;) {
#ifdef TOUCH
		futimens(fd, NULL);
#else
		fchmod(fd, 0755);
#endif
		/* Mappings that were remembered are read again. */
		munmap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
		usleep(200);
	}
	return NULL;
}

__attribute__((noipa)) static void work(double seconds)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		for (int i = 0; i < 100000; i++)
			sink = sink * 3 + 1;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) + (now.tv_nsec - start.tv_nsec) / 1e9 < seconds);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc > 2)
		pthread_create(&thread, NULL, change, argv[2]);
	work(atof(argv[1]));
	_exit(0);
}
"""


def share_complete(stacks, process):
    own = [stack for stack in hearth.fired(stacks) if stack.process == process]
    assert hearth.ticks(own) > 500, own
    return hearth.ticks(own, lambda stack: stack.fate == "complete") / hearth.ticks(own)


def record_beside(tmp_path, changer):
    """Records the changing program and an innocent one: stacks, stats, and how many descriptors hearth had at most."""
    innocent = recording.compile_c(tmp_path, "innocent", SOURCE, "-pthread")
    command = f"{innocent} 3 & {changer} 3 {changer}; wait"
    out, stats, most = tmp_path / "out.folded", tmp_path / "stats.json", 0
    with recording.start("-F", 997, "--stats", stats, "-o", out, "--", "sh", "-c", command) as recorder:
        recording.wait_until_recording(recorder)

        def has_ended():
            nonlocal most
            if recorder.process.poll() is not None:
                return True
            most = max(most, len(os.listdir(f"/proc/{recorder.pid}/fd")))
            return False

        recording.until(has_ended, "the command ended")
        ended = recorder.end()
    assert ended.returncode == 0, ended
    return hearth.read_folded(out), json.loads(stats.read_text()), most, ended


def test_mode_changed_in_a_loop(tmp_path):
    changer = recording.compile_c(tmp_path, "changer", SOURCE, "-pthread")
    stacks, stats, most, _ = record_beside(tmp_path, changer)
    assert stats["module_aliases"] > 300, stats  # it was met by that many keys
    assert stats["modules_refused"] == 0, stats
    assert stats["modules"] < 40, stats
    assert stats["unwind"]["loaded"] < 40, stats
    assert most < 300, most
    assert share_complete(stacks, "innocent") > 0.99
    assert share_complete(stacks, "changer") > 0.95


def test_mode_changed_faster_than_the_file_is_opened(tmp_path):
    """By then it has another key each time, but was not written to."""
    cpus = sorted(os.sched_getaffinity(0))
    elsewhere = ["taskset", "-c", cpus[-1]]
    changer = recording.compile_c(tmp_path, "changer", SOURCE, "-pthread", f"-DCHANGER_CPU={cpus[0]}")
    out, stats = tmp_path / "out.folded", tmp_path / "stats.json"
    with hearth.Child(*elsewhere, changer, "30", changer) as changing:
        recording.until(lambda: recording.run_ns(changing.pid) > 0.2e9, "it works")
        arguments = ["-F", 997, "-d", 2, "-p", changing.pid, "--stats", stats, "-o", out]
        with hearth.Child(*elsewhere, hearth.BINARY, "record", *arguments) as recorder:
            ended = recorder.end()
    assert ended.returncode == 0, ended
    told = json.loads(stats.read_text())
    assert told["modules_unopened"]["gone"] == 0, told
    assert told["module_aliases"] > 100, told
    assert told["modules"] < 10, told
    assert share_complete(hearth.read_folded(out), "changer") > 0.99


def test_content_changed_in_a_loop(tmp_path):
    """To hearth each is another content. They have their ceiling, and their own ticks say so."""
    changer = recording.compile_c(tmp_path, "changer", SOURCE, "-pthread", "-DTOUCH")
    stacks, stats, most, ended = record_beside(tmp_path, changer)
    assert stats["modules_refused"] > 100, stats
    assert stats["modules"] < 64 + 40, stats
    assert most < 300, most
    assert share_complete(stacks, "innocent") > 0.99
    assert f"{stats['modules_refused']} states of files are not in the profile" in ended.stderr


def test_limit_of_open_files(tmp_path):
    """What was met after the last descriptor was taken is truncated, and hearth says why and what to do."""
    program = recording.compile_c(tmp_path, "program", SOURCE, "-pthread", "-static")
    copies = [shutil.copy(program, tmp_path / f"copy{number}") for number in range(30)]
    out, stats = tmp_path / "out.folded", tmp_path / "stats.json"
    loop = "ulimit -Hn; for copy; do $copy 0.1; done"
    few = ["setpriv", "--bounding-set=-sys_resource", "sh", "-c", 'ulimit -n 528; exec "$@"', "sh"]
    command = [hearth.BINARY, "record", "-F", 499, "--stats", stats, "-o", out, "--", "sh", "-c", loop, "sh", *copies]
    with hearth.Child(*few, *command) as child:
        ended = child.end()
    assert ended.returncode == 0, ended
    assert ended.stdout == "528\n", ended.stdout
    told = json.loads(stats.read_text())
    unopened = told["modules_unopened"]["file_limit"]
    assert 14 <= unopened < told["modules"], told
    assert f"{unopened} files could not be opened, for hearth may have no more than 528 open" in ended.stderr
    stacks = hearth.read_folded(out)
    lacking = {stack.process for stack in stacks if stack.reason == "rows_missing"}
    assert len(lacking) >= 14, lacking
    working = {stack.process for stack in stacks if stack.fate == "complete" and "work" in stack.frames}
    assert len(working - lacking) >= 5, (working, lacking)


def has_worked(parent, comm, seconds):
    children = recording.children_of(parent)
    own = [child for child in children if Path(f"/proc/{child}/comm").read_text() == f"{comm}\n"]
    return own and recording.run_ns(own[0]) > seconds * 1e9


CHANGES = {
    "removed": lambda program: program.unlink(),
    "renamed": lambda program: program.rename(program.with_name("other")),
    "mode": lambda program: program.chmod(0o700),
    "linked": lambda program: os.link(program, program.with_name("other")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_while_it_runs(change, tmp_path):
    """What an upgrade does. The kernel side remembers the old key, the snapshots have the new one."""
    program = recording.compile_c(tmp_path, "program", SOURCE, "-pthread")
    out, stats = tmp_path / "out.folded", tmp_path / "stats.json"
    with recording.start("--verify", "-F", 499, "--stats", stats, "-o", out, "--", program, "2") as recorder:
        recording.wait_until_recording(recorder)
        recording.until(lambda: has_worked(recorder.pid, "program", 0.5), "it worked")
        CHANGES[change](program)
        recording.until(lambda: recorder.process.poll() is not None, "it ended")
        ended = recorder.end()
    told = json.loads(stats.read_text())
    assert told["module_aliases"] == 1, told
    assert told["verify"]["compared"] > 300, told
    assert told["verify"]["agreed"] == told["verify"]["compared"], ended.stderr
    stacks = hearth.fired(hearth.read_folded(out))
    assert hearth.ticks(stacks, lambda stack: "work" in stack.frames) > 0.95 * hearth.ticks(stacks)
