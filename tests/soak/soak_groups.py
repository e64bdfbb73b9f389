# SPDX-License-Identifier: Apache-2.0
"""1,000 control groups, each a container's with a process of some milliseconds, while hearth serve records: each tick has its container

Groups of even numbers run even(), the others odd(): so a wrong name is found.
"""

import os
import subprocess
from pathlib import Path

import measuring
import soaking
from rows import Row

RATE = 999
MICROSECONDS = 6000  # of CPU time of each
GROUPS, QUICK_GROUPS = 1000, 200
LEAST_NAMED = 0.99
MORE_FILES = GROUPS // 4  # whatever else the machine does: no file for each group

SOURCE = measuring.ROOT / "tests/e2e/group_storm.c"


class Groups:
    """A folder of the unified hierarchy to make them in."""

    def __enter__(self):
        unified = measuring.recording.cgroup_mounts().get("unified")
        if not unified:
            raise measuring.Failed("there is no unified hierarchy to make groups in")
        self.path = Path(unified, f"hearth-soak-{os.getpid()}")
        self.path.mkdir()
        return self.path

    def __exit__(self, *_):
        for group in self.path.glob("*/"):
            group.rmdir()
        self.path.rmdir()


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def storm(program, folder, groups, serve):
    """Gives how many files serve had open at its most."""
    most = 0
    with subprocess.Popen([program, folder, str(groups), str(MICROSECONDS)]) as process:
        while process.poll() is None:
            most = max(most, open_files(serve.pid))
    if process.returncode:
        raise measuring.Failed(f"group_storm: status {process.returncode}")
    return most


def rows_of_names(soak, store):
    stacks = [stack for stack in soaking.query(soak, store, "--by", "container") if {"even", "odd"} & set(stack.frames)]
    named = [stack for stack in stacks if stack.process != "[no container]"]
    wrong = [stack for stack in named if ("odd" in stack.frames) != int(stack.process, 16) % 2]
    count = measuring.e2e.ticks
    yield Row("ticks with a container", count(named) / max(1, count(stacks)), "", LEAST_NAMED, at_least=True, note=f"of {count(stacks):,}, {len({stack.process for stack in named}):,} containers")
    yield Row("ticks with a wrong one", count(wrong), "", 0)


def measure(soak):
    store, left_behind = soak.path("groups"), measuring.e2e.LeftBehind()
    program = measuring.recording.compile_c(soak.folder, "group_storm", SOURCE.read_text(), "-O2")
    with Groups() as folder, soaking.Serve(soak, store, "--max-cpu", "10000%", "--rate", RATE) as serve:
        serve.wait_until_ready()
        serve.wait_for_windows(1)
        at_start = open_files(serve.pid)
        most = storm(program, folder, QUICK_GROUPS if soak.quick else GROUPS, serve)
        yield Row("more files open than before, at most", most - at_start, "", None if soak.quick else MORE_FILES)
        yield from soaking.rows_of_end(soak, serve, store, left_behind)
    yield from rows_of_names(soak, store)
