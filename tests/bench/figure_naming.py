# SPDX-License-Identifier: Apache-2.0
"""names of a recording of 10 s of the whole machine, 60 processes of real programs; with debug files and without

The programs are those of PROGRAMS that are installed, by turns; none ends before the recording does, nor at its end. Naming is the
time from the last tick to all names, inlined calls among them. Without debug files: hearth sees an empty /usr/lib/debug. The
programs are nice, so that names are waited for and not a CPU; the last row is without that.
"""

import contextlib
import json
import shutil
import subprocess
import time

import measuring
from rows import Row

RATE = 99
SECONDS = 10
PROCESSES = 60
LEAST_PROGRAMS = 20
LEAD_SECONDS = 2

# Endless work; of those that read, on zeros.
PROGRAMS = [
    ["python3", "-c", "while 1: ' '.join(map(str, range(100))).split()"],
    ["node", "-e", "for (;;) JSON.parse(JSON.stringify([Math.random()]))"],
    ["perl", "-e", "while (1) { $_ = join ' ', 1 .. 100; s/\\d+/x/g }"],
    ["bash", "-c", "while :; do i=$((i + 1)); done"],
    ["dash", "-c", "while :; do i=$((i + 1)); done"],
    ["mawk", "BEGIN { while (1) x += length(i++) }"],
    ["sqlite3", ":memory:", "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"],
    ["jq", "-n", "last(range(1e18))"],
    ["openssl", "dgst", "-sha256"],
    ["openssl", "speed", "-seconds", "600", "rsa2048"],
    ["gzip", "-c"],
    ["bzip2", "-c"],
    ["xz", "-0", "-c"],
    ["zstd", "-1", "-c"],
    ["lz4", "-1", "-c"],
    ["sha1sum"],
    ["sha256sum"],
    ["sha512sum"],
    ["md5sum"],
    ["b2sum"],
    ["cksum"],
    ["sum"],
    ["base64"],
    ["base32"],
    ["od"],
    ["xxd"],
    ["hexdump", "-C"],
    ["strings"],
    ["tr", "a", "b"],
    ["wc", "-m"],
    ["dd", "bs=4k"],
    ["seq", "inf"],
    ["yes"],
]  # fmt: skip


@contextlib.contextmanager
def processes(commands, niceness):
    running = []
    try:
        with open("/dev/zero", "rb") as zeros:
            for command in commands:
                running.append(
                    subprocess.Popen(
                        ["nice", "-n", str(niceness), *command],
                        stdin=zeros, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    )
                )
        yield
        ended = [process.args[3] for process in running if process.poll() is not None]
        if ended:
            raise measuring.Failed(f"ended before the recording: {', '.join(ended)}")
    finally:
        for process in running:
            process.kill()
            process.wait()


def record(bench, name, around=()):
    stats = bench.path(f"{name}.json")
    seconds = bench.seconds(SECONDS, 3)
    measuring.run(
        [*around, bench.binary, "record", "-a", "-F", RATE, "-d", seconds, "--stats", stats,
         "-o", bench.path(f"{name}.folded")],
        seconds + measuring.HURRY_SECONDS,
    )  # fmt: skip
    return json.loads(stats.read_text())


def naming_row(what, told, bar):
    names = told["names"]
    return Row(f"{what}: last tick to all names", told["self"]["naming_ns"] / 1e6, "ms", bar,
              note=f"{told['processes']} processes, {told['modules']} files, {told['stacks']:,} stacks, "
                   f"{100 * names['without_name'] / names['user_frames']:.1f} % of user frames without a name")  # fmt: skip


def rows_of(what, told, bar):
    own = told["self"]
    yield naming_row(what, told, bar)
    costs = told["naming"]["modules"]
    of_kernel = sum(cost["cpu_ns"] for cost in costs if cost["module"] == "kernel")
    dearest = ", ".join(f"{cost['module']} {cost['cpu_ns'] / 1e6:.1f}" for cost in costs[:5])
    of_worker = told["naming"]["others"]["cpu_ns"] + sum(cost["cpu_ns"] for cost in costs) - of_kernel
    yield Row(f"{what}: CPU time of the worker for it", of_worker / 1e6, "ms",
              note=f"meanwhile hearth's own for the kernel: {of_kernel / 1e6:.1f}; the dearest: {dearest}")  # fmt: skip
    yield Row(f"{what}: the worker's peak", own["worker"]["rss_peak_bytes"] / 1e6, "MB", 60)


def measure(bench):
    installed = [command for command in PROGRAMS if shutil.which(command[0])]
    programs = {command[0] for command in installed}
    if len(programs) < LEAST_PROGRAMS:
        raise measuring.Failed(f"only {len(programs)} of the programs are installed")
    without = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /usr/lib/debug && exec "$@"', "sh"]
    chosen = [installed[number % len(installed)] for number in range(PROCESSES)]
    with processes(chosen, 19):
        time.sleep(LEAD_SECONDS)
        yield from rows_of("with debug files", record(bench, "with"), 300)
        yield from rows_of("without", record(bench, "without", without), 100)
    with processes(chosen, 0):
        time.sleep(LEAD_SECONDS)
        yield naming_row("with, the programs not nice", record(bench, "beside"), None)
