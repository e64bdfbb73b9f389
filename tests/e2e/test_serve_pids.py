# SPDX-License-Identifier: Apache-2.0
"""Two processes that have one PID, one after the other, in one window of `hearth serve`: each has its own ticks."""

import ctypes
import os
import shutil
import struct
import subprocess

import pytest

import hearth
import serving

pytestmark = pytest.mark.root

SYS_CLONE3 = 435  # the same on all processors: asm-generic/unistd.h
SIGCHLD = 17
RATE = 99


def start_with_pid(pid, *command):
    """Starts a command as the process of that PID, which has to be free: clone(2), set_tid."""
    tids = (ctypes.c_int * 1)(pid)
    arguments = struct.pack("11Q", 0, 0, 0, 0, SIGCHLD, 0, 0, 0, ctypes.addressof(tids), 1, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    child = libc.syscall(SYS_CLONE3, ctypes.c_char_p(arguments), ctypes.c_size_t(len(arguments)))
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_RDWR), 1)
            os.execv(command[0], [str(word) for word in command])
        finally:
            os._exit(127)
    assert child == pid, os.strerror(ctypes.get_errno())


def run_with_pid(pid, *command):
    """To its end; gives the CPU time that it took, in seconds."""
    start_with_pid(pid, *command)
    _, status, usage = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, command
    return usage.ru_utime + usage.ru_stime


@pytest.mark.skipif(os.readlink("/proc/self/ns/pid") != "pid:[4026531836]", reason="PIDs are chosen in the initial namespace")
def test_they_are_told_apart(tmp_path):
    store = tmp_path / "store"
    programs = [shutil.copy(hearth.SAMPLES / kind, tmp_path / name) for kind, name in (("shares_70_30", "before"), ("recursion", "after"))]
    free = subprocess.Popen(["true"])
    free.wait()
    with serving.serving(store, "--window", "60s", "--rate", str(RATE)):  # the first one lasts 30 s at least
        with hearth.StolenTime() as stolen:
            seconds = [run_with_pid(free.pid, program, "1") for program in programs]
    stacks = serving.query(store, "--where", f"pid={free.pid}")
    for comm, function, cpu in (("before", "seventy", seconds[0]), ("after", "descend", seconds[1])):
        own = hearth.ticks(stacks, lambda stack: stack.process == comm)
        hearth.assert_ticks_of_cpu_time(own, cpu * RATE, stolen.ticks(RATE))
        of_function = [stack for stack in stacks if function in stack.frames]
        assert of_function and all(stack.process == comm for stack in of_function), (comm, stacks)
