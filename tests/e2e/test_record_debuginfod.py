# SPDX-License-Identifier: Apache-2.0
"""`hearth record --debuginfod`: debug files that are not here come from a server, if the user wants that, and are judged."""

import contextlib
import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

SOURCE = r"""
#include <stdint.h>
static volatile uint64_t sink;
static inline __attribute__((always_inline)) void inner(uint64_t i) { for (int k = 0; k < 50; k++) sink += i * k; }
static __attribute__((noinline)) void hidden(uint64_t n) { for (uint64_t i = 0; i < n; i++) inner(i); }
int main(int argc, char **argv) { (void)argv; hidden(argc * 9000000ul); return 0; }
"""


@pytest.fixture(scope="module")
def stripped(tmp_path_factory):
    """A program whose debug file is neither beside it nor in a folder that is looked into."""
    folder = tmp_path_factory.mktemp("debuginfod")
    (folder / "stripped.c").write_text(SOURCE)
    subprocess.run(["cc", "-O2", "-g", "-Wl,--build-id", "-o", folder / "whole", folder / "stripped.c"], check=True)
    subprocess.run(["strip", "-o", folder / "stripped", folder / "whole"], check=True)
    return folder / "stripped"


def build_id_of(path):
    notes = subprocess.run(["readelf", "-n", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    return re.search(r"Build ID: ([0-9a-f]+)", notes)[1]


@contextlib.contextmanager
def server_of(files):
    """A debuginfod that has these files, by build-id. Gives its URL, and what it was asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            found = re.fullmatch(r"/buildid/([0-9a-f]+)/debuginfo", self.path)
            content = Path(files[found[1]]).read_bytes() if found and found[1] in files else None
            self.send_response(200 if content else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def record(program, tmp_path, *options, urls=None):
    out = tmp_path / "out.folded"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DEBUGINFOD")}
    environment["HOME"] = str(tmp_path)  # where the client keeps its cache
    if urls:
        environment["DEBUGINFOD_URLS"] = urls
    with recording.start("-F", 999, "-o", out, *options, "--", program, env=environment) as recorder:
        ended = recorder.end()
    stacks = hearth.read_folded(out) if out.exists() else []
    return ended, [stack for stack in stacks if stack.process == Path(program).name and stack.fate == "complete"]


def named_share(stacks, *names):
    return hearth.ticks([stack for stack in stacks if set(names) <= set(stack.frames)]) / hearth.ticks(stacks)


def test_names_and_inlined_calls_from_a_server(stripped, tmp_path):
    with server_of({build_id_of(stripped): stripped.with_name("whole")}) as (url, asked):
        ended, stacks = record(stripped, tmp_path, "--debuginfod", urls=url)
    assert ended.returncode == 0, ended
    assert f"/buildid/{build_id_of(stripped)}/debuginfo" in asked
    assert named_share(stacks, "hidden", "inner_[i]") > 0.9, stacks[:5]


def test_nobody_is_asked_without_the_option(stripped, tmp_path):
    with server_of({build_id_of(stripped): stripped.with_name("whole")}) as (url, asked):
        ended, stacks = record(stripped, tmp_path, urls=url)
    assert ended.returncode == 0, ended
    assert asked == []
    assert named_share(stacks, "hidden") == 0


def test_another_programs_debug_file_is_not_used(stripped, tmp_path):
    """The server gives what it likes: names of another program would be wrong ones."""
    other = shutil.copy(hearth.SAMPLES / "recursion", tmp_path / "other")
    with server_of({build_id_of(stripped): other}) as (url, asked):
        ended, stacks = record(stripped, tmp_path, "--debuginfod", urls=url)
    assert ended.returncode == 0, ended
    assert f"/buildid/{build_id_of(stripped)}/debuginfo" in asked
    assert named_share(stacks, "[stripped]") > 0.9, stacks[:5]


@contextlib.contextmanager
def silent_server():
    """One that takes each question and never answers. Gives its URL, and a function that waits until one came."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(hearth.DEADLINE_SECONDS)
        taken = []
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", lambda: taken.append(listening.accept())
        for connection, _ in taken:
            connection.close()


@contextlib.contextmanager
def fetching(stripped, tmp_path, end_recording):
    """A recorder that has recorded and waits for that server."""
    out = tmp_path / "out.folded"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DEBUGINFOD")}
    with silent_server() as (url, wait_until_asked), hearth.Child(stripped, *[1] * 1000) as child:
        environment |= {"HOME": str(tmp_path), "DEBUGINFOD_URLS": url}
        with recording.start("-p", child.pid, "-F", 999, "--debuginfod", "-o", out, env=environment) as recorder:
            recording.wait_until_recording(recorder)
            recording.until_worked(child, 0.3)
            end_recording(recorder, child)
            wait_until_asked()
            yield recorder, out


def by_the_target(_, child):
    child.process.kill()


def by_control_c(recorder, _):
    recorder.send(signal.SIGINT)


@pytest.mark.parametrize("end_recording", [by_the_target, by_control_c])
def test_a_signal_ends_the_fetching_alone(stripped, tmp_path, end_recording):
    with fetching(stripped, tmp_path, end_recording) as (recorder, out):
        recorder.send(signal.SIGINT)
        ended = recorder.end()
    assert ended.returncode == 0, ended
    assert "interrupted: no more debug files are fetched, nor is any file waited for; writing what there is" in ended.stderr
    assert "more files are fetched:" not in ended.stderr
    assert hearth.ticks(hearth.read_folded(out)) > 100


def test_a_second_signal_ends_all(stripped, tmp_path):
    with fetching(stripped, tmp_path, by_control_c) as (recorder, out):
        recorder.send(signal.SIGSTOP)
        recording.wait_until_stopped(recorder)
        recorder.send(signal.SIGINT)
        recorder.send(signal.SIGTERM)
        recording.go_on(recorder)
        ended = recorder.end()
    assert ended.returncode in (-signal.SIGINT, -signal.SIGTERM), ended
    assert "interrupted again: ended at once" in ended.stderr
    assert not out.exists()


def test_a_server_that_is_not_there(stripped, tmp_path):
    ended, stacks = record(stripped, tmp_path, "--debuginfod", urls="http://127.0.0.1:9")
    assert ended.returncode == 0, ended
    assert "--debuginfod: no more files are fetched from http://127.0.0.1:9: " in ended.stderr
    assert hearth.ticks(stacks) > 100


def test_no_server_is_named(stripped, tmp_path):
    ended, _ = record(stripped, tmp_path, "--debuginfod")
    recording.assert_refused(ended, 2, "--debuginfod: which servers.*DEBUGINFOD_URLS")
