# SPDX-License-Identifier: Apache-2.0
"""Boots a kernel under qemu's emulation, in a guest that holds hearth, its samples and little else.

The guest's root is an initramfs that is made here: guest_init.sh as its first program, busybox, and each program with the
libraries that the host's linker finds for it. Its console comes to a log; what its cases said comes as an archive through
a second serial port, whole or not at all.
"""

import gzip
import io
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import hearth as e2e  # noqa: E402

HERE = Path(__file__).resolve().parent
QEMU = "qemu-system-x86_64"
BOOT_SECONDS = 900  # emulated, beside other work; the cases take about a tenth of it
SAMPLES = ["shares_70_30", "recursion", "syscalls", "threads", "fork_storm"]
ALTERNATING = ["first", "second", "third"]


class Failed(Exception):
    """The guest did not come to its end; the text says how far it came."""


# --- what the guest holds ---------------------------------------------------------------------------


def build_programs(folder):
    """The programs of the end-to-end tests that are no samples, as those tests build them."""
    folder.mkdir(parents=True, exist_ok=True)
    cc = ["cc", "-O2", "-fomit-frame-pointer", "-pthread"]
    sources = HERE.parent / "e2e"
    commands = [
        [*cc, "-o", folder / "plain", sources / "unwound.c"],
        [*cc, "-static", "-o", folder / "static", sources / "unwound.c"],
        [*cc, "-fno-stack-clash-protection", "-o", folder / "growing_stack", sources / "growing_stack.c"],
        [*cc, "-shared", "-fPIC", "-o", folder / "kernel_asked.so", sources / "kernel_asked.c"],
    ]
    for padding, name in enumerate(ALTERNATING):
        macros = [f"-DNAME=of_{name}", f"-DPADDING={padding}"]
        commands.append([*cc, "-static", "-no-pie", *macros, "-o", folder / name, sources / "alternating.c"])
    for command in commands:
        subprocess.run(command, check=True)
    return [folder / Path(command[command.index("-o") + 1]).name for command in commands]


def libraries(program):
    """What the dynamic linker would map for a program, itself among it; nothing for a static one."""
    told = subprocess.run(["ldd", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return set(re.findall(r"(/\S+) \(0x", told.stdout)) if told.returncode == 0 else set()


def guest_files(output):
    """{path in the guest: path here}."""
    files = {"/init": HERE / "guest_init.sh", "/bin/hearth": e2e.BINARY, "/bin/bpftool": e2e.BPFTOOL}
    files["/bin/busybox"] = shutil.which("busybox")
    files.update({f"/samples/{name}": e2e.SAMPLES / name for name in SAMPLES})
    files.update({f"/programs/{path.name}": path for path in build_programs(output / "programs")})
    for program in list(files.values()):
        files.update({path: path for path in libraries(program)})
    return files


class Archive:
    """An archive as the kernel unpacks it (Documentation/driver-api/early-userspace/buffer-format.rst: "newc")."""

    def __init__(self, to):
        self.to, self.number, self.folders = to, 0, set()

    def _add(self, name, mode, content):
        self.number += 1
        path = name.lstrip("/").encode() + b"\0"
        fields = [self.number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0]
        header = b"070701" + b"".join(b"%08X" % field for field in fields) + path
        for part in (header, content):
            self.to.write(part + b"\0" * (-len(part) % 4))

    def add_folder(self, name):
        if name in ("", "/") or name in self.folders:
            return
        self.add_folder(os.path.dirname(name))
        self.folders.add(name)
        self._add(name, stat.S_IFDIR | 0o755, b"")

    def add_file(self, name, content):
        self.add_folder(os.path.dirname(name))
        self._add(name, stat.S_IFREG | 0o755, content)

    def end(self):
        self._add("TRAILER!!!", 0, b"")


def build_initramfs(output):
    path = output / "initramfs.gz"
    with gzip.open(path, "wb", compresslevel=1) as to:
        archive = Archive(to)
        for name in ("/proc", "/sys", "/dev", "/tmp", "/results"):
            archive.add_folder(name)
        for name, source in sorted(guest_files(output).items()):
            archive.add_file(name, Path(source).read_bytes())
        archive.end()
    return path


# --- one boot ---------------------------------------------------------------------------------------


def qemu_command(image, initramfs, folder):
    return [
        QEMU, "-accel", "tcg,thread=multi", "-smp", "2", "-m", "1500", "-no-reboot",
        "-display", "none", "-nodefaults", "-no-user-config", "-monitor", "none",
        "-serial", f"file:{folder / 'console.log'}", "-serial", f"file:{folder / 'results.tar.gz'}",
        "-kernel", image, "-initrd", initramfs, "-append", "console=ttyS0 panic=-1",
    ]  # fmt: skip


def how_far(folder):
    """The last lines of the console: where it ended."""
    console = folder / "console.log"
    lines = console.read_text(errors="replace").splitlines() if console.exists() else []
    return "\n".join(line for line in lines[-8:] if line.strip()) or "the console stayed empty"


def unpack(folder):
    """The cases' folders; Failed if the guest did not send them whole."""
    results = folder / "results"
    try:
        content = gzip.decompress((folder / "results.tar.gz").read_bytes())
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(results)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise Failed(f"no results came ({error}); the console's end:\n{how_far(folder)}") from error
    return results


def boot(image, initramfs, folder):
    """Runs the guest to its end: (the folder with its results, seconds)."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    started = time.monotonic()
    try:
        ended = subprocess.run(
            qemu_command(image, initramfs, folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=BOOT_SECONDS,
            text=True,
        )
    except subprocess.TimeoutExpired as late:
        raise Failed(f"not done after {BOOT_SECONDS} s; the console's end:\n{how_far(folder)}") from late
    if ended.returncode:
        raise Failed(f"qemu ended with status {ended.returncode}: {ended.stdout.strip()}")
    return unpack(folder), time.monotonic() - started
