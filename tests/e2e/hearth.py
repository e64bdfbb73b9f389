# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: running hearth, reading what it wrote, and judging counts of ticks.

Nothing here sleeps and hopes. A test waits for an event (a line, the end of a process) with a deadline
that only a broken program meets, and children are ended by the process that started them.
"""

import functools
import json
import math
import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import List, NamedTuple, Optional

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / ".output"
BINARY = OUTPUT / "hearth"
SAMPLES = OUTPUT / "samples"

DEADLINE_SECONDS = 60  # for what takes a second or two on an idle machine


# --- what hearth wrote ------------------------------------------------------------------------------


class Stack(NamedTuple):
    """A line of a folded profile. `frames` has neither the process nor the marker of its fate."""

    process: str
    fate: str  # "complete", "truncated" or "lost"
    reason: Optional[str]
    frames: List[str]  # root first
    count: int


MARKER = re.compile(r"\[(truncated|lost):([^\]]+)\]")


def read_stack(line):
    text, space, count = line.rpartition(" ")
    assert space and count.isdigit(), f"no count at the end of the line: {line!r}"
    process, *frames = text.split(";")
    assert process and all(frames), f"an empty frame: {line!r}"
    marker = MARKER.fullmatch(frames[0]) if frames else None
    if marker:
        return Stack(process, marker[1], marker[2], frames[1:], int(count))
    return Stack(process, "complete", None, frames, int(count))


def read_folded(path):
    return [read_stack(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def is_kernel(frame):
    return frame.endswith("_[k]")


def ticks(stacks, wanted=lambda stack: True):
    return sum(stack.count for stack in stacks if wanted(stack))


def check_accounts(stacks, stats):
    """Promise 1: every tick has one fate, they add up, and both outputs say the same."""
    told = stats["ticks"]
    for fate in ("truncated", "lost"):
        by_reason = {}
        for stack in stacks:
            if stack.fate == fate:
                by_reason[stack.reason] = by_reason.get(stack.reason, 0) + stack.count
        assert by_reason == {reason: n for reason, n in told[fate].items() if n}, fate
    assert ticks(stacks, lambda stack: stack.fate == "complete") == told["complete"]
    assert told["due"] == told["complete"] + sum(told["truncated"].values()) + sum(
        told["lost"].values()
    )


# --- running it -------------------------------------------------------------------------------------


class Ended(NamedTuple):
    """A process that is over."""

    returncode: int
    stdout: str
    stderr: str


# A program begins with the peak of the process that becomes it: a small one measures.
MEASURE = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024)
"""


def peak_bytes(*arguments):
    """Of hearth: its exit status, and the memory that was resident at its most (10 MB at least)."""
    command = ["/usr/bin/python3", "-S", "-c", MEASURE, BINARY, *arguments]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=DEADLINE_SECONDS).stdout
    status, peak = told.split()
    return int(status), int(peak)


class Child:
    """A process that a test talks to. Leaving the `with` block ends it, whatever happened inside."""

    def __init__(self, *arguments, **options):
        options.setdefault("stdin", subprocess.PIPE)
        self.process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
        self.pid = self.process.pid
        self.read = {self.process.stdout: b"", self.process.stderr: b""}
        self.open = set(self.read)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def _read_more(self, deadline):
        """Reads what comes next, from either pipe: an unread one would stop the child."""
        with selectors.DefaultSelector() as selector:
            for stream in self.open:
                selector.register(stream, selectors.EVENT_READ)
            ready = selector.select(max(0, deadline - time.monotonic()))
        assert ready, f"nothing came before the deadline; so far: {self.output()}"
        for key, _ in ready:
            data = os.read(key.fd, 65536)
            self.read[key.fileobj] += data
            if not data:
                self.open.discard(key.fileobj)

    def output(self):
        return tuple(
            self.read[stream].decode("utf-8", "replace")
            for stream in (self.process.stdout, self.process.stderr)
        )

    def wait_for(self, pattern, timeout=DEADLINE_SECONDS):
        """Waits until the pattern stands in a whole line of standard output or error."""
        deadline = time.monotonic() + timeout
        while True:
            for text in self.output():
                whole_lines = text[: text.rfind("\n") + 1]
                match = re.search(pattern, whole_lines, re.MULTILINE)
                if match:
                    return match
            assert self.open, f"ended without {pattern!r}: {self.output()}"
            self._read_more(deadline)

    def say(self, line=""):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def send(self, number):
        self.process.send_signal(number)

    def end(self, timeout=DEADLINE_SECONDS):
        """Waits for the end."""
        deadline = time.monotonic() + timeout
        if self.process.stdin:
            self.process.stdin.close()
        while self.open:
            self._read_more(deadline)
        self.process.wait(max(0.1, deadline - time.monotonic()))
        return Ended(self.process.returncode, *self.output())

    def interrupt(self, timeout=DEADLINE_SECONDS):
        """Ctrl-C, and waits for the end."""
        self.send(signal.SIGINT)
        return self.end(timeout)


def sample(name, *arguments):
    """A sample's command line."""
    return [str(SAMPLES / name), *map(str, arguments)]


def held_sample(name, seconds):
    """Starts a sample that waits, ready to run, until it is told to: child.say()."""
    child = Child(*sample(name, "--hold", "--report", seconds))
    child.wait_for("^ready$")
    return child


def report_of(text):
    """The line that a sample writes with --report."""
    return json.loads(next(line for line in text.splitlines() if line.startswith('{"cpu_ns"')))


def run(*arguments, timeout=DEADLINE_SECONDS, **options):
    """Runs hearth to its end, whatever that is."""
    with Child(BINARY, *arguments, **options) as child:
        return child.end(timeout)


class Recording(NamedTuple):
    stacks: List[Stack]
    stats: dict
    process: Ended


def record(*arguments, timeout=DEADLINE_SECONDS):
    """Runs `hearth record ARGUMENTS` for what it measures: it must succeed, and its accounts must add up.

    Output file and statistics are added; arguments are the target, rate and so on.
    """
    with tempfile.TemporaryDirectory(prefix="hearth-test-") as folder:
        folded, stats = Path(folder, "out.folded"), Path(folder, "stats.json")
        ended = run("record", "--stats", stats, "-o", folded, *arguments, timeout=timeout)
        assert ended.returncode == 0, ended
        assert sorted(os.listdir(folder)) == ["out.folded", "stats.json"], "a file was left behind"
        recording = Recording(read_folded(folded), json.loads(stats.read_text()), ended)
    check_accounts(recording.stacks, recording.stats)
    return recording


# --- what is left in the kernel ---------------------------------------------------------------------

BPFTOOL = next((path for path in ("/usr/sbin/bpftool", "/sbin/bpftool") if os.path.exists(path)), "bpftool")


@functools.cache
def own_bpf_names():
    """How the kernel calls our programs and maps: their symbols, cut to 15 characters, and for the maps
    that libbpf makes of data sections the beginning of the object's name with the section's."""
    names = set()
    for path in OUTPUT.glob("*.bpf.o"):
        symbols = subprocess.run(
            ["readelf", "-sW", path], stdout=subprocess.PIPE, check=True, text=True
        ).stdout
        for line in symbols.splitlines():
            fields = line.split()
            if len(fields) == 8 and fields[3] in ("FUNC", "OBJECT") and fields[4] == "GLOBAL":
                names.add(fields[7][:15])
        prefix = f"{path.name[: -len('.bpf.o')]}_bpf"[:8]
        names.update((prefix + section)[:15] for section in (".bss", ".data", ".rodata", ".kconfig"))
    return names


def bpftool(*arguments):
    """What it says, or nothing: an object may be gone by the time it is asked for."""
    shown = subprocess.run(
        [BPFTOOL, "-j", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return json.loads(shown.stdout) if shown.returncode == 0 and shown.stdout else []


def bpf_names(kind):
    """{id: name} of all programs ("prog") or maps ("map") in the kernel."""
    return {entry["id"]: entry.get("name", "") for entry in bpftool(kind, "show")}


def bpf_held_by(pid, kind):
    """The ids of the programs or maps that a process has open."""
    held = set()
    folder = Path(f"/proc/{pid}/fdinfo")
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return held  # it ended meanwhile
    for name in names:
        try:
            held.update(map(int, re.findall(rf"^{kind}_id:\s*(\d+)", (folder / name).read_text(), re.MULTILINE)))
        except OSError:
            pass  # closed meanwhile
    return held


def is_recording(pid):
    """Has the timer of that hearth fired on every CPU that is online?"""
    names = bpf_names("map")
    for number in bpf_held_by(pid, "map"):
        if names.get(number) == "cpu_states":
            states = [entry["formatted"]["value"] for entry in bpftool("map", "dump", "id", number)]
            return sum(state["grid_ns"] != 0 for state in states) >= os.cpu_count()
    return False


def wait_until_recording(child, timeout=DEADLINE_SECONDS):
    """Nothing that a recorder says tells it where standard error is no terminal: its map does."""
    deadline = time.monotonic() + timeout
    while not is_recording(child.pid):
        assert child.process.poll() is None, f"ended instead: {child.end()}"
        assert time.monotonic() < deadline, f"not recording; so far: {child.output()}"
        time.sleep(0.005)


# What this run of the tests starts inherits it, and so is told from other people's hearths.
os.environ["HEARTH_TEST_RUN"] = f"{os.getpid()}-{time.monotonic_ns()}"


def hearth_processes():
    """PIDs of all hearths that live: (started by these tests, by somebody else)."""
    mark = f"HEARTH_TEST_RUN={os.environ['HEARTH_TEST_RUN']}".encode()
    ours, others = set(), set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_bytes() == b"hearth\n":
                is_ours = mark in (folder / "environ").read_bytes().split(b"\0")
                (ours if is_ours else others).add(int(folder.name))
        except OSError:
            pass  # it has ended
    return ours, others


class LeftBehind:
    """What of ours is in the kernel now, or lives as a process, and was not there before."""

    def __init__(self):
        self.names = own_bpf_names()
        self.before = {kind: set(bpf_names(kind)) for kind in ("prog", "map")}
        self.processes, _ = hearth_processes()

    def find(self):
        ours, others = hearth_processes()
        found = [f"process {pid}" for pid in ours - self.processes]
        for kind, before in self.before.items():
            names = bpf_names(kind)
            held = set().union(*(bpf_held_by(pid, kind) for pid in others))
            for number in set(names) - before - held:
                if names[number] in self.names:
                    found.append(f"{kind} {number} {names[number]}")
        return found

    def wait_for_nothing(self, timeout=10):
        """The kernel frees programs and maps some time after their last user is gone."""
        deadline = time.monotonic() + timeout
        while True:
            found = self.find()
            if not found:
                return
            assert time.monotonic() < deadline, f"left behind: {', '.join(found)}"
            time.sleep(0.02)  # there is no event for it: looks again until the deadline


# --- ticks that are late, and time that is stolen -------------------------------------------------------
#
# A hypervisor that gives a CPU to others stops its timer: ticks that were due meanwhile are late, so that they
# have no stack, and shares are those of what fired. The kernel's CPU time lacks what was stolen, which ticks
# count: there may be more of them than that, by as much as was stolen, and where nothing was, by nothing.


def fired(stacks):
    """Those of ticks for which a timer fired."""
    return [stack for stack in stacks if stack.reason != "late"]


def fired_ticks(stats):
    return stats["ticks"]["due"] - stats["ticks"]["lost"]["late"]


def stolen_ticks(stats):
    """Of the time that was stolen from this machine while hearth recorded."""
    return stats["steal_ns"] / 1e9 * stats["rate_hz"]


def read_steal_ns(stat):
    """From all CPUs so far: the eighth number of the first line (proc(5), /proc/stat)."""
    return int(stat.splitlines()[0].split()[8]) * (10**9 // os.sysconf("SC_CLK_TCK"))


class StolenTime:
    """What is stolen from this machine while the `with` block runs."""

    def __init__(self, path="/proc/stat"):
        self.path = Path(path)

    def __enter__(self):
        self.before_ns = read_steal_ns(self.path.read_text())
        return self

    def __exit__(self, *_):
        self.ns = read_steal_ns(self.path.read_text()) - self.before_ns

    def ticks(self, rate):
        return self.ns / 1e9 * rate


# --- judging counts ---------------------------------------------------------------------------------
#
# A share that a test checks comes with a bound in which a right profile lies with this confidence, for each
# single check. With a thousand checks in a run, one run in a thousand fails by chance.

CONFIDENCE = 1 - 1e-6


def binomial_tail(k, n, p, upper):
    """P(X >= k) or P(X <= k) for X of the binomial distribution of n and p."""
    if (upper and k <= 0) or (not upper and k >= n):
        return 1.0
    if p <= 0 or p >= 1:
        return float((p >= 1) == upper)
    if (k < n * p) == upper:  # the mean is in it: its other side, whose terms fall from the first one on
        return 1.0 - binomial_tail(k - 1 if upper else k + 1, n, p, not upper)
    term = math.exp(
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        + k * math.log(p) + (n - k) * math.log1p(-p)
    )
    total = 0.0
    while 0 <= k <= n and term > 1e-18 * total:
        total += term
        if upper:
            term *= (n - k) / (k + 1) * p / (1 - p)
            k += 1
        else:
            term *= k / (n - k + 1) * (1 - p) / p
            k -= 1
    return min(total, 1.0)


def share_interval(k, n, confidence=CONFIDENCE):
    """The exact interval of Clopper and Pearson for k of n (Biometrika 26, 1934), by bisection.

    It takes ticks for independent. The ticks of one thread are not: they come at equal distances, so that
    their counts stray less, and the interval is wider than it had to be.
    """

    def bisect(is_too_low):
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if is_too_low(middle) else (low, middle)
        return low

    alpha = (1 - confidence) / 2
    lower = 0.0 if k == 0 else bisect(lambda p: binomial_tail(k, n, p, True) < alpha)
    upper = 1.0 if k == n else bisect(lambda p: binomial_tail(k, n, p, False) > alpha)
    return lower, upper


def assert_share(k, n, what, equals=None, at_least=None, at_most=None, within=0.0):
    """Fails if a share of k in n contradicts what is expected, with CONFIDENCE."""
    assert n > 0, f"{what}: there is no tick to judge by"
    low, high = share_interval(k, n)
    told = f"{what}: {k} of {n} ticks, {k / n:.4f} ({low:.4f} to {high:.4f})"
    if equals is not None:
        assert low <= equals + within and high >= equals - within, f"{told}, not {equals} ± {within}"
    if at_least is not None:
        assert high >= at_least, f"{told}, less than {at_least}"
    if at_most is not None:
        assert low <= at_most, f"{told}, more than {at_most}"


def tick_deviation(switches):
    """How far a count of ticks may stray from CPU time × rate, with CONFIDENCE.

    Between two switches a thread's ticks are equidistant, so a stretch of L ticks' length gives L rounded
    up or down: a variable that spans one tick, with mean L. Hoeffding's inequality (JASA 58, 1963) bounds
    the sum of such variables.
    """
    return math.sqrt((switches + 1) * math.log(2 / (1 - CONFIDENCE)) / 2)


def assert_ticks_of_cpu_time(ticks, expected, stolen):
    """Of a process's CPU time × rate ticks, within the spread of such counts (5 sigma: 1 in a million)."""
    slack = 5 * expected**0.5 + 2
    assert expected - slack <= ticks <= expected + slack + stolen, f"{ticks} ticks for {expected:.0f}, {stolen:.0f} stolen"
