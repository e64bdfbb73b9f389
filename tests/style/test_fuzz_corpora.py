# SPDX-License-Identifier: Apache-2.0
"""Every reader of profiles is fuzzed by itself, on seeds of its own."""

import re

import tree

CORPUS = tree.ROOT / "tests/fuzz/corpus/profile"


def test_every_reader_has_seeds():
    rows = re.findall(r"^PROFILE_FORMAT\((\w+)_format\)", tree.read("model/readers.def"), re.MULTILINE)
    readers = {row.replace("_", "-") for row in rows}
    assert readers == {folder.name for folder in CORPUS.iterdir()}
    assert all(any(CORPUS.joinpath(reader).iterdir()) for reader in readers)
