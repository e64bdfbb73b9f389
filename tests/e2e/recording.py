# SPDX-License-Identifier: Apache-2.0
"""What the tests of `hearth record` as a program share: starting it, holding it at a chosen moment, and
looking at what it holds in the kernel.

hearth.py has what every end-to-end test needs; this is for those that disturb a recording.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import hearth

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def until(is_so, what, timeout=hearth.DEADLINE_SECONDS):
    """Waits for an event that can only be looked for; gives what `is_so` gave."""
    deadline = time.monotonic() + timeout
    while True:
        found = is_so()
        if found:
            return found
        assert time.monotonic() < deadline, f"not before the deadline: {what}"
        time.sleep(0.005)  # the distance of two looks, not a delay that something relies on


# --- one line, and the right status -----------------------------------------------------------------


def complaints(ended):
    """The lines in which hearth says what went wrong."""
    return [line for line in ended.stderr.splitlines() if line.startswith("hearth: ")]


def assert_refused(ended, status, pattern):
    """Wrong use: nothing but one line on standard error, that says it."""
    assert ended.returncode == status, ended
    assert ended.stdout == "", ended
    assert len(ended.stderr.splitlines()) == 1, ended
    assert len(complaints(ended)) == 1, ended
    assert re.search(pattern, ended.stderr), ended


def assert_failed(ended, status, pattern):
    """A failure after a recording, which has its own words: one line of them is the complaint."""
    assert ended.returncode == status, ended
    assert len(complaints(ended)) == 1, ended
    assert re.search(pattern, complaints(ended)[0]), ended


def run_to(stdout, *arguments, timeout=hearth.DEADLINE_SECONDS):
    """Runs hearth with this as its standard output."""
    ended = subprocess.run(
        [str(argument) for argument in (hearth.BINARY, *arguments)],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=timeout,
        text=True,
    )
    return hearth.Ended(ended.returncode, "", ended.stderr)


# --- a recording that runs --------------------------------------------------------------------------


def start(*arguments, **options):
    """Starts `hearth record ARGUMENTS`, to be used in a `with`."""
    return hearth.Child(hearth.BINARY, "record", *arguments, **options)


def online_cpus():
    return os.sysconf("SC_NPROCESSORS_ONLN")


def descriptors(pid):
    """What /proc says of each open descriptor that is neither file nor pipe: {kind, field: value}."""
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            kind = os.readlink(link)
            if not kind.startswith("anon_inode:"):
                continue
            text = Path(f"/proc/{pid}/fdinfo/{link.name}").read_text()
        except OSError:
            continue  # closed meanwhile
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        yield {"kind": kind, **{key.strip(): value.strip() for key, value in fields.items()}}


def bpf_ids(pid):
    """{(kind, id)} of the programs, maps and links that a process holds."""
    found = set()
    for descriptor in descriptors(pid):
        for kind, field in (("link", "link_id"), ("map", "map_id"), ("prog", "prog_id")):
            if field in descriptor:  # a link tells its program as well
                found.add((kind, int(descriptor[field])))
                if kind == "link" or kind == "map":
                    break
    return found


def ticking_cpus(pid):
    return sum(descriptor.get("link_type") == "perf" for descriptor in descriptors(pid))


def wait_until_recording(child, cpus=None):
    """Until the timers of all CPUs are attached."""
    wanted = online_cpus() if cpus is None else cpus

    def is_recording():
        assert child.process.poll() is None, f"it ended: {child.end()}"
        return ticking_cpus(child.pid) >= wanted

    until(is_recording, "every CPU has its timer")
    return bpf_ids(child.pid)


def wait_until_freed(ids, timeout=10):
    """Ids are never given twice, so another hearth's are no trouble. The kernel frees in its own time."""

    def left():
        there = {
            (kind, entry["id"])
            for kind in ("link", "map", "prog")
            for entry in hearth.bpftool(kind, "show")
        }
        return ids & there

    assert ids, "there was nothing to be freed: a test that looks at nothing"
    until(lambda: not left(), f"freed {ids}", timeout)


def children_of(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_worker(pid):
    """The process that reads files for hearth."""
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0] == "hearth-worker"


def is_opener(pid):
    """The process that opens files for hearth which may block."""
    return Path(f"/proc/{pid}/comm").read_text() == "hearth-opener\n"


def commands_of(pid):
    """Its command and that one's keeper."""
    return [child for child in children_of(pid) if not is_worker(child) and not is_opener(child)]


def is_over(pid):
    """Ended: nobody has to have reaped it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def run_ns(pid):
    """The time that a process's first thread has run, by the scheduler's own account."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def until_worked(child, seconds):
    """So much CPU time from now on: there are ticks in it."""
    before = run_ns(child.pid)
    until(lambda: run_ns(child.pid) - before > seconds * 1e9, f"{seconds} s of work")


def busy(name="shares_70_30"):
    """A sample that works until the `with` block ends."""
    return hearth.Child(*hearth.sample(name, 100000))


def sleeper():
    """A process that never runs while one looks."""
    child = hearth.Child("sleep", "infinity")
    until(
        lambda: Path(f"/proc/{child.pid}/comm").read_text() == "sleep\n"
        and Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S",
        "it sleeps",
    )
    return child


# --- held at a chosen moment ------------------------------------------------------------------------
#
# A library put before the others stops hearth (SIGSTOP) as it is about to call a function: no race is
# needed to meet it in the middle of loading or of writing. It waits for itself: a test waits for "stopped".

STOPPER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void stop_before(const char *name)
{
	const char *wanted = getenv("STOP_BEFORE");

	if (wanted && !strcmp(wanted, name)) {
		unsetenv("STOP_BEFORE"); /* once */
		raise(SIGSTOP);
	}
}

#define WRAP(type, name, parameters, arguments)                                  \
	type name parameters                                                     \
	{                                                                        \
		type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
										 \
		stop_before(#name);                                              \
		return real arguments;                                           \
	}

WRAP(int, bpf_object__load_skeleton, (void *skeleton), (skeleton))
WRAP(void *, ring_buffer__new, (int fd, void *handle, void *context, void *options),
     (fd, handle, context, options))
WRAP(void *, bpf_program__attach_perf_event, (void *program, int fd), (program, fd))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, linkat, (int a, const char *b, int c, const char *d, int e), (a, b, c, d, e))
WRAP(int, rename, (const char *a, const char *b), (a, b))
"""

# In the order in which a recording comes by; the last two only over a file that exists.
MOMENTS_BEFORE_TICKS = [
    "bpf_object__load_skeleton",  # nothing is loaded, the command waits
    "ring_buffer__new",  # programs and maps are there
    "bpf_program__attach_perf_event",  # the followers of fork, exec and exit are attached
]
MOMENTS_OF_WRITING = ["fsync", "linkat", "rename"]


@contextlib.contextmanager
def preloaded(source):
    """Gives options for start() that let a library of ours stand before hearth's: options(NAME=value)."""
    with tempfile.TemporaryDirectory(prefix="hearth-test-") as folder:
        library = Path(folder, "preloaded.so")
        command = ["cc", "-shared", "-fPIC", "-o", library, "-xc", "-", "-ldl"]
        subprocess.run(command, input=source, text=True, check=True)
        yield lambda **variables: {"env": {**os.environ, "LD_PRELOAD": str(library), **variables}}


@contextlib.contextmanager
def stopper():
    """Gives options for start() that hold hearth before a function: options("fsync")."""
    with preloaded(STOPPER) as options:
        yield lambda name: options(STOP_BEFORE=name)


def wait_until_stopped(child):
    def is_stopped():
        state = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0]
        assert state != "Z", f"it ended instead of being stopped: {child.end()}"
        return state == "T"

    until(is_stopped, "stopped")


def go_on(child):
    child.send(signal.SIGCONT)


# --- places -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def folder_for_all():
    """A folder that everybody may write in, with a hearth that everybody may run."""
    with tempfile.TemporaryDirectory(prefix="hearth-test-") as folder:
        os.chmod(folder, 0o777)
        binary = Path(folder, "hearth")
        shutil.copy(hearth.BINARY, binary)
        os.chmod(binary, 0o755)
        yield Path(folder), binary


@contextlib.contextmanager
def small_disk(folder, size="64k"):
    """A file system of its own, mounted on `folder`."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "hearth-test", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(folder):
    """Takes all room that is left."""
    with open(Path(folder, "filler"), "wb", buffering=0) as filler:
        with contextlib.suppress(OSError):
            while True:
                filler.write(b"x" * 512)


@contextlib.contextmanager
def setting(path, value):
    """A setting of the kernel, put back afterwards."""
    path = Path(path)
    before = path.read_text().strip()
    path.write_text(str(value))
    try:
        yield
    finally:
        path.write_text(before)


def compile_c(folder, name, source, *flags):
    """A program made for one test."""
    program, text = Path(folder, name), Path(folder, f"{name}.c")
    text.write_text(source)
    subprocess.run(
        ["cc", "-O1", "-g", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-o", program]
        + [text, *flags],
        check=True,
    )
    return program


def processes(stacks):
    return {stack.process for stack in stacks}


def frames(stacks):
    return {frame for stack in stacks for frame in stack.frames}


# --- cgroups ------------------------------------------------------------------------------------------


def cgroup_mounts():
    """{name: folder} of the hierarchies in which a test can make cgroups."""
    found = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        kind, _, options = rest.split(" ", 2)
        folder = fields.split()[4]
        if kind == "cgroup2":
            found["unified"] = folder
        elif kind == "cgroup" and "cpu" in options.split(","):
            found["cpu"] = folder
    return {name: folder for name, folder in found.items() if os.access(folder, os.W_OK)}


@contextlib.contextmanager
def cgroup_in(hierarchy, name):
    """A new cgroup with another one in it, of this name."""
    outer = Path(hierarchy, f"hearth-test-{os.getpid()}")
    inner = outer / name
    inner.mkdir(parents=True)

    def is_removed(folder):
        try:
            folder.rmdir()
        except OSError:  # EBUSY: the last of its processes is not quite gone
            return False
        return True

    try:
        yield outer, inner
    finally:
        for folder in (inner, outer):
            until(lambda folder=folder: is_removed(folder), f"{folder} is empty", 10)
