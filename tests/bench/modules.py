# SPDX-License-Identifier: Apache-2.0
"""Programs and libraries of this machine as modules that are met one after the other.

spin_in.c spends CPU time in the code of any ELF file. The files are so many of all in /usr/lib, /usr/bin and
/usr/sbin, from the smallest to the largest at equal steps, so that small and large ones have the share there that
they have on the machine.
"""

import os
import re
import shutil
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import measuring

SPIN_IN = measuring.ROOT / ".output/bench/spin_in"
FOLDERS = ("/usr/lib", "/usr/bin", "/usr/sbin")
HEADER = re.compile(rb"\x7fELF\x02\x01.{10}[\x02\x03]\x00\x3e\x00", re.DOTALL)  # x86-64, a program or a library
BUILD_ID = re.compile(rb"\x04\x00\x00\x00\x14\x00\x00\x00\x03\x00\x00\x00GNU\x00")  # the head of its note
SPIN_MS = 30  # three ticks at 99 Hz
NO_PLACE = 3  # spin_in.c


def elf_files():
    """Every file once, smallest first."""
    found = {}
    for top in FOLDERS:
        for folder, _, names in os.walk(top):
            for name in names:
                path = Path(folder, name)
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and is_elf(path):
                    found[status.st_dev, status.st_ino] = (status.st_size, path)
    return [path for _, path in sorted(found.values())]


def is_elf(path):
    with path.open("rb") as file:
        return HEADER.match(file.read(20)) is not None


def spin(path, milliseconds=SPIN_MS):
    """False: it has no function that spin_in can use. Ahead of what else runs here, so that it keeps its time."""
    command = ["nice", "-n", "-20", SPIN_IN, path, str(milliseconds)]
    status = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    if status not in (0, NO_PLACE):
        raise measuring.Failed(f"status {status}: {' '.join(map(str, command))}")
    return status == 0


def pick(count, is_wanted=lambda path: True):
    """So many files at equal steps through all; the next larger one where one is not fit."""
    files, picked = elf_files(), []
    for number in range(count):
        at = int((number + 0.5) * len(files) / count)
        fit = (path for path in files[at:] if path not in picked and is_wanted(path) and spin(path, 0))
        path = next(fit, None)
        if path:
            picked.append(path)
    if len(picked) < count:
        raise measuring.Failed(f"only {len(picked)} of {count} files are there")
    return picked


def describe(paths):
    sizes = sorted(path.stat().st_size for path in paths)
    return (f"{len(sizes)} files of {sum(sizes) / 1e6:,.0f} MB, median {sizes[len(sizes) // 2] / 1e3:,.0f} kB, "
            f"largest {sizes[-1] / 1e6:,.0f} MB")  # fmt: skip


# --- files that nobody has seen -------------------------------------------------------------------------


def has_build_id(path):
    with path.open("rb") as file:
        return BUILD_ID.search(file.read(4096)) is not None


def copy_as_another(path, number, folder):
    """The same code as a file of its own, with a build-id of its own."""
    copy = folder / f"{number}-{path.name}"
    shutil.copyfile(path, copy)
    with copy.open("r+b") as file:
        file.seek(BUILD_ID.search(file.read(4096)).end())
        file.write(number.to_bytes(4, "little") + b"new file")
    return copy


def copies(count, folder):
    folder.mkdir()
    return [copy_as_another(path, number, folder) for number, path in enumerate(pick(count, has_build_id))]


# --- meeting them ---------------------------------------------------------------------------------------


def meet(paths, seconds=0):
    """Spins in each for some ticks, begun at equal steps over so many seconds; how long it took."""
    start = time.monotonic()

    def meet_one(number):
        time.sleep(max(0, start + seconds * number / len(paths) - time.monotonic()))
        spin(paths[number])

    with ThreadPoolExecutor(measuring.CPUS) as threads:
        list(threads.map(meet_one, range(len(paths))))
    time.sleep(max(0, start + seconds - time.monotonic()))
    return time.monotonic() - start
