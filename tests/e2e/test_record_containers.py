# SPDX-License-Identifier: Apache-2.0
"""Containers of real engines by their names: those that run, and those that are started, renamed and removed while it is recorded."""

import os
from pathlib import Path

import pytest

import docker_daemon
import hearth
import podman_engine
import recording
import serving
from tmux_terminal import Terminal

pytestmark = pytest.mark.root

RATE = 499
CPU_SECONDS = 0.5  # that each container has used before the test goes on

SPIN = """
static volatile unsigned long sink;
int main(void) { for (;;) sink = sink * 6364136223846793005u + 1; }
"""

ENGINES = {"docker": (docker_daemon, "local/image:1"), "podman": (podman_engine, "localhost/local/image:1")}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    programs = [recording.compile_c(folder, name, SPIN, "-O2") for name in ("spin_1", "spin_2", "spin_3")]
    docker_daemon.make_image_tree(folder / "tree", programs)
    return folder / "tree"


@pytest.fixture(scope="module", params=ENGINES)
def engine(request, tree):
    module, image = ENGINES[request.param]
    with module.running() as running:
        running.import_image(tree)
        running.image = image
        yield running


def processes_of(container):
    """Those in its control groups, by the PIDs of this namespace."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cgroup"):
        try:
            if any(line.rstrip().endswith((f"/{container}", f"/libpod-{container}")) for line in path.read_text().splitlines()):
                found.append(int(path.parent.name))
        except OSError:
            continue  # it ended meanwhile
    return found


def cpu_seconds(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / 100  # CLK_TCK, which is 100 for user space


def wait_until_it_has_worked(container):
    recording.until(lambda: sum(map(cpu_seconds, processes_of(container))) >= CPU_SECONDS, "the container has worked")


def ticks_by(out, label):
    """Ticks of each value of a label, and of each program with it."""
    ended = hearth.run("render", out, "--by", label, "-o", "-", "--format", "folded")
    assert ended.returncode == 0, ended
    found = {}
    for stack in map(hearth.read_stack, ended.stdout.splitlines()):
        found[stack.process] = found.get(stack.process, 0) + stack.count
    return found


@pytest.fixture(scope="module")
def recorded(engine, tmp_path_factory):
    """One that ran before and is renamed, one that is started, and one that is started and removed."""
    out = tmp_path_factory.mktemp("recorded") / "out.pb.gz"
    before = engine.run("before", "/bin/spin_1")
    with recording.start("-a", "-F", RATE, "-o", out) as recorder:
        recording.wait_until_recording(recorder)
        wait_until_it_has_worked(engine.run("started", "/bin/spin_2"))
        wait_until_it_has_worked(engine.run("removed", "/bin/spin_3"))
        engine.client("rename", "before", "renamed")
        engine.client("rm", "-f", "removed")
        wait_until_it_has_worked(before)
        ended = recorder.interrupt()
    engine.client("rm", "-f", "renamed", "started")
    assert ended.returncode == 0, ended
    assert "told by their IDs" not in ended.stderr
    return out


def test_names(recorded):
    """Each has all of its program's ticks, with the last name that was seen; no container has another one's."""
    ticks = ticks_by(recorded, "container")
    for name in ("renamed", "started", "removed"):
        assert ticks.get(name, 0) >= 0.5 * CPU_SECONDS * RATE, ticks
    assert "before" not in ticks
    for program, name in (("spin_1", "renamed"), ("spin_2", "started"), ("spin_3", "removed")):
        of_program = ticks_by(recorded, "exe")[f"/bin/{program}"]
        # Before it is executed and when it is ended the container's process is its runtime's.
        hearth.assert_share(min(of_program, ticks[name]), max(of_program, ticks[name]), name, at_least=0.8)


def test_images(recorded, engine):
    containers, images = ticks_by(recorded, "container"), ticks_by(recorded, "image")
    assert images[engine.image] == sum(containers[name] for name in ("renamed", "started", "removed"))


def test_filters_by_name(recorded, tmp_path):
    store = tmp_path / "store"
    imported = hearth.run("store", "import", recorded, "--store", store)
    assert imported.returncode == 0, imported
    ended = hearth.run("query", "--store", store, "--where", "container=removed", "--by", "exe", "-o", "-", "--format", "folded")
    assert ended.returncode == 0, ended
    heads = recording.processes([hearth.read_stack(line) for line in ended.stdout.splitlines()])
    assert "/bin/spin_3" in heads and not heads & {"/bin/spin_1", "/bin/spin_2"}, heads


# --- one of them ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two(engine):
    """IDs of two containers that run, by their names."""
    ids = {"one": engine.run("one", "/bin/spin_1"), "other": engine.run("other", "/bin/spin_2")}
    yield ids
    engine.client("rm", "-f", "one", "other")


def test_by_name_or_id(two, engine):
    for wanted in ("one", two["one"], two["one"][:12]):
        recorded = hearth.record("--container", wanted, "-F", RATE, "-d", "0.3")
        assert recording.processes(recorded.stacks) == {"spin_1"}, wanted


def test_top_of_one(two, engine):
    with Terminal(hearth.BINARY, "top", "-i", "1", "--span", "start", "--container", "one") as terminal:
        shown = terminal.wait_for(lambda text: "spin_1" in text and text, "the container's program")
        assert "spin_2" not in shown
        terminal.press("q")
        assert terminal.end() == 0


def test_unknown(two, tmp_path):
    ended = hearth.run("record", "--container", "nowhere", "-o", tmp_path / "out.svg")
    recording.assert_refused(ended, 2, "no container that runs is called so.*(one, other|other, one)")


def test_not_with_a_cgroup(two, tmp_path):
    ended = hearth.run("record", "--container", "one", "--cgroup", "/sys/fs/cgroup", "-o", tmp_path / "out.svg")
    recording.assert_refused(ended, 2, "--cgroup and --container exclude each other")


def test_it_ends_with_the_container(engine, tmp_path):
    out = tmp_path / "out.folded"
    engine.run("short", "/bin/spin_3")
    with recording.start("--container", "short", "-F", RATE, "-o", out) as recorder:
        recording.wait_until_recording(recorder)
        engine.client("rm", "-f", "short")
        ended = recorder.end()
    assert ended.returncode == 0, ended
    assert "the target ended" in ended.stderr
    assert recording.processes(hearth.read_folded(out)) <= {"spin_3", "runc:[2:INIT]", "runc"}


# --- always -----------------------------------------------------------------------------------------


def test_serve_follows_what_they_are_called(engine, tmp_path):
    """From then on; what was kept before keeps the name that it had."""
    store = tmp_path / "store"
    engine.run("first", "/bin/spin_1")

    def wait_for(*where):
        serving.wait_for(store, lambda stack: stack.process == "spin_1", f"the container by {where}", *where)

    with serving.serving(store, "--rate", "99"):
        wait_for("--where", "container=first")
        engine.client("rename", "first", "second")
        wait_for("--where", "container=second")
        engine.client("rm", "-f", "second")
    host = os.uname()
    for where in ("container=first", "container=second"):
        more = f"{where},image={engine.image},exe=/bin/spin_1,host={host.nodename},kernel={host.release}"
        stacks = serving.query(store, "--where", more)
        assert hearth.ticks(stacks) == hearth.ticks(serving.query(store, "--where", where)) > 0
        assert recording.processes(stacks) == {"spin_1"}
