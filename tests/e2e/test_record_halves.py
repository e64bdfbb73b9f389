# SPDX-License-Identifier: Apache-2.0
"""Ticks that have no user half, or none that can be walked: which, why, and that nobody takes them for others.

A task without a user half is complete when its kernel half is, and is counted by the reason. A 32-bit program has
one, and it is truncated.
"""

import subprocess

import pytest

import hearth
import recording

pytestmark = pytest.mark.root


def record(*arguments):
    return hearth.record("-F", 1999, *arguments)


def without_user_half(recorded, process):
    """Ticks of a process whose frames are the kernel's alone."""
    return [
        stack
        for stack in recorded.stacks
        if stack.process == process and stack.frames and all(map(hearth.is_kernel, stack.frames))
    ]


# A program with memory that takes the kernel time to give back.
GIVES_BACK = r"""
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES (64ul << 20)

static void *take_memory(void)
{
	char *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(1);
	madvise(memory, BYTES, MADV_NOHUGEPAGE);
	memset(memory, 1, BYTES);
	return memory;
}
"""

EXITS = GIVES_BACK + r"""
int main(void)
{
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();

		if (!child)
			_exit(take_memory() == NULL);
		waitpid(child, NULL, 0);
	}
	return 0;
}
"""

EXECS = GIVES_BACK + r"""
int main(int argc, char **argv)
{
	char left = argc > 1 ? argv[1][0] : 't';

	if (left == 'a')
		return 0;
	take_memory();
	left--;
	execl("/proc/self/exe", argv[0], (char[]){ left, 0 }, NULL);
	return 1;
}
"""


def test_exiting(tmp_path):
    """The memory is gone from the task before it is given back."""
    program = recording.compile_c(tmp_path, "exits", EXITS)
    recorded = record("--", program)
    exiting = recorded.stats["ticks"]["no_user_half"]["exiting"]
    assert exiting > 20, recorded.stats["ticks"]
    halves = without_user_half(recorded, "exits")
    in_exit = [stack for stack in halves if "do_exit_[k]" in stack.frames]
    assert sum(stack.count for stack in in_exit if stack.fate == "complete") == exiting
    assert {stack.fate for stack in in_exit} == {"complete"}


def test_exec(tmp_path):
    """The old program's memory is given back while the task has the new one's, and the old one's registers."""
    program = recording.compile_c(tmp_path, "execs", EXECS)
    recorded = record("--", program)
    inside = recorded.stats["ticks"]["no_user_half"]["exec"]
    assert inside > 20, recorded.stats["ticks"]
    in_exec = [stack for stack in recorded.stacks if "begin_new_exec_[k]" in stack.frames]
    given_back = [stack for stack in in_exec if "exit_mmap_[k]" in stack.frames]
    assert sum(stack.count for stack in given_back) > 20
    for stack in given_back:
        assert stack.fate == "complete" and all(map(hearth.is_kernel, stack.frames)), stack
    assert recorded.stats["ticks"]["truncated"]["bad_leaf"] == 0, recorded.stats["ticks"]


def test_processes_between_exec_and_their_first_instruction():
    """The registers are the new program's already: where it starts, not where a call returns to."""
    recorded = record("--", *hearth.sample("fork_storm", 2))
    ticks = recorded.stats["ticks"]
    assert ticks["no_user_half"]["exec"] > 0 and ticks["truncated"]["bad_leaf"] == 0, ticks
    for stack in recorded.stacks:
        if "do_syscall_64_[k]" in stack.frames:
            assert stack.reason not in ("no_root", "bad_caller"), stack


MERGEABLE = r"""
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BYTES (64ul << 20)

int main(void)
{
	char *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(memory, 1, BYTES);
	if (madvise(memory, BYTES, MADV_MERGEABLE))
		return 1;
	puts("ready");
	fflush(stdout);
	return getchar() == EOF;
}
"""


def test_kernel_thread(tmp_path):
    """The thread that looks for equal pages: it works as long as there are some to look at."""
    program = recording.compile_c(tmp_path, "mergeable", MERGEABLE)
    with hearth.Child(program) as child:
        child.wait_for("^ready$")
        with recording.setting("/sys/kernel/mm/ksm/sleep_millisecs", 0):
            with recording.setting("/sys/kernel/mm/ksm/pages_to_scan", 1000):
                with recording.setting("/sys/kernel/mm/ksm/run", 1):
                    recorded = record("--comm", "ksmd", "-d", 1)
    ticks = recorded.stats["ticks"]
    assert ticks["no_user_half"]["kernel_thread"] > 20, ticks
    halves = without_user_half(recorded, "ksmd")
    assert sum(stack.count for stack in halves) == ticks["no_user_half"]["kernel_thread"] == ticks["complete"]
    assert sum(stack.count for stack in halves if "ksm_scan_thread_[k]" in stack.frames) > 20, halves


# Without a library: gcc makes 32-bit code, but Debian's 32-bit libc is a package of its own.
SPINS_32 = r"""
void _start(void)
{
	for (volatile unsigned long i = 0; i < 1000000000; i++)
		;
	__asm__ volatile("int $0x80" : : "a"(1), "b"(0));
}
"""


def test_32_bit_task(tmp_path):
    """It has a user half that is not walked, and says so in each of its ticks."""
    source, program = tmp_path / "spins_32.c", tmp_path / "spins_32"
    source.write_text(SPINS_32)
    subprocess.run(
        ["cc", "-m32", "-O1", "-ffreestanding", "-nostdlib", "-static", "-fno-pie", "-no-pie", "-o", program, source],
        check=True,
    )
    recorded = record("--", program)
    ticks = recorded.stats["ticks"]
    assert ticks["truncated"]["compat_task"] > 200, ticks
    own = [stack for stack in recorded.stacks if stack.process == "spins_32" and stack.fate != "lost"]
    truncated = [stack for stack in own if stack.fate == "truncated"]
    assert {stack.reason for stack in truncated} == {"compat_task"}
    for stack in own:  # but for exec and exit
        assert all(map(hearth.is_kernel, stack.frames)), stack
