# SPDX-License-Identifier: Apache-2.0
"""What is known of the ticks of a recording besides their stacks: what heads these, and what formats with labels tell."""

import contextlib
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

RATE = 999


def test_under_one_frame():
    """The fates stay, whatever the stacks are headed by."""
    recorded = hearth.record("-F", RATE, "--by", "none", "--", *hearth.sample("recursion", 0.3))
    assert recording.processes(recorded.stacks) == {"all"}


def test_by_thread():
    recorded = hearth.record("-F", RATE, "--by", "tid", "--", *hearth.sample("threads", 0.8))
    workers = {}
    for stack in recorded.stacks:
        for work in {frame for frame in stack.frames if frame.startswith("work_of_")}:
            assert re.fullmatch(r"threads-(\d+)/(\d+)", stack.process)
            workers.setdefault(work, set()).add(stack.process)
    # Each in a thread of its own, all of one process.
    assert sorted(workers) == [f"work_of_{letter}" for letter in "abcdefgh"]
    assert all(len(heads) == 1 for heads in workers.values())
    assert len(set.union(*workers.values())) == 8
    assert len({head.partition("/")[0] for heads in workers.values() for head in heads}) == 1


def test_by_cpu():
    cpu = max(os.sched_getaffinity(0))
    with hearth.held_sample("recursion", 0.3) as child:
        os.sched_setaffinity(child.pid, {cpu})
        with recording.start("-p", child.pid, "-F", RATE, "--by", "cpu", "-o", "-", "--format", "folded") as recorder:
            recording.wait_until_recording(recorder)
            child.say()
            child.end()
            ended = recorder.end()
    assert ended.returncode == 0, ended
    stacks = [hearth.read_stack(line) for line in ended.stdout.splitlines()]
    assert recording.processes(stacks) == {f"cpu-{cpu}"}
    assert hearth.ticks(stacks) > 0.15 * RATE


CGROUPS = recording.cgroup_mounts()


# A system has version 1, version 2, or both.
@pytest.mark.parametrize("hierarchy", CGROUPS.values(), ids=list(CGROUPS))
def test_by_container_and_control_group(hierarchy, tmp_path):
    """As container engines name their groups; the process and its group are gone when the recording ends."""
    container, out = "0123456789abcdef" * 4, tmp_path / "out.pb.gz"
    with recording.cgroup_in(hierarchy, f"docker-{container}.scope") as (outer, inner):
        with hearth.held_sample("recursion", 0.3) as child:
            (inner / "cgroup.procs").write_text(str(child.pid))
            with recording.start("--comm", "recursion", "-F", RATE, "-o", out) as recorder:
                recording.wait_until_recording(recorder)
                child.say()
                child.end()
                ended = recorder.interrupt()
    assert ended.returncode == 0, ended
    for label, end in (("container", container[:12]), ("cgroup", f"/{outer.name}/{inner.name}")):
        folded = hearth.run("render", out, "--by", label, "-o", "-", "--format", "folded")
        assert folded.returncode == 0, folded
        heads = recording.processes([hearth.read_stack(line) for line in folded.stdout.splitlines()])
        assert len(heads) == 1 and heads.pop().endswith(end), folded  # these tests may run in a container, too


POD = "2f1b5c1a-9d61-4e63-8a4b-5f0c2a7d9e31"
ANNOTATIONS = {
    "io.kubernetes.cri.container-name": "app",
    "io.kubernetes.cri.image-name": "docker.io/shop/app:2",
    "io.kubernetes.cri.sandbox-name": "front-5d9",
    "io.kubernetes.cri.sandbox-namespace": "shop",
}


@contextlib.contextmanager
def bundle_of(container):
    """What containerd keeps of a container of Kubernetes, where it keeps it."""
    bundle = Path("/run/containerd/io.containerd.runtime.v2.task/k8s.io", container)
    made = [folder for folder in (bundle, *bundle.parents) if not folder.exists()]
    bundle.mkdir(parents=True)
    config = bundle / "config.json"
    try:
        config.write_text(json.dumps({"ociVersion": "1.0.2", "process": {"args": ["app"]}, "annotations": ANNOTATIONS}))
        yield
    finally:
        config.unlink(missing_ok=True)
        for folder in made:
            folder.rmdir()


@pytest.mark.parametrize("has_bundle", [True, False])
def test_by_pod(has_bundle, tmp_path):
    """With its engine's words, and without: then by what the control group tells."""
    hierarchy = next(iter(CGROUPS.values()))
    container, out = "fedcba9876543210" * 4, tmp_path / "out.pb.gz"
    group = f"kubepods-burstable-pod{POD.replace('-', '_')}.slice:cri-containerd:{container}"
    with recording.cgroup_in(hierarchy, group) as (_, inner), contextlib.ExitStack() as engine:
        if has_bundle:
            engine.enter_context(bundle_of(container))
        with hearth.held_sample("recursion", 0.3) as child:
            (inner / "cgroup.procs").write_text(str(child.pid))
            with recording.start("--comm", "recursion", "-F", RATE, "-o", out) as recorder:
                recording.wait_until_recording(recorder)
                child.say()
                child.end()
                ended = recorder.interrupt()
    assert ended.returncode == 0, ended
    known = {"container": "app", "image": "docker.io/shop/app:2", "pod": "front-5d9", "namespace": "shop"}
    unknown = {"container": container[:12], "pod": POD}
    for label, value in (known if has_bundle else unknown).items():
        folded = hearth.run("render", out, "--by", label, "-o", "-", "--format", "folded")
        assert folded.returncode == 0, folded
        assert recording.processes([hearth.read_stack(line) for line in folded.stdout.splitlines()]) == {value}


def test_several_containers_of_one_name(tmp_path):
    """As in pods of one kind: they are told with their IDs and pods, and an ID picks one."""
    one, other = "fedcba9876543210" * 4, "0123456789abcdef" * 4
    with recording.cgroup_in(next(iter(CGROUPS.values())), f"cri-containerd-{one}.scope") as (outer, inner), bundle_of(one), bundle_of(other):
        second = outer / f"cri-containerd-{other}.scope"
        second.mkdir()
        with hearth.held_sample("recursion", 0.1) as child, hearth.held_sample("recursion", 0.1) as others:
            (inner / "cgroup.procs").write_text(str(child.pid))
            (second / "cgroup.procs").write_text(str(others.pid))
            ended = hearth.run("record", "--container", "app", "-o", tmp_path / "out.svg")
            recording.assert_refused(ended, 2, r"several are called so.*(fedcba987654|0123456789ab) \(pod front-5d9\), ")
            with recording.start("--container", one[:12], "-F", RATE, "--by", "pid", "-o", tmp_path / "out.folded") as recorder:
                recording.wait_until_recording(recorder)
                for each in (child, others):
                    each.say()
                    each.end()
                ended = recorder.interrupt()
        recording.until(lambda: not (second / "cgroup.procs").read_text(), "the second group is empty")
        second.rmdir()
    assert ended.returncode == 0, ended
    assert recording.processes(hearth.read_folded(tmp_path / "out.folded")) == {f"recursion-{child.pid}"}


def test_no_such_label(tmp_path):
    ended = hearth.run("record", "--by", "colour", "-o", tmp_path / "out.svg", "--", "true")
    recording.assert_refused(ended, 2, "no such label")


def test_a_value_that_no_recording_has(tmp_path):
    """That is known before there are ticks."""
    ended = hearth.run("record", "--value", "cpu", "-o", tmp_path / "out.svg", "--", "true")
    recording.assert_refused(ended, 2, "no such value of a recording, but samples$")


def record_to(out, *command):
    ended = hearth.run("record", "-F", RATE, "-o", out, "--stats", out.with_name("stats.json"), "--", *command)
    assert ended.returncode == 0, ended
    return json.loads(out.with_name("stats.json").read_text())


def test_pprof_has_the_labels(tmp_path):
    out = tmp_path / "out.pb.gz"
    due = record_to(out, *hearth.sample("threads", 0.8))["ticks"]["due"]
    tags = subprocess.run(["go", "tool", "pprof", "-tags", "-sample_index=samples", out], check=True, capture_output=True, text=True)
    for label in ("comm", "pid", "tid", "cpu", "user"):
        assert re.search(rf"^\s*{label}: Total {due} of {due} ", tags.stdout, re.MULTILINE), tags.stdout
    assert re.search(r"^\s*\d+ \(\s*[\d.]+%\): root$", tags.stdout, re.MULTILINE), tags.stdout
    # And they are read again.
    for label, head in (("tid", r"threads-\d+/\d+"), ("cpu", r"cpu-\d+"), ("user", "root"), ("comm", "threads")):
        folded = hearth.run("render", out, "--by", label, "-o", "-", "--format", "folded")
        assert folded.returncode == 0, folded
        stacks = [hearth.read_stack(line) for line in folded.stdout.splitlines()]
        assert hearth.ticks(stacks) == due
        assert hearth.ticks(stacks, lambda stack: re.fullmatch(head, stack.process)) > 0.9 * due


def test_speedscope_has_each_tick_of_each_thread(tmp_path):
    out = tmp_path / "out.speedscope.json"
    stats = record_to(out, *hearth.sample("threads", 0.8))
    profiles = json.loads(out.read_text())["profiles"]
    threads = [profile for profile in profiles if re.fullmatch(r"threads \(pid \d+\) \(tid \d+\)", profile["name"])]
    assert len(threads) >= 8
    # A tick is an entry; those that fired late, which have no time, are one of several ticks.
    period = round(1e9 / RATE)
    ticks = sum(round(weight / period) for profile in profiles for weight in profile["weights"])
    assert ticks == stats["ticks"]["due"]
    assert sum(weight <= period + 1 for profile in profiles for weight in profile["weights"]) > 0.95 * hearth.fired_ticks(stats)


def test_along_time(tmp_path):
    """One process after the other, and not by their names."""
    out = tmp_path / "out.svg"
    programs = [hearth.sample(name)[0] for name in ("shares_70_30", "recursion")]
    ended = hearth.run("record", "-F", RATE, "--flamechart", "-o", out, "--", "sh", "-c", '"$1" 0.3; "$2" 0.3', "sh", *programs)
    assert ended.returncode == 0, ended
    titles = [title.text.partition("\n")[0] for title in ElementTree.parse(out).iter("{http://www.w3.org/2000/svg}title")]
    assert titles.index("shares_70_30") < titles.index("recursion")
