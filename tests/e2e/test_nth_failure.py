# SPDX-License-Identifier: Apache-2.0
"""
Some call of each kind fails, once or with all that follow: failing_calls.py tells what has to hold. Which ones is told by what fails; HEARTH_SEED chooses others.
"""

import os
import random

import pytest

import failing_calls

CALLS = 3  # of each kind, once and for good: the last one, after which little is done, and others
SEED = os.environ.get("HEARTH_SEED", "1")


@pytest.fixture(scope="module")
def places():
    """By who is not root: all is done in one process, and which call is the n-th is always the same."""
    user = failing_calls.NOBODY if os.geteuid() == 0 else None
    with failing_calls.template(user) as origin:
        yield origin, user


def choose(chance, calls):
    """Numbers of so many calls, counted from 1."""
    others = range(1, calls)
    return sorted({*chance.sample(others, min(CALLS - 1, len(others))), *([calls] if calls else [])})


@pytest.mark.parametrize("command", failing_calls.COMMANDS, ids=lambda command: command.name)
def test_a_call_that_fails(places, command):
    origin, user = places
    chance = random.Random(f"{SEED} {command.name}")
    for kind in failing_calls.KINDS:
        trial = failing_calls.Trial(command, kind, origin, user)
        for is_for_good in (False, True):
            for number in choose(chance, trial.calls):
                print(f"{kind} {number}{' and all that follow' if is_for_good else ''}")
                trial.check(number, is_for_good)
