# SPDX-License-Identifier: Apache-2.0
"""The manual pages are what groff takes without a word, and every one has the parts that a reader expects."""

import re
import subprocess

import pytest
import tree

MANUALS = [path for path in tree.files(".1", ".5", folder="docs")]


def groff_warnings(text):
    return subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", "-"],
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ).stdout


@pytest.mark.parametrize("path", MANUALS, ids=str)
def test_groff_has_no_complaint(path):
    assert groff_warnings(tree.read(path)) == ""


@pytest.mark.parametrize("path", MANUALS, ids=str)
def test_parts(path):
    parts = re.findall(r'^\.SH "?([A-Z ]+)"?$', tree.read(path), re.MULTILINE)
    assert parts[:2] == ["NAME", "SYNOPSIS"]
    assert {"DESCRIPTION", "EXIT STATUS", "SEE ALSO"} <= set(parts)


def test_there_are_manuals():
    assert {path.name for path in MANUALS} >= {"hearth.1", "hearth-record.1", "hearth.conf.5"}


def test_the_check_finds():
    assert groff_warnings(".TH A 1\n.SH NAME\n.no_such_macro\n") != ""
