# SPDX-License-Identifier: Apache-2.0
"""A systemd as process 1 of namespaces of its own, over this machine's files: what a unit does is tried, not read."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import hearth

SCRIPT = Path(__file__).with_name("systemd_machine.sh")


def hierarchies():
    """Folders of the control groups that systemd wants to have: of version 2, and its own of version 1."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, folder, kind, options, *_ = line.split()
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(",")):
            yield Path(folder)


def make_groups(name):
    groups = [folder / name for folder in hierarchies()]
    for group in groups:
        group.mkdir()
    return groups


def members(groups):
    found = set()
    for group in groups:
        for path in [group, *(path for path in group.rglob("*") if path.is_dir())]:
            with contextlib.suppress(OSError):
                found.update(map(int, (path / "cgroup.procs").read_text().split()))
    return found


def remove_groups(groups):
    """Those who are still in them are ended first."""
    deadline = time.monotonic() + hearth.DEADLINE_SECONDS
    while left := members(groups):
        assert time.monotonic() < deadline, f"processes do not end: {left}"
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    for group in groups:
        for path in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
            path.rmdir()
        group.rmdir()


@contextlib.contextmanager
def machine(folder, units):
    """Boots it with these files in /etc/systemd/system, up to test.target; gives the folder that is /opt/shared there."""
    for name in ("space", "shared", "etc"):
        (folder / name).mkdir()
    for name, text in units.items():
        path = folder / "etc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    groups = make_groups(f"hearth-test-{os.getpid()}-{time.monotonic_ns()}")

    def enter():
        for group in groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    unshare = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"]
    with open(folder / "boot.log", "wb") as log:
        started = subprocess.Popen(
            [*unshare, SCRIPT, folder], preexec_fn=enter, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield folder / "shared"
    finally:
        remove_groups(groups)
        started.wait()


def wait_for(path, folder):
    """Until the machine has written that file."""
    deadline = time.monotonic() + hearth.DEADLINE_SECONDS
    while not path.exists():
        assert time.monotonic() < deadline, f"no {path.name}; the machine said: {(folder / 'boot.log').read_text()}"
        time.sleep(0.02)
    return path.read_text()


def copy_hearth(shared):
    shutil.copy(hearth.BINARY, shared / "hearth")
