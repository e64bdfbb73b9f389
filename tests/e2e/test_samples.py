# SPDX-License-Identifier: Apache-2.0
"""Profiles the samples, whose profile is known in advance, and holds it against their expect files (expectations.py)."""

import re
import subprocess

import pytest

import expectations
import hearth

pytestmark = pytest.mark.root

RATE = 999
SECONDS = 3


def runs(compiler):
    """Is there a compiler, and more than its wrapper?"""
    try:
        version = "version" if compiler == "go" else "--version"
        return subprocess.run([compiler, version], capture_output=True).returncode == 0
    except OSError:
        return False


def load_expectations():
    found = {}
    for name in expectations.names():
        expected = expectations.load(name)
        # deps.sh installs a compiler for C++; those for Rust and Go are used where they are.
        if expected.get("needs") not in ("rustc", "go") or runs(expected["needs"]):
            found[name] = expected
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
        for number, check in enumerate(expectations.checks(expected, kind)):
            cases.append(pytest.param(name, check, id=f"{name}-{number}"))
    return pytest.mark.parametrize("name, check", cases)


@each_check("shares")
def test_share(recordings, name, check):
    expectations.judge(recordings(name).stacks, "shares", check)


@each_check("chains")
def test_chain(recordings, name, check):
    expectations.judge(recordings(name).stacks, "chains", check)


@each_check("fates")
def test_fate(recordings, name, check):
    expectations.judge(recordings(name).stacks, "fates", check)


@each_check("depth")
def test_depth(recordings, name, check):
    expectations.judge(recordings(name).stacks, "depth", check)


@each_check("named_leaf")
def test_leaf_is_attributed(recordings, name, check):
    expectations.judge(recordings(name).stacks, "named_leaf", check)


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
    due, stolen = recording.stats["ticks"]["due"], hearth.stolen_ticks(recording.stats)
    told = f"{due} ticks due for {expected:.0f}, {hearth.fired_ticks(recording.stats)} fired, slack {slack:.0f}, {stolen:.0f} stolen"
    assert due >= 0.98 * expected - slack, told
    # A tick, late or not, is time that the sample had on a CPU, or that was stolen from it: it cannot have more
    # of them than that, however idle the CPU was before.
    assert due <= 1.02 * expected + slack + stolen, told


@pytest.mark.alone
def test_due_ticks_of_twenty_seconds():
    """The issue's bar, without slack: one thread, 20 s, 999 Hz."""
    recording = hearth.record("-F", RATE, "--", *hearth.sample("shares_70_30", "--report", 20))
    expected = hearth.report_of(recording.process.stdout)["cpu_ns"] / 1e9 * RATE
    stats = recording.stats
    assert stats["ticks"]["due"] >= 0.98 * expected, stats
    assert hearth.fired_ticks(stats) <= 1.02 * expected + hearth.stolen_ticks(stats), stats


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
