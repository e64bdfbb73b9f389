# SPDX-License-Identifier: Apache-2.0
"""deps.sh changes nothing where all is there, and says the right words elsewhere."""

import os
import subprocess

import pytest
import tree

# The answers of /etc/os-release, and how the command that deps.sh prints begins there.
SYSTEMS = {
    "fedora": ("ID=fedora", "dnf install -y glibc-devel"),
    "rocky": ('ID="rocky"\nID_LIKE="rhel centos fedora"', "dnf install -y glibc-devel"),
    "arch": ("ID=arch", "pacman -S --needed --noconfirm glibc"),
    "tumbleweed": (
        'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"',
        "zypper --non-interactive install glibc-devel",
    ),
    "alpine": ("ID=alpine", "apk add musl-dev"),
}

MISSING = (
    "build nothing header:no/such/header.h libc6-dev = glibc-devel glibc glibc-devel musl-dev\n"
    "build shell run:true,always dash = dash dash dash dash\n"
)


@pytest.fixture
def run(tmp_path):
    """Runs deps.sh where package managers only say that they were called."""
    calls = tmp_path / "calls"
    for name in ("apt-get", "dnf", "pacman", "zypper", "apk"):
        fake = tmp_path / name
        fake.write_text(f'#!/bin/sh\necho "{name} $*" >>{calls}\n')
        fake.chmod(0o755)

    def run_it(*arguments, system=None, needs=None):
        environment = dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}")
        for name, text in (("HEARTH_OS_RELEASE", system), ("HEARTH_NEEDS", needs)):
            if text is not None:
                path = tmp_path / name
                path.write_text(text + "\n")
                environment[name] = str(path)
        ended = subprocess.run(
            ["./deps.sh", *arguments], cwd=tree.ROOT, env=environment, capture_output=True, text=True
        )
        return ended, calls.read_text() if calls.exists() else ""

    return run_it


@pytest.mark.parametrize("group", [[], ["build"], ["test"]], ids=str)
def test_nothing_is_touched_where_all_is_there(run, group):
    ended, calls = run(*group)
    assert (ended.returncode, ended.stdout, ended.stderr, calls) == (0, "", "", "")


@pytest.mark.parametrize("system", SYSTEMS)
def test_other_systems_hear_their_own_command(run, system):
    release, command = SYSTEMS[system]
    ended, calls = run(system=release, needs=MISSING)
    assert ended.returncode == 1 and calls == ""
    assert ended.stderr.splitlines()[-1] == f"deps.sh: as root, run: {command}"


def test_unknown_system(run):
    ended, calls = run(system='ID=plan9\nPRETTY_NAME="Plan 9"', needs=MISSING)
    assert ended.returncode == 1 and calls == ""
    assert "missing: nothing" in ended.stderr and "Plan 9" in ended.stderr


def test_debian_installs_only_what_is_missing(run):
    ended, calls = run(system="ID=debian", needs=MISSING)
    if os.geteuid() == 0:
        update, install = calls.splitlines()
        assert update.endswith(" update") and install.endswith(" libc6-dev")
        assert "still missing" in ended.stderr  # the fake installed nothing
    else:
        assert calls == "" and "sudo apt-get install -y" in ended.stderr
    assert ended.returncode == 1


def test_newest_that_apt_knows(run, tmp_path):
    names = tmp_path / "apt-cache"
    names.write_text("#!/bin/sh\nprintf '%s\\n' none-9 none-22 none-14 none-tools-30\n")
    names.chmod(0o755)
    needs = "build newest newest:none none-NEWEST = none none none none\n"
    ended, calls = run(system="ID=debian", needs=needs)
    assert "none-22" in (calls.splitlines()[-1] if os.geteuid() == 0 else ended.stderr).split()
    ended, _ = run(system="ID=arch", needs=needs)
    assert ended.stderr.splitlines()[-1].endswith("pacman -S --needed --noconfirm none")


def test_wrong_use(run):
    ended, calls = run("everything")
    assert ended.returncode == 2 and ended.stderr.startswith("usage:") and calls == ""
