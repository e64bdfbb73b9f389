# SPDX-License-Identifier: Apache-2.0
"""The story: Docker's daemon is under load, its own profiler is off, and it must not be restarted. A recording of the
whole machine shows where its time goes, and what runs inside the containers, though these are gone when it ends.
"""

import os
import re
import shutil
from typing import List, NamedTuple

import pytest

import docker_daemon
import hearth
import recording
import symbolizers

pytestmark = pytest.mark.root

RATE = 499
CYCLES = 14

# What Docker consists of: the distribution's binaries, in Go, stripped, as they are.
GO_PROCESSES = ["dockerd", "containerd", "containerd-shim", "runc"]

WORK = r"""
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static volatile uint64_t sink;

static inline __attribute__((always_inline)) void step(int rounds)
{
	for (int i = 0; i < rounds; i++)
		sink = sink * 6364136223846793005u + 1;
}

__attribute__((noipa)) static void seventy(void)
{
	step(700000);
}

__attribute__((noipa)) static void thirty(void)
{
	step(300000);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--unlink") && unlink(argv[0]))
		return 1;
	for (;;) {
		seventy();
		thirty();
	}
}
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """What the containers see: a program under the name of each that uses it, and its libraries."""
    folder = tmp_path_factory.mktemp("image")
    programs = []
    for name in ("steady", "short"):
        programs.append(recording.compile_c(folder, name, WORK, "-O2", "-fomit-frame-pointer", "-g0"))
    docker_daemon.make_image_tree(folder / "tree", programs)
    return folder / "tree"


class Story(NamedTuple):
    stacks: List[hearth.Stack]  # of the whole machine, under load
    of_web_1: List[hearth.Stack]  # of this container alone


@pytest.fixture(scope="module")
def story(tree, tmp_path_factory):
    """By the end of the recording containers, daemon and mounts are gone.

    `steady` and `deleted` run all the time, the first from the image, the other one from a file that was copied into its
    container's own layer and that it removes; `short` is started and removed in a loop.
    """
    out = tmp_path_factory.mktemp("story") / "out.folded"
    with docker_daemon.running() as docker:
        docker.import_image(tree)
        web_1 = docker.run("web-1", "/bin/steady")
        docker.create("web-2", "/tmp/deleted", "--unlink")
        docker.client("cp", tree / "bin" / "steady", "web-2:/tmp/deleted")
        docker.client("start", "web-2")
        of_web_1 = hearth.record("--cgroup", docker_daemon.cgroup_of(web_1), "-F", RATE, "-d", "0.3").stacks
        with recording.start("-a", "-F", RATE, "-o", out) as recorder:
            recording.wait_until_recording(recorder)
            for number in range(CYCLES):
                docker.run(f"short-{number}", "/bin/short")
                docker.client("rm", "-f", f"short-{number}")
            docker.client("rm", "-f", "web-1", "web-2")
            docker.end()
            ended = recorder.interrupt()
    assert ended.returncode == 0, ended
    return Story(hearth.read_folded(out), of_web_1)


def fired(stacks, process):
    return [stack for stack in stacks if stack.process == process and stack.fate != "lost"]


def holds_in_order(stack, wanted):
    """Each a regular expression for a whole frame."""
    rest = iter(stack.frames)
    return all(any(re.fullmatch(pattern, frame) for frame in rest) for pattern in wanted)


# --- Docker itself ----------------------------------------------------------------------------------


@pytest.mark.parametrize("process", GO_PROCESSES)
def test_whole_stacks(story, process):
    stacks = fired(story.stacks, process)
    assert hearth.ticks(stacks) >= 40, stacks
    whole = [stack for stack in stacks if stack.fate == "complete"]
    hearth.assert_share(hearth.ticks(whole), hearth.ticks(stacks), f"whole stacks of {process}", at_least=0.97)


@pytest.mark.parametrize("process", GO_PROCESSES)
def test_go_names(story, process):
    """By frames, each in as many ticks as it was in. Those of the C library need its debug file, which may not be there."""
    frames = [(frame, s.count) for s in fired(story.stacks, process) for frame in s.frames
              if not hearth.is_kernel(frame) and frame not in ("[libc.so.6]", "[ld-linux-x86-64.so.2]")]  # fmt: skip
    named = sum(count for frame, count in frames if not frame.startswith("["))
    assert named >= 0.98 * sum(count for _, count in frames), {frame for frame, _ in frames if frame.startswith("[")}


# What each is at when a container starts, callers first.
AT_WORK = {
    "dockerd": [
        r"runtime\.goexit.*",
        r"net/http\.\(\*conn\)\.serve",
        r"github\.com/docker/docker/api/server.*",
        r"github\.com/docker/docker/daemon\.\(\*Daemon\)\..*",
    ],
    "containerd": [r"runtime\.goexit.*", r".*google\.golang\.org/grpc\.\(\*Server\)\.handleStream"],
    "containerd-shim": [r"runtime\.goexit.*", r"github\.com/containerd/.*"],
    "runc": [r"runtime\.goexit.*", r"runtime\.main", r"main\.main", r"github\.com/opencontainers/runc/.*"],
}


@pytest.mark.parametrize("process", GO_PROCESSES)
def test_what_it_is_at(story, process):
    stacks = [stack for stack in fired(story.stacks, process) if holds_in_order(stack, AT_WORK[process])]
    assert hearth.ticks(stacks) >= 3, fired(story.stacks, process)


GO_BINARIES = ["dockerd", "containerd", "containerd-shim-runc-v2", "runc"]
PACKAGE = re.compile(r".*/[^.]*")  # of a Go function's name, where it has a path


@pytest.mark.parametrize("program", GO_BINARIES)
def test_down_to_the_line(program):
    """File and line stand in .gopclntab, which strip(1) leaves: as far as code is Go's, and lies in a function."""
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    addresses = symbolizers.random_addresses(path, 2000)
    answers = symbolizers.ask(symbolizers.hearth_command(hearth.BINARY, path), addresses)
    named = [frames[-1] for frames in answers if frames[-1].function != "??"]
    told = [frame for frame in named if frame.line != "?"]
    assert len(named) >= 0.9 * len(answers)
    assert len(told) >= 0.99 * len(named), [frame for frame in named if frame.line == "?"]
    assert sum(len(frames) > 1 for frames in answers) >= 0.1 * len(answers), "inlined calls"
    # The folder of the file is the package of the function.
    written = [frame for frame in told if PACKAGE.match(frame.function) and frame.file != "<autogenerated>"]
    elsewhere = [frame for frame in written if not is_of_package(frame)]
    assert len(written) >= 0.5 * len(told)
    assert len(elsewhere) <= 0.01 * len(written), elsewhere


def is_of_package(frame):
    package = PACKAGE.match(frame.function)[0].replace("%2e", ".")
    return os.path.dirname(frame.file).endswith(package)


# --- inside the containers --------------------------------------------------------------------------

MAIN = [r"_start", r".*libc_start_main.*", r"main"]


@pytest.mark.parametrize("process", ["steady", "deleted"])
def test_inside_containers(story, process):
    """Whole, through the container's own libc, and named, though the container is gone, and its files with its mounts."""
    stacks = fired(story.stacks, process)
    n = hearth.ticks(stacks)
    assert n >= 200
    for function, share in (("seventy", 0.7), ("thirty", 0.3)):
        k = hearth.ticks(stacks, lambda stack: stack.fate == "complete" and holds_in_order(stack, [*MAIN, function]))
        hearth.assert_share(k, n, f"{function} in {process}", equals=share, within=0.02)


def test_inside_containers_that_live_shortly(story):
    """They are at work when they are not being started or ended."""
    stacks = [s for s in fired(story.stacks, "short") if s.frames and not hearth.is_kernel(s.frames[0])]
    k = hearth.ticks(stacks, lambda stack: holds_in_order(stack, [*MAIN, "seventy|thirty"]))
    hearth.assert_share(k, hearth.ticks(stacks), "work in short", at_least=0.5)
    assert "[short]" not in recording.frames(stacks)


def test_one_container(story):
    """By its cgroup, whose name is its ID: nothing of the other one, or of Docker."""
    assert recording.processes(story.of_web_1) == {"steady"}
    assert {"seventy", "thirty"} <= recording.frames(story.of_web_1)
