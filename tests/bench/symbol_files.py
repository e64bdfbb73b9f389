# SPDX-License-Identifier: Apache-2.0
"""Real programs and libraries with DWARF, made once and kept in .output/symbol-files/.

Debian's are fetched by apt with their debug files and joined, sections inflated, so that every tool reads the same one
file; nothing is installed. The others are built here. What this machine cannot make is Unavailable.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Callable, NamedTuple

import hearth as e2e
import measuring
import symbolizers

KEPT = measuring.ROOT / ".output/symbol-files"
RIPGREP = "15.2.0"
DEADLINE_SECONDS = 1800


class Unavailable(Exception):
    """Why a file cannot be had here."""


class SymbolFile(NamedTuple):
    name: str
    about: str
    make: Callable[[Path, Path], None]  # (empty folder to work in, the file to make)
    has_gaps: bool = True  # between functions, in what says where these are


def run(*command, folder, **environment):
    try:
        ended = subprocess.run(
            [str(word) for word in command], cwd=folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=DEADLINE_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(str(error)) from None
    if ended.returncode:
        raise Unavailable(f"{' '.join(map(str, command))}: {ended.stderr.strip()[-300:]}")
    return ended.stdout


# --- Debian's ---------------------------------------------------------------------------------------


def from_debian(package, debug_package, pattern):
    def make(folder, file):
        run("apt-get", "download", package, debug_package, folder=folder)
        for archive in folder.glob("*.deb"):
            run("dpkg-deb", "-x", archive, folder, folder=folder)
            archive.unlink()
        join(folder, next(folder.glob(pattern), None), file)

    return make


def join(folder, stripped, file):
    """A stripped file and its debug file as one."""
    if not stripped:
        raise Unavailable("the package has it no longer")
    build_id = re.search(r"Build ID: (..)(\w+)", run("readelf", "-n", stripped, folder=folder))
    debug_file = folder / "usr/lib/debug/.build-id" / build_id[1] / f"{build_id[2]}.debug"
    if not debug_file.exists():
        raise Unavailable("the package with its debug file is of another version")
    run("eu-unstrip", "-o", folder / "joined", stripped, debug_file, folder=folder)
    run("eu-elfcompress", "-q", "-t", "none", "-o", file, folder / "joined", folder=folder)


# --- built here -------------------------------------------------------------------------------------


def build_go(folder, file):
    run("go", "build", "-o", file, "cmd/compile", folder=folder)


def build_rust(folder, file):
    run("cargo", "install", "ripgrep", "--version", RIPGREP, "--locked", "--root", folder, "--target-dir",
        folder / "target", folder=folder, CARGO_PROFILE_RELEASE_DEBUG="2")  # fmt: skip
    shutil.move(folder / "bin/rg", file)


def build_with(compiler, *options):
    return lambda folder, file: shutil.move(symbolizers.build_words(folder, compiler, *options), file)


def take_hearth(_, file):
    shutil.copy(e2e.BINARY, file)


LIBJVM = SymbolFile("libjvm.so", "C++ of g++, DWARF 5", from_debian(
    "openjdk-17-jre-headless", "openjdk-17-dbg", "usr/lib/jvm/*/lib/server/libjvm.so"))  # fmt: skip

FILES = [
    LIBJVM,
    SymbolFile("libceph-common.so", "C++ with many templates, g++, DWARF 5", from_debian(
        "librados2", "librados2-dbg", "usr/lib/*/ceph/libceph-common.so.2")),
    SymbolFile("libc.so.6", "C and assembly, gcc", from_debian("libc6", "libc6-dbg", "lib/*/libc.so.6")),
    SymbolFile("python3.11", "C, optimised at link time", from_debian(
        "python3.11-minimal", "python3.11-dbg", "usr/bin/python3.11")),
    SymbolFile("compile", "Go's own compiler", build_go, has_gaps=False),
    SymbolFile("rg", "Rust: ripgrep and its crates", build_rust),
    SymbolFile("words-clang-5", "C++ of clang, DWARF 5", build_with("clang++", "-O2", "-gdwarf-5")),
    SymbolFile("words-clang-4", "C++ of clang, DWARF 4", build_with("clang++", "-O2", "-gdwarf-4")),
    SymbolFile("hearth", "C of gcc: hearth itself", take_hearth),
]  # fmt: skip


def get(wanted):
    """Its path; hearth itself is taken anew each time."""
    path = KEPT / wanted.name
    if path.exists() and wanted.make is not take_hearth:
        return path
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT, prefix="making-") as folder:
        made = Path(folder) / "made" / wanted.name
        made.parent.mkdir()
        wanted.make(Path(folder), made)
        made.replace(path)
    return path


def debug_info_mb(path):
    shown = run("readelf", "-SW", path, folder=KEPT)
    found = re.search(r"\] \.debug_info +\w+ +\w+ \w+ (\w+)", shown)
    return int(found[1], 16) / 1e6 if found else 0
