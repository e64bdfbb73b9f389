# SPDX-License-Identifier: Apache-2.0
"""What hearth says of user frames without names, and of what would mend it."""

import os
import re
import shutil
import subprocess

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

RATE = 999

WORK = """
__attribute__((noinline)) static int work(int n)
{
	volatile int sum = 0;
	for (int i = 0; i < n; i++)
		sum += i * i;
	return sum;
}
int main(void)
{
	int sum = 0;
	for (int i = 0; i < 1500; i++)
		sum += work(200000);
	return sum == 0;
}
"""


def stripped(folder, *flags):
    program = recording.compile_c(folder, "stripped", WORK, *flags)
    subprocess.run(["strip", program], check=True)
    return program


def build_id(program):
    notes = subprocess.run(["readelf", "-n", program], capture_output=True, text=True, check=True).stdout
    return re.search(r"Build ID: ([0-9a-f]+)", notes)[1]


def record(*command, options=()):
    """The line, or None, and what the statistics say."""
    recorded = hearth.record("-F", RATE, *options, "--", *command)
    lines = [line for line in recorded.process.stderr.splitlines() if "user frames (" in line]
    assert len(lines) <= 1, lines
    names = recorded.stats["names"]
    assert names["without_name"] == sum(module["frames"] for module in names["modules"])
    assert names["without_name"] <= names["user_frames"]
    # Inlined calls are of the frame below them, which has a name.
    user = sum(s.count * sum(not hearth.is_kernel(f) and not f.endswith("_[i]") for f in s.frames) for s in recorded.stacks)
    assert names["user_frames"] == user, "the output has as many"
    return (lines[0] if lines else None), names


def test_no_line_where_all_have_names(tmp_path):
    """Static, for a machine has the C library's debug file or not."""
    line, names = record(recording.compile_c(tmp_path, "named", WORK, "-static"))
    assert line is None
    assert names["without_name"] < 0.01 * names["user_frames"]


def test_a_stripped_program_is_told_by_its_build_id(tmp_path):
    program = stripped(tmp_path, "-Wl,--build-id")
    line, names = record(program)
    worst = names["modules"][0]
    assert (worst["module"], worst["reason"], worst["build_id"]) == ("stripped", "no_symbols", build_id(program))
    assert f"in stripped (a debug file with build-id {build_id(program)}, or --debuginfod)" in line
    assert f"{names['without_name']} of {names['user_frames']} user frames" in line.replace(",", "")


def test_a_static_program_without_a_build_id(tmp_path):
    line, names = record(stripped(tmp_path, "-static", "-Wl,--build-id=none"))
    assert names["modules"][0]["build_id"] is None
    assert "in stripped (it is stripped, and has no build-id to find a debug file by)" in line


def test_a_file_that_cannot_be_read_is_told_by_that(tmp_path):
    """Its symbols are there: no debug file would mend it."""
    sections = 'asm(".altmacro\\n.macro one n\\n.section .many_\\\\n,\\"a\\"\\n.byte 0\\n.endm\\n.set i, 0\\n.rept 21000\\none %i\\n.set i, i + 1\\n.endr\\n.text");'
    line, names = record(recording.compile_c(tmp_path, "many", WORK + sections))
    assert (names["modules"][0]["module"], names["modules"][0]["reason"]) == ("many", "too_large")
    assert "in many (it is too large, or made to be expensive)" in line


def test_a_debug_file_that_cannot_be_read_is_told_by_that(tmp_path):
    """It is where it belongs, and no other one of the same is needed."""
    program = stripped(tmp_path, "-Wl,--build-id")
    place = tmp_path / ".build-id" / build_id(program)[:2]
    place.mkdir(parents=True)
    (place / f"{build_id(program)[2:]}.debug").write_bytes(program.read_bytes()[:40])
    line, names = record(program, options=["--symbols", tmp_path])
    assert (names["modules"][0]["module"], names["modules"][0]["reason"]) == ("stripped", "damaged")
    assert "in stripped (its debug file is damaged, or no ELF file)" in line


def debug_package_of(program):
    """As dpkg says it, where there is one: the package whose file it is, by one of its two names."""
    for path in (program, re.sub("^/usr", "", str(program))):
        shown = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True)
        if shown.returncode == 0:
            return shown.stdout.split(":")[0] + "-dbgsym"
    return None


if shutil.which("dpkg"):

    def test_a_packages_file_is_told_by_its_debug_package():
        program = os.path.realpath(shutil.which("bash"))
        line, names = record(program, "-c", "for ((i = 0; i < 300000; i++)); do :; done")
        assert names["modules"][0]["module"] == "bash"
        assert f"in bash (package {debug_package_of(program)})" in line

    def test_a_packages_file_in_another_mount_namespace_is_told_by_its_build_id(tmp_path):
        """Which package that is, is not this system's to say."""
        program = os.path.realpath(shutil.which("bash"))
        line, _ = record("unshare", "-m", program, "-c", "for ((i = 0; i < 300000; i++)); do :; done")
        assert f"in bash (a debug file with build-id {build_id(program)}, or --debuginfod)" in line


if shutil.which("node"):

    def test_made_code_is_told_by_its_runtimes_flag():
        script = "const end = Date.now() + 700; let n = 0; while (Date.now() < end) n += Math.sqrt(n + 2);"
        line, names = record("node", "-e", script)
        assert "in code made by node (run it with --perf-basic-prof)" in line
        made = next(module for module in names["modules"] if module["reason"] == "made_code")
        assert made["module"] == "code made by node"


def test_a_file_that_was_overwritten_is_told(tmp_path):
    program = recording.compile_c(tmp_path, "short", WORK)
    other = tmp_path / "other"
    shutil.copy(program, other)
    script = f"{program}; cp /bin/true {other}; cat {other} > {program}; sleep 0.2"
    line, names = record("sh", "-c", script)
    assert names["modules"][0]["reason"] == "changed"
    assert "in short (was overwritten meanwhile)" in line
