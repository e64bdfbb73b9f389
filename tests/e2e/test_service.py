# SPDX-License-Identifier: Apache-2.0
"""hearth under a service manager: what it says goes to the journal with its level."""

import os
import subprocess

import pytest

import hearth


def stderr_of(stream, *arguments):
    """What hearth writes into a pipe that JOURNAL_STREAM names so; DEVICE and INODE stand for the pipe's own."""
    reader, writer = os.pipe()
    status = os.fstat(writer)
    named = stream.replace("DEVICE", str(status.st_dev)).replace("INODE", str(status.st_ino))
    subprocess.run([hearth.BINARY, *arguments], stderr=writer, env=dict(os.environ, JOURNAL_STREAM=named))
    os.close(writer)
    with open(reader, encoding="utf-8") as file:
        return file.read()


def test_the_journal_hears_levels():
    assert stderr_of("DEVICE:INODE", "recrod").startswith("<3>there is no command 'recrod'")


@pytest.mark.parametrize("stream", ["", "0:INODE", "DEVICE:0", "DEVICE:INODE "])
def test_another_stream_hears_words(stream):
    assert stderr_of(stream, "recrod").startswith("hearth: there is no command 'recrod'")
