# SPDX-License-Identifier: Apache-2.0
"""Profiles the samples, whose profile is known in advance, and holds it against their expect files.

samples/NAME.expect.json: "about" says in words what it shows; "needs" names a compiler that a machine
may lack; the rest are lists of checks. A frame is a name, or a regular expression between slashes, for
the whole name as the folded output has it.

    shares      the ticks with one of "frames" in their stack, among those with one of "of" (all, if
                left out): "is" this share (give or take "within"), "at_least" or "at_most"
    chains      of the ticks with the chain's last frame, how many have the whole chain, callers first;
                ["name", 60] is the frame sixty times, not more
    fates       the share of the ticks with a fate (as everywhere here, of those that fired)
    depth       the share of the ticks with at least so many frames
    named_leaf  the share of the ticks whose innermost frame is known to belong to a file or the kernel
"""

import json
import re
import subprocess

import pytest

import hearth

pytestmark = pytest.mark.root

RATE = 999
SECONDS = 3
BARS = ("is", "at_least", "at_most", "within")


def runs(compiler):
    """Is there a compiler, and more than its wrapper?"""
    try:
        version = "version" if compiler == "go" else "--version"
        return subprocess.run([compiler, version], capture_output=True).returncode == 0
    except OSError:
        return False


def load_expectations():
    found = {}
    for path in sorted((hearth.ROOT / "samples").glob("*.expect.json")):
        expected = json.loads(path.read_text())
        # deps.sh installs a compiler for C++; those for Rust and Go are used where they are.
        if expected.get("needs") in ("rustc", "go") and not runs(expected["needs"]):
            continue
        found[path.name.split(".")[0]] = expected
    return found


EXPECTED = load_expectations()


@pytest.fixture(scope="module")
def recordings():
    """Each sample is profiled once, when the first test asks for it."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = hearth.record(
                "-F", RATE, "--", *hearth.sample(name, "--report", SECONDS)
            )
        return made[name]

    return get


def each_check(kind):
    """One test for each check, so that a failure names it and the others still run."""
    cases = []
    for name, expected in EXPECTED.items():
        checks = expected.get(kind, [])
        for number, check in enumerate(checks if isinstance(checks, list) else [checks]):
            cases.append(pytest.param(name, check, id=f"{name}-{number}"))
    return pytest.mark.parametrize("name, check", cases)


def matches(pattern, frame):
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):
        return re.fullmatch(pattern[1:-1], frame) is not None
    return pattern == frame


def has_any(stack, patterns):
    return any(matches(pattern, frame) for frame in stack.frames for pattern in patterns)


def has_chain(stack, chain):
    """Does the chain stand somewhere in the stack, frame by frame, without gaps?"""
    wanted = []
    for link in chain:
        name, times = link if isinstance(link, list) else (link, 1)
        wanted += [name] * times
    frames = stack.frames
    for start in range(len(frames) - len(wanted) + 1):
        if all(map(matches, wanted, frames[start:])):
            return True
    return False


def fired(recording):
    """Stacks of ticks that fired: those whose time only passed have no code to be judged by."""
    return [stack for stack in recording.stacks if stack.fate != "lost"]


def assert_bars(k, n, what, check):
    bars = {key: check[key] for key in BARS if key in check}
    if "is" in bars:
        bars["equals"] = bars.pop("is")
    hearth.assert_share(k, n, what, **bars)


@each_check("shares")
def test_share(recordings, name, check):
    stacks = fired(recordings(name))
    if "of" in check:
        stacks = [stack for stack in stacks if has_any(stack, check["of"])]
    k = hearth.ticks(stacks, lambda stack: has_any(stack, check["frames"]))
    assert_bars(k, hearth.ticks(stacks), f"share of {check['frames']}", check)


@each_check("chains")
def test_chain(recordings, name, check):
    last = check["chain"][-1]
    stacks = [stack for stack in fired(recordings(name)) if has_any(stack, [last])]
    k = hearth.ticks(stacks, lambda stack: has_chain(stack, check["chain"]))
    shown = max(stacks, key=lambda stack: stack.count, default=None)
    assert_bars(k, hearth.ticks(stacks), f"chain {check['chain']}, of stacks like {shown}", check)


@each_check("fates")
def test_fate(recordings, name, check):
    stacks = fired(recordings(name))
    k = hearth.ticks(stacks, lambda stack: stack.fate == check["fate"])
    assert_bars(k, hearth.ticks(stacks), f"ticks that are {check['fate']}", check)


@each_check("depth")
def test_depth(recordings, name, check):
    stacks = fired(recordings(name))
    k = hearth.ticks(stacks, lambda stack: len(stack.frames) >= check["frames"])
    assert_bars(k, hearth.ticks(stacks), f"stacks of {check['frames']} frames or more", check)


@each_check("named_leaf")
def test_leaf_is_attributed(recordings, name, check):
    stacks = fired(recordings(name))
    k = hearth.ticks(stacks, lambda stack: stack.frames and stack.frames[-1] != "[unknown]")
    assert_bars(k, hearth.ticks(stacks), "leaves that are attributed to a module", check)


@pytest.mark.parametrize("name", EXPECTED)
def test_only_the_sample_is_profiled(recordings, name):
    assert {stack.process for stack in recordings(name).stacks} == {name}


@pytest.mark.parametrize("name", EXPECTED)
def test_no_raw_address_or_sigil_leaks(recordings, name):
    """A name is a name or stands in brackets: no address of the kernel or of a process is shown."""
    for stack in recordings(name).stacks:
        for frame in stack.frames:
            assert not re.search(r"0x[0-9a-f]{6,}|\b[0-9a-f]{12,16}\b", frame), frame


@pytest.mark.parametrize("name", EXPECTED)
def test_due_ticks_are_cpu_time(recordings, name):
    recording = recordings(name)
    report = hearth.report_of(recording.process.stdout)
    expected = report["cpu_ns"] / 1e9 * RATE
    slack = hearth.tick_deviation(report["switches"])
    due = recording.stats["ticks"]["due"]
    late = recording.stats["ticks"]["lost"].get("late", 0)
    assert due >= 0.98 * expected - slack, f"{due} ticks due for {expected:.0f}, slack {slack:.0f}"
    assert due - late <= 1.02 * expected + slack, f"{due - late} fired for {expected:.0f}"
    # A late tick is time that the sample had on a CPU, or that was stolen from it: it cannot have more of
    # them than that, however idle the CPU was before.
    stolen = recording.stats["steal_ns"] / 1e9 * RATE
    assert due <= 1.02 * expected + slack + stolen, f"{late} late, {stolen:.0f} stolen"


def test_due_ticks_of_twenty_seconds():
    """The issue's bar, without slack: one thread, 20 s, 999 Hz."""
    recording = hearth.record("-F", RATE, "--", *hearth.sample("shares_70_30", "--report", 20))
    expected = hearth.report_of(recording.process.stdout)["cpu_ns"] / 1e9 * RATE
    due = recording.stats["ticks"]["due"]
    late = recording.stats["ticks"]["lost"].get("late", 0)
    assert due >= 0.98 * expected
    assert due - late <= 1.02 * expected


def test_running_process_and_its_ticks():
    """A sample that runs already, attached to by PID: hearth sees the end of it and ends as well."""
    with hearth.held_sample("recursion", SECONDS) as child:
        with hearth.Child(
            hearth.BINARY, "record", "-F", RATE, "-p", child.pid, "--format", "folded", "-o", "-"
        ) as recorder:
            hearth.wait_until_recording(recorder)
            child.say()
            report = hearth.report_of(child.end().stdout)
            ended = recorder.end()
    assert ended.returncode == 0, ended
    stacks = [hearth.read_stack(line) for line in ended.stdout.splitlines()]
    expected = report["cpu_ns"] / 1e9 * RATE
    assert hearth.ticks(stacks) >= 0.98 * expected - hearth.tick_deviation(report["switches"])
    assert {stack.process for stack in stacks} == {"recursion"}
