# SPDX-License-Identifier: Apache-2.0
"""memory of a recording of the whole machine: with 300 files sampled, and with a set of servers at work

Resident is the peak of hearth's process from its start until its end, naming included; maps are what the kernel
accounts for them, unwind tables included. The names are those of all processes, inlined calls among them, by the debug files that
are here. The 300 are the machine's own programs and libraries (modules.py), each
sampled by three ticks or so at 99 Hz, and their rows kept to the end. The servers: postgres under pgbench, nginx, node,
python3, and shell tools.
"""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import measuring
import modules
from rows import Row

sys.path.append(str(measuring.ROOT / "tests/accuracy"))

import programs  # noqa: E402
import servers  # noqa: E402

RATE = 99
COUNT = 300
LEAD_SECONDS = 1
TOOLS = "find /usr/share/doc -name 'c*' | sort | awk '{n += length}' ; ls -lR /usr/share/doc | grep -c root"
ENDED_BY = {-signal.SIGINT, -signal.SIGTERM}


@contextlib.contextmanager
def recording(bench):
    """Records the whole machine for as long as the block takes; then the yielded dictionary has the statistics."""
    told, stats = {}, bench.path("memory.json")
    command = [bench.binary, "record", "-a", "-F", RATE, "--stats", stats, "-o", bench.path("memory.folded")]
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        time.sleep(LEAD_SECONDS)
        yield told
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=measuring.HURRY_SECONDS)[1]
    finally:
        process.kill()
    if process.returncode:
        raise measuring.Failed(f"hearth record: status {process.returncode}: {said[-500:]}")
    told.update(json.loads(stats.read_text()))


def rows_of(what, told, map_bar, note):
    own, unwind = told["self"], told["unwind"]
    yield Row(f"{what}: peak resident", measuring.resident_mb(own), "MB", 40, note=note)
    if "naming_ns" in own:
        yield Row(f"{what}: from the last tick to all names", own["naming_ns"] / 1e6, "ms", 300,
                  note=f"{told['processes']} processes; the worker's peak {own['worker']['rss_peak_bytes'] / 1e6:.1f} MB")  # fmt: skip
    yield Row(f"{what}: maps", own["map_bytes"] / 2**20, "MiB", map_bar,
              note=f"of it {unwind['segment_bytes'] / 2**20:.0f} for the rows: {unwind['rows']:,} "
                   f"of {unwind['modules']} modules, {unwind['evicted']} driven out")  # fmt: skip


# --- servers ----------------------------------------------------------------------------------------


def run_work(work, failures):
    """One of the accuracy table's programs, without a recording of its own."""
    process = subprocess.Popen(
        work.command, cwd=work.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        if work.drive:
            work.drive()
        process.wait(measuring.HURRY_SECONDS)
        if process.returncode and process.returncode not in ENDED_BY:
            raise measuring.Failed(f"status {process.returncode}: {' '.join(work.command)}")
    except Exception as error:  # told where all have ended
        failures.append(error)
    finally:
        process.kill()


def server_set(bench):
    """(name, work) of what is installed."""
    places = {
        "postgres": (servers.postgres, list(Path("/usr/lib/postgresql").glob("*/bin/postgres"))),
        "nginx": (servers.nginx, shutil.which("nginx", path="/usr/sbin:/usr/bin")),
        "node": (programs.node, shutil.which("node")),
        "python3": (programs.python, True),
        "shell tools": (lambda _: programs.Work(["sh", "-c", f"for i in 1 2 3; do {TOOLS}; done"]), True),
    }
    for name, (prepare, is_there) in places.items():
        if is_there:
            folder = bench.path(name.replace(" ", "-"))
            folder.mkdir(mode=0o755)
            yield name, prepare(folder)


def run_all(works):
    failures = []
    threads = [threading.Thread(target=run_work, args=(work, failures)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise measuring.Failed(str(failures[0]))


def measure(bench):
    count = bench.seconds(COUNT, 60)
    paths = modules.pick(count)
    with recording(bench) as told:
        modules.meet(paths)
    if told["unwind"]["loaded"] < count:
        raise measuring.Failed(f"of {count} files hearth loaded the rows of {told['unwind']['loaded']}")
    yield from rows_of(f"{count} files", told, 64, modules.describe(paths))
    bench.folder.chmod(0o755)  # for postgres, which does not run as root
    works = dict(server_set(bench))
    with recording(bench) as told:
        run_all(works.values())
    yield from rows_of("servers", told, 16, f"{', '.join(works)}; {told['modules']} files, "
                                            f"{told['processes']} processes, {told['stacks']:,} stacks")  # fmt: skip
