# SPDX-License-Identifier: Apache-2.0
"""`hearth query`: two spans are compared, times are relative or absolute, and each label chooses samples."""

import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

import hearth
import pprof_encoder

HOUR = 3600
NOON = 1_764_331_200  # 2025-11-28 12:00 UTC

LABELS = {
    "comm": "nginx: worker",
    "pid": 4711,
    "tid": 4712,
    "cpu": 3,
    "cgroup": "/system.slice/nginx.service",
    "container": "web",
    "user": "www-data",
    "image": "nginx:1.27",
    "pod": "web-7d4b9",
    "namespace": "shop",
    "exe": "/usr/sbin/nginx",
    "host": "node1",
    "kernel": "6.12.9-amd64",
}


def stack(names, ticks, **labels):
    return ([pprof_encoder.Frame(name) for name in names.split(";")], ticks, labels)


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def add(store, at, *stacks, rate_hz=0):
    path = store.parent / "in.pb"
    path.write_bytes(pprof_encoder.encode(stacks, rate_hz))
    ended = hearth.run("store", "import", path, "--store", store, "--at", at)
    assert ended.returncode == 0, ended.stderr


def query(store, *arguments):
    return hearth.run("query", "--store", store, "-o", "-", *arguments)


def folded(store, *arguments):
    ended = query(store, "--format", "folded", *arguments)
    assert ended.returncode == 0, ended.stderr
    return sorted(ended.stdout.splitlines())


@pytest.fixture
def two_hours(store):
    """Something was gone, something new and something more an hour later."""
    add(store, f"@{NOON}", stack("main;old", 4), stack("main;work", 10, comm="app"))
    add(store, f"@{NOON + HOUR}", stack("main;new", 2), stack("main;work", 30, comm="app"))
    return store


LATER = ("--from", f"@{NOON + HOUR}", "--to", f"@{NOON + HOUR + 600}")
EARLIER = ("--diff-from", f"@{NOON}", "--diff-to", f"@{NOON + 600}")


def test_two_spans_are_compared(two_hours):
    assert folded(two_hours, *LATER, *EARLIER) == ["main;new 0 2", "main;old 4 0", "main;work 10 30"]


def test_what_is_before_is_as_long_as_what_is_after(two_hours):
    assert folded(two_hours, *LATER, *EARLIER[:2]) == folded(two_hours, *LATER, *EARLIER)


def test_terms_choose_of_both_spans(two_hours):
    assert folded(two_hours, *LATER, *EARLIER, "--where", "comm=app") == ["main;work 10 30"]


def test_what_was_before_is_scaled(two_hours):
    assert folded(two_hours, *LATER, *EARLIER, "--where", "comm=app", "--normalize") == ["main;work 30 30"]


def test_it_is_what_render_makes_of_both(two_hours, tmp_path):
    for name, span in (("after", LATER), ("before", ("--from", EARLIER[1], "--to", EARLIER[3]))):
        assert hearth.run("query", "--store", two_hours, *span, "-o", tmp_path / f"{name}.pb.gz").returncode == 0
    rendered = hearth.run("render", tmp_path / "after.pb.gz", "--before", tmp_path / "before.pb.gz", "--format", "folded", "-o", "-").stdout
    assert folded(two_hours, *LATER, *EARLIER) == sorted(rendered.splitlines())


def test_each_output_draws_it(two_hours, tmp_path):
    for ending in (".svg", ".html", ".pb.gz", ".speedscope.json"):
        output = tmp_path / f"out{ending}"
        assert hearth.run("query", "--store", two_hours, *LATER, *EARLIER, "-o", output).returncode == 0
        assert output.stat().st_size > 100
    assert "old" in (tmp_path / "out.svg").read_text()  # what is gone is seen


def test_spans_of_two_rates_compare_by_cpu_time(store):
    add(store, f"@{NOON}", stack("main;work", 100), rate_hz=100)
    add(store, f"@{NOON + HOUR}", stack("main;work", 50), rate_hz=50)
    assert folded(store, *LATER, *EARLIER) == [f"main;work {10**9} {10**9}"]
    assert json.loads(query(store, *LATER, *EARLIER, "--format", "json").stdout)["value"]["unit"] == "nanoseconds"


def test_of_one_rate_samples_are_compared(store):
    add(store, f"@{NOON}", stack("main;work", 100), rate_hz=100)
    add(store, f"@{NOON + HOUR}", stack("main;work", 50), rate_hz=100)
    assert folded(store, *LATER, *EARLIER) == ["main;work 100 50"]


def test_a_span_to_compare_with_that_has_nothing_is_told(two_hours):
    ended = query(two_hours, *LATER, "--diff-from", f"@{NOON - HOUR}", "--format", "folded")
    assert ended.returncode == 2 and ended.stdout == ""
    assert ended.stderr.startswith("hearth: the store ") and "has no such sample from " in ended.stderr


@pytest.mark.parametrize(
    "arguments, why",
    [
        (["--diff-to", "-1h"], "--diff-to is of what --diff-from TIME names"),
        (["--normalize"], "--normalize is of what --diff-from TIME names"),
        (["--diff-from", "-1d"], "up to when does it compare?"),
        (["--diff-from", "-1h", "--diff-to", "-2h"], "--diff-from is not before --diff-to"),
        (["--diff-from", "then"], "a time is now, -2h"),
    ],
)
def test_wrong_use_is_told(arguments, why):
    ended = hearth.run("query", *arguments)
    assert ended.returncode == 2
    assert why in ended.stderr and len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("label", LABELS)
def test_each_label_chooses(store, label):
    other = {**LABELS, label: LABELS[label] + 1 if isinstance(LABELS[label], int) else "another"}
    add(store, f"@{NOON}", stack("main;one", 1, **LABELS), stack("main;other", 2, **other), stack("main;none", 3))
    assert folded(store, "--where", f"{label}={LABELS[label]}") == ["main;one 1"]
    assert folded(store, "--where", f"{label}!={LABELS[label]}") == ["main;none 3", "main;other 2"]
    assert folded(store, "--where", f"{label}~.") == ["main;one 1", "main;other 2"]
    assert folded(store, "--where", f"{label}!~.") == ["main;none 3"]


@pytest.mark.parametrize(
    "start, end",
    [
        (f"@{NOON}", f"@{NOON + 60}"),
        ("2025-11-28T12:00:00Z", "2025-11-28T12:01:00Z"),
        ("2025-11-28T13:00:00+01:00", "2025-11-28T07:01:00-05:00"),
    ],
)
def test_times_that_are_told(store, start, end):
    for at, name in ((NOON - 60, "before"), (NOON + 1, "within"), (NOON + 61, "after")):
        add(store, f"@{at}", stack(name, 1))
    assert folded(store, "--from", start, "--to", end) == ["within 1"]


def test_times_before_now(store):
    now = int(time.time())
    for age, name in ((3 * 86400, "old"), (5400, "recent"), (5, "new")):
        add(store, f"@{now - age}", stack(name, 1))
    assert folded(store, "--from", "-2h", "--to", "-1h") == ["recent 1"]
    assert folded(store, "--from", "-1d12h") == ["new 1", "recent 1"]
    assert folded(store, "--from", "-1h", "--to", "now", "--diff-from", "-2h") == ["new 0 1", "recent 1 0"]


@pytest.mark.root
def test_who_may_not_read_the_folder_is_told(two_hours):
    """As hearth-serve(1) says how the store is closed; what its group is allowed, goes on."""
    with tempfile.TemporaryDirectory(prefix="hearth-store-") as folder:
        os.chmod(folder, 0o755)
        closed = shutil.copytree(two_hours, Path(folder) / "closed")
        os.chown(closed, 0, 65534)
        closed.chmod(0o750)
        asked = ["query", "--store", closed, "--format", "folded", "-o", "-"]
        assert hearth.run(*asked, user=65534, group=65534).returncode == 0
        ended = hearth.run(*asked, user=65533, group=65533)
        assert ended.returncode == 3 and ended.stdout == ""
        assert "may be read by others than you" in ended.stderr and len(ended.stderr.splitlines()) == 1
