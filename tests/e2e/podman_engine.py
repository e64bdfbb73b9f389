# SPDX-License-Identifier: Apache-2.0
"""Podman as the distribution has it, with everything that it keeps in a temporary folder, and no network."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import hearth

IMAGE = "local/image:1"
# runc, because crun refuses a hierarchy of both versions; a container's first process does not heed SIGTERM.
OPTIONS = ["--storage-driver=overlay", "--cgroup-manager=cgroupfs", "--runtime=runc"]
OF_CONTAINERS = ["--network=none", "--stop-signal=KILL", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000"]


class Engine:
    def __init__(self, folder):
        self.folder = Path(folder)

    def client(self, *arguments, **options):
        """What `podman ARGUMENTS` prints, without the end of the line; it must succeed."""
        ended = subprocess.run(
            ["podman", "--root", self.folder / "storage", "--runroot", self.folder / "run", "--tmpdir", self.folder / "tmp",
             *OPTIONS, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=hearth.DEADLINE_SECONDS,
            text=True,
            env={**os.environ, "TMPDIR": str(self.folder)},
            **options,
        )  # fmt: skip
        assert ended.returncode == 0, f"podman {arguments}: {ended.stderr}"
        return ended.stdout.rstrip("\n")

    def import_image(self, tree):
        """Makes IMAGE of a folder."""
        with subprocess.Popen(["tar", "-C", tree, "-c", "."], stdout=subprocess.PIPE) as tar:
            self.client("import", "-", IMAGE, stdin=tar.stdout)
        assert tar.returncode == 0

    def run(self, name, *command):
        """Starts a container; gives its ID."""
        return self.client("run", "-d", "--name", name, *OF_CONTAINERS, IMAGE, *command)

    def end(self):
        for container in self.client("ps", "-a", "-q").split():
            self.client("rm", "-f", container)


@contextlib.contextmanager
def running():
    with tempfile.TemporaryDirectory(prefix="hearth-test-") as folder:
        engine = Engine(folder)
        try:
            yield engine
        finally:
            engine.end()
            subprocess.run(["umount", "-l", engine.folder / "storage/overlay"], stderr=subprocess.DEVNULL, check=False)
            shutil.rmtree(engine.folder / "storage", ignore_errors=True)
