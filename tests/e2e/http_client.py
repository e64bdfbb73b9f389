# SPDX-License-Identifier: Apache-2.0
"""The server of http/ as the tests run it, and a client that says exactly what it is told to."""

import contextlib
import gzip
import json
import socket
import subprocess
import time
from typing import NamedTuple

import hearth

SERVER = hearth.OUTPUT / "e2e/fake_serve"


class Answer(NamedTuple):
    status: int
    heads: dict  # names in lower case
    body: bytes

    @property
    def json(self):
        return json.loads(self.plain)

    @property
    def plain(self):
        return gzip.decompress(self.body) if self.heads.get("content-encoding") == "gzip" else self.body


class Server:
    def __init__(self, process, address):
        self.process, self.address = process, address

    def connect(self):
        if self.address.startswith("unix:"):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(hearth.DEADLINE_SECONDS)
            connection.connect(self.address.removeprefix("unix:"))
            return connection
        host, _, port = self.address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=hearth.DEADLINE_SECONDS)

    def request(self, path, method="GET", **heads):
        """The bytes of a request; heads with _ for -; Host and Connection unless they are said, None for without."""
        heads = {"Host": self.address, "Connection": "close", **{name.replace("_", "-"): value for name, value in heads.items()}}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in heads.items() if value is not None)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def ask(self, path, method="GET", **heads):
        with self.connect() as connection:
            connection.sendall(self.request(path, method, **heads))
            return read_answer(connection.makefile("rb"), method)

    def metric(self, name):
        lines = self.ask("/metrics").body.decode().splitlines()
        return float(next(line.split()[-1] for line in lines if line.startswith(f"{name} ")))

    def change(self):
        """The store has changed."""
        self.process.stdin.write(b"changed\n")
        self.process.stdin.flush()


def read_answer(stream, method="GET"):
    status = stream.readline()
    assert status, "the connection was closed"
    heads = {}
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        heads[name.strip().lower()] = value.strip()
    size = int(heads.get("content-length", 0))
    has_body = method != "HEAD" and not status.split()[1].startswith(b"304")
    body = stream.read(size) if has_body else b""
    assert len(body) == (size if has_body else 0)
    return Answer(int(status.split()[1]), heads, body)


def wait_until(is_so, what):
    """Until something that a server does by itself has come about."""
    until = time.monotonic() + hearth.DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < until, f"not in time: {what}"
        time.sleep(0.05)


@contextlib.contextmanager
def serving(address="127.0.0.1:0", *words):
    """A server for as long as the context is; it ends well."""
    process = subprocess.Popen([SERVER, address, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        said = process.stdout.readline().decode().strip()
        assert said, "the server did not start"
        yield Server(process, said)
        process.stdin.close()
        assert process.wait(timeout=hearth.DEADLINE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
