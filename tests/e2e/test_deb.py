# SPDX-License-Identifier: Apache-2.0
"""`make deb`: a package that Debian's own checker takes, and that comes and goes without a trace on a machine with systemd."""

import re
import subprocess

import pytest

import hearth
import systemd_machine

pytestmark = pytest.mark.xdist_group("make")  # in one tree


@pytest.fixture(scope="module")
def package():
    made = subprocess.run(["make", "--no-print-directory", "deb"], cwd=hearth.ROOT, capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stderr
    version = hearth.run("--version").stdout.split()[1]
    (path,) = hearth.OUTPUT.glob(f"hearth_{version}_*.deb")
    return path


def control(package, field):
    return subprocess.run(["dpkg-deb", "-f", package, field], check=True, capture_output=True, text=True).stdout.strip()


def test_lintian_has_no_complaint(package):
    told = subprocess.run(["lintian", "--allow-root", "--fail-on=error,warning", package], capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (0, ""), told


def test_every_library_has_a_package(package):
    linked = subprocess.run(["ldd", hearth.BINARY], check=True, capture_output=True, text=True).stdout
    needed = {name for name in ("bpf", "elf", "sqlite3", "unwind") if f"lib{name}" in linked}
    depends = control(package, "Depends")
    assert needed and not [name for name in needed if f"lib{name}" not in depends], depends


def test_the_kernel_side_is_still_in_it(package, tmp_path):
    """Stripping takes symbols, and nothing that runs."""
    subprocess.run(["dpkg-deb", "-x", package, tmp_path], check=True)
    binary = tmp_path / "usr/bin/hearth"
    assert binary.stat().st_size < hearth.BINARY.stat().st_size
    told = subprocess.run([binary, "--version"], capture_output=True, text=True)
    assert told.stdout == hearth.run("--version").stdout
    assert b"\x7fELF" in binary.read_bytes()[4:], "the programs for the kernel are ELF files in it"


def test_documents_are_in_it(package):
    listed = subprocess.run(["dpkg-deb", "-c", package], check=True, capture_output=True, text=True).stdout
    files = {line.split(" ./")[-1] for line in listed.splitlines()}
    assert {f"usr/share/doc/hearth/{name}" for name in ("README.md", "formats.md", "http.md", "page.md")} <= files, listed


# Of this machine's own package, if it has one, nothing is left when it begins.
SCRIPT = r"""
exec >/opt/shared/told 2>&1
set -x
list() {
	find /etc /usr /lib/systemd /var/lib -xdev -not -path '/var/lib/dpkg/*' -not -path '/usr/share/mime/*' -not -path '/usr/share/info/*' \
		-not -path '/var/lib/systemd/*' -not -path '/var/lib/man-db/*' -not -name ld.so.cache | sort >/opt/shared/$1
}
list before
dpkg -i /opt/shared/hearth.deb || exit 1
dpkg -V hearth && echo verified
hearth --version && echo runs
systemctl cat hearth.service >/dev/null && echo known
systemctl is-enabled hearth.service
systemctl enable hearth.service && ls /etc/systemd/system/multi-user.target.wants/hearth.service
zsh -fc 'autoload -U compinit; compinit -D -u; echo zsh ${_comps[hearth]}'
list installed
echo '# mine' >>/etc/hearth/hearth.conf
dpkg -i /opt/shared/hearth.deb </dev/null && tail -n 1 /etc/hearth/hearth.conf
dpkg -r hearth || exit 1
ls /etc/hearth/hearth.conf /etc/systemd/system/multi-user.target.wants/hearth.service
mkdir -p /var/lib/hearth && touch /var/lib/hearth/slice
dpkg -P hearth || exit 1
list after
echo good
"""

UNITS = {
    "tried.service": "[Service]\nType=oneshot\nTimeoutStartSec=50s\nEnvironment=DEBIAN_FRONTEND=noninteractive HOME=/root LC_ALL=C\n"
    "ExecStart=/bin/sh /opt/shared/tried.sh\nExecStopPost=/bin/mv /opt/shared/told /opt/shared/ended\n",
    "test.target": "[Unit]\nWants=tried.service\n",
}


@pytest.mark.root
def test_it_comes_and_goes(package, tmp_path):
    with systemd_machine.machine(tmp_path, UNITS) as shared:
        (shared / "tried.sh").write_text(SCRIPT)
        (shared / "hearth.deb").write_bytes(package.read_bytes())
        told = systemd_machine.wait_for(shared / "ended", tmp_path)
        before, installed, after = ((shared / name).read_text().splitlines() if (shared / name).exists() else None
                                    for name in ("before", "installed", "after"))  # fmt: skip
    lines = told.splitlines()
    assert lines[-1] == "good", told
    assert {"verified", "runs", "known", "disabled", "zsh _hearth", "# mine"} <= set(lines), told
    assert "/etc/systemd/system/multi-user.target.wants/hearth.service" in lines
    assert re.search("cannot access '/etc/systemd/system/multi-user.target.wants/hearth.service'", told), told
    assert "/etc/hearth/hearth.conf" in lines, "a removed package leaves its options"
    assert {"/usr/bin/hearth", "/lib/systemd/system/hearth.service"} <= set(installed) - set(before)
    assert after == before, set(after) ^ set(before)
