# SPDX-License-Identifier: Apache-2.0
"""What heads the stacks of a recording: what is known of each tick besides its stack."""

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

RATE = 999


def test_under_one_frame():
    """The fates stay, whatever the stacks are headed by."""
    recorded = hearth.record("-F", RATE, "--by", "none", "--", *hearth.sample("recursion", 0.3))
    assert recording.processes(recorded.stacks) == {"all"}


def test_no_such_label(tmp_path):
    ended = hearth.run("record", "--by", "colour", "-o", tmp_path / "out.svg", "--", "true")
    recording.assert_refused(ended, 2, "no such label")
