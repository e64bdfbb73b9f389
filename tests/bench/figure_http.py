# SPDX-License-Identifier: Apache-2.0
"""the server of hearth serve: 1,000 connections and 200 questions a second

Over the store of an hour of a busy machine (tests/e2e/front_serve.c: 60 processes, 1.1 million samples, a window more each 10 s), whose front is shut in as that of hearth serve is. All
connections stay open and ask in turn, what the page asks: status, CPU over time, the values of a label, fates, flame graphs of all and of one process. A question's time begins when it is due, so that one that had to wait for
the one before counts whole. The client is a program of Python's on the same machine.
"""

import asyncio
import subprocess
import time
from urllib.parse import urlencode

import measuring
from rows import Row

SERVER = measuring.e2e.OUTPUT / "e2e/front_serve"
CONNECTIONS = 1000
A_SECOND = 200
MOST_MS = 50
WINDOWS = 360


def questions():
    """Without end: of ten, four are of the status, three of the chart and its labels, three of flame graphs, one of them of a process."""
    number = 0
    while True:
        number += 1
        process = f"comm=process-{number % 60}"
        yield from (
            "status",
            "series?" + urlencode({"by": "comm", "from": "-1h", "to": "now"}),
            "status",
            "profile?" + urlencode({"from": "-10m", "to": "now"}),
            "labels?" + urlencode({"name": "comm", "from": "-1h"}),
            "status",
            "profile?" + urlencode({"from": "-10m", "where": process}),
            "status",
            "fates?" + urlencode({"from": "-1h"}),
            "series?" + urlencode({"by": "pid", "from": "-15m", "limit": 12}),
        )


async def ask(connection, address, path):
    reader, writer = connection
    writer.write(f"GET /api/v1/{path} HTTP/1.1\r\nHost: {address}\r\nAccept-Encoding: gzip\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    await reader.readexactly(size)
    return int(head.split()[1])


async def open_all(host, port):
    connections = asyncio.Queue()
    for _ in range(CONNECTIONS):
        connections.put_nowait(await asyncio.open_connection(host, port))
    return connections


async def load(address, seconds):
    """Of each question its path, its status and how long it took, in ms."""
    host, _, port = address.rpartition(":")
    connections, taken, asked = await open_all(host, int(port)), [], questions()

    async def one(path, due):
        connection = await connections.get()
        status = await ask(connection, address, path)
        taken.append((path.partition("?")[0], status, (time.monotonic() - due) * 1000))
        connections.put_nowait(connection)

    begun, tasks = time.monotonic(), []
    for number in range(int(seconds * A_SECOND)):
        due = begun + number / A_SECOND
        await asyncio.sleep(max(0, due - time.monotonic()))
        tasks.append(asyncio.create_task(one(next(asked), due)))
    await asyncio.gather(*tasks)
    while not connections.empty():
        connections.get_nowait()[1].close()
    return taken


def share(values, part):
    values = sorted(values)
    return values[min(int(len(values) * part), len(values) - 1)]


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def measure(bench):
    seconds = bench.seconds(60, 5)
    command = [SERVER, "127.0.0.1:0", bench.path("http-store"), f"fill={WINDOWS}"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        words = process.stdout.readline().split()
        if not words:
            raise measuring.Failed("the server did not start")
        address, pid = words[1].removeprefix("http://").rstrip("/"), int(words[2])
        before = cpu_seconds(pid)
        taken = asyncio.run(load(address, seconds))
        used = cpu_seconds(pid) - before
        peak = int(next(line for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM")).split()[1])
        process.stdin.close()
        process.wait(timeout=60)
    finally:
        process.kill()
        process.wait()
    wrong = [one for one in taken if one[1] != 200]
    yield Row("questions that were not answered", len(wrong), "", 0.5, note=f"of {len(taken):,}; {CONNECTIONS:,} connections")
    for what in ("", *sorted({path for path, _, _ in taken})):
        times = [ms for path, _, ms in taken if not what or path == what]
        note = f"median {share(times, 0.5):.1f}, slowest {max(times):.1f}"
        yield Row(f"p99 of {what or 'all'}", share(times, 0.99), "ms", None if what else MOST_MS, note=note)
    yield Row("CPU time of the front", 100 * used / seconds, "%")
    yield Row("its memory at most", peak / 1000, "MB")
