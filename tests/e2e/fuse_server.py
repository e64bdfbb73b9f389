#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A FUSE file system with one file, for tests: `fuse_server.py FOLDER FILE [NAME]` mounts FILE as FOLDER/NAME, as root; NAME is
a pattern as the shell has them, "program" by default.

It says "ready" when it is mounted. A line on standard input names operations (LOOKUP, OPEN, READ, FLUSH) that are not answered
any more; it says "silent" when it knows, and "asked OPEN" when one of them was left without an answer. It ends, and
unmounts, with standard input.

The protocol is that of linux/fuse.h, version 7.31.
"""

import ctypes
import fnmatch
import os
import select
import stat
import struct
import sys
import time

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE = 1, 2, 3, 14, 15, 17, 18
FLUSH, INIT, OPENDIR, RELEASEDIR, ACCESS, INTERRUPT, DESTROY, BATCH_FORGET = 25, 26, 27, 29, 34, 36, 38, 42
NAMES = {"LOOKUP": LOOKUP, "OPEN": OPEN, "READ": READ, "FLUSH": FLUSH}
UNANSWERED = {FORGET, INTERRUPT, BATCH_FORGET}

ROOT, FILE = 1, 2
ENOENT, ENOSYS = 2, 38
VALID_SECONDS = 3600


class Server:
    def __init__(self, folder, path, name="program"):
        self.name = name
        self.time = int(time.time()) + 60  # later than the start of whoever is to be told of by it
        with open(path, "rb") as file:
            self.content = file.read()
        self.silent = set()
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_NONBLOCK)
        libc = ctypes.CDLL(None, use_errno=True)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other"
        if libc.mount(b"hearth-test", folder.encode(), b"fuse", 0, options.encode()):
            raise OSError(ctypes.get_errno(), "mount")
        self.unmount = lambda: libc.umount2(folder.encode(), 2)  # MNT_DETACH

    def attributes(self, node):
        size = len(self.content) if node == FILE else 0
        mode = stat.S_IFREG | 0o755 if node == FILE else stat.S_IFDIR | 0o755
        times = [self.time] * 3
        return struct.pack("<6Q10I", node, size, size // 512, *times, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def answer(self, opcode, node, payload):
        """Bytes, or an error number."""
        if opcode == INIT:
            return struct.pack("<4I2H2I2HI7I", 7, 31, 131072, 0, 8, 6, 131072, 1, 32, 0, 0, *[0] * 7)
        if opcode == LOOKUP:
            if not fnmatch.fnmatchcase(payload.rstrip(b"\0").decode(), self.name):
                return ENOENT
            return struct.pack("<4Q2I", FILE, 1, VALID_SECONDS, VALID_SECONDS, 0, 0) + self.attributes(FILE)
        if opcode == GETATTR:
            return struct.pack("<Q2I", VALID_SECONDS, 0, 0) + self.attributes(node)
        if opcode in (OPEN, OPENDIR):
            return struct.pack("<Q2I", 1, 0, 0)
        if opcode == READ:
            _, offset, size = struct.unpack_from("<2QI", payload)
            return self.content[offset : offset + size]
        if opcode == STATFS:
            return bytes(80)
        return b"" if opcode in (FLUSH, RELEASE, RELEASEDIR, ACCESS, DESTROY) else ENOSYS

    def serve_one(self):
        try:
            request = os.read(self.device, 1 << 20)
        except BlockingIOError:
            return  # it was withdrawn meanwhile
        _, opcode, unique, node = struct.unpack_from("<2I2Q", request)
        if opcode in UNANSWERED:
            return
        if opcode in self.silent:
            print("asked", next(name for name, number in NAMES.items() if number == opcode), flush=True)
            return
        answer = self.answer(opcode, node, request[40:])
        error = -answer if isinstance(answer, int) else 0
        body = b"" if error else answer
        try:
            os.write(self.device, struct.pack("<IiQ", 16 + len(body), error, unique) + body)
        except FileNotFoundError:
            pass  # who asked was interrupted

    def run(self):
        print("ready", flush=True)
        while True:
            for ready in select.select([self.device, sys.stdin], [], [])[0]:
                if ready is not sys.stdin:
                    self.serve_one()
                    continue
                line = sys.stdin.readline()
                if not line:
                    return
                self.silent = {NAMES[word] for word in line.split()}
                print("silent", flush=True)


def main():
    server = Server(*sys.argv[1:])
    try:
        server.run()
    finally:
        server.unmount()


if __name__ == "__main__":
    main()
