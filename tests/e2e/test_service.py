# SPDX-License-Identifier: Apache-2.0
"""hearth under a service manager: what it says goes to the journal with its level, and its unit allows what it needs, and little else."""

import json
import os
import re
import shutil
import subprocess

import pytest

import hearth
import systemd_machine


def stderr_of(stream, *arguments):
    """What hearth writes into a pipe that JOURNAL_STREAM names so; DEVICE and INODE stand for the pipe's own."""
    reader, writer = os.pipe()
    status = os.fstat(writer)
    named = stream.replace("DEVICE", str(status.st_dev)).replace("INODE", str(status.st_ino))
    subprocess.run([hearth.BINARY, *arguments], stderr=writer, env=dict(os.environ, JOURNAL_STREAM=named))
    os.close(writer)
    with open(reader, encoding="utf-8") as file:
        return file.read()


def test_the_journal_hears_levels():
    assert stderr_of("DEVICE:INODE", "recrod").startswith("<3>there is no command 'recrod'")


@pytest.mark.parametrize("stream", ["", "0:INODE", "DEVICE:0", "DEVICE:INODE "])
def test_another_stream_hears_words(stream):
    assert stderr_of(stream, "recrod").startswith("hearth: there is no command 'recrod'")


# --- the unit ---------------------------------------------------------------------------------------

UNIT = (hearth.ROOT / "packaging/hearth.service.in").read_text()

# What `systemd-analyze security` may say at most, of 10: what is left is what recording needs.
EXPOSURE_AT_MOST = 4.4


@pytest.fixture
def unit(tmp_path):
    path = tmp_path / "hearth.service"
    path.write_text(UNIT.replace("@BINDIR@", str(hearth.OUTPUT)))
    return path


def test_systemd_understands_the_unit(unit):
    told = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_exposure(unit, capsys):
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True
    )
    score = re.search(r"Overall exposure level for hearth.service: ([\d.]+) (\w+)", told.stdout)
    assert score, told
    with capsys.disabled():
        print(f"\nsystemd-analyze security hearth.service: {score[1]} {score[2]}")
    assert float(score[1]) <= EXPOSURE_AT_MOST


# The unit as it is, but that it does what a test wants, once.
TRIED = """\
[Service]
Type=oneshot
Restart=no
WatchdogSec=0
TimeoutStartSec=50s
ExecStart=
ExecStart=/bin/sh /opt/shared/tried.sh
BindPaths=/opt/shared/kept:/var/lib/hearth
ExecStopPost=+/bin/sh -c 'systemctl status hearth.service >/opt/shared/status; mv /opt/shared/status /opt/shared/ended'
"""

RECORDS = """\
exec >/var/lib/hearth/told 2>&1
/opt/shared/hearth doctor --json >/var/lib/hearth/doctor.json
/opt/shared/shares_70_30 30 &
/opt/shared/hearth record --comm shares_70_30 -d 1 -o /var/lib/hearth/out.folded --stats /var/lib/hearth/stats.json
kill $!
touch /etc/x /usr/x /home/x
renice -n 19 $$
cat /proc/self/status
"""


@pytest.mark.root
def test_what_the_unit_allows_is_enough(tmp_path):
    """Under a systemd that applies each of its options: all that hearth needs works, and not much else."""
    units = {
        "hearth.service": UNIT.replace("@BINDIR@", "/opt/shared"),
        "hearth.service.d/tried.conf": TRIED,
        "test.target": "[Unit]\nWants=hearth.service\n",
    }
    with systemd_machine.machine(tmp_path, units) as shared:
        kept = shared / "kept"
        kept.mkdir()
        (shared / "tried.sh").write_text(RECORDS)
        shutil.copy(hearth.BINARY, shared)
        shutil.copy(hearth.SAMPLES / "shares_70_30", shared)
        ended = systemd_machine.wait_for(shared / "ended", tmp_path)
        told = (kept / "told").read_text()
    assert "status=0/SUCCESS" in ended, (ended, told)
    wrong = [row for row in json.loads((kept / "doctor.json").read_text())
             if row["verdict"] != "good" and row["check"] not in ("hardware cycles", "debug files", "unit")]  # fmt: skip
    assert not wrong
    stats = json.loads((kept / "stats.json").read_text())
    stacks = hearth.read_folded(kept / "out.folded")
    hearth.check_accounts(stacks, stats)
    assert stats["ticks"]["complete"] >= 0.9 * hearth.fired_ticks(stats) > 0, stats["ticks"]
    assert told.count("Read-only file system") == 3, told
    assert "new priority 19" in told, "what rolls the store up gives way: setpriority(2)"
    assert re.search(r"^NoNewPrivs:\t1$", told, re.MULTILINE) and re.search(r"^Seccomp:\t2$", told, re.MULTILINE)


# What a machine's owner does with it. A window is short, so that the store has something soon.
SERVES = """\
exec >/opt/shared/told 2>&1
hearth=/opt/shared/hearth
$hearth doctor | grep -E "unit|address"
systemctl show -p ActiveState -p StatusText -p NRestarts hearth
until $hearth query --format folded -o - 2>/dev/null | grep -q .; do sleep 0.1; done
/usr/bin/python3 -c "import urllib.request; print('healthz', urllib.request.urlopen('http://127.0.0.1:7171/healthz').read().decode().strip())"
systemctl reload hearth && echo reloaded
systemctl restart hearth && systemctl is-active hearth
systemctl stop hearth
systemctl show -p Result -p ExecMainStatus hearth
$hearth store verify && echo verified
journalctl -u hearth -o cat -p warning
echo good
"""

SERVING = {
    "hearth.service.d/window.conf": "[Service]\nExecStart=\nExecStart=/opt/shared/hearth serve --window 1s\n",
    "tried.service": "[Unit]\nAfter=hearth.service\n[Service]\nType=oneshot\nTimeoutStartSec=50s\nEnvironment=HOME=/root\n"
    "ExecStart=/bin/sh /opt/shared/tried.sh\nExecStopPost=/bin/sh -c 'journalctl -b -u hearth >/opt/shared/journal; mv /opt/shared/told /opt/shared/ended'\n",
    "test.target": "[Unit]\nWants=hearth.service tried.service\n",
}


@pytest.mark.root
def test_the_service_starts_records_and_stops(tmp_path):
    units = dict(SERVING, **{"hearth.service": UNIT.replace("@BINDIR@", "/opt/shared")})
    with systemd_machine.machine(tmp_path, units) as shared:
        (shared / "tried.sh").write_text(SERVES)
        shutil.copy(hearth.BINARY, shared)
        told = systemd_machine.wait_for(shared / "ended", tmp_path)
        journal = (shared / "journal").read_text()
    lines = told.splitlines()
    assert lines[-1] == "good", (told, journal)
    assert {"ActiveState=active", "NRestarts=0", "healthz ok", "reloaded", "active", "Result=success", "ExecMainStatus=0", "verified"} <= set(lines), told
    assert re.search("^good +unit .*is active$", told, re.MULTILINE) and re.search("^good +address +hearth serve answers", told, re.MULTILINE), told
