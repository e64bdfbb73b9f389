# SPDX-License-Identifier: Apache-2.0
"""Every sample has a file that says what its profile must show, in a form that expectations.py reads."""

import json

import pytest
import tree

LANGUAGES = (".c", ".cpp", ".rs", ".go")
PARTS = {"SPDX-License-Identifier", "about", "needs", "shares", "chains", "fates", "depth", "named_leaf"}
BARS = {"is", "at_least", "at_most", "within"}
KEYS = {
    "shares": {"frames", "of"},
    "chains": {"chain"},
    "fates": {"fate"},
    "depth": {"frames"},
    "named_leaf": set(),
}

EXPECTATIONS = tree.files(".expect.json", folder="samples")
PROGRAMS = [
    path
    for path in tree.files(*LANGUAGES, folder="samples")
    if path.stem != "plugin"  # dlopen's
]


def test_every_sample_has_one():
    assert {path.stem for path in PROGRAMS} == {path.name.split(".")[0] for path in EXPECTATIONS}


@pytest.mark.parametrize("path", EXPECTATIONS, ids=str)
def test_form(path):
    expected = json.loads(tree.read(path))
    assert expected["about"] and set(expected) <= PARTS
    assert expected["shares"], "what a sample shows begins with who gets how much"
    for part, keys in KEYS.items():
        checks = expected.get(part, [])
        for check in checks if isinstance(checks, list) else [checks]:
            assert set(check) <= keys | BARS and BARS & set(check), (part, check)
