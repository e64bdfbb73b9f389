# SPDX-License-Identifier: Apache-2.0
"""The front: the process that serves HTTP over a store that another one writes into. What it may do, that it is started again, and that it sees what is written as soon as it is."""

import contextlib
import gzip
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from http_client import Server, wait_until

import hearth

FRONT = hearth.OUTPUT / "e2e/front_serve"

TOKEN = "0123456789abcdef"

pytestmark = pytest.mark.root


class Front(Server):
    def take_start(self):
        """Of a process that is new."""
        while (words := self.process.stdout.readline().decode().split())[0] != "up":
            assert words == ["end"]
        self.address, self.pid = words[1].removeprefix("http://").rstrip("/"), int(words[2])


@contextlib.contextmanager
def front_over(store, *words, address="127.0.0.1:0"):
    process = subprocess.Popen([FRONT, address, store, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    front = Front(process, None)
    try:
        front.take_start()
        yield front
        process.stdin.close()
        assert process.wait(timeout=hearth.DEADLINE_SECONDS) == 0
        wait_until(lambda: not Path(f"/proc/{front.pid}").exists(), "the front ends with its recorder")
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def status_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_it_has_given_up_everything(store):
    with front_over(store) as front:
        status = status_of(front.pid)
        uid = str(2_100_000_000 + front.pid)
        assert status["Uid"].split() == status["Gid"].split() == [uid] * 4
        assert status["Groups"].split() == []
        assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        assert sorted(os.listdir(f"/proc/{front.pid}/root")) == sorted(os.listdir(store))
        (mount,) = Path(f"/proc/{front.pid}/mounts").read_text().splitlines()
        assert mount.split()[1] == "/" and mount.split()[3].startswith("ro,nosuid,nodev,noexec")
        assert os.readlink(f"/proc/{front.pid}/ns/net") != os.readlink("/proc/self/ns/net")
        files = {os.readlink(path) for path in Path(f"/proc/{front.pid}/fd").iterdir()}
        assert not {name for name in files if name.startswith("/") and not name.startswith(("/dev/null", "/memfd:hearth-front"))}
        assert all(os.stat(f"/proc/{front.pid}/task/{task}").st_uid for task in os.listdir(f"/proc/{front.pid}/task"))


def test_it_sees_what_was_just_written(store):
    """A recording ends its window early, and what is in it is there: of a slice that is open, by a writer that goes on."""
    with front_over(store) as front:
        begun = time.monotonic()
        answer = front.ask("/debug/pprof/profile?seconds=2&pid=1234")
        assert answer.status == 200
        assert 2 <= time.monotonic() - begun < 6
        assert b"busy" in gzip.decompress(answer.body)
        folded = front.ask("/api/v1/profile?format=folded").body.decode()
        process, _, count = folded.strip().rpartition(" ")
        assert process == "worker;main;busy" and int(count) >= 2 * 19
        series = front.ask("/api/v1/series?by=comm&from=-1m").json
        assert series["series"][0]["value"] == "worker"
        (value,) = front.ask("/api/v1/labels?name=pid").json["values"]
        assert value["value"] == "1234" and abs(value["cpu_ns"] - int(count) * 1e9 / 19) < 1e9
        fates = front.ask("/api/v1/fates").json
        assert fates["due"] == fates["complete"] == int(count)
        written = front.ask("/api/v1/spans").json["spans"][-1]
        assert written["state"] == "open" and written["end_ms"] > 1000 * (time.time() - 5)
        heat = front.ask("/api/v1/heat?columns=10&rows=5&from=-1m").json
        assert sum(map(sum, heat["counts"])) == int(count)
        nobody = front.ask("/debug/pprof/profile?seconds=1&pid=4321")
        assert nobody.status == 200 and b"busy" not in gzip.decompress(nobody.body)


def test_what_is_damaged_is_told(store):
    """Answers are of the rest, and the recorder logs it, once."""
    with front_over(store, "fill=40") as front:
        assert front.ask("/api/v1/fates?from=-10m").json["due"] > 0
        assert front.ask("/api/v1/status").json["store"]["damaged"] == 0
    (path,) = store.glob("*.slice")
    with contextlib.closing(sqlite3.connect(path)) as slice_, slice_:
        slice_.execute("UPDATE chunk SET body = zeroblob(length(body)) WHERE kind IN (3, 8, 9, 10, 11)")  # windows, and their sums
    with front_over(store) as front:
        assert front.ask("/api/v1/fates?from=@0").json["due"] == 0
        said = front.process.stderr.readline().decode()
        assert f"slice {path.name[:6]}: " in said and "of its chunks are damaged or missing" in said, said
        assert front.ask("/api/v1/series?from=@0&points=1").status == 200
        assert front.ask("/api/v1/status").json["store"]["damaged"] == 1
        assert front.metric("hearth_store_damaged_slices") == 1
        (span,) = front.ask("/api/v1/spans").json["spans"]
        assert span["state"] == "sealed" and span["damaged"] >= 40
        front.process.stdin.close()
        assert not front.process.stderr.read()


def test_what_cannot_be_read_at_all_is_told(store):
    store.mkdir()
    (store / "000009-1764331200000-1764334800000.slice").write_bytes(b"no database" * 100)
    with front_over(store) as front:
        assert front.ask("/api/v1/fates?from=@0").status == 200
        assert "slice 000009 cannot be read, and answers lack it" in front.process.stderr.readline().decode()
        (span,) = front.ask("/api/v1/spans").json["spans"]
        assert span["state"] == "damaged"


def test_it_is_started_again(store):
    with front_over(store) as front:
        first = front.pid
        os.kill(first, signal.SIGSEGV)
        front.take_start()
        assert front.pid != first
        assert front.ask("/healthz").status == 200  # at the same address
        assert front.ask("/api/v1/status").json["rate_hz"] == 19
        os.kill(front.pid, signal.SIGKILL)  # one that dies young is waited for a moment
        begun = time.monotonic()
        front.take_start()
        assert 0.5 < time.monotonic() - begun < 10
        assert front.ask("/healthz").status == 200
        front.process.stdin.close()
        said = front.process.stderr.read().decode()
        assert "ended by signal 11" in said and said.count("started again") == 2, said


def test_a_store_that_not_everybody_may_read(store):
    """It is in the folder's group then, and in no other."""
    store.mkdir(mode=0o750)
    os.chown(store, 0, 4242)
    with front_over(store) as front:
        assert status_of(front.pid)["Groups"].split() == ["4242"]
        assert front.ask("/api/v1/spans").status == 200


def test_without_a_cage(store):
    """A root that may not build one (in a container) is told so, and the front gives up what it can."""
    prefix = ["setpriv", "--bounding-set", "-sys_admin"]
    process = subprocess.Popen([*prefix, FRONT, "127.0.0.1:0", store], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    front = Front(process, None)
    try:
        front.take_start()
        status = status_of(front.pid)
        assert status["Uid"].split() != ["0"] * 4
        assert int(status["CapEff"], 16) == 1 << 2  # CAP_DAC_READ_SEARCH
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        answer = front.ask("/debug/pprof/profile?seconds=1")
        assert b"busy" in gzip.decompress(answer.body)
        process.stdin.close()
        assert process.wait(timeout=hearth.DEADLINE_SECONDS) == 0
        assert b"cannot be shut in" in process.stderr.read()
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def test_a_recorder_that_hangs_is_told_of(store):
    with front_over(store) as front:
        assert front.ask("/readyz").status == 200
        os.kill(front.process.pid, signal.SIGSTOP)
        try:
            wait_until(lambda: front.ask("/readyz").status == 503, "it is not ready")
            assert front.ask("/readyz").body == b"the recorder says nothing any more\n"
            assert front.ask("/healthz").status == 200
        finally:
            os.kill(front.process.pid, signal.SIGCONT)
        wait_until(lambda: front.ask("/readyz").status == 200, "it is ready again")


def test_an_address_that_others_can_reach(store):
    """It is said at the start, and takes the token."""
    with front_over(store, f"token={TOKEN}", address="0.0.0.0:0") as front:
        front.address = front.address.replace("0.0.0.0", "127.0.0.1")
        assert front.ask("/api/v1/status").status == 401
        assert front.ask("/api/v1/status", Authorization=f"Bearer {TOKEN}").status == 200
        assert front.ask("/api/v1/status", Host="evil.test", Authorization=f"Bearer {TOKEN}").status == 403
        front.process.stdin.close()
        said = front.process.stderr.read().decode()
        assert "other machines can reach http://0.0.0.0:" in said and TOKEN not in said


@pytest.mark.parametrize(
    "words, why",
    [
        (["0.0.0.0:0"], "takes a token"),
        (["[::]:0"], "takes a token"),
        (["nowhere"], "an address is IP:PORT"),
        (["0.0.0.0:0", "token=short"], "a token is letters"),
        (["unix:/no/such/folder/socket"], "cannot listen"),
    ],
)
def test_what_is_refused(store, words, why):
    ended = subprocess.run([FRONT, words[0], store, *words[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert why in ended.stderr and ended.stderr.count("\n") == 1, ended.stderr


def test_a_pattern_that_takes_for_ever(store):
    """What is a client's to choose may eat a thread; the front goes on with what needs none."""
    with front_over(store) as front:
        front.ask("/debug/pprof/profile?seconds=1")
        evil = "(" * 12 + "a" + "{1,250})" * 12
        with front.connect() as connection:
            connection.sendall(front.request(f"/api/v1/profile?format=folded&focus={evil}"))
            for _ in range(5):
                assert front.ask("/api/v1/status").status == 200
            connection.settimeout(hearth.DEADLINE_SECONDS)
            said = connection.recv(100)
            assert b" 400 " in said or b" 503 " in said, said
