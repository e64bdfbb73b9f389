# SPDX-License-Identifier: Apache-2.0
"""A systemd as process 1 of namespaces of its own, over this machine's files: what a unit does is tried, not read."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import hearth

SCRIPT = Path(__file__).with_name("systemd_machine.sh")


def make_group():
    """A control group (of version 2) for all of the machine's, which sees no other."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    root = next(Path(folder) for _, folder, kind, *_ in mounts if kind == "cgroup2")
    group = root / f"hearth-test-{os.getpid()}-{time.monotonic_ns()}"
    group.mkdir()
    return group


def folders_of(group):
    """It and all below it, the innermost first."""
    below = [Path(where) for where, _, _ in os.walk(group)]
    return sorted(below, reverse=True)


def members(group):
    found = set()
    for folder in folders_of(group):
        with contextlib.suppress(OSError):  # it is gone meanwhile
            found.update(map(int, (folder / "cgroup.procs").read_text().split()))
    return found


def remove_group(group):
    """Those who are still in it are ended first; what they had ends with them."""
    deadline = time.monotonic() + hearth.DEADLINE_SECONDS
    while left := members(group):
        assert time.monotonic() < deadline, f"processes do not end: {left}"
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    for folder in folders_of(group):
        folder.rmdir()


@contextlib.contextmanager
def machine(folder, units):
    """Boots it with these files in /etc/systemd/system, up to test.target; gives the folder that is /opt/shared there."""
    for name in ("space", "shared", "etc"):
        (folder / name).mkdir()
    for name, text in units.items():
        path = folder / "etc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    group = make_group()

    def enter():
        (group / "cgroup.procs").write_text(str(os.getpid()))

    unshare = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork", "--kill-child"]
    with open(folder / "boot.log", "wb") as log:
        started = subprocess.Popen(
            [*unshare, SCRIPT, folder], preexec_fn=enter, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield folder / "shared"
    finally:
        remove_group(group)
        started.wait()


def wait_for(path, folder):
    """Until the machine has written that file."""
    deadline = time.monotonic() + hearth.DEADLINE_SECONDS
    while not path.exists():
        assert time.monotonic() < deadline, f"no {path.name}; the machine said: {(folder / 'boot.log').read_text()}"
        time.sleep(0.02)
    return path.read_text()
