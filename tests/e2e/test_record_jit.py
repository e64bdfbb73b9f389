# SPDX-License-Identifier: Apache-2.0
"""Code that a runtime made is named by its perf map, the process's own and nobody else's."""

import os
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="the made code is x86-64's"),
]

RATE = 999
LINES = ["%a 10 outdated", "%a 10 made by us (x)"]
MADE = "made by us (x)_[j]"


@pytest.fixture(scope="module")
def mapped_code(tmp_path_factory):
    source = Path(__file__).with_name("mapped_code.c")
    return recording.compile_c(tmp_path_factory.mktemp("jit"), "mapped_code", source.read_text())


def leaves(stacks):
    """Of the ticks in user code."""
    return {s.frames[-1] for s in stacks if s.frames and "run" in s.frames and s.frames[-1] != "run"}


def made_leaves(stacks):
    return {leaf for leaf in leaves(stacks) if leaf == "[unknown]" or leaf.endswith("_[j]")}


def record_child(*command, **options):
    """What the made code is called, recorded while the program lives."""
    with hearth.Child(*command, **options) as child:
        child.wait_for("^ready$")
        stacks = hearth.record("-a", "--comm", "mapped_code", "-F", RATE, "-d", "0.5").stacks
    assert hearth.ticks(stacks) > 50
    return made_leaves(stacks)


def map_of(pid):
    return Path(f"/tmp/perf-{pid}.map")


def record_with_map(program, prepare):
    """The program writes no map; `prepare` lays something where it would be."""
    with hearth.Child(program, "-") as child:
        child.wait_for("^ready$")
        path = map_of(child.pid)
        maps = Path(f"/proc/{child.pid}/maps").read_text().splitlines()
        start = next(line.split("-")[0] for line in maps if "rwxp" in line)
        try:
            prepare(path, f"{start} 10 forged\n")
            return made_leaves(hearth.record("-p", child.pid, "-F", RATE, "-d", "0.4").stacks)
        finally:
            path.unlink(missing_ok=True)


def remove_maps(program):
    """Those that the program's processes left behind: PIDs are not known where they have their own."""
    for path in Path("/tmp").glob("perf-*.map"):
        if "made by us" in path.read_text(errors="replace"):
            path.unlink()


@pytest.fixture(autouse=True)
def no_maps_stay(mapped_code):
    yield
    remove_maps(mapped_code)


def test_made_code_is_named(mapped_code):
    assert record_child(mapped_code, *LINES) == {MADE}


def test_a_command_that_has_ended(mapped_code):
    recorded = hearth.record("-F", RATE, "--", mapped_code, "--end", *LINES)
    assert made_leaves(recorded.stacks) == {MADE}


def test_another_pid_namespace(mapped_code):
    command = ["unshare", "-p", "-f", "--kill-child", "--mount-proc", mapped_code, *LINES]
    assert record_child(*command) == {MADE}


def test_its_own_tmp(mapped_code):
    """In another mount namespace; what lies in ours under the same name is not taken."""
    script = 'mount -t tmpfs none /tmp && exec "$@"'
    program = Path(f"/var/tmp/mapped_code-{os.getpid()}") / "mapped_code"
    program.parent.mkdir()
    try:
        program.write_bytes(mapped_code.read_bytes())
        program.chmod(0o755)
        with hearth.Child("unshare", "-m", "sh", "-c", script, "sh", program, *LINES) as child:
            child.wait_for("^ready$")
            forged = map_of(child.pid)
            assert not forged.exists()
            forged.write_text("0 ffffffffffffffff forged\n")
            try:
                stacks = hearth.record("-p", child.pid, "-F", RATE, "-d", "0.4").stacks
            finally:
                forged.unlink()
        assert made_leaves(stacks) == {MADE}
    finally:
        program.unlink()
        program.parent.rmdir()


def test_a_map_of_the_processes_own_is_believed(mapped_code):
    assert record_with_map(mapped_code, lambda path, text: path.write_text(text)) == {"forged_[j]"}


def by_somebody_else(path, text):
    path.write_text(text)
    os.chown(path, 65534, 65534)


def from_before(path, text):
    path.write_text(text)
    os.utime(path, (1, 1))


def as_a_link(path, text):
    target = path.with_suffix(".target")
    target.write_text(text)
    path.symlink_to(target)


@pytest.mark.parametrize(
    "prepare",
    [
        by_somebody_else,
        from_before,
        as_a_link,
        lambda path, text: os.mkfifo(path),
        lambda path, text: path.symlink_to("/dev/zero"),
        lambda path, text: path.write_bytes(b"\0" * 1000),
    ],
    ids=["owner", "age", "link", "fifo", "device", "zeros"],
)
def test_other_maps_are_not(mapped_code, prepare):
    """No name, and no wait either."""
    try:
        assert record_with_map(mapped_code, prepare) == {"[unknown]"}
    finally:
        for path in Path("/tmp").glob("perf-*.target"):
            path.unlink()


def test_a_link_does_not_lead_out_of_a_root(mapped_code, tmp_path):
    """TRUST.md, attack 1: in a changed root /tmp may be a link to anywhere."""
    root = tmp_path / "root"
    (root / "proc").mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "tmp").symlink_to(outside)
    static = tmp_path / "static"
    source = Path(__file__).with_name("mapped_code.c")
    recording.compile_c(tmp_path, "static", source.read_text(), "-static")
    (root / "mapped_code").write_bytes(static.read_bytes())
    (root / "mapped_code").chmod(0o755)
    with hearth.Child("chroot", root, "/mapped_code", "-") as child:
        child.wait_for("^ready$")
        (outside / f"perf-{child.pid}.map").write_text("0 ffffffffffffffff forged\n")
        stacks = hearth.record("-p", child.pid, "-F", RATE, "-d", "0.4").stacks
    assert made_leaves(stacks) == {"[unknown]"}
