# SPDX-License-Identifier: Apache-2.0
"""`hearth doctor`: what a machine allows and lacks, for people and for programs."""

import json
import os
import shutil

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

NAMES = {
    "kernel", "BTF", "privilege", "recording", "hardware cycles", "rate", "depth", "kernel names",
    "deleted files", "debug files", "mappings", "worker", "opener",
    "conf file", "store", "address", "unit",
}  # fmt: skip


def doctor_of_nobody(*options):
    with recording.folder_for_all() as (_, binary):
        with hearth.Child(*recording.NOBODY, binary, "doctor", *options) as child:
            return child.end()


def verdicts(ended):
    checks = json.loads(ended.stdout)
    assert all(set(check) == {"check", "verdict", "detail", "mend"} for check in checks)
    assert all(check["detail"] for check in checks)
    assert {check["verdict"] for check in checks} <= {"good", "limited", "missing"}
    return {check["check"]: check for check in checks}


def test_root_can_record_here():
    ended = hearth.run("doctor")
    assert ended.returncode == 0, ended
    assert ended.stderr == ""
    assert "missing" not in ended.stdout
    assert "the program loads and ticks" in ended.stdout


def test_json_says_the_same():
    ended = hearth.run("doctor", "--json")
    assert ended.returncode == 0, ended
    checks = verdicts(ended)
    assert set(checks) == NAMES
    assert checks["recording"]["verdict"] == checks["privilege"]["verdict"] == "good"
    text = hearth.run("doctor").stdout
    for check in checks.values():
        assert check["detail"] in text


def test_nobody_is_told_what_is_missing():
    ended = doctor_of_nobody()
    assert ended.returncode == 3, ended
    assert ended.stderr == ""
    assert "not root" in ended.stdout
    assert "sudo hearth" in ended.stdout


def test_nobody_gets_json_as_well():
    ended = doctor_of_nobody("--json")
    assert ended.returncode == 3, ended
    checks = verdicts(ended)
    assert set(checks) == NAMES
    assert checks["privilege"]["verdict"] == checks["recording"]["verdict"] == "missing"
    # The one command that mends it stands with each thing that is missing and can be mended.
    assert checks["privilege"]["mend"]


def test_without_btf():
    hide = 'mount -t tmpfs hearth-test /sys/kernel/btf && exec "$@"'
    with hearth.Child("unshare", "-m", "sh", "-c", hide, "sh", hearth.BINARY, "doctor", "--json") as child:
        ended = child.end()
    assert ended.returncode == 3, ended
    checks = verdicts(ended)
    assert checks["BTF"]["verdict"] == "missing"
    assert "CONFIG_DEBUG_INFO_BTF" in checks["BTF"]["mend"]
    assert checks["recording"]["verdict"] == "missing"


def verdicts_without(*capabilities):
    without = ",".join(f"-{name}" for name in capabilities)
    with hearth.Child("setpriv", "--bounding-set", without, hearth.BINARY, "doctor", "--json") as child:
        ended = child.end()
    return ended.returncode, verdicts(ended)


def test_sys_admin_stands_for_what_was_split_off_it():
    """Docker 20.10 can give no CAP_BPF, but CAP_SYS_ADMIN; a recording works with it."""
    status, checks = verdicts_without("bpf", "perfmon")
    assert (status, checks["privilege"]["verdict"]) == (0, "good"), checks["privilege"]


def test_an_opener_that_is_not_shut_in_says_why():
    status, checks = verdicts_without("sys_ptrace")
    assert (status, checks["opener"]["verdict"]) == (0, "limited"), checks["opener"]
    assert checks["opener"]["detail"].endswith(": Operation not permitted")
    assert "CAP_SYS_PTRACE" in checks["opener"]["mend"]


DELETED = r"""
#include <unistd.h>
int main(int argc, char **argv)
{
	(void)argc;
	unlink(argv[0]);
	for (volatile int i = 0;; i++)
		;
}
"""


@pytest.mark.parametrize(
    "capabilities, is_good",
    [(["net_raw"], True), (["sys_ptrace"], False), (["checkpoint_restore", "sys_admin"], False)],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_what_is_said_of_deleted_files_is_true(capabilities, is_good, tmp_path):
    """Of those of other users, without what it takes to see their mappings."""
    _, checks = verdicts_without(*capabilities)
    finding = checks["deleted files"]
    assert (finding["verdict"] == "good") == is_good, finding
    if not is_good:
        assert "rows_missing" in finding["detail"] and "CAP_SYS_PTRACE" in finding["mend"]
    if "sys_admin" in capabilities:
        return  # nothing can be recorded without it: the worker cannot be shut in
    program = recording.compile_c(tmp_path, "deleted", DELETED)
    out = tmp_path / "out.folded"
    with recording.folder_for_all() as (folder, _):
        shutil.copy(program, folder / "deleted")
        with hearth.Child(*recording.NOBODY, folder / "deleted") as child:
            recording.until(lambda: not (folder / "deleted").exists(), "it deletes itself")
            without = ",".join(f"-{name}" for name in capabilities)
            command = ["setpriv", "--bounding-set", without, hearth.BINARY, "record", "-p", child.pid]
            with hearth.Child(*command, "-F", 499, "-d", 0.5, "-o", out) as recorder:
                ended = recorder.end()
    assert ended.returncode == 0, ended
    stacks = hearth.fired(hearth.read_folded(out))
    named = hearth.ticks(stacks, lambda stack: "main" in stack.frames) / hearth.ticks(stacks)
    assert named > 0.9 if is_good else named == 0, stacks


def test_a_lower_rate_is_told():
    with recording.setting("/proc/sys/kernel/perf_event_max_sample_rate", 50):
        checks = verdicts(hearth.run("doctor", "--json"))
    assert "50" in checks["rate"]["detail"]
    assert checks["rate"]["verdict"] == "limited"
    assert "perf_event_max_sample_rate" in checks["rate"]["mend"]


def test_what_doctor_says_is_true(tmp_path):
    """"recording: good" means that one works."""
    assert verdicts(hearth.run("doctor", "--json"))["recording"]["verdict"] == "good"
    assert hearth.run("record", "-d", "0.1", "-o", tmp_path / "out.svg").returncode == 0


@pytest.mark.parametrize(
    "arguments, pattern",
    [(["nonsense"], r"takes no argument such as nonsense"), (["--nonsense"], r"no option --nonsense")],
)
def test_wrong_use(arguments, pattern):
    recording.assert_refused(hearth.run("doctor", *arguments), 2, pattern)


# --- hearth as a service: what a mount namespace of its own shows it --------------------------------

def check_of(name, prepared, *arguments):
    """That check where a shell has prepared things; $1, $2, ... are the arguments."""
    command = f'mount --make-rprivate /; {prepared}; exec "$HEARTH" doctor --json'
    with hearth.Child("unshare", "-m", "sh", "-ec", command, "sh", *arguments, env=dict(os.environ, HEARTH=str(hearth.BINARY))) as child:
        return verdicts(child.end())[name]


@pytest.fixture
def etc(tmp_path):
    """A folder that is mounted as /etc, with this file as hearth.conf: `prepared` for check_of()."""
    folder = tmp_path / "etc"
    (folder / "hearth").mkdir(parents=True)

    def prepare(text):
        (folder / "hearth/hearth.conf").write_text(text)
        return f"mount --bind {folder} /etc"

    return prepare


def test_a_wrong_line_of_the_conf_file(etc):
    told = check_of("conf file", etc("[render]\nwidth = wide\n"))
    assert told["verdict"] == "limited" and told["detail"].startswith("/etc/hearth/hearth.conf:2: width wide")
    assert check_of("conf file", etc("[render]\nwidth = 1200\n"))["verdict"] == "good"


IN_STORE = "mount -t tmpfs none /var/lib; "


@pytest.mark.parametrize(
    "prepared, verdict, detail",
    [
        ("", "good", "none yet: /var/lib/hearth is made"),
        ("mkdir /var/lib/hearth", "good", "/var/lib/hearth, with "),
        ("mkdir -m 777 /var/lib/hearth", "limited", "others may write into /var/lib/hearth"),
        ("mkdir /var/lib/hearth; chown 65534 /var/lib/hearth", "limited", "/var/lib/hearth is another user's"),
        ("touch /var/lib/hearth", "limited", "/var/lib/hearth is no folder"),
        ("mkdir /var/lib/hearth; mount -t tmpfs -o size=1M,mode=755 none /var/lib/hearth", "limited", "/var/lib/hearth: only 1 MiB"),
        ("ln -s hearth /var/lib/hearth", "limited", "/var/lib/hearth: Too many levels"),
    ],
)  # fmt: skip
def test_the_store(prepared, verdict, detail):
    told = check_of("store", IN_STORE + (prepared or ":"))
    assert told["verdict"] == verdict and told["detail"].startswith(detail), told


# In a network of its own: the server says "listens" when it does.
SERVER = """
import fcntl, os, socket, struct
with socket.socket() as any:
    fcntl.ioctl(any, 0x8914, struct.pack("16sh14x", b"lo", 0x1))  # SIOCSIFFLAGS, IFF_UP
if os.environ["ANSWER"]:
    server = socket.create_server(("127.0.0.1", 7171))
    if not os.fork():
        connection, _ = server.accept()
        asked = connection.recv(4096)
        connection.sendall(os.environ["ANSWER"].encode() if asked.startswith(b"GET /healthz ") and b"Host: localhost:7171" in asked else b"")
        os._exit(0)
os.execv(os.environ["HEARTH"], [os.environ["HEARTH"], "doctor", "--json"])
"""


@pytest.mark.parametrize(
    "answer, verdict, detail",
    [
        ("", "good", "127.0.0.1:7171 is free for hearth serve"),
        ("HTTP/1.1 200 OK\r\n\r\nok", "good", "hearth serve answers at 127.0.0.1:7171"),
        ("HTTP/1.1 404 Not Found\r\n\r\nno", "limited", "another program listens at 127.0.0.1:7171"),
        ("SSH-2.0-x\r\n\r\nok", "limited", "another program listens at 127.0.0.1:7171"),
    ],
    ids=["free", "hearth", "other server", "other protocol"],
)
def test_the_address(answer, verdict, detail):
    environment = dict(os.environ, HEARTH=str(hearth.BINARY), ANSWER=answer)
    with hearth.Child("unshare", "-n", "/usr/bin/python3", "-c", SERVER, env=environment) as child:
        told = verdicts(child.end())["address"]
    assert (told["verdict"], told["detail"]) == (verdict, detail)


def test_the_unit(tmp_path):
    assert check_of("unit", "mount -t tmpfs none /run")["detail"].startswith("no systemd runs here")
    booted = "mount -t tmpfs none /run; mkdir -p /run/systemd/system"
    assert check_of("unit", booted)["mend"] == "make install"
    (tmp_path / "hearth.service").write_text("")
    told = check_of("unit", f"{booted}; mount --bind {tmp_path} /lib/systemd/system")
    assert told["verdict"] == "limited" and told["mend"] == "systemctl enable --now hearth"
