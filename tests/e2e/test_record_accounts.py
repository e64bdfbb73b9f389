# SPDX-License-Identifier: Apache-2.0
"""Promise 1: every tick is accounted for, whatever disturbs the recording.

hearth.record() and check_accounts() hold each recording's sum: due = complete + truncated + lost, and the
folded output's markers against the statistics. Here is what that sum must be.
"""

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


def sum_of(reasons):
    return sum(reasons.values())


def test_sums_and_markers():
    """The counts of all lines are the ticks that were due, exactly; with children, for more stacks."""
    recorded = hearth.record("-F", 4999, "--", *hearth.sample("fork_storm", 1))
    told = recorded.stats["ticks"]
    assert hearth.ticks(recorded.stacks) == told["due"] > 0
    assert told["due"] == told["complete"] + sum_of(told["truncated"]) + sum_of(told["lost"])


def test_the_last_lines_tell_the_split():
    """In hundredths of a percent, as the foot of the picture does; nothing is rounded away or up to all."""
    recorded = hearth.record("-F", 4999, "--", *hearth.sample("fork_storm", 1))
    told = recorded.stats["ticks"]
    (line,) = re.findall(rf"^{told['due']} ticks: (.*)$", recorded.process.stderr, re.MULTILINE)
    share = r"(<0\.01|\d+\.\d\d) %"
    for pattern, ticks in [
        (rf"^{share} complete", told["complete"]),
        (rf", {share} truncated", sum_of(told["truncated"])),
        (rf", {share} lost", sum_of(told["lost"])),
        *((rf"\b{name} {share}", n) for fate in ("truncated", "lost") for name, n in told[fate].items() if n),
    ]:
        said = re.search(pattern, line)[1]
        assert said == "<0.01" or float(said) == pytest.approx(100 * ticks / told["due"], abs=0.0101), line


def test_due_ticks_of_a_running_process(tmp_path):
    """Without its start and its end: what the scheduler says it ran, at 999 Hz.

    The scheduler's account is read around each end of the recording. Whatever the recording covers, it lies
    between: hence two readings on each side, and no slack for the time in between.
    """
    out, stats = tmp_path / "out.folded", tmp_path / "stats.json"
    with recording.busy() as child:
        first = recording.run_ns(child.pid)
        with recording.start(
            "-p", child.pid, "-F", 999, "--stats", stats, "-o", out
        ) as recorder:
            recording.wait_until_recording(recorder)
            begun = recording.run_ns(child.pid)
            recording.until(lambda: recording.run_ns(child.pid) - begun > 3e9, "3 s of work")
            switches = switches_of(child.pid)
            ending = recording.run_ns(child.pid)
            ended = recorder.interrupt()
            last = recording.run_ns(child.pid)
    assert ended.returncode == 0, ended
    stats_told = json.loads(stats.read_text())
    told = stats_told["ticks"]
    hearth.check_accounts(hearth.read_folded(out), stats_told)
    slack = hearth.tick_deviation(switches)
    fired, stolen = hearth.fired_ticks(stats_told), hearth.stolen_ticks(stats_told)
    assert told["due"] >= 0.98 * (ending - begun) / 1e9 * 999 - slack
    assert fired <= 1.02 * (last - first) / 1e9 * 999 + slack + stolen, f"{stolen:.0f} stolen"


def switches_of(pid):
    with open(f"/proc/{pid}/status") as status:
        return sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)


def test_idle_and_due_are_all_time():
    """Two busy processes, and idle CPUs if there are more: together every period of every CPU.

    Each timer starts and stops somewhat apart from the recording's own clock: 60 ms of each CPU's time is
    far more than that takes, and what is stolen meanwhile. It is no matter of chance, so there is no confidence to be stated.
    """
    rate = 999
    with recording.busy("shares_70_30"), recording.busy("recursion"):
        recorded = hearth.record("-a", "-F", rate, "-d", 3)
    told, cpus = recorded.stats["ticks"], recorded.stats["cpus"]
    assert cpus == recording.online_cpus()
    every = cpus * rate * recorded.stats["duration_ns"] / 1e9
    assert told["idle"] + told["due"] <= every + cpus
    assert told["idle"] + told["due"] >= every - cpus * (1 + 0.06 * rate) - hearth.stolen_ticks(recorded.stats)


def idle_seconds():
    """What the kernel says: idle, and waiting for a disk."""
    with open("/proc/stat") as stat:
        fields = stat.readline().split()
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


def test_idle_ticks_are_idle_time(tmp_path):
    """Of a target that sleeps no tick is due; how idle the CPUs were is counted all the same.

    The kernel's own number is read before the timers start, after that, and after they stopped. So it
    bounds the count from above, and from below without what the end takes: 2 %, its unit on each CPU, and
    a tenth of a second for an end that no line tells exactly.
    """
    rate, stats = 999, tmp_path / "stats.json"
    unit = 2 * recording.online_cpus() / os.sysconf("SC_CLK_TCK")
    with recording.sleeper() as child:
        first = idle_seconds()
        with recording.start(
            "-p", child.pid, "-F", rate, "-d", 2, "--stats", stats, "-o", tmp_path / "out.svg"
        ) as recorder:
            recording.wait_until_recording(recorder)
            begun = idle_seconds()
            recorder.wait_for("no tick hit the target")
            last = idle_seconds()
            assert recorder.end().returncode == 0
    stats_told = json.loads(stats.read_text())
    told = stats_told["ticks"]
    assert told["due"] == 0
    assert told["idle"] >= 0.98 * rate * (last - begun - unit - 0.1 * recording.online_cpus())
    assert told["idle"] <= 1.02 * rate * (last - first + unit) + hearth.stolen_ticks(stats_told)


# A new stack each time it is looked at: a chain of a hundred calls, each of either of two functions, by a
# random number's bits. No map of known stacks saves the room that it takes.
EVER_NEW = r"""
#include <stdint.h>

static volatile uint64_t sink;

#define CALL(name, other)                                                                      \
	__attribute__((noipa)) void name(uint64_t low, uint64_t high, int depth)               \
	{                                                                                      \
		if (!depth)                                                                    \
			for (int i = 0; i < 20000; i++)                                        \
				sink++;                                                        \
		else if (low & 1)                                                              \
			even(low >> 1 | high << 63, high >> 1, depth - 1);                     \
		else                                                                           \
			odd(low >> 1 | high << 63, high >> 1, depth - 1);                      \
		sink++;                                                                        \
	}

void even(uint64_t low, uint64_t high, int depth);
void odd(uint64_t low, uint64_t high, int depth);
CALL(even, odd)
CALL(odd, even)

int main(void)
{
	for (uint64_t a = 88172645463325252u, b = 1;; b = a) {
		a ^= a << 13;
		a ^= a >> 7;
		a ^= a << 17;
		even(a, b, 100);
	}
}
"""


@pytest.fixture(scope="module")
def ever_new(tmp_path_factory):
    return recording.compile_c(tmp_path_factory.mktemp("ever_new"), "ever_new", EVER_NEW)


def map_entries(pid, name):
    for kind, number in recording.bpf_ids(pid):
        if kind == "map" and hearth.bpf_names("map").get(number) == name:
            return [entry["formatted"] for entry in hearth.bpftool("map", "dump", "id", number)]
    raise AssertionError(f"no map {name}")


def modules_with_rows(pid):
    sets = map_entries(pid, "unwind_modules")
    return sum(entry["seal"] != 0 for one in sets for entry in one["value"]["entries"])


def test_ring_full(ever_new, tmp_path):
    """hearth is stopped until the ring buffer has no room; then it goes on, and everything adds up."""
    out, stats = tmp_path / "out.folded", tmp_path / "stats.json"
    with hearth.Child(ever_new), hearth.Child(ever_new):
        with recording.start(
            "--comm", "ever_new", "-F", 1999, "--stats", stats, "-o", out
        ) as recorder:
            recording.wait_until_recording(recorder)
            # Until then all stacks end at the leaf, and are soon told.
            recording.until(lambda: modules_with_rows(recorder.pid) > 1, "rows of its files")
            recorder.send(signal.SIGSTOP)
            recording.until(lambda: map_entries(recorder.pid, "lost_ticks"), "lost ticks")
            recording.go_on(recorder)
            ended = recorder.interrupt()
    assert ended.returncode == 0, ended
    stacks, told = hearth.read_folded(out), json.loads(stats.read_text())
    hearth.check_accounts(stacks, told)
    assert told["ticks"]["lost"]["ring_full"] > 0
    assert hearth.ticks(stacks) == told["ticks"]["due"]
    lost = [stack for stack in stacks if stack.reason == "ring_full"]
    assert recording.processes(lost) == {"ever_new"}
    assert f"ever_new;[lost:ring_full] {hearth.ticks(lost)}" in out.read_text().splitlines()
    assert "ring_full" in ended.stderr


def test_many_stacks_are_lost_nowhere(ever_new):
    """At a rate that is high, each tick with a stack of its own: hearth keeps up."""
    with hearth.Child(ever_new):
        recorded = hearth.record("--comm", "ever_new", "-F", 2000, "-d", 2)
    told = recorded.stats["ticks"]
    assert {reason: n for reason, n in told["lost"].items() if n and reason != "late"} == {}
    assert recorded.stats["stacks"] > 0.9 * hearth.fired_ticks(recorded.stats)


def test_statistics_have_every_field():
    """The contract of --stats, as the issue has it."""
    stats = hearth.record("-F", 999, "--", *hearth.sample("shares_70_30", 0.2)).stats
    assert {
        "version", "rate_hz", "duration_ns", "cpus", "ticks", "stacks", "processes", "modules", "naming", "self",
    } <= set(stats)  # fmt: skip
    assert {"idle", "due", "complete", "may_lack_caller", "no_user_half", "truncated", "lost"} == set(stats["ticks"])
    assert {
        "bpf_ns", "bpf_runs", "cpu_ns", "rss_peak_bytes", "map_bytes", "load_ns", "naming_ns", "first_tick_ns",
    } <= set(stats["self"])  # fmt: skip
    own = stats["self"]
    assert stats["rate_hz"] == 999
    assert own["bpf_runs"] >= stats["ticks"]["due"] - stats["ticks"]["lost"]["late"]
    for field in ("bpf_ns", "cpu_ns", "rss_peak_bytes", "map_bytes", "load_ns", "first_tick_ns"):
        assert own[field] > 0, field
    assert own["load_ns"] < own["first_tick_ns"]
    assert stats["processes"] == 1
    assert stats["modules"] >= 2  # the program and the C library


def test_statistics_tell_what_naming_took():
    stats = hearth.record("-a", "-F", 999, "--", *hearth.sample("shares_70_30", 0.5)).stats
    told, others = stats["naming"]["modules"], stats["naming"]["others"]
    assert len(told) <= 20 and set(others) == {"modules", "asked", "named", "cpu_ns"}
    fields = {"module", "build_id", "asked", "named", "cpu_ns", "worker_peak_bytes", "debug_info_error"}
    assert all(set(module) == fields for module in told)
    costs = [module["cpu_ns"] for module in told]
    assert costs == sorted(costs, reverse=True) and all(costs)
    assert all(0 <= module["named"] <= module["asked"] > 0 for module in told)
    by_name = {module["module"]: module for module in told}
    kernel, sample = by_name["kernel"], by_name["shares_70_30"]
    assert kernel["worker_peak_bytes"] == 0 and kernel["named"] > 0 and kernel["build_id"] is None
    assert len(sample["build_id"]) == 40 and sample["named"] == sample["asked"]
    assert sample["debug_info_error"] is None
    assert 2**20 < sample["worker_peak_bytes"] <= stats["self"]["worker"]["rss_peak_bytes"]
    files = stats["naming"]["files"]
    assert set(files) == {"opened", "found", "closed", "kept_bytes", "kept_max_bytes"}
    assert files["opened"] > 0 and files["kept_bytes"] <= files["kept_max_bytes"]
    of_worker = sum(module["cpu_ns"] for module in told if module["worker_peak_bytes"])
    assert 0 < of_worker <= stats["self"]["worker"]["cpu_ns"]


def test_statistics_to_standard_output(tmp_path):
    with recording.start(
        "-F", 999, "--stats", "-", "-o", tmp_path / "out.svg", "--", *hearth.sample("shares_70_30", 0.1)
    ) as recorder:
        ended = recorder.end()
    assert json.loads(ended.stdout)["ticks"]["due"] > 0


def test_own_reading_of_the_cost_is_the_kernels():
    """The programs' own clock readings, at entry and exit, miss only what the kernel spends around them."""
    switch = Path("/proc/sys/kernel/bpf_stats_enabled")
    before = switch.read_text()
    switch.write_text("1")
    try:
        recorded = hearth.record("-F", 999, "--", *hearth.sample("fork_storm", 1))
    finally:
        switch.write_text(before)
    own = recorded.stats["self"]
    assert own["bpf_runs"] > 500
    assert 0.75 * own["kernel_bpf_ns"] <= own["bpf_ns"] + recorded.stats["steal_ns"]
    assert own["bpf_ns"] <= own["kernel_bpf_ns"]


def test_workers_of_io_uring_have_no_user_half(tmp_path):
    """Threads with a process's memory that never were in user mode are complete when their kernel half is."""
    program = tmp_path / "io_worker"
    subprocess.run(["cc", "-O2", "-o", program, Path(__file__).with_name("io_worker.c")], check=True)
    stacks = hearth.record("-F", 4999, "--", program, 3000).stacks
    workers = [stack for stack in stacks if "io_wq_worker_[k]" in stack.frames]
    assert sum(stack.count for stack in workers) > 50
    assert {stack.fate for stack in workers} <= {"complete", "lost"}
