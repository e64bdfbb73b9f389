# SPDX-License-Identifier: Apache-2.0
"""Packages of npm's registry that hearth's outputs are read with, fetched once and kept in .output/peers/. Nothing is installed, no script of theirs
is run by fetching."""

import shutil
import subprocess
import tarfile
import tempfile

import hearth

KEPT = hearth.OUTPUT / "peers"
FETCH_SECONDS = 300


def fetched(name, version):
    """The folder of a package as it was published, without what it depends on."""
    folder = KEPT / f"npm-{name}-{version}"
    if not folder.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as work:
            subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=work, check=True, timeout=FETCH_SECONDS, stdout=subprocess.DEVNULL)
            with tarfile.open(f"{work}/{name}-{version}.tgz") as archive:
                archive.extractall(work)
            shutil.move(f"{work}/package", folder)
    return folder
