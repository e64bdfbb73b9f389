# SPDX-License-Identifier: Apache-2.0
"""--unwind-memory: the ceiling of the unwind tables, and what is driven out below it."""

import shutil
import subprocess
from pathlib import Path

import pytest

import hearth

pytestmark = pytest.mark.root

SOURCE = Path(__file__).with_name("many_rows.c")
FLAGS = ["-O2", "-fomit-frame-pointer", "-mno-red-zone"]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The program that works in one library after the other, and where the libraries are."""
    folder = tmp_path_factory.mktemp("many_rows")
    subprocess.run(["cc", *FLAGS, "-shared", "-fPIC", "-o", folder / "library.so", SOURCE], check=True)
    subprocess.run(["cc", *FLAGS, "-DTURNS", "-o", folder / "turns", SOURCE], check=True)
    return folder


def libraries(folder, count, kind="library"):
    """So many files of one content: to the kernel they are different modules."""
    copies = [folder / f"{kind}-{i}.so" for i in range(count)]
    for copy in copies:
        shutil.copy(folder / "library.so", copy)
    return copies


def record(memory, *command):
    return hearth.record("--unwind-memory", memory, "-F", 499, "--", *command)


def test_what_is_not_sampled_leaves_and_comes_back(program):
    """Three libraries, of which two fit: while one is worked in, its stacks are whole."""
    a, b, c = libraries(program, 3)
    recorded = record(4, program / "turns", 2, a, b, c, a, b)
    unwind, ticks = recorded.stats["unwind"], recorded.stats["ticks"]
    assert unwind["evicted"] >= 2, unwind
    assert unwind["reloaded"] >= 1, unwind
    assert unwind["refused"] == 0, unwind
    assert unwind["segment_bytes"] <= 3 << 20, unwind
    # What the first ticks of each turn lack is mended by their snapshots, or says so.
    lacking = ticks["truncated"]["rows_missing"] + ticks["truncated"]["snapshot_full"] + ticks["lost"]["late"]
    assert ticks["complete"] + lacking >= 0.99 * ticks["due"], ticks
    assert ticks["complete"] >= 0.9 * (ticks["due"] - ticks["lost"]["late"]), ticks
    # By the tables, not by snapshots: those are of the moments after a change.
    assert recorded.stats["snapshots"] <= 0.25 * ticks["due"], recorded.stats
    whole = sum(s.count for s in recorded.stacks if s.fate == "complete" and {"main", "work"} <= set(s.frames))
    assert whole >= 0.85 * (ticks["due"] - ticks["lost"]["late"]), ticks


def test_enough_room_drives_nothing_out(program):
    a, b, c = libraries(program, 3, "roomy")
    recorded = record(16, program / "turns", 0.5, a, b, c)
    unwind = recorded.stats["unwind"]
    assert unwind["evicted"] == unwind["reloaded"] == unwind["refused"] == unwind["postponed"] == 0, unwind
    assert unwind["rows"] > 3 * 240000, unwind
    # Four bytes a row, and what is left of the last segment.
    assert unwind["segment_bytes"] <= 4 * unwind["rows"] + (1 << 20), unwind


def test_the_maps_stay_below_the_ceiling(program):
    copies = libraries(program, 12, "many")
    recorded = record(6, program / "turns", 0.2, *copies)
    assert recorded.stats["unwind"]["segment_bytes"] <= 6 << 20, recorded.stats


@pytest.mark.parametrize("memory", ["3", "2049", "many", "-1"])
def test_wrong_sizes(memory):
    ended = hearth.run("record", "--unwind-memory", memory, "-d", "1")
    assert ended.returncode == 2 and "from 4 to 2048" in ended.stderr
