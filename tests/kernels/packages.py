# SPDX-License-Identifier: Apache-2.0
"""The kernels that hearth is tried on, from Debian's packages: fetched once, by apt with lists and caches of its own.

Nothing of the machine is changed: neither its sources nor its lists, and nothing is installed. What apt knows of proxies
holds here as well.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MIRROR = os.environ.get("HEARTH_DEBIAN_MIRROR", "http://deb.debian.org")


class Kernel(NamedTuple):
    name: str
    archive: str  # below the mirror
    suite: str
    package: str  # depends on the newest kernel of its kind; a pattern: the oldest that matches
    about: str
    supported: bool = True  # False: hearth refuses to work on it


# The kernels for clouds: small, quick to boot, and with BTF as their larger brothers.
KERNELS = [
    Kernel("6.1", "debian-security", "bookworm-security", "linux-image-cloud-amd64", "Debian 12's own"),
    Kernel("early-6.12", "debian", "bookworm-backports", r"linux-image-6\.12\.\d+\+deb12-cloud-amd64", "as it began"),
    Kernel("6.12", "debian-security", "bookworm-security", "linux-image-6.12-cloud-amd64", "Debian 13's, for 12"),
    Kernel("newest", "debian", "trixie-backports", "linux-image-cloud-amd64", "the newest that Debian 13 gets"),
    Kernel("5.10", "debian-security", "bullseye-security", "linux-image-cloud-amd64", "too old, and told so", False),
]


class Unavailable(Exception):
    """A kernel cannot be had; the text says why."""


def run(*command, folder):
    ended = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if ended.returncode:
        raise Unavailable(f"{' '.join(map(str, command))}: {ended.stderr.strip() or ended.stdout.strip()}")
    return ended.stdout


class Suite:
    """apt, for which there is one suite of Debian's and nothing else."""

    def __init__(self, folder, archive, suite):
        self.folder = folder / suite
        for name in ("state/lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        sources = self.folder / "sources.list"
        sources.write_text(f"deb [arch=amd64 signed-by={KEYRING}] {MIRROR}/{archive} {suite} main\n")
        settings = {
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": self.folder / "state",
            "Dir::Cache": self.folder / "cache",
            "Acquire::Languages": "none",
            "APT::Architecture": "amd64",
            "APT::Sandbox::User": "root",  # the user _apt may not come by here
        }
        self.options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]

    def update(self):
        run("apt-get", *self.options, "update", folder=self.folder)

    def depends(self, package, pattern):
        """The first package that a package depends on, of those whose names match; None: there is none."""
        told = run("apt-cache", *self.options, "depends", "--important", package, folder=self.folder)
        names = re.findall(r"^ *\|?Depends: (\S+)$", told, re.MULTILINE)
        return next((name for name in names if re.match(pattern, name)), None)

    def oldest(self, pattern):
        """Of the packages whose names match, the one with the lowest numbers in its name."""
        names = run("apt-cache", *self.options, "pkgnames", "linux-image-", folder=self.folder).split()
        matching = [name for name in names if re.fullmatch(pattern, name)]
        return min(matching, key=lambda name: list(map(int, re.findall(r"\d+", name))), default=None)

    def unpack(self, package, target):
        for left in self.folder.glob("*.deb"):
            left.unlink()
        run("apt-get", *self.options, "download", package, folder=self.folder)
        (archive,) = self.folder.glob("*.deb")
        run("dpkg-deb", "-x", archive, target, folder=self.folder)
        archive.unlink()


def choose(suite, kernel):
    """The package that holds the kernel itself; it has its release in its name."""
    if "\\" in kernel.package:
        image = suite.oldest(kernel.package)
    else:
        image = suite.depends(kernel.package, r"linux-image-[0-9]")
    if not image:
        raise Unavailable(f"{kernel.suite} has no kernel for {kernel.package}")
    return suite.depends(image, r"linux-binary-[0-9]") or image  # since 7.x in a package of its own


def find_image(folder):
    found = sorted(folder.glob("**/vmlinuz*"))
    return found[0] if found else None


def fetch(kernel, output, refresh=False):
    """The path of a kernel's image, by what was fetched before if there is one."""
    target = output / "images" / kernel.name
    image = find_image(target)
    if image and not refresh:
        return image
    suite = Suite(output / "apt", kernel.archive, kernel.suite)
    suite.update()
    package = choose(suite, kernel)
    with_modules = output / "unpacked"
    shutil.rmtree(with_modules, ignore_errors=True)
    with_modules.mkdir()
    suite.unpack(package, with_modules)
    image = find_image(with_modules)
    if not image:
        raise Unavailable(f"{package} holds no kernel")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    release = re.sub(r"^linux-(image|binary)-", "", package)
    shutil.copy(image, target / f"vmlinuz-{release}")
    shutil.rmtree(with_modules)
    return find_image(target)
