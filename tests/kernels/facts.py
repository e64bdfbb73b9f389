# SPDX-License-Identifier: Apache-2.0
"""What must be so on a kernel, judged by what the guest's cases (guest_init.sh) said.

Emulated time is no time to be judged by: a fact is a count, a share of ticks, a word. FACTS are those of a kernel that
hearth supports, WHERE_TOO_OLD those of one that it must refuse. A fact fails with AssertionError.
"""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import expectations  # noqa: E402
import hearth as e2e  # noqa: E402

SAMPLES = ["shares_70_30", "recursion", "syscalls", "threads", "fork_storm"]
RECORDED = [*SAMPLES, "static", "signal", "alternating", "verify", "growing_stack", "change_time", "no_change", "cgroup", "short_cgroup", "machine", "hidden_names", "unloaded_names"]
CHAIN = ["main", *(f"chain_{i}" for i in range(1, 10)), "burn"]


class Guest:
    """What a guest's cases left."""

    def __init__(self, results):
        self.results = Path(results)

    def read(self, case, name):
        path = self.results / case / name
        assert path.exists(), f"{case} left no {name}: {self.told(case)}"
        return path.read_text(errors="replace")

    def told(self, case):
        """Its last words on standard error."""
        path = self.results / case / "stderr"
        return path.read_text(errors="replace")[-500:].strip() if path.exists() else "it did not run"

    def status(self, case):
        return int(self.read(case, "status"))

    def assert_good(self, case):
        assert self.status(case) == 0, f"{case} ended with status {self.status(case)}: {self.told(case)}"

    def stats(self, case):
        self.assert_good(case)
        return json.loads(self.read(case, "stats.json"))

    def stacks(self, case):
        self.assert_good(case)
        return [e2e.read_stack(line) for line in self.read(case, "out.folded").splitlines()]

    def release(self):
        path = self.results / "kernel" / "stdout"
        return path.read_text().strip() if path.exists() else "unknown"

    def doctor(self, case="doctor_json"):
        return {check["check"]: check for check in json.loads(self.read(case, "stdout"))}

    def bpf_names(self, case):
        objects = [entry for name in ("programs", "maps") for entry in json.loads(self.read(case, f"{name}.json"))]
        return {entry.get("name", "") for entry in objects} & e2e.own_bpf_names()


def holds_in_order(frames, wanted):
    rest = iter(frames)
    return all(frame in rest for frame in wanted)


def assert_burning(stacks, wanted, at_least):
    """Of the ticks in burn(), enough and all of them whole."""
    burning = [stack for stack in stacks if stack.fate != "lost" and "burn" in stack.frames]
    assert e2e.ticks(burning) >= at_least, f"{e2e.ticks(burning)} ticks in burn()"
    for stack in burning:
        assert stack.fate == "complete" and holds_in_order(stack.frames, wanted), stack


# --- loading ----------------------------------------------------------------------------------------


def programs_load_and_tick(guest):
    guest.assert_good("doctor")
    checks = guest.doctor()
    assert checks["kernel"]["verdict"] == checks["recording"]["verdict"] == "good", checks
    assert "missing" not in {check["verdict"] for check in checks.values()}, checks
    guest.assert_good("load")


# By the type that the kernel itself says mm_lock_seq has: it became a seqcount in 6.13, and in 6.12 later on.
WAYS = {
    "none": ("limited", "each tick reads them anew"),
    "int mm_lock_seq;": ("good", "mm_lock_seq (a number)"),
    "seqcount_t mm_lock_seq;": ("good", "mm_lock_seq (a seqcount)"),
}


def the_way_to_the_mappings_is_this_kernels(guest):
    """Without the sequence that is one thing less, in a word."""
    way = guest.read("sequence", "stdout").strip()
    verdict, words = WAYS[way]
    told = guest.doctor()["mappings"]
    assert told["verdict"] == verdict and words in told["detail"], (way, told)


# --- accounting -------------------------------------------------------------------------------------


def every_tick_has_one_fate(guest):
    for case in RECORDED:
        try:
            e2e.check_accounts(guest.stacks(case), guest.stats(case))
        except AssertionError as error:
            raise AssertionError(f"{case}: {error}") from error
        assert guest.stats(case)["ticks"]["due"] > 20, f"{case}: {guest.stats(case)['ticks']}"


# --- roots ------------------------------------------------------------------------------------------


def shows_what_it_must(sample, parts):
    """By these parts of its expect file, but for how large a share of all its ticks its work has: emulated, the rest
    takes longer. Shares among threads are none of them either: time that is stolen from the guest is one thread's."""

    def fact(guest):
        expected = expectations.load(sample)
        for part in parts:
            for check in expectations.checks(expected, part):
                if part != "shares" or "of" in check:
                    expectations.judge(guest.stacks(sample), part, check)

    return fact


def static_program_is_whole(guest):
    assert_burning(guest.stacks("static"), ["_start", *CHAIN], 50)


def below_a_signal_handler_is_what_it_interrupted(guest):
    assert_burning(guest.stacks("signal"), ["main", "interrupted", "handle", *CHAIN[1:]], 50)


def programs_alternating_on_one_mm_are_told_apart(guest):
    for name in ("first", "second", "third"):
        own = [stack for stack in guest.stacks("alternating") if stack.process == name]
        assert_burning(own, ["_start", "main", f"of_{name}", "burn"], 10)


def libunwind_agrees(guest):
    told = guest.stats("verify")["verify"]
    assert told["compared"] > 50 and told["agreed"] == told["compared"], told


def a_stack_that_begins_above_its_pointer_is_found(guest):
    told = guest.stats("growing_stack")["verify"]
    assert told["compared"] > 50 and told["agreed"] == told["compared"] and not told["deeper_than_snapshot"], told


def the_machine_is_whole(guest):
    own = [stack for stack in guest.stacks("machine") if stack.process == "shares_70_30"]
    for check in expectations.checks(expectations.load("shares_70_30"), "chains"):
        expectations.judge(own, "chains", check)


# --- the fields that other kernels have elsewhere ---------------------------------------------------


def a_cgroup_is_found_from_below(guest):
    stacks = guest.stacks("cgroup")
    assert {stack.process for stack in stacks} == {"shares_70_30"}
    assert e2e.ticks(stacks) > 50


def the_group_of_short_processes_is_known(guest):
    stacks = guest.stacks("short_cgroup")
    total, known = e2e.ticks(stacks), e2e.ticks(stacks, lambda stack: stack.process == "/outer/inner")
    assert total > 100 and known >= 0.98 * total, f"{known} of {total} ticks: {sorted({stack.process for stack in stacks})}"


def a_files_change_time_is_seen(guest):
    """Its mode alone changed: another key of the same module."""
    changed, unchanged = (guest.stats(case)["module_aliases"] for case in ("change_time", "no_change"))
    assert (changed, unchanged) == (1, 0), f"{changed} other keys with a change between, {unchanged} without"


# --- the kernel's own names -------------------------------------------------------------------------


def named_in_the_kernel(guest, case):
    """Of the ticks within the kernel, the share whose kernel frames all have names."""
    within = [stack for stack in guest.stacks(case) if any(map(e2e.is_kernel, stack.frames))]
    assert e2e.ticks(within) > 50, f"{e2e.ticks(within)} ticks in the kernel"
    return e2e.ticks(within, lambda stack: "[kernel]_[k]" not in stack.frames) / e2e.ticks(within)


def the_kernel_names_its_own_code(guest):
    """Where /proc/kallsyms hides all addresses, only the kernel itself can have done so: by the program that asks it."""
    names = guest.doctor("hidden_doctor")["kernel names"]
    assert names["verdict"] == "good" and names["detail"].startswith("by the kernel itself"), names
    assert named_in_the_kernel(guest, "hidden_names") > 0.9


def kallsyms_names_it_where_that_program_is_refused(guest):
    assert named_in_the_kernel(guest, "unloaded_names") > 0.9
    assert named_in_the_kernel(guest, "unloaded_hidden_names") == 0, "it was not refused"


# --- limits -----------------------------------------------------------------------------------------


def root_opens_what_it_needs(guest):
    """A hard limit that CAP_SYS_RESOURCE may raise is none, but the command has it."""
    told = guest.stats("few_files")
    assert told["modules"] > 1 and told["modules_unopened"]["file_limit"] == 0, told
    assert guest.read("few_files", "stdout").split() == ["257"]


# --- the end ----------------------------------------------------------------------------------------


def nothing_is_left_of_a_killed_recorder(guest):
    guest.assert_good("killed")
    assert "tick" in guest.bpf_names("killed"), "the case looked at nothing"
    left = guest.bpf_names("left")
    assert not left, f"left behind: {sorted(left)}"


def the_kernel_has_no_complaint(guest):
    log = guest.read("dmesg", "stdout")
    found = re.findall(r"^.*(?:BUG|WARNING:|Oops|Call Trace|soft lockup|rcu_\w+ (?:self-)?detected).*$", log, re.MULTILINE)
    assert not found, found[:5]


# --- kernels that hearth cannot work on -------------------------------------------------------------


def refusal_is_one_clear_line(guest):
    release = guest.release()
    assert guest.status("shares_70_30") == 3, guest.told("shares_70_30")
    assert guest.read("shares_70_30", "stdout") == ""
    words = f"hearth: this is Linux {release}; hearth needs 6.1 or newer\n"
    assert guest.read("shares_70_30", "stderr") == words


def doctor_says_why(guest):
    assert guest.status("doctor") == guest.status("doctor_json") == 3
    checks = guest.doctor()
    assert checks["kernel"]["verdict"] == checks["recording"]["verdict"] == "missing", checks
    assert "hearth needs 6.1 or newer" in checks["kernel"]["detail"], checks


def nothing_is_left_of_a_refusal(guest):
    left = guest.bpf_names("left")
    assert not left, f"left behind: {sorted(left)}"


FACTS = {
    "programs load and tick": programs_load_and_tick,
    "the way to the mappings is this kernel's": the_way_to_the_mappings_is_this_kernels,
    "every tick has one fate": every_tick_has_one_fate,
    "roots: shares_70_30": shows_what_it_must("shares_70_30", ["shares", "chains", "fates"]),
    "roots: recursion, sixty frames": shows_what_it_must("recursion", ["chains", "fates", "depth"]),
    "roots: syscalls, both halves": shows_what_it_must("syscalls", ["chains", "fates"]),
    "roots: threads": shows_what_it_must("threads", ["chains", "fates"]),
    "roots: fork_storm": shows_what_it_must("fork_storm", ["chains", "named_leaf"]),
    "roots: a static program": static_program_is_whole,
    "roots: a signal handler": below_a_signal_handler_is_what_it_interrupted,
    "roots: programs that alternate on one mm": programs_alternating_on_one_mm_are_told_apart,
    "roots: the whole machine": the_machine_is_whole,
    "libunwind agrees": libunwind_agrees,
    "a stack that begins above its pointer is found": a_stack_that_begins_above_its_pointer_is_found,
    "a cgroup is found from below": a_cgroup_is_found_from_below,
    "the group of short processes is known": the_group_of_short_processes_is_known,
    "a file's change time is seen": a_files_change_time_is_seen,
    "the kernel names its own code": the_kernel_names_its_own_code,
    "kallsyms names it where that program is refused": kallsyms_names_it_where_that_program_is_refused,
    "root opens what it needs": root_opens_what_it_needs,
    "nothing is left of a killed recorder": nothing_is_left_of_a_killed_recorder,
    "the kernel has no complaint": the_kernel_has_no_complaint,
}

WHERE_TOO_OLD = {
    "refusal is one clear line": refusal_is_one_clear_line,
    "doctor says why": doctor_says_why,
    "nothing is left of a refusal": nothing_is_left_of_a_refusal,
    "the kernel has no complaint": the_kernel_has_no_complaint,
}
