# SPDX-License-Identifier: Apache-2.0
"""What hearth's outputs are checked with and no package of the machine brings: fetched once from its registry and kept in .output/peers/. Nothing is
installed, and nothing of it runs by fetching."""

import fcntl
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import hearth

KEPT = hearth.OUTPUT / "peers"
FETCH_SECONDS = 300


def kept(name, fetch):
    """What `fetch` gives of an empty folder, under a name of its own; workers that want the same wait for the one that fetches."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (KEPT / name).exists():
            with tempfile.TemporaryDirectory(dir=KEPT) as work:
                fetch(Path(work)).rename(KEPT / name)
    return KEPT / name


def run(work, *command):
    subprocess.run(command, cwd=work, check=True, timeout=FETCH_SECONDS, stdout=subprocess.DEVNULL)


def promtool():
    """Prometheus's own checker. Its package, installed, would start a service."""

    def fetch(work):
        run(work, "apt-get", "-q", "download", "prometheus")
        (package,) = work.glob("prometheus_*.deb")
        run(work, "dpkg-deb", "-x", package, "content")
        return work / "content/usr/bin/promtool"

    return shutil.which("promtool") or kept("promtool", fetch)


def python_package(name, version):
    """The folder for PYTHONPATH of a package of PyPI and what it needs. Only wheels, whose fetching runs nothing."""

    def fetch(work):
        run(work, "/usr/bin/python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:",
            "--no-compile", "--target", "packages", f"{name}=={version}")  # fmt: skip
        return work / "packages"

    return kept(f"pip-{name}-{version}", fetch)


def npm_package(name, version):
    """The folder of a package of npm's registry as it was published, without what it depends on."""

    def fetch(work):
        run(work, "npm", "pack", "--silent", f"{name}@{version}")
        with tarfile.open(work / f"{name}-{version}.tgz") as archive:
            archive.extractall(work)
        return work / "package"

    return kept(f"npm-{name}-{version}", fetch)
