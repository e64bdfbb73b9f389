# SPDX-License-Identifier: Apache-2.0
"""Packages of Python's registry that hearth's files are checked with, fetched once with what they depend on and kept in .output/peers/."""

import shutil
import subprocess
import tempfile

import hearth

KEPT = hearth.OUTPUT / "peers"
FETCH_SECONDS = 300


def fetched(name, version):
    """The folder for PYTHONPATH. Only wheels: nothing of theirs runs by fetching."""
    folder = KEPT / f"pip-{name}-{version}"
    if not folder.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as work:
            command = ["/usr/bin/python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:",
                       "--no-compile", "--target", f"{work}/packages", f"{name}=={version}"]  # fmt: skip
            subprocess.run(command, check=True, timeout=FETCH_SECONDS, stderr=subprocess.PIPE)
            shutil.move(f"{work}/packages", folder)
    return folder
