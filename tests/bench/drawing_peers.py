# SPDX-License-Identifier: Apache-2.0
"""The tools that people draw flame graphs with, fetched once and kept in .output/peers/: inferno from its registry, and
flamegraph.pl out of the package of Debian's that carries it. Nothing is installed. What this machine cannot fetch is None.
"""

import shutil
import tempfile
from pathlib import Path

import measuring
import symbol_files

KEPT = measuring.ROOT / ".output/peers"
INFERNO = "0.12.4"
PERL_PACKAGE = "libdevel-nytprof-perl"


def inferno(tool):
    """`inferno-flamegraph`, `inferno-collapse-perf`."""
    folder = KEPT / f"inferno-{INFERNO}"
    return kept(folder / "bin" / tool, lambda work: fetch_inferno(work, folder))


def flamegraph_pl():
    file = KEPT / "flamegraph.pl"
    found = shutil.which("flamegraph.pl")
    return Path(found) if found else kept(file, lambda work: fetch_perl(work, file))


def kept(file, fetch):
    if not file.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.TemporaryDirectory(dir=KEPT) as work:
                fetch(Path(work))
        except symbol_files.Unavailable:
            return None
    return file if file.exists() else None


def fetch_inferno(work, folder):
    symbol_files.run("cargo", "install", "inferno", "--version", INFERNO, "--locked", "--root", work / "made",
                     "--target-dir", work / "target", folder=work)  # fmt: skip
    shutil.rmtree(folder, ignore_errors=True)
    shutil.move(work / "made", folder)


def fetch_perl(work, file):
    symbol_files.run("apt-get", "download", PERL_PACKAGE, folder=work)
    for archive in work.glob("*.deb"):
        symbol_files.run("dpkg-deb", "-x", archive, work, folder=work)
    script = work / "usr/share/perl5/Devel/NYTProf/flamegraph.pl"
    if script.exists():
        shutil.move(script, file)
