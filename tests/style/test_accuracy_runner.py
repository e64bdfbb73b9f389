# SPDX-License-Identifier: Apache-2.0
"""tests/accuracy/run judges right: without recording anything."""

import importlib.util
import sys
from importlib.machinery import SourceFileLoader

import pytest
import tree

sys.path.insert(0, str(tree.ROOT / "tests/accuracy"))


def load_runner():
    loader = SourceFileLoader("accuracy_runner", str(tree.ROOT / "tests/accuracy/run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("accuracy_runner", loader))
    loader.exec_module(module)
    return module


RUNNER = load_runner()
PROGRAMS = {program.name: program for program in RUNNER.programs.PROGRAMS}
STORM = RUNNER.STORM


def account(name, compared, agreed, unnamed=0):
    return RUNNER.accounts.Account(
        name, fired=1000, complete=1000, truncated={"compat_task": 0}, lost={}, late=0, no_user_half={},
        verified=1000, compared=compared, agreed=agreed,
        user_frames=1000, unnamed={"no_symbols": unnamed},
    )  # fmt: skip


def judge(**compared):
    """Of programs by the beginning of their names, each with the number of its thousand ticks that were compared."""
    names = {name: next(full for full in [*PROGRAMS, STORM] if full.startswith(name)) for name in compared}
    accounts = {full: account(full, compared[name], compared[name]) for name, full in names.items()}
    stormy = accounts.pop(STORM, None)
    return RUNNER.judge([(PROGRAMS[name], one) for name, one in accounts.items()], stormy)


@pytest.mark.parametrize("compared", [{"python3": 0}, {"python3": 0, "clang": 990}, {"shares": 0}, {"compile": 0}])
def test_what_nothing_is_compared_of_misses_a_bar(compared, capsys):
    assert not judge(**compared)
    assert "MISSED" in capsys.readouterr().out


def test_few_compared_ticks_miss_a_bar_of_their_program(capsys):
    assert not judge(python3=890, clang=1000)
    assert "MISSED compared with libunwind, python3" in capsys.readouterr().out
    assert judge(python3=910, clang=1000)


def test_programs_without_eh_frame_need_no_comparison(capsys):
    assert judge(gofmt=0, goroutines=0)
    assert judge(gofmt=0, python3=1000)


def test_disagreements_miss_the_bar(capsys):
    assert not RUNNER.judge([(PROGRAMS["python3"], account("python3", 1000, 999))], None)
    assert "MISSED agreement" in capsys.readouterr().out


def test_unnamed_frames_miss_the_bar_of_programs_with_symbols_only(capsys):
    def judge_unnamed(name, unnamed):
        return RUNNER.judge([(PROGRAMS[name], account(name, 1000, 1000, unnamed))], None)

    assert not judge_unnamed("templates", 11)
    out = capsys.readouterr().out
    assert "98.900% of 1000 user frames have a name; others: no_symbols 11" in out and "MISSED user frames" in out
    assert judge_unnamed("templates", 10)
    assert judge_unnamed("clang", 500)
    assert "other programs: 50.000% of 1000" in capsys.readouterr().out


def test_unnamed_frames_are_summed_by_reason():
    names = {
        "user_frames": 100, "without_name": 9,
        "modules": [{"reason": "no_symbols", "frames": 3}, {"reason": "changed", "frames": 1}, {"reason": "no_symbols", "frames": 4}],
    }  # fmt: skip
    assert RUNNER.accounts.unnamed_by_reason(names) == {"no_symbols": 7, "changed": 1, "others": 1}
