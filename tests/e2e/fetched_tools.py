# SPDX-License-Identifier: Apache-2.0
"""Tools that what hearth serves is checked with, fetched once from their registries and kept in .output/peers/. Nothing is installed: prometheus's
package, for one, would start a service."""

import functools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import hearth

KEPT = hearth.OUTPUT / "peers"
FETCH_SECONDS = 300


@functools.cache
def promtool():
    """Prometheus's own checker."""
    kept = KEPT / "promtool"
    if shutil.which("promtool"):
        return shutil.which("promtool")
    if not kept.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as work:
            subprocess.run(["apt-get", "-q", "download", "prometheus"], cwd=work, check=True, timeout=FETCH_SECONDS, stdout=subprocess.DEVNULL)
            (package,) = Path(work).glob("prometheus_*.deb")
            subprocess.run(["dpkg-deb", "-x", package, f"{work}/content"], check=True)
            shutil.move(f"{work}/content/usr/bin/promtool", kept)
    return kept


@functools.cache
def python_packages(*wanted):
    """A folder for sys.path with packages of PyPI, "NAME==VERSION", and what they need."""
    kept = KEPT / ("pip-" + "-".join(wanted).replace("==", "-"))
    if not kept.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as work:
            command = [sys.executable, "-m", "pip", "install", "-q", "--target", f"{work}/packages", *wanted]
            subprocess.run(command, check=True, timeout=FETCH_SECONDS, stdout=subprocess.DEVNULL)
            shutil.move(f"{work}/packages", kept)
    return kept
