# SPDX-License-Identifier: Apache-2.0
"""Code that a runtime made is named by its jitdump or its perf map, the process's own and nobody else's."""

import os
import shutil
import subprocess
import time
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


# --- code that is replaced ---------------------------------------------------------------------------

SECOND = "second \N{REPLACEMENT CHARACTER}[2J_[j]"  # as it is cleaned


@pytest.fixture(scope="module")
def replaced_code(tmp_path_factory):
    source = Path(__file__).with_name("replaced_code.c")
    return recording.compile_c(tmp_path_factory.mktemp("jit"), "replaced_code", source.read_text())


def in_made_code(stacks, caller):
    """{leaf: ticks} of what this function of the program called."""
    found = {}
    for stack in stacks:
        if caller in stack.frames and not hearth.is_kernel(stack.frames[-1]):
            leaf = stack.frames[-1]
            if leaf.endswith("_[j]") or leaf == "[unknown]":
                found[leaf] = found.get(leaf, 0) + stack.count
    return found


def assert_halves(stacks, first, second):
    """What ran first, and then in its place, and nothing else."""
    told = in_made_code(stacks, "run_first"), in_made_code(stacks, "run_second")
    assert set(told[0]) == {first} and set(told[1]) == {second}, told
    ran = [sum(half.values()) for half in told]
    assert min(ran) > 0.3 * sum(ran) > 100, told


def test_a_reused_address_has_the_name_that_it_had(replaced_code, tmp_path):
    command = [replaced_code, "dump", "0.7", tmp_path / "jit-%d.dump"]
    assert_halves(hearth.record("-F", RATE, "--", *command).stacks, "first_[j]", SECOND)


def test_code_that_moved_keeps_its_name(replaced_code, tmp_path):
    command = [replaced_code, "move", "0.7", tmp_path / "jit-%d.dump"]
    assert_halves(hearth.record("-F", RATE, "--", *command).stacks, "first_[j]", "first_[j]")


def test_a_jitdump_in_a_shifted_time_namespace(replaced_code, tmp_path):
    """The dump's times are the process's own."""
    command = ["unshare", "-T", "--monotonic", "100000", "--fork", "--kill-child"]
    command += [replaced_code, "dump", "0.7", tmp_path / "jit-%d.dump"]
    assert_halves(hearth.record("-F", RATE, "--", *command).stacks, "first_[j]", SECOND)


def test_a_jitdump_in_namespaces_of_its_own(replaced_code, tmp_path):
    """A file system that nobody else sees, a PID that nobody else knows, and both gone when it is named."""
    private = tmp_path / "private"
    private.mkdir()
    script = f'mount -t tmpfs none {private} && exec "$@"'
    command = ["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c", script, "sh"]
    command += [replaced_code, "dump", "0.7", private / "jit-%d.dump"]
    stacks = hearth.record("-F", RATE, "--", *command).stacks
    assert_halves(stacks, "first_[j]", SECOND)
    assert not list(private.iterdir())


def test_a_perf_map_names_from_when_it_was_seen(replaced_code):
    """At the end of the first half either may have run: no name is better than a wrong one."""
    stacks = hearth.record("-F", RATE, "--", replaced_code, "map", "1.5").stacks
    first, second = in_made_code(stacks, "run_first"), in_made_code(stacks, "run_second")
    for told, name in ((first, "first_[j]"), (second, SECOND)):
        assert set(told) <= {name, "[unknown]"}, (first, second)
        assert told.get(name, 0) > 0.4 * sum(told.values()) > 100, (first, second)
    for path in Path("/tmp").glob("perf-*.map"):
        if " 10 second" in path.read_text(errors="replace"):
            path.unlink()


def names_by_dump(program, path, prepare=lambda pid, path: None):
    """What code is called whose dump lies at `path`, while the program lives; %d there is its PID."""
    with hearth.Child(program, "dump", "60", path) as child:
        child.wait_for("^ready$")
        prepare(child.pid, Path(str(path).replace("%d", str(child.pid))))
        stacks = hearth.record("-p", child.pid, "-F", RATE, "-d", "0.4").stacks
    return set(in_made_code(stacks, "run_first"))


def test_code_that_was_replaced_very_often(tmp_path):
    """Each of 900 frames of each tick asks what lay at an address of which 100,000 changes are told: naming ends nevertheless."""
    source = Path(__file__).with_name("often_replaced_code.c")
    program = recording.compile_c(tmp_path, "often_replaced_code", source.read_text())
    stacks = hearth.record("-F", RATE, "--", program, 100_000, 1, tmp_path / "jit-%d.dump").stacks
    calls = [stack for stack in stacks if stack.frames.count("a_[j]") > 800]
    assert hearth.ticks(calls) > 300
    assert not any("b_[j]" in stack.frames for stack in calls)


def test_a_jitdump_of_which_nobody_knows_whether_it_answers(replaced_code, tmp_path):
    """Its file system is mounted no more: only the opener asks it for anything."""
    subprocess.run(["mount", "-t", "tmpfs", "none", tmp_path], check=True)

    def unmount(*_):
        subprocess.run(["umount", "-l", tmp_path], check=True)

    assert names_by_dump(replaced_code, tmp_path / "jit-%d.dump", unmount) == {"first_[j]"}


def test_a_jitdump_is_known_by_its_name_and_pid(replaced_code, tmp_path):
    assert names_by_dump(replaced_code, tmp_path / "jit-%d.dump") == {"first_[j]"}
    assert names_by_dump(replaced_code, tmp_path / "other-%d.dump") == {"[unknown]"}
    assert names_by_dump(replaced_code, tmp_path / "jit-%d0.dump") == {"[unknown]"}


def delete(_, path):
    path.unlink()


def belongs_to_another(_, path):
    os.chown(path, 65534, 65534)


def becomes_a_fifo(_, path):
    path.unlink()
    os.mkfifo(path)


def becomes_a_link(_, path):
    path.unlink()
    path.symlink_to("/dev/zero")


def is_huge(_, path):
    os.truncate(path, 10 << 30)


@pytest.mark.parametrize(
    "prepare, names",
    [
        (delete, {"first_[j]"}),
        (becomes_a_fifo, {"first_[j]"}),
        (becomes_a_link, {"first_[j]"}),
        (is_huge, {"[unknown]"}),
        (belongs_to_another, {"[unknown]"}),
    ],
)
def test_whatever_becomes_of_a_jitdump(replaced_code, tmp_path, prepare, names):
    """It is opened through its mapping: what lies under its name by now is not looked at, and never waited for."""
    begun = time.monotonic()
    assert names_by_dump(replaced_code, tmp_path / "jit-%d.dump", prepare) == names
    assert time.monotonic() - begun < 20


# --- real runtimes, where there are some -------------------------------------------------------------

NODE_WORK = """
function hot(n) { let sum = 0; for (let i = 0; i < n; i++) sum += Math.sqrt(i * 7) % 3; return sum; }
const end = Date.now() + 1000;
while (Date.now() < end) hot(100000);
"""

PYTHON_WORK = """
import time
def hot(n):
    return sum(i * i for i in range(n))
end = time.monotonic() + 1
while time.monotonic() < end:
    hot(1000)
"""

JAVA_WORK = """
class Work {
    static double hot(int n) { double sum = 0; for (int i = 0; i < n; i++) sum += Math.sqrt(i * 7) % 3; return sum; }
    public static void main(String[] arguments) {
        long end = System.nanoTime() + 2_000_000_000L;
        double sum = 0;
        while (System.nanoTime() < end) sum += hot(1000);
        System.out.println(sum);
    }
}
"""


def is_hot(frame):
    """Compilers may take a function into its caller."""
    return frame.endswith("_[j]") and ("hot" in frame or "Work.main" in frame)


def record_runtime(folder, *command):
    """Ticks in code that it made: those with the function, and all. What it leaves behind is removed."""
    before = set(Path("/tmp").glob("perf-*.map")) | set(Path("/tmp").glob("jit-*.dump"))
    output = folder / "out.folded"
    try:
        ended = hearth.run("record", "-F", RATE, "-o", output, "--", *command, cwd=folder)
    finally:
        for path in set(Path("/tmp").glob("perf-*.map")) | set(Path("/tmp").glob("jit-*.dump")):
            if path not in before:
                path.unlink()
    assert ended.returncode == 0, ended
    stacks = hearth.read_folded(output)
    made = [s for s in stacks if any(f.endswith("_[j]") or f == "[unknown]" for f in s.frames)]
    named = [s for s in made if any(map(is_hot, s.frames))]
    return hearth.ticks(named), hearth.ticks(made)


def assert_hot(folder, *command):
    named, made = record_runtime(folder, *command)
    hearth.assert_share(named, made, f"hot in {command[1]}", at_least=0.8)


if shutil.which("node"):

    @pytest.mark.parametrize("flag", ["--perf-prof", "--perf-basic-prof"])
    def test_node(tmp_path, flag):
        assert_hot(tmp_path, shutil.which("node"), flag, "-e", NODE_WORK)


def java_has(flag):
    """Since 17, and no longer under this name in all: the JVM says it."""
    command = ["java", "-XX:+UnlockDiagnosticVMOptions", flag, "-version"]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


if shutil.which("javac") and java_has("-XX:+DumpPerfMapAtExit"):

    def test_java(tmp_path):
        (tmp_path / "Work.java").write_text(JAVA_WORK)
        subprocess.run(["javac", "Work.java"], cwd=tmp_path, check=True)
        flags = ["-XX:+UnlockDiagnosticVMOptions", "-XX:+DumpPerfMapAtExit"]
        assert_hot(tmp_path, "java", *flags, "Work")


def pythons():
    """Those from 3.12 on, which tell of their functions, with the way in which each does."""
    candidates = [shutil.which(f"python3.{minor}") for minor in range(12, 20)]
    candidates += Path.home().glob(".pyenv/versions/*/bin/python3")
    for python in filter(None, candidates):
        script = "import sys; print(sys.version_info >= (3, 12), sys.version_info >= (3, 13))"
        shown = subprocess.run([python, "-c", script], capture_output=True, text=True)
        if shown.stdout.startswith("True"):
            yield str(python), "perf"
        if shown.stdout.endswith("True\n"):
            yield str(python), "perf_jit"


@pytest.mark.parametrize("python, way", sorted(set(pythons())))
def test_python(tmp_path, python, way):
    assert_hot(tmp_path, python, "-X", way, "-c", PYTHON_WORK)
