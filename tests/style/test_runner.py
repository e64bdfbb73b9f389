# SPDX-License-Identifier: Apache-2.0
"""tests/run counts right: whatever is wrong with a unit test binary makes a failure."""

import importlib.util
import re
import time
from importlib.machinery import SourceFileLoader

import pytest
import tree


def load_runner():
    loader = SourceFileLoader("runner", str(tree.ROOT / "tests/run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("runner", loader))
    loader.exec_module(module)
    return module


RUNNER = load_runner()

# As cmocka 1.1.5 writes it: a plan for each group, and of a skipped test both words.
CMOCKA = """1..4
ok 1 - a
not ok 2 - b
# 0x1 != 0x2
# tests/unit/c_test.c:6: error: Failure!
not ok 3 # SKIP c
not ok 4 - d
# Test failed with exception: Segmentation fault(11)
# not ok - first
1..1
ok 1 - a
# ok - second
"""


def run_script(tmp_path, text):
    path = tmp_path / "x_test"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return RUNNER.run_unit_binary(path)


def test_counts_of_cmocka():
    assert RUNNER.count_tap(CMOCKA) == ((2, 2, 1), 5)


def test_good_binary(tmp_path):
    count, _, trouble = run_script(tmp_path, "echo 1..2; echo ok 1 - a; echo ok 2 - b")
    assert count == (2, 0, 0) and not trouble


@pytest.mark.parametrize(
    "script, words",
    [
        ("echo 1..2; echo ok 1 - a; kill -SEGV $$", "signal 11"),
        ("echo 1..2; echo ok 1 - a", "1 of 2"),
        ("echo 1..1; echo ok 1 - a; exit 1", "exit status 1"),  # a leak, say
        ("exit 0", "0 of 0"),
    ],
)
def test_trouble_is_a_failure(tmp_path, script, words):
    count, _, trouble = run_script(tmp_path, script)
    assert count.failed == 1 and words in trouble


def test_missing_binary(tmp_path):
    count, _, trouble = RUNNER.run_unit_binary(tmp_path / "no_test")
    assert count == (0, 1, 0) and "cannot be run" in trouble


def test_what_is_set_for_sanitizers_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("ASAN_OPTIONS", "quarantine_size_mb=1:detect_leaks=0")
    _, text, _ = run_script(tmp_path, 'echo "$ASAN_OPTIONS"')
    assert text.strip() == f"{RUNNER.SANITIZER_OPTIONS}:quarantine_size_mb=1:detect_leaks=0"


def test_jobs_are_told_in_their_order_with_their_seconds(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(RUNNER, "LOGS", tmp_path)
    bad, good = RUNNER.Count(1, 2, 0), RUNNER.Count(3, 0, 0)
    jobs = [
        RUNNER.Job("fuzz", "one part", lambda: time.sleep(0.2) or (bad, "said of it\n", "it broke")),
        RUNNER.Job("unit", "other_test", lambda: (good, "nobody asks\n", "")),
    ]
    assert RUNNER.run_jobs(jobs) == (4, 2, 0)
    said, failed, first, second = capsys.readouterr().out.splitlines()
    assert (said, failed) == ("said of it", "FAILED one part: it broke")
    assert re.fullmatch(r"fuzz one part: 1 passed, 2 failed, \d+\.\d s", first) and not first.endswith(" 0.0 s")
    assert second == "unit other_test: 3 passed, 0 failed, 0.0 s"
    assert (tmp_path / "one-part.log").read_text() == "said of it\n"


def test_closing_line():
    assert RUNNER.describe(RUNNER.Count(3, 0, 0)) == "3 passed, 0 failed"
    assert RUNNER.describe(RUNNER.Count(3, 1, 2)) == "3 passed, 1 failed, 2 skipped"


def test_wrong_use(capsys):
    assert RUNNER.main([]) == 2 and RUNNER.main(["no_such_group"]) == 2
    assert "usage:" in capsys.readouterr().err
