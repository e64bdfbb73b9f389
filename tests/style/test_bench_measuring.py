# SPDX-License-Identifier: Apache-2.0
"""tests/bench/measuring.py leaves nothing out: without measuring anything."""

import sys

import tree

sys.path.insert(0, str(tree.ROOT / "tests/bench"))

import measuring  # noqa: E402


def test_resident_memory_is_that_of_all_processes():
    own = {"rss_peak_bytes": 1e6, "cpu_ns": 5e6}
    assert measuring.resident_mb(own) == 1
    for number, child in enumerate(("worker", "opener", "file_opener")):
        own[child] = {"rss_peak_bytes": 2e6, "cpu_ns": 7e6, "started": 1}
        assert measuring.resident_mb(own) == 3 + 2 * number
