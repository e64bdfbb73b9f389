# SPDX-License-Identifier: Apache-2.0
"""A variable that is released at the end of its block (base/cleanup.h) has a value before anything can leave the block."""

import re

import pytest
import tree

DECLARED = re.compile(r"^(\t+)_cleanup_\w*(?:\(\w+\))? [\w ]+[ *](\w+);$", re.MULTILINE)


def early_ends(text):
    """Names of variables that are released without ever having had a value."""
    for declared in DECLARED.finditer(text):
        rest = text[declared.end() :]
        used = re.search(rf"&{declared[2]}\b|\b{declared[2]}(?:\.\w+)* = ", rest)
        left = re.search(r"\breturn\b", rest)
        if left and (not used or left.start() < used.start()):
            yield declared[2]


def test_the_check_finds():
    body = "\t_cleanup_(x_release) struct x x;\n\n\tif (none)\n\t\treturn -1;\n\tx_init(&x);\n"
    assert list(early_ends(body)) == ["x"]
    assert not list(early_ends(body.replace("struct x x;", "struct x x = { 0 };")))
    assert not list(early_ends(body.replace("\tif (none)", "\tx_init(&x);\n\tif (none)")))


@pytest.mark.parametrize("path", tree.files(".c"))
def test_has_a_value(path):
    assert not list(early_ends(tree.read(path)))
