# SPDX-License-Identifier: Apache-2.0
"""Files that hearth wrote, opened by speedscope's own page in Chromium: it shows every function with the right totals."""

from collections import Counter

import pytest

import speedscope_page
from browser import browser, chromium, draw_as  # noqa: F401 (fixtures)

FOLDED = """app;main;compute;step_[i] 5
app;main;compute_[i] 30
app;main;read;do_read_[k] 12
app;[truncated:no_rows];[libc.so.6];f 2
java;Interpreter;<T as U>::run;Interpreter_[j] 8
"""


def expected(folded):
    """{name: (total, self)}"""
    totals, selves = Counter(), Counter()
    for line in folded.splitlines():
        stack, _, count = line.rpartition(" ")
        names = stack.split(";")
        selves[names[-1]] += int(count)
        totals.update({name: int(count) for name in set(names)})
    return {name: (total, selves[name]) for name, total in totals.items()}


@pytest.mark.parametrize("ending", ["folded", "speedscope.json", "cpuprofile"])
def test_totals(browser, tmp_path, ending):  # noqa: F811
    path = draw_as(ending, tmp_path, FOLDED, ())
    assert speedscope_page.functions(browser, path, tmp_path) == expected(FOLDED)
