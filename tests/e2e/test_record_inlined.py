# SPDX-License-Identifier: Apache-2.0
"""Calls that a compiler inlined are frames of their own, wherever debugging information tells of them."""

import os
import re
import struct
import subprocess

import pytest

import hearth

pytestmark = pytest.mark.root

SOURCE = r"""
#include <stdint.h>
static volatile uint64_t sink;
static inline __attribute__((always_inline)) void inner(uint64_t i) { for (int k = 0; k < 50; k++) sink += i * k; }
static inline __attribute__((always_inline)) void middle(uint64_t i) { inner(i); inner(i + 1); }
__attribute__((noinline)) void outer(uint64_t n) { for (uint64_t i = 0; i < n; i++) middle(i); }
int main(void) { outer(2000000); return 0; }
"""

WHOLE = ["main", "outer", "middle_[i]", "inner_[i]"]


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """By where the debugging information lies: in the program, beside it, nowhere."""
    folder = tmp_path_factory.mktemp("inlined")
    (folder / "inlined.c").write_text(SOURCE)
    subprocess.run(["cc", "-O2", "-g", "-o", folder / "own", folder / "inlined.c"], check=True)
    subprocess.run(["objcopy", "--only-keep-debug", folder / "own", folder / "beside.debug"], check=True)
    subprocess.run(["objcopy", "--strip-debug", folder / "own", folder / "nowhere"], check=True)
    subprocess.run(["strip", "-o", folder / "beside", folder / "own"], check=True)
    subprocess.run(["objcopy", f"--add-gnu-debuglink={folder / 'beside.debug'}", folder / "beside"], check=True)
    return folder


def share_of(recorded, process, chain):
    """Of a process's ticks with whole stacks, those whose user half ends in this chain."""
    stacks = [stack for stack in recorded.stacks if stack.process == process and stack.fate == "complete"]
    holding = 0
    for stack in stacks:
        frames = [frame for frame in stack.frames if not frame.endswith("_[k]")]
        holding += stack.count * (frames[-len(chain) :] == chain)
    return holding / hearth.ticks(stacks)


@pytest.mark.parametrize("build", ["own", "beside"])
def test_inlined_calls(build, builds):
    recorded = hearth.record("-F", 999, "--", builds / build)
    assert share_of(recorded, build, WHOLE) > 0.9, recorded.stacks[:5]


def test_a_folder_of_debug_files(builds, tmp_path):
    """Of --symbols: neither beside the program nor where the system has them."""
    subprocess.run(["objcopy", f"--add-gnu-debuglink={builds / 'beside.debug'}", "--strip-all", builds / "nowhere", tmp_path / "far"], check=True)
    (tmp_path / "gathered").mkdir()
    (builds / "beside.debug").rename(tmp_path / "gathered" / "beside.debug")
    recorded = hearth.record("-F", 999, "--symbols", tmp_path / "gathered", "--", tmp_path / "far")
    assert share_of(recorded, "far", WHOLE) > 0.9, recorded.stacks[:5]


def test_debugging_information_that_cannot_be_inflated(builds, tmp_path):
    """It is said to be larger than a section may be. The functions have their names nevertheless."""
    program = tmp_path / "bomb"
    subprocess.run(["objcopy", "--compress-debug-sections=zlib", builds / "own", program], check=True)
    sections = subprocess.run(["readelf", "-SW", program], check=True, capture_output=True, text=True).stdout
    at = int(re.search(r"\] \.debug_info +PROGBITS +\w+ (\w+)", sections)[1], 16)
    with open(program, "r+b") as file:
        file.seek(at + 8)  # Elf64_Chdr.ch_size
        file.write(struct.pack("<Q", 600 << 20))
    recorded = hearth.record("-F", 999, "--", program)
    assert share_of(recorded, "bomb", ["main", "outer"]) > 0.9, recorded.stacks[:5]
    assert "the debugging information cannot be used, of bomb (it is too large" in recorded.process.stderr
    told = {module["module"]: module["debug_info_error"] for module in recorded.stats["naming"]["modules"]}
    assert told.pop("bomb") == "too_large"
    assert not any(told.values()), told


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """What the debugging information of several has in common lies in a file that dwz made, in a folder that the link names by its ending."""
    folder = tmp_path_factory.mktemp("dwz")
    (folder / "symbols" / ".dwz").mkdir(parents=True)
    for name in ("one", "two"):
        # dwz moves nothing that is not worth it.
        (folder / f"{name}.cpp").write_text("#include <map>\n#include <string>\nstd::map<std::string, int> words;\nextern \"C\" {" + SOURCE + f"int {name}; }}")
        subprocess.run(["g++", "-O2", "-g", "-Wl,--build-id", "-o", folder / name, folder / f"{name}.cpp"], check=True)
    common = folder / "symbols/.dwz/common"
    subprocess.run(["dwz", "-m", common, "-M", "/usr/lib/debug/.dwz/common", "one", "two"], cwd=folder, check=True)
    subprocess.run(["objcopy", "--only-keep-debug", folder / "two", folder / "two.debug"], check=True)
    subprocess.run(["strip", folder / "two"], check=True)
    subprocess.run(["objcopy", f"--add-gnu-debuglink={folder / 'two.debug'}", folder / "two"], check=True)
    return folder


@pytest.mark.parametrize("program", ["one", "two"], ids=["own", "beside"])
def test_what_dwz_moved(program, shared, tmp_path):
    recorded = hearth.record("-F", 999, "--symbols", shared / "symbols", "--", shared / program)
    assert share_of(recorded, program, WHOLE) > 0.9, recorded.stacks[:5]
    # Another file in its place is none.
    other = tmp_path / ".dwz/common"
    other.parent.mkdir()
    subprocess.run(["cp", shared / "one", other], check=True)
    recorded = hearth.record("-F", 999, "--symbols", tmp_path, "--", shared / program)
    assert share_of(recorded, program, ["main", "outer"]) > 0.9, recorded.stacks[:5]


@pytest.fixture
def split(tmp_path):
    """The program has only skeletons of its units; of what they lack there is a package beside it."""
    (tmp_path / "split.c").write_text(SOURCE)
    # The dwp of binutils 2.40 does not know DWARF 5.
    subprocess.run(["clang", "-O2", "-g", "-gsplit-dwarf", "-c", "split.c"], cwd=tmp_path, check=True)
    subprocess.run(["clang", "-o", "split", "split.o"], cwd=tmp_path, check=True)
    subprocess.run(["llvm-dwp", "-e", "split", "-o", "split.dwp"], cwd=tmp_path, check=True)
    (tmp_path / "split.dwo").rename(tmp_path / "moved")
    return tmp_path


def test_a_package_of_split_dwarf(split):
    assert share_of(hearth.record("-F", 999, "--", split / "split"), "split", WHOLE) > 0.9
    # One that not everybody may read, of root or of another user than the program's, is not for it to read either.
    (split / "split.dwp").chmod(0o600)
    assert share_of(hearth.record("-F", 999, "--", split / "split"), "split", ["main", "outer"]) > 0.9
    (split / "split.dwp").chmod(0o644)
    os.chown(split / "split.dwp", 1234, 1234)
    assert share_of(hearth.record("-F", 999, "--", split / "split"), "split", ["main", "outer"]) > 0.9
    # That user's own program has it.
    os.chown(split / "split", 1234, 1234)
    assert share_of(hearth.record("-F", 999, "--", split / "split"), "split", WHOLE) > 0.9


def test_a_package_of_split_dwarf_with_a_debug_file(split):
    subprocess.run(["objcopy", "--only-keep-debug", split / "split", split / "split.debug"], check=True)
    subprocess.run(["strip", split / "split"], check=True)
    subprocess.run(["objcopy", f"--add-gnu-debuglink={split / 'split.debug'}", split / "split"], check=True)
    assert share_of(hearth.record("-F", 999, "--", split / "split"), "split", WHOLE) > 0.9


def test_single_files_of_split_dwarf(split):
    (split / "split.dwp").unlink()
    (split / "moved").rename(split / "split.dwo")
    assert share_of(hearth.record("-F", 999, "--", split / "split"), "split", WHOLE) > 0.9
    # Not where it was compiled, but beside it.
    (split / "beside").mkdir()
    (split / "split").rename(split / "beside/split")
    (split / "split.dwo").rename(split / "beside/split.dwo")
    assert share_of(hearth.record("-F", 999, "--", split / "beside/split"), "split", WHOLE) > 0.9
    (split / "beside/split.dwo").chmod(0o600)
    assert share_of(hearth.record("-F", 999, "--", split / "beside/split"), "split", ["main", "outer"]) > 0.9


def test_without_them(builds):
    recorded = hearth.record("-F", 999, "--no-inline", "--", builds / "own")
    assert share_of(recorded, "own", ["main", "outer"]) > 0.9, recorded.stacks[:5]
    recorded = hearth.record("-F", 999, "--", builds / "nowhere")
    assert share_of(recorded, "nowhere", ["main", "outer"]) > 0.9, recorded.stacks[:5]


def test_a_debug_file_of_two(builds, tmp_path):
    """It is read once, and so is a file that is asked about again with its debug file."""
    subprocess.run(["objcopy", "--only-keep-debug", builds / "own", tmp_path / "of_both"], check=True)
    for name in ("first", "second"):
        subprocess.run(["strip", "-o", tmp_path / name, builds / "own"], check=True)
        subprocess.run(["objcopy", f"--add-gnu-debuglink={tmp_path / 'of_both'}", tmp_path / name], check=True)
    recorded = hearth.record("-F", 999, "--", "sh", "-c", f"{tmp_path}/first & {tmp_path}/second; wait")
    assert share_of(recorded, "first", WHOLE) > 0.9 and share_of(recorded, "second", WHOLE) > 0.9, recorded.stacks[:5]
    assert recorded.stats["naming"]["files"]["found"] >= 3


def test_lines(tmp_path):
    """The hot line of a loop, and of each caller, compiled or inlined, that of its call."""
    lines = SOURCE.strip().replace("{ ", "{\n").replace("; }", ";\n}").replace("; inner", ";\ninner").split("\n")
    (tmp_path / "lines.c").write_text("\n".join(lines) + "\n")
    subprocess.run(["cc", "-O2", "-g", "-o", tmp_path / "lines", tmp_path / "lines.c"], check=True)

    def called(function, text):
        """Each line that has this text."""
        numbers = [number for number, line in enumerate(lines, 1) if text in line]
        assert numbers, lines
        return {f"{function} (lines.c:{number})" for number in numbers}

    recorded = hearth.record("-F", 999, "--lines", "--", tmp_path / "lines")
    calls = [
        {frame.replace(")", ")_[i]") for frame in called("inner", "sink += i * k")},
        {frame.replace(")", ")_[i]") for frame in called("middle", "inner(i")},
        called("outer", "middle(i)"),
        called("main", "outer(2000000)"),
    ]
    stacks = [stack for stack in recorded.stacks if stack.process == "lines" and stack.fate == "complete"]
    hot = 0
    for stack in stacks:
        frames = [frame for frame in stack.frames if not frame.endswith("_[k]")]
        hot += stack.count * all(frame in wanted for frame, wanted in zip(reversed(frames), calls))
    assert hot / hearth.ticks(stacks) > 0.9, stacks[:5]
    without = hearth.record("-F", 999, "--lines", "--no-inline", "--", tmp_path / "lines")
    assert share_of(without, "lines", ["main", "outer"]) > 0.9, without.stacks[:5]


# Built only where there is a Go compiler.
if (hearth.SAMPLES / "goroutines").exists():

    @pytest.mark.parametrize("command", [["cp"], ["strip", "-o"]], ids=["go", "stripped go"])
    def test_go(command, tmp_path):
        """From .gopclntab, where there is no DWARF."""
        program, sample = tmp_path / "go", hearth.SAMPLES / "goroutines"
        subprocess.run([*command, program, sample] if command[0] == "strip" else [*command, sample, program], check=True)
        recorded = hearth.record("-F", 999, "--", program, "1")
        working = [stack for stack in recorded.stacks if "main.sixty" in stack.frames and stack.process == "go"]
        inlined = [stack for stack in working if "main.chain_[i]" in stack.frames]
        assert hearth.ticks(inlined) > 0.8 * hearth.ticks(working) > 0, working[:5]


CPP = r"""
#include <cstdint>
static volatile uint64_t sink;
namespace code {
template <class T> inline __attribute__((always_inline)) void inner(T i) { for (int k = 0; k < 50; k++) sink += i * k; }
template <class T> __attribute__((noinline)) void outer(T n) { for (T i = 0; i < n; i++) inner(i); }
}
int main() { for (int i = 0; i < 35; i++) code::outer<uint64_t>(200000); }
"""


@pytest.mark.parametrize(
    "mode, frames",
    {
        "full": ("void code::outer<unsigned long>(unsigned long)", "void code::inner<unsigned long>(unsigned long)_[i]"),
        "short": ("code::outer<unsigned long>", "code::inner<unsigned long>_[i]"),
        "none": ("_ZN4code5outerImEEvT_", "_ZN4code5innerImEEvT__[i]"),
    }.items(),
)
def test_demangling(tmp_path, mode, frames):
    (tmp_path / "a.cpp").write_text(CPP)
    subprocess.run(["g++", "-O2", "-g", "-o", tmp_path / "a", tmp_path / "a.cpp"], check=True)
    recorded = hearth.record("-F", 999, "--demangle", mode, "--", tmp_path / "a")
    working = [stack for stack in recorded.stacks if any("outer" in frame for frame in stack.frames)]
    inlined = [stack for stack in working if all(frame in stack.frames for frame in frames)]
    assert hearth.ticks(inlined) > 0.8 * hearth.ticks(working) > 0, working[:5]


def nested(levels):
    """Two functions that call each other 1,000 deep, by the bits of a number, each call through so many inlined ones."""
    lines = [
        "#include <stdint.h>", "#include <stdlib.h>", "static volatile uint64_t sink;",
        "void even(uint64_t bits, int depth);", "void odd(uint64_t bits, int depth);",
        "#define INLINED static inline __attribute__((always_inline)) void",
        "INLINED in_0(uint64_t bits, int depth) {",
        "  if (!depth) for (int k = 0; k < 1000000; k++) sink += k;",
        "  else (bits & 1 ? odd : even)(bits >> 1 | bits << 63, depth - 1);",
        "  sink++; }",
        *(f"INLINED in_{i}(uint64_t bits, int depth) {{ in_{i - 1}(bits, depth); }}" for i in range(1, levels)),
        *(f"void {name}(uint64_t bits, int depth) {{ in_{levels - 1}(bits, depth); sink++; }}" for name in ("even", "odd")),
        "int main(void) { for (int i = 0; i < 600; i++) even(rand() | (uint64_t)rand() << 33, 1000); }",
    ]  # fmt: skip
    return "\n".join(lines)


def test_stacks_with_ever_so_many_inlined_calls(tmp_path):
    """200,000 a tick, and no two ticks' the same: memory for them is bounded, and it is said that it was reached."""
    (tmp_path / "nested.c").write_text(nested(200))
    subprocess.run(["cc", "-O1", "-g", "-fno-optimize-sibling-calls", "-o", "nested", "nested.c"], cwd=tmp_path, check=True)
    recorded = hearth.record("-F", 1999, "--", tmp_path / "nested")
    without = recorded.stats["names"]["ticks_without_inlined"]
    assert 0 < without < hearth.ticks(recorded.stacks)
    assert f"{without:,} ticks are shown without the calls that compilers inlined" in recorded.process.stderr
    assert recorded.stats["self"]["rss_peak_bytes"] < 500e6
