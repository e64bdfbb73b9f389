# SPDX-License-Identifier: Apache-2.0
"""`hearth serve` while somebody sets the clock: nothing is lost, nothing is taken away, and each moment has the time that the clock had."""

import json
import time
import urllib.request

import pytest

import clock_setter
import hearth
import recording
import serving

pytestmark = pytest.mark.root

YEAR = 365 * 86400


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def is_load(stack):
    return "seventy" in stack.frames


def get(address, path):
    with urllib.request.urlopen(f"{address}/api/v1/{path}", timeout=hearth.DEADLINE_SECONDS) as answer:
        return json.loads(answer.read())


def wait_for_load(store, ahead):
    """Of the time from now on, by a clock that is so much ahead; gives when that begins."""
    begins = time.time() + ahead
    serving.wait_for(store, is_load, f"the load, {ahead} s ahead", "--from", f"@{begins}", "--to", f"@{begins + 3600}")
    return begins


def start(store, clock, window):
    usual = ["--window", window, "--listen", "127.0.0.1:0", "--max-cpu", "10000%"]
    return hearth.Child(hearth.BINARY, "serve", "--store", store, *usual, **clock.options)


def test_a_clock_that_is_set_by_a_year_loses_nothing(store):
    with clock_setter.clock() as clock, recording.busy():
        with start(store, clock, "1s") as serve:
            address = serve.wait_for(r"(http://\S+?)/? shows it")[1].rstrip("/")
            hearth.wait_until_recording(serve)
            begun = [wait_for_load(store, 0)]
            for ahead in (YEAR, -YEAR, 0):
                clock.set_ahead(ahead)
                begun.append(wait_for_load(store, ahead))
            status = get(address, "status")
            fates = status["fates"]
            assert fates["due"] == fates["complete"] + sum(fates["truncated"].values()) + sum(fates["lost"].values())
            assert status["store"]["error"] is None and not status["windows_lost"]
            assert serving.stop(serve).returncode == 0
    slices = serving.slices(store)
    assert len(slices) >= 4 and all(0 < entry["end_ms"] - entry["start_ms"] <= 3600e3 for entry in slices), slices
    for when in begun:  # retention has left all of it
        assert hearth.ticks(serving.query(store, "--from", f"@{when}", "--to", f"@{when + 3600}"), is_load)
    assert hearth.run("store", "verify", "--store", store).returncode == 0


def test_a_clock_that_is_set_forward_makes_nothing_too_old(store):
    """What is kept for a week is not taken away because the clock says that a year has passed."""
    with clock_setter.clock() as clock, recording.busy():
        with start(store, clock, "1s") as serve:
            hearth.wait_until_recording(serve)
            begun = wait_for_load(store, 0)
            assert serving.stop(serve).returncode == 0
        with start(store, clock, "5s") as serve:  # what is too old is looked for with its first window
            hearth.wait_until_recording(serve)
            clock.set_ahead(YEAR)
            wait_for_load(store, YEAR)
            assert serving.stop(serve).returncode == 0
    assert hearth.ticks(serving.query(store, "--from", f"@{begun}", "--to", f"@{begun + 3600}"), is_load)
