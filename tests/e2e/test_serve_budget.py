# SPDX-License-Identifier: Apache-2.0
"""The budget of `hearth serve`: a storm lowers the rate, never in silence, and what is cheap changes nothing."""

import contextlib
import json
import re
import sqlite3
import subprocess
import threading
import time
import urllib.request
import zlib

import pytest

import hearth
import recording
import serving

pytestmark = pytest.mark.root


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@contextlib.contextmanager
def storm(processes_a_second):
    """So many new processes a second, as far as the machine can; gives the list of those that were started."""
    started, is_over = [], threading.Event()

    def run():
        begin = time.monotonic()
        while not is_over.wait(0.002):
            while len(started) < (time.monotonic() - begin) * processes_a_second and not is_over.is_set():
                started.append(subprocess.run(["/bin/true"]).returncode)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield started
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def chunk_texts(store):
    """What the store's chunks hold, each as bytes."""
    for path in store.glob("*.slice*"):
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as slice_:
            for (body,) in slice_.execute("SELECT body FROM chunk"):
                with contextlib.suppress(zlib.error):
                    yield zlib.decompress(body)


def rate_of(store, *span):
    """At which the span was recorded; 0: at several."""
    ended = hearth.run("query", "--store", store, "--format", "json", "-o", "-", *span)
    assert ended.returncode == 0, ended
    return json.loads(ended.stdout)["origin"]["rate_hz"]


def test_a_storm_lowers_the_rate_to_the_lowest_and_all_is_said(store):
    """With a limit that no machine keeps: what is tested is that hearth goes on, tells, and each window has its rate."""
    with serving.serving(store, "--max-cpu", "0.01%") as serve, storm(1000) as started:
        for before, after in ((19, 9), (9, 4), (4, 2), (2, 1)):
            serve.wait_for(rf"rate lowered from {before} to {after} Hz: [0-9.]+ % of a CPU, of 0\.01 %$")
        serve.wait_for(r"over the budget at 1 Hz, the lowest rate: [0-9.]+ % of a CPU, of 0\.01 %$")
        assert len(started) > 100
        lowest = time.time() + 4  # windows of before are over by then: one second, and three until its last ticks are there

        def is_recorded_at_1_hz():
            with contextlib.suppress(AssertionError):
                return rate_of(store, "--from", f"@{lowest}") == 1
            return False

        recording.until(is_recorded_at_1_hz, "a window at 1 Hz in the store")
    said = serve.output()[1]
    assert len(re.findall("over the budget", said)) == 1
    assert rate_of(store) == 0
    texts = b"".join(chunk_texts(store))
    for event in (b"rate lowered from 19 to 9 Hz: ", b"rate lowered from 2 to 1 Hz: ", b"over the budget at 1 Hz"):
        assert event in texts, event


def test_a_storm_is_recorded_within_the_default_limits(store):
    """At whatever rate they allow: each change of it is said and an event, and the last one is the rate."""
    with serving.serving(store, "--max-cpu", "1%", "--max-memory", "150M") as serve, storm(1000) as started:
        serving.wait_for(store, lambda stack: True, "a window in the store")
        recording.until(lambda: len(started) > 3000, "so many processes")
        begun = time.time()
        recording.until(lambda: serving.query(store, "--from", f"@{begun + 1}"), "windows while it lasts")
        address = serve.wait_for(r"(http://\S+?)/? shows it")[1]
        with urllib.request.urlopen(f"{address}/api/v1/status", timeout=hearth.DEADLINE_SECONDS) as answer:
            status = json.loads(answer.read())
        assert status["rate_hz"] >= 1 and status["windows_lost"] == 0, status
    changes = re.findall(r"rate (?:lowered|raised) from \d+ to (\d+) Hz", serve.output()[1])
    listed = hearth.run("store", "events", "--json", "--store", store)
    events = [event for event in json.loads(listed.stdout) if event["kind"] == "rate_changed"]
    assert len(events) == len(changes), (events, changes)
    assert status["rate_hz"] in {19, *map(int, changes)}


def test_what_is_within_the_budget_changes_nothing(store):
    with serving.serving(store, "--max-cpu", "400%", "--max-memory", "2G") as serve, storm(50):
        serving.wait_for(store, lambda stack: True, "a window in the store")
        begun = time.time()
        recording.until(lambda: serving.query(store, "--from", f"@{begun + 3}"), "windows of some seconds in the store")
    assert "rate" not in "".join(serve.output()[1].splitlines(True)[1:])
    assert rate_of(store) == 19


@pytest.mark.parametrize(
    "arguments, pattern",
    [
        (("--max-cpu", "1"), "--max-cpu [^ ]+: a share of one CPU in percent"),
        (("--max-cpu", "0%"), "--max-cpu [^ ]+: a share of one CPU in percent"),
        (("--max-memory", "1M"), "--max-memory 1M: hearth needs 64M at least"),
        (("--max-memory", "much"), "--max-memory much: a size is"),
    ],
)
def test_wrong_limits_are_one_line(store, arguments, pattern):
    recording.assert_refused(hearth.run("serve", "--store", store, *arguments), 2, pattern)
