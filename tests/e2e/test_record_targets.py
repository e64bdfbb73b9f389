# SPDX-License-Identifier: Apache-2.0
"""What `hearth record` is told to look at, and that it looks at nothing else."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

RATE = 999


def assert_ticks_of(stacks, name, report):
    """At least its CPU time's worth of ticks, late ones among them, as hearth.tick_deviation() bounds it."""
    own = [stack for stack in stacks if stack.process == name]
    expected = report["cpu_ns"] / 1e9 * RATE
    assert hearth.ticks(own) >= 0.98 * expected - hearth.tick_deviation(report["switches"]), name


def reports_of(text):
    """Those of several samples that write to one standard output, in their order."""
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"cpu_ns"')]


# --- processes ----------------------------------------------------------------------------------------

# One child is there before the recording; then a child and a grandchild come. Their work is 0.3 s each.
FAMILY = """
"$1" 100000 & before=$!
trap 'kill $before' EXIT
echo ready; read go
"$2" --report 0.3
sh -c '"$1" --report 0.3; :' sh "$3"
"""


@pytest.mark.parametrize("option", [None, "--no-inherit"])
def test_children(option, tmp_path):
    """Those that a process starts meanwhile belong to it, and their children; not those from before."""
    out = tmp_path / "out.folded"
    programs = [hearth.sample(name)[0] for name in ("recursion", "shares_70_30", "syscalls")]
    with hearth.Child("sh", "-c", FAMILY, "sh", *programs) as child:
        child.wait_for("^ready$")
        options = [option] if option else []
        with recording.start("-p", child.pid, *options, "-F", RATE, "-o", out) as recorder:
            recording.wait_until_recording(recorder)
            child.say("go")
            reports = reports_of(child.end().stdout)
            ended = recorder.end(timeout=10)
    assert ended.returncode == 0, ended
    assert "the target ended" in ended.stderr
    stacks = hearth.read_folded(out)
    if option:
        assert recording.processes(stacks) <= {"sh"}
        return
    assert recording.processes(stacks) - {"sh"} == {"shares_70_30", "syscalls"}
    for name, report in zip(("shares_70_30", "syscalls"), reports):
        assert_ticks_of(stacks, name, report)


def test_several_processes(tmp_path):
    out = tmp_path / "out.folded"
    names = ("shares_70_30", "recursion")
    with recording.busy("syscalls"), hearth.held_sample(names[0], 0.5) as one:
        with hearth.held_sample(names[1], 0.5) as two:
            with recording.start("-p", f"{one.pid},{two.pid}", "-F", RATE, "-o", out) as recorder:
                recording.wait_until_recording(recorder)
                one.say()
                two.say()
                reports = [hearth.report_of(child.end().stdout) for child in (one, two)]
                ended = recorder.end(timeout=10)
    assert ended.returncode == 0, ended
    stacks = hearth.read_folded(out)
    assert recording.processes(stacks) == set(names)
    for name, report in zip(names, reports):
        assert_ticks_of(stacks, name, report)


def test_pid_option_given_twice(tmp_path):
    out = tmp_path / "out.folded"
    with recording.busy("shares_70_30") as one, recording.busy("recursion") as two:
        recorded = hearth.run(
            "record", "-p", one.pid, "-p", two.pid, "-F", RATE, "-d", "0.5", "-o", out
        )
    assert recorded.returncode == 0
    assert recording.processes(hearth.read_folded(out)) == {"shares_70_30", "recursion"}


# --- threads ------------------------------------------------------------------------------------------


def test_threads():
    """Two of eight: their work and nobody else's."""
    with recording.busy("threads") as child:
        tasks = Path(f"/proc/{child.pid}/task")

        def named():
            found = {(task / "comm").read_text().strip(): task.name for task in tasks.glob("*")}
            return found if {"worker_b", "worker_g"} <= set(found) else None

        tids = recording.until(named, "the threads have their names")
        wanted = f"{tids['worker_b']},{tids['worker_g']}"
        stacks = hearth.record("--tid", wanted, "-F", RATE, "-d", 1).stacks
    assert recording.processes(stacks) == {"threads"}
    work = {frame for frame in recording.frames(stacks) if frame.startswith("work_of_")}
    assert work == {"work_of_b", "work_of_g"}


def test_the_first_thread_alone():
    """A PID is the TID of the first thread, which only waits for the others here."""
    with recording.busy("threads") as child:
        recording.until(
            lambda: len(os.listdir(f"/proc/{child.pid}/task")) == 9, "all threads are there"
        )
        stacks = hearth.record("--tid", child.pid, "-F", RATE, "-d", "0.5").stacks
    assert not {frame for frame in recording.frames(stacks) if frame.startswith("work_of_")}


# --- names, users, and several kinds of target at a time ------------------------------------------------


def test_comm():
    with recording.busy("shares_70_30"), recording.busy("recursion"):
        stacks = hearth.record("--comm", "recursion", "-F", RATE, "-d", "0.5").stacks
    assert recording.processes(stacks) == {"recursion"}


def test_comm_is_no_prefix():
    with recording.busy("recursion"):
        stacks = hearth.record("--comm", "recursio", "-F", RATE, "-d", "0.3").stacks
    assert stacks == []


def test_comm_of_fifteen_bytes(tmp_path):
    """The longest that there is."""
    name = "fifteen-letters"
    os.symlink(hearth.sample("recursion")[0], tmp_path / name)
    with hearth.Child(tmp_path / name, 100000):
        stacks = hearth.record("--comm", name, "-F", RATE, "-d", "0.5").stacks
    assert recording.processes(stacks) == {name}


@pytest.mark.parametrize("user", ["nobody", "65534"])
def test_user(user):
    with recording.folder_for_all() as (folder, _):
        program = folder / "of_nobody"
        program.write_bytes(Path(hearth.sample("recursion")[0]).read_bytes())
        program.chmod(0o755)
        with recording.busy("shares_70_30"):
            with hearth.Child(*recording.NOBODY, program, 100000) as child:
                recording.until(
                    lambda: Path(f"/proc/{child.pid}/comm").read_text() == "of_nobody\n", "its exec"
                )
                stacks = hearth.record("--user", user, "-F", RATE, "-d", "0.5").stacks
    assert recording.processes(stacks) == {"of_nobody"}


def test_kinds_of_target_are_all_to_be_met():
    with recording.busy("shares_70_30") as one, recording.busy("recursion") as two:
        both = f"{one.pid},{two.pid}"
        stacks = hearth.record("-p", both, "--comm", "recursion", "-F", RATE, "-d", "0.5").stacks
        none = hearth.record("-p", one.pid, "--comm", "recursion", "-F", RATE, "-d", "0.3").stacks
    assert recording.processes(stacks) == {"recursion"}
    assert none == []


# --- cgroups ------------------------------------------------------------------------------------------


CGROUPS = recording.cgroup_mounts()


@pytest.fixture
def cgroup(request):
    """A new cgroup with another one in it."""
    with recording.cgroup_in(CGROUPS[request.param], "inner") as folders:
        yield folders


# A system has version 1, version 2, or both: a test for each that is there, decided here.
@pytest.mark.parametrize("cgroup", CGROUPS, indirect=True)
def test_cgroup(cgroup):
    """A cgroup is what lies below it as well; and what lies beside it is none of it."""
    outer, inner = cgroup
    with recording.busy("shares_70_30") as inside, recording.busy("recursion") as deep:
        with recording.busy("syscalls"):
            (outer / "cgroup.procs").write_text(str(inside.pid))
            (inner / "cgroup.procs").write_text(str(deep.pid))
            of_outer = hearth.record("--cgroup", outer, "-F", RATE, "-d", "0.5").stacks
            of_inner = hearth.record("--cgroup", inner, "-F", RATE, "-d", "0.5").stacks
    assert recording.processes(of_outer) == {"shares_70_30", "recursion"}
    assert recording.processes(of_inner) == {"recursion"}


@pytest.mark.parametrize("cgroup", CGROUPS, indirect=True)
def test_cgroup_that_a_process_enters_meanwhile(cgroup, tmp_path):
    """And its relative path, with a slash at its end."""
    outer, inner = cgroup
    out = tmp_path / "out.folded"
    with hearth.held_sample("recursion", 0.3) as child:
        with recording.start(
            "--cgroup", f"{outer.name}/", "-F", RATE, "-o", out, cwd=outer.parent
        ) as recorder:
            recording.wait_until_recording(recorder)
            (inner / "cgroup.procs").write_text(str(child.pid))
            child.say()
            report = hearth.report_of(child.end().stdout)
            ended = recorder.interrupt()
    assert ended.returncode == 0, ended
    stacks = hearth.read_folded(out)
    assert recording.processes(stacks) == {"recursion"}
    assert_ticks_of(stacks, "recursion", report)


# --- in a PID namespace of one's own --------------------------------------------------------------------

IN_NAMESPACE = """
mkfifo "$1/go"
"$2" --hold --report 0.5 <"$1/go" >"$1/report" &
exec 3>"$1/go"
sample=$!
"$3" record {option} $sample -F {rate} -o "$1/out.folded" 3>&- &
recorder=$!
echo $$ $sample $recorder
read go
exec 3>&-
wait $recorder
"""


@pytest.mark.parametrize("option", ["-p", "--tid"])
def test_pid_of_the_callers_namespace(option, tmp_path):
    """A number means what it means to who says it; and the end of that process is seen."""
    script = IN_NAMESPACE.format(option=option, rate=RATE)
    with hearth.Child(
        "unshare", "-p", "-f", "--kill-child", "--mount-proc",
        "sh", "-c", script, "sh", tmp_path, hearth.sample("recursion")[0], hearth.BINARY,
    ) as child:  # fmt: skip
        shell, sample, recorder = map(int, child.wait_for(r"^(\d+) (\d+) (\d+)$").groups())
        assert (shell, sample) == (1, sample) and recorder > sample
        init = recording.children_of(child.pid)[0]
        outside = recording.until(
            lambda: {
                Path(f"/proc/{pid}/comm").read_text().strip(): pid
                for pid in recording.children_of(init)
            }.get("hearth"),
            "hearth runs in the namespace",
        )
        recording.until(
            lambda: recording.ticking_cpus(outside) == recording.online_cpus(), "it records"
        )
        child.say("go")
        ended = child.end()
    assert ended.returncode == 0, ended
    stacks = hearth.read_folded(tmp_path / "out.folded")
    assert recording.processes(stacks) == {"recursion"}
    assert_ticks_of(stacks, "recursion", hearth.report_of((tmp_path / "report").read_text()))
    assert "[unknown]" not in recording.frames(stacks)


def test_command_in_a_namespace(tmp_path):
    """And the children of a command, which the kernel side knows by other numbers."""
    out = tmp_path / "out.folded"
    work = f"{hearth.sample('recursion')[0]} --report 0.3; :"
    with hearth.Child(
        "unshare", "-p", "-f", "--kill-child", "--mount-proc",
        hearth.BINARY, "record", "-F", RATE, "-o", out, "--", "sh", "-c", work,
    ) as child:  # fmt: skip
        ended = child.end()
    assert ended.returncode == 0, ended
    stacks = hearth.read_folded(out)
    assert "recursion" in recording.processes(stacks) <= {"recursion", "sh"}
    assert_ticks_of(stacks, "recursion", hearth.report_of(ended.stdout))


def test_whole_machine_from_a_namespace(tmp_path):
    """Processes that have no number there are profiled and named all the same."""
    out = tmp_path / "out.folded"
    with recording.busy("recursion"):
        with hearth.Child(
            "unshare", "-p", "-f", "--kill-child", "--mount-proc",
            hearth.BINARY, "record", "-a", "-F", RATE, "-d", "0.5", "-o", out,
        ) as child:  # fmt: skip
            assert child.end().returncode == 0
    own = [stack for stack in hearth.read_folded(out) if stack.process == "recursion"]
    assert any("main" in stack.frames for stack in own)


# A target that never ticked ends, and its number is given to a program that works. Standard input holds the
# script until the test says go. ns_last_pid says which number is next, in the namespace of who writes it.
REUSE = """
sleep 1000 & target=$!
"$3" record {option} $target -F {rate} -o "$1/out.folded" & recorder=$!
echo "recording $target $recorder"
read go
kill $target; wait $target
echo $((target - 1)) >/proc/sys/kernel/ns_last_pid
"$2" 0.6 & stranger=$!
echo "stranger $stranger"
wait $recorder; echo "ended $?"
wait
"""


@pytest.mark.parametrize("option", ["-p", "--tid"])
@pytest.mark.parametrize("namespace", [[], ["unshare", "-p", "-f", "--kill-child", "--mount-proc"]], ids=["", "nested"])
def test_a_number_that_is_given_again_is_no_target(namespace, option, tmp_path):
    script = REUSE.format(option=option, rate=RATE)
    with hearth.Child(*namespace, "sh", "-c", script, "sh", tmp_path, hearth.sample("recursion")[0], hearth.BINARY) as child:
        target, recorder = map(int, child.wait_for(r"^recording (\d+) (\d+)$").groups())
        # The recorder's number is the test's own only outside a namespace: find it by its parent.
        shell = recording.children_of(child.pid)[0] if namespace else child.pid
        outside = recording.until(
            lambda: [pid for pid in recording.children_of(shell) if Path(f"/proc/{pid}/comm").read_text() == "hearth\n"],
            "hearth runs",
        )[0]
        recording.until(lambda: hearth.is_recording(outside), "it records")
        child.say("go")
        assert int(child.wait_for(r"^stranger (\d+)$")[1]) == target
        assert child.wait_for(r"^ended (\d+)$")[1] == "0"
        child.end()
    # The one that was meant may tick as it dies.
    assert recording.processes(hearth.read_folded(tmp_path / "out.folded")) <= {"sleep"}


# --- a command ----------------------------------------------------------------------------------------


def test_command_counts_from_its_exec():
    """At 20,000 ticks a second, hearth's own code between fork and exec would be seen, and so is the
    dynamic loader, which runs before the program's first line does."""
    recorded = hearth.record("-F", 20000, "--", *hearth.sample("shares_70_30", 0.2))
    assert recording.processes(recorded.stacks) == {"shares_70_30"}
    inside = recording.frames(recorded.stacks)
    assert not {frame for frame in inside if "workload" in frame or "run_child" in frame}
    assert any(re.match(r"_?dl_|\[ld-", frame) for frame in inside), inside


def test_command_beside_the_whole_machine():
    """perf's idiom: -a with a command records all while it runs, and the command need not tick."""
    with recording.busy("recursion"):
        stacks = hearth.record("-a", "-F", RATE, "--", "sleep", "0.5").stacks
    assert "recursion" in recording.processes(stacks)


def test_command_and_its_children():
    work = f"{hearth.sample('recursion')[0]} 0.3; :"
    stacks = hearth.record("-F", RATE, "--", "sh", "-c", work).stacks
    assert recording.processes(stacks) - {"sh"} == {"recursion"}
    stacks = hearth.record("-F", RATE, "--no-inherit", "--", "sh", "-c", work).stacks
    assert recording.processes(stacks) <= {"sh"}


def test_command_found_by_path():
    with recording.start("-o", "-", "--format", "folded", "--", "true") as recorder:
        assert recorder.end().returncode == 0


# --- the kernel's clocks ------------------------------------------------------------------------------

# Off its CPU for longer than a clock tick after it asked the kernel what time it is.
LATE_TO_READ = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

int bpf_prog_test_run_opts(int program, void *options)
{
	int (*real)(int, void *) = (int (*)(int, void *))dlsym(RTLD_NEXT, "bpf_prog_test_run_opts");
	int error = real(program, options);

	usleep(50000);
	return error;
}
"""


@pytest.mark.parametrize("shift", [[], ["unshare", "-T", "--fork", "--boottime", "1000", "--monotonic", "500"]], ids=str)
def test_command_of_a_hearth_that_was_off_its_cpu(shift, tmp_path):
    """When a target started is compared across the clocks of both sides: a delay between two readings is no shift."""
    out = tmp_path / "out.folded"
    command = [hearth.BINARY, "record", "-F", RATE, "-o", out, "--", *hearth.sample("shares_70_30", 0.3)]
    with recording.preloaded(LATE_TO_READ) as options, hearth.Child(*shift, *command, **options()) as recorder:
        ended = recorder.end()
    assert ended.returncode == 0, ended
    assert hearth.ticks(hearth.read_folded(out)) > 0.2 * RATE, ended


@pytest.mark.parametrize("option", ["-p", "--tid"])
def test_target_of_a_hearth_that_was_off_its_cpu(option, tmp_path):
    out = tmp_path / "out.folded"
    with recording.busy() as child, recording.preloaded(LATE_TO_READ) as options:
        with recording.start("-F", RATE, option, child.pid, "-o", out, **options()) as recorder:
            recording.wait_until_recording(recorder)
            recording.until_worked(child, 0.1)
            ended = recorder.interrupt()
    assert ended.returncode == 0
    assert hearth.read_folded(out)


# --- CPUs that come and go ----------------------------------------------------------------------------

CPU = Path("/sys/devices/system/cpu/cpu1/online")


def set_online(is_online):
    CPU.write_text(str(int(is_online)))


# Most machines cannot do without their first CPU, some not without any: the tests exist where the second
# one can go, which is known here and now.
if os.access(CPU, os.W_OK) and CPU.read_text().strip() == "1":

    def test_a_cpu_goes_and_comes_back(tmp_path):
        out, stats = tmp_path / "out.folded", tmp_path / "stats.json"
        cpus = recording.online_cpus()
        with recording.busy("shares_70_30"), recording.busy("recursion"):
            with recording.start("-a", "-F", RATE, "--stats", stats, "-o", out) as recorder:
                recording.wait_until_recording(recorder, cpus)
                try:
                    set_online(False)
                    recording.until(
                        lambda: recording.ticking_cpus(recorder.pid) == cpus - 1, "one timer is gone"
                    )
                finally:
                    set_online(True)
                recording.wait_until_recording(recorder, cpus)
                assert_ticks_on_all(recorder, cpus)
                ended = recorder.interrupt()
        assert ended.returncode == 0, ended
        assert recording.complaints(ended) == []
        told = json.loads(stats.read_text())
        hearth.check_accounts(hearth.read_folded(out), told)
        assert told["cpus"] == cpus

    def test_a_cpu_is_away_for_a_moment(tmp_path):
        """Gone and back between two looks of hearth, which is stopped meanwhile to be sure of it: the
        kernel took the timer off the CPU, and it has to be set up again."""
        out = tmp_path / "out.folded"
        cpus = recording.online_cpus()
        with recording.start("-a", "-F", RATE, "-o", out) as recorder:
            recording.wait_until_recording(recorder, cpus)
            recorder.send(signal.SIGSTOP)
            recording.wait_until_stopped(recorder)
            try:
                set_online(False)
            finally:
                set_online(True)
            recording.go_on(recorder)
            assert_ticks_on_all(recorder, cpus)
            assert recorder.interrupt().returncode == 0

    def assert_ticks_on_all(recorder, cpus):
        """The timer of each CPU fires: what the kernel side counted there grows."""
        number = next(
            number
            for kind, number in recording.bpf_ids(recorder.pid)
            if kind == "map" and hearth.bpf_names("map").get(number) == "cpu_states"
        )

        def runs():
            dump = hearth.bpftool("map", "dump", "id", number)
            return [entry["formatted"]["value"]["bpf_runs"] for entry in dump]

        before = runs()
        recording.until(
            lambda: sum(now > then for now, then in zip(runs(), before)) == cpus,
            "ticks on every CPU",
            10,
        )
