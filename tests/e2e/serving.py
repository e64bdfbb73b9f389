# SPDX-License-Identifier: Apache-2.0
"""What the tests of `hearth serve` share: one that runs, and what its store has."""

import contextlib
import json
import os
import signal
import tempfile
from pathlib import Path

import hearth
from recording import until

WINDOW = "1s"  # the shortest, so that tests wait for little


def start(store, *arguments, **options):
    """Starts one, to be used in a `with`. What it costs on a machine that runs tests lowers no rate."""
    usual = ["--window", WINDOW, "--listen", "127.0.0.1:0", "--max-cpu", "10000%"]
    return hearth.Child(hearth.BINARY, "serve", "--store", store, *usual, *arguments, **options)


@contextlib.contextmanager
def serving(store, *arguments):
    """One that records; it is ended as a service manager does it, and all is to be well."""
    with start(store, *arguments) as serve:
        hearth.wait_until_recording(serve)
        yield serve
        assert stop(serve).returncode == 0


def stop(serve):
    serve.send(signal.SIGTERM)
    return serve.end()


def query(store, *arguments):
    """What the store has, as stacks: none where there are none."""
    with tempfile.TemporaryDirectory(prefix="hearth-test-") as folder:
        path = Path(folder, "out.folded")
        ended = hearth.run("query", "--store", store, "-o", path, *arguments)
        if ended.returncode and ("has no such sample" in ended.stderr or not os.path.exists(store)):
            return []
        assert ended.returncode == 0, ended
        return hearth.read_folded(path)


def wait_for(store, wanted, what, *arguments):
    """Waits until the store has a stack that is wanted; gives all that are."""
    return until(lambda: [stack for stack in query(store, *arguments) if wanted(stack)], what)


def slices(store):
    ended = hearth.run("store", "list", "--json", "--store", store)
    assert ended.returncode == 0, ended
    return json.loads(ended.stdout)
