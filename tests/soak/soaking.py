# SPDX-License-Identifier: Apache-2.0
"""What the trials share: a hearth serve that tells when it is ready, what its store and its API say, and unit tests that are run for longer."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request

import figure_serve_cost
import measuring
from rows import Row

e2e = measuring.e2e

DEADLINE_SECONDS = 60
STATUS = "/api/v1/status"

MOST_MB = 150  # hearth serve --max-memory, of which maps are a part
MOST_MB_AN_HOUR, MOST_FILES_AN_HOUR = 2, 4


class Serve:
    """One that is started at once, with environment variables where they are given. It is told from its READY=1 (sd_notify(3)) that it records."""

    def __init__(self, soak, store, *arguments, **variables):
        self.socket_path = str(soak.path("notify"))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket_path)
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.notified.bind(self.socket_path)
        self.said_path = soak.path("serve.txt")
        self.begun = time.monotonic()
        with open(self.said_path, "w") as said:
            self.process = subprocess.Popen(
                [soak.binary, "serve", "--store", store, "--listen", "127.0.0.1:0", *map(str, arguments)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
                env={**os.environ, "NOTIFY_SOCKET": self.socket_path, **variables},
            )  # fmt: skip
        self.pid, self.address = self.process.pid, None

    def wait_until_ready(self, until=None):
        """Seconds from its start to its READY=1; None: not before `until`, of the monotonic clock."""
        deadline = until or self.begun + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            self.notified.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                words = self.notified.recv(4096).decode()
            except socket.timeout:
                break
            ready = time.monotonic()
            if "READY=1" in words:
                return ready - self.begun
        if until is None:
            raise measuring.Failed(f"hearth serve is not ready: {self.said()}")
        return None

    def said(self):
        return self.said_path.read_text()

    def find_address(self):
        if not self.address:
            self.address = next((word for word in self.said().split() if word.startswith("http://")), "").rstrip("/")
            if not self.address:
                raise measuring.Failed(f"no address: {self.said()}")
        return self.address

    def get(self, path=STATUS):
        with urllib.request.urlopen(f"{self.find_address()}{path}", timeout=DEADLINE_SECONDS) as answer:
            return json.loads(answer.read())

    def wait_for_windows(self, count):
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.get()["windows"] < count:
            if time.monotonic() > deadline:
                raise measuring.Failed(f"not {count} windows before the deadline: {self.get()}")
            time.sleep(0.2)

    def settle(self):
        """The status, and the fates of all that the store has, of one and the same moment: no window is kept meanwhile, and the status is told each second."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            before = self.get()
            time.sleep(1.5)
            fates = self.get("/api/v1/fates?from=@0")
            time.sleep(1.5)
            status = self.get()
            if before["windows"] == status["windows"]:
                return status, fates
        raise measuring.Failed("windows are kept all the time: there is no moment to count in")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """As a service manager does; gives its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self.notified.close()


def hearth(soak, *arguments):
    return subprocess.run(
        [soak.binary, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=measuring.HURRY_SECONDS,
    )  # fmt: skip


def slices(soak, store):
    return json.loads(measuring.run([soak.binary, "store", "list", "--json", "--store", store], DEADLINE_SECONDS).stdout)


def query(soak, store, *arguments):
    """Its stacks; none where there are none."""
    path = soak.path("out.folded")
    ended = hearth(soak, "query", "--store", store, "-o", path, *arguments)
    if ended.returncode and "has no such sample" in ended.stderr:
        return []
    if ended.returncode:
        raise measuring.Failed(f"hearth query: {ended.stderr.strip()}")
    return e2e.read_folded(path)


def count(fates):
    """Ticks of all fates."""
    return fates["complete"] + sum(fates["truncated"].values()) + sum(fates["lost"].values())


def rows_of_end(soak, serve, store, left_behind):
    """What has to hold of each serve that ends, whatever was done to it. Ticks that are late were not lost to hearth: the machine fired no timer then."""
    status, fates = serve.settle()
    lost = {reason: ticks for reason, ticks in fates["lost"].items() if reason != "late"}
    yield Row("windows lost", status["windows_lost"], "", 0, note=f"of {status['windows']:,}")
    yield Row("rate below what was asked for", status["rate_wanted_hz"] - status["rate_hz"], "Hz", 0, note=f"{status['rate_hz']:g} Hz")
    yield Row("ticks counted and not in the store", abs(count(status["fates"]) - count(fates)), "", 0, note=f"of {count(fates):,}")
    yield Row("ticks lost, but for late ones", sum(lost.values()), "", 0, note=" ".join(f"{reason}={ticks}" for reason, ticks in lost.items() if ticks))
    yield Row("exit status", serve.stop(), "", 0)
    verified = hearth(soak, "store", "verify", "--store", store)
    yield Row("store verify: exit status", verified.returncode, "", 0, note=verified.stdout.strip().rpartition("\n")[2])
    yield row_of_left_behind(left_behind)


def read_for(serve, seconds, disturb=None):
    """Readings of what it costs, one each five seconds."""
    readings, end = [figure_serve_cost.read(serve.pid)], time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(figure_serve_cost.EVERY_SECONDS)
        if disturb:
            disturb(serve, len(readings))
        readings.append(figure_serve_cost.read(serve.pid))
    return readings


def rows_of_growth(soak, readings):
    """Lines through the readings; what they grow by at least, with a confidence of 97.5 %. Of a quick run they say nothing."""
    for what, field, unit, scale, bar in (
        ("resident grows, at least", "resident_bytes", "MB/h", 1e6, MOST_MB_AN_HOUR),
        ("open files grow, at least", "files", "/h", 1, MOST_FILES_AN_HOUR),
    ):
        grows, error = figure_serve_cost.slope(readings, field)
        note = f"{grows / scale:.3g} ± {2 * error / scale:.3g}; {getattr(readings[-1], field) / scale:.4g} at the end"
        yield Row(what, max(0, grows - 2 * error) / scale, unit, None if soak.quick else bar, note=note)
    resident = max(reading.resident_bytes for reading in readings)
    yield Row("resident, all processes, at most", resident / 1e6, "MB", MOST_MB)


def row_of_left_behind(left_behind):
    """The kernel frees programs and maps some time after their last user is gone."""
    deadline, found = time.monotonic() + DEADLINE_SECONDS, left_behind.find()
    while found and time.monotonic() < deadline:
        time.sleep(0.2)
        found = left_behind.find()
    return Row("left in the kernel or as processes", len(found), "", 0, note="; ".join(found))


def run_unit_test(name, deadline_seconds, **variables):
    """A unit test with more of what it does: how many of its cases passed and failed, and its output."""
    environment = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP", **{key: str(value) for key, value in variables.items()}}
    ended = subprocess.run([e2e.OUTPUT / "unit" / name], env=environment, capture_output=True, text=True, timeout=deadline_seconds)
    text = ended.stdout + ended.stderr
    return text.count("\nok "), text.count("not ok ") + (ended.returncode != 0), text
