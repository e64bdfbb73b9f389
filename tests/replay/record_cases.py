#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Records the cases of tests/replay/ again, as root: `tests/replay/record_cases.py [NAME...]`, by default all.

A recipe is a program, how it is built, and what the tick must look like (case_recorder.c): patterns for the lines of a
case. Addresses differ each time, what is tested does not. Cases that no program here gives are written by hand and
say so: they have no recipe. MUSL_GCC names the musl-gcc of a musl with call frame information (configure
--enable-debug, as Alpine's is built): without it the cases that need one stay as they are.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RECORDER = ROOT / ".output/replay/case_recorder"

CC = ["cc", "-O2", "-fomit-frame-pointer", "-pthread"]
SHAPES, UNWOUND = HERE / "walk_shapes.c", ROOT / "tests/e2e/unwound.c"
MUSL_GCC = os.environ.get("MUSL_GCC", "")
GO = {**os.environ, "GO111MODULE": "off", "CGO_ENABLED": "1"}

# A program by its name: the commands that build it in the folder at hand.
BUILDS = {
    "walk_shapes": [[*CC, "-o", "walk_shapes", SHAPES]],
    "lazy_shapes": [[*CC, "-fno-builtin", "-Wl,-z,lazy", "-o", "lazy_shapes", SHAPES]],
    "realigned_shapes": [[*CC, "-mforce-drap", "-o", "realigned_shapes", SHAPES]],
    "hopper": [["cc", "-O2", "-fomit-frame-pointer", "-fPIC", "-shared", "-o", "hopper0.so", HERE / "hopper.c"]]
    + [["cp", "hopper0.so", f"hopper{i}.so"] for i in range(1, 20)],
    "unwound": [[*CC, "-o", "unwound", UNWOUND]],
    "unwound_static": [[*CC, "-static", "-o", "unwound_static", UNWOUND]],
    "unwound_static_pie": [[*CC, "-static-pie", "-o", "unwound_static_pie", UNWOUND]],
    "unwound_no_pie": [[*CC, "-no-pie", "-o", "unwound_no_pie", UNWOUND]],
    "unwound_stripped": [[*CC, "-s", "-o", "unwound_stripped", UNWOUND]],
    "unwound_musl": [[MUSL_GCC, *CC[1:], "-o", "unwound_musl", UNWOUND]],
    "unwound_musl_static": [[MUSL_GCC, *CC[1:], "-static", "-o", "unwound_musl_static", UNWOUND]],
    "unwound_musl_without_cfi": [["musl-gcc", *CC[1:], "-o", "unwound_musl_without_cfi", UNWOUND]],
    "go_through_c": [["go", "build", "-o", "go_through_c", ROOT / "tests/e2e/goes_through_c.go"]],
    "goroutines": [["go", "build", "-o", "goroutines", ROOT / "samples/goroutines.go"]],
    "without_cfi": [
        ["cc", "-O2", "-ffreestanding", "-nostdlib", "-static", "-no-pie", "-fno-stack-protector"]
        + ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-fno-omit-frame-pointer"]
        + ["-fno-optimize-sibling-calls", "-o", "without_cfi", ROOT / "samples/recursion.c"]
    ],
    "lazy": [[sys.executable, "-c", "import record_cases; record_cases.write_lazy()"]]
    + [["cc", "-O1", "-fomit-frame-pointer", "-shared", "-fPIC", "-o", "liblate.so", "late.c"]]
    + [["cc", "-O1", "-fomit-frame-pointer", "-Wl,-z,lazy,-rpath,$ORIGIN", "-o", "lazy", "lazy.c", "-L.", "-llate"]],
}


def write_lazy(functions=20000):
    """A program that spends its time in the dynamic linker, which looks up each function when it is called first."""
    numbers = range(functions)
    Path("late.c").write_text("".join(f"int late_{i}(void) {{ return {i}; }}\n" for i in numbers))
    Path("lazy.c").write_text(
        "".join(f"int late_{i}(void);\n" for i in numbers)
        + "static __attribute__((noinline)) int calls(void) { int sum = 0;\n"
        + "".join(f"sum += late_{i}();\n" for i in numbers)
        + "return sum; }\nint main(void) { return calls() == 1; }\n"
    )


class Recipe(NamedTuple):
    comment: str
    command: list  # the program's name first, if it is one of BUILDS
    patterns: list
    end: str = "root"
    needs: list = []  # further builds


def leaf(name, rule=""):
    return rf"# 0 {name}(\+[^ ]*)?, {rule}"


def root_in(name):
    return rf"# [0-9]+ {name}(\+[^ ]*)?, root"


PYTHON = "import json; [json.loads(json.dumps({str(i): [i] * 9})) for i in range(300000)]"
NODE = "let a = {}; for (let i = 0; i < 9e6; i++) a['k' + i % 5000] = JSON.stringify({ i, b: [i] })"
LAZY_RUNS = ["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ./lazy; done"]
HOPS = ["walk_shapes", "hops", *(f"./hopper{i}.so" for i in range(20))]

RECIPES = {
    # Leaves.
    "leaf_prologue": Recipe(
        "A leaf that has pushed some of the registers that it saves.",
        ["walk_shapes", "prologues"],
        [r"# 0 saves_registers\+0x[1-9a], sp (24|32|40|48) "],
    ),
    "leaf_epilogue": Recipe(
        "A leaf that has popped some of the registers that it saved.",
        ["walk_shapes", "prologues"],
        [r"# 0 saves_registers\+0x1[0-9a-f], sp (16|24|32|40|48) "],
    ),
    "leaf_frameless": Recipe(
        "A leaf without a frame: nothing but the return address lies on the stack.",
        ["walk_shapes", "spin"],
        [leaf("spin", "sp 8 "), root_in("_start")],
    ),
    "leaf_system_call": Recipe(
        "In a system call the saved PC is a return address already.",
        ["dd", "if=/dev/zero", "of=/dev/null", "bs=64K", "count=2000000"],
        ["^leaf return", leaf("_*read"), root_in(".*")],
    ),
    "leaf_cfa_register": Recipe(
        "OpenSSL's AES in counter mode keeps its CFA in r11.",
        ["openssl", "speed", "-seconds", "3", "-bytes", "16384", "-evp", "aes-128-ctr"],
        [r"# 0 [^,]*, register [0-9]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ 11$"],
    ),
    "leaf_cfa_dereferenced": Recipe(
        "OpenSSL's SHA-256, without the processor's own instructions for it, keeps its CFA in its frame, by rsp.",
        ["env", "OPENSSL_ia32cap=:~0x20000000", "openssl", "speed", "-seconds", "9", "-bytes", "16384", "-evp", "sha256"],
        [r"# 0 [^,]*, sp_deref "],
    ),
    "vfork": Recipe(
        "glibc's vfork keeps its return address in rdi, for the child would write over it.",
        ["walk_shapes", "forks"],
        [leaf("_*vfork", "[^ ]+ [^ ]+ register ")],
    ),
    "vdso": Recipe("A clock read in the vdso, which no file holds.", ["walk_shapes", "clocks"], [r"^frame vdso .* # 0 "]),
    "linkage_table": Recipe(
        "Through an entry of the linkage table that is bound already: its jump.",
        ["lazy_shapes", "through_linkage_table"],
        [r"# 0 [^,]*, plt "],
    ),
    "linkage_table_lazy": Recipe(
        "An entry of the linkage table that is not bound yet, behind its push: the CFA is a word further up.",
        LAZY_RUNS,
        [r"^frame lazy 0x[0-9a-f]*[bcdef] # 0 [^,]*, plt "],
        needs=["lazy"],
    ),
    "lazy_binding": Recipe(
        "The dynamic linker looks a function up: _dl_runtime_resolve finds its CFA by rbx, which those that it calls saved.",
        LAZY_RUNS,
        [r"# [0-9]+ _dl_runtime_resolve[^,]*, register ", "base_same|base_saved", root_in("_start")],
        needs=["lazy"],
    ),
    # Frames.
    "realigned": Recipe(
        "A function that realigns its stack: its CFA stands in its frame, by rbp.",
        ["realigned_shapes", "realigns"],
        [leaf("spin"), r"# 1 realigned[^,]*, fp_deref "],
    ),
    "signal": Recipe(
        "A handler runs on the stack of what it interrupted: a system call of the same thread.",
        ["unwound", "signal", "9"],
        [leaf("burn"), "# [0-9]+ handle[^,]*", ", signal ", root_in("_start")],
    ),
    "signal_other_stack": Recipe(
        "A handler runs on a stack of its own, in another mapping.",
        ["walk_shapes", "on_other_stack"],
        [leaf("spin"), ", signal ", root_in("_start")],
    ),
    "signal_anywhere": Recipe(
        "A handler interrupted code that calls nothing: the row is that of its PC, not of the byte before.",
        ["walk_shapes", "timed"],
        [leaf("spin"), ", signal ", "# 3 interrupted_anywhere"],
    ),
    "signal_at_entry": Recipe(
        "A handler interrupted a function at its first instruction: the byte before is another function's.",
        ["unwound", "trap", "9"],
        [leaf("burn"), ", signal ", r"# [0-9]+ traps\+0x0, "],
    ),
    "return_elsewhere": Recipe(
        "A return address that is kept elsewhere than right below the CFA.",
        ["walk_shapes", "return_elsewhere"],
        [r"# 1 return_elsewhere[^,]*, sp 32 offset "],
    ),
    "fp_undefined": Recipe(
        "A frame whose rule says that the caller's rbp is lost; nobody further up needs it.",
        ["walk_shapes", "fp_undefined"],
        [r"# 1 fp_undefined[^,]*, sp 16 above unknown "],
    ),
    "fp_needed": Recipe(
        "A frame whose rule says that the caller's rbp is lost, by which that one's CFA is found.",
        ["walk_shapes", "loses_fp"],
        [r"# 2 needs_fp[^,]*, fp "],
        "bad_stack",
    ),
    # Code without CFI.
    "no_cfi": Recipe(
        "A function without CFI, left by its frame pointer, between others with CFI.",
        ["walk_shapes", "mixes_chain"],
        [leaf("spin"), "# [1-4] keeps_fp[^,]*, no_cfi ", root_in("_start")],
    ),
    "no_cfi_chain_ends": Recipe(
        "A function without CFI whose frame pointer is 0: the chain ends, no root is proven.",
        ["walk_shapes", "ends_chain"],
        [leaf("spin")],
        "no_root",
    ),
    "no_cfi_program": Recipe(
        "A program without CFI and C library, along its frame pointers up to its entry.",
        ["without_cfi", "9"],
        [r"# [0-9]+ main[^,]*, no_cfi "],
        "root|no_root",
    ),
    "no_cfi_lost": Recipe(
        "A function without CFI that uses rbp for something else: what stands there is no caller.",
        ["walk_shapes", "lost_chain"],
        [leaf("spin")],
        "bad_caller",
    ),
    "jit": Recipe(
        "Code that node made at run time, in no file: by its frame pointers to node's own CFI, and to the root.",
        ["node", "-e", NODE],
        [r"^frame anonymous", root_in("_start")],
    ),
    # Roots.
    "root_thread": Recipe(
        "glibc's thread: clone3 is the root.",
        ["unwound", "thread", "9"],
        [leaf("burn"), "# [0-9]+ chain_1", root_in("_*clone3?")],
    ),
    "root_process": Recipe(
        "glibc's process: _start is the root.", ["unwound", "chain", "9"], [leaf("burn"), root_in("_start")]
    ),
    "static": Recipe("A static program.", ["unwound_static", "chain", "9"], [leaf("burn"), root_in("_start")]),
    "static_pie": Recipe(
        "A static program at any address.", ["unwound_static_pie", "chain", "9"], [leaf("burn"), root_in("_start")]
    ),
    "static_thread": Recipe(
        "A thread of a static program.", ["unwound_static", "thread", "9"], [leaf("burn"), root_in("_*clone3?")]
    ),
    "no_pie": Recipe(
        "A program at a fixed address.", ["unwound_no_pie", "chain", "9"], [leaf("burn"), root_in("_start")]
    ),
    "stripped": Recipe(
        "A stripped program: nothing has a name.",
        ["unwound_stripped", "chain", "9"],
        [r"^frame unwound_stripped .* # 0 \?", "# 11 "],
    ),
    "musl_process": Recipe(
        "musl's process: its entry has no CFI, and is known as the entry.",
        ["unwound_musl", "chain", "9"],
        [leaf("burn"), "# [0-9]+ libc_start_main_stage2", root_in("_start")],
    ),
    "musl_thread": Recipe(
        "musl's thread: the CFI of __clone leads nowhere, it is known by its bytes.",
        ["unwound_musl", "thread", "9"],
        [leaf("burn"), root_in("__clone")],
    ),
    "musl_signal": Recipe(
        "musl's return from a handler has the CFI of any function, and is known by its bytes; a static program.",
        ["unwound_musl_static", "signal", "9"],
        [leaf("burn"), ", signal ", root_in("_start")],
    ),
    "musl_without_cfi": Recipe(
        "Debian's musl has no CFI and keeps no frame pointer: what called main cannot be told.",
        ["unwound_musl_without_cfi", "chain", "9"],
        [leaf("burn"), "# [0-9]+ main"],
        "no_root",
    ),
    "deleted": Recipe(
        "A program whose file is gone while it runs.", ["walk_shapes", "removes_itself"], [leaf("spin"), root_in("_start")]
    ),
    # Go.
    "go_root_goexit": Recipe(
        "A goroutine: frame pointers and .gopclntab to runtime.goexit.",
        ["goroutines", "9"],
        [root_in(r"runtime\.goexit[^,]*"), r"# [0-9]+ main\.sixty"],
    ),
    "go_root_mstart": Recipe(
        "A thread's own stack in Go, in the scheduler: runtime.mstart.",
        ["go_through_c", "9"],
        [root_in(r"runtime\.mstart[^,]*")],
    ),
    "go_root_rt0": Recipe(
        "The first thread's own stack in Go: runtime.rt0_go.",
        ["sh", "-c", "while :; do ./goroutines 0.01; done"],
        [root_in(r"runtime\.rt0_go[^,]*")],
        needs=["goroutines"],
    ),
    "go_systemstack": Recipe(
        "Go's runtime on the thread's stack, on behalf of a goroutine on its own.",
        ["go_through_c", "9"],
        [r"# [0-9]+ runtime\.systemstack[^,]*, fp_switch ", root_in(r"runtime\.goexit[^,]*")],
    ),
    "go_calls_c": Recipe(
        "Go calls C, which runs on the thread's stack.",
        ["go_through_c", "9"],
        [leaf("c_burn"), ", go_stack ", root_in(r"runtime\.goexit[^,]*")],
    ),
    "c_calls_go": Recipe(
        "Go calls C, which calls Go: over three stacks, the first of which was moved meanwhile.",
        ["go_through_c", "9"],
        [leaf(r"main\.goBurn"), "# [0-9]+ c_calls_back", ", go_stack ", root_in(r"runtime\.goexit[^,]*")],
    ),
    # Depths.
    "deep": Recipe(
        "A stack of more frames than a memo holds, on a thread.", ["walk_shapes", "threads"], [leaf("spin"), "[1-3] recurse"]
    ),
    "too_deep": Recipe(
        "A stack of more frames than a walk takes.", ["walk_shapes", "too_deep"], [leaf("spin")], "max_depth"
    ),
    "many_files": Recipe(
        "A stack through more files than a memo has room for.", HOPS, [leaf("spin"), "# 18 hop"], needs=["walk_shapes", "hopper"]
    ),
    "python": Recipe("The distribution's python3, stripped and optimised.", ["/usr/bin/python3", "-c", PYTHON], ["# 20 "]),
    "java": Recipe(
        "Code that the JVM made at run time, and its interpreter: by frame pointers up to what the JVM is built of.",
        ["java", ROOT / "tests/accuracy/JavaWork.java", "9"],
        ["^frame anonymous", "# 1[0-9] "],
        "root|no_root|bad_caller",
    ),
    "compiler": Recipe(
        "gcc's cc1, compiling: a real stack of some thirty frames of all sizes.",
        ["sh", "-c", f"for i in 1 2 3 4 5 6 7 8; do cc -O2 -g -S -o /dev/null {SHAPES}; done"],
        ["^frame cc1 .*# 25 "],
    ),
    # Ends that are none.
    "loop_by_fp": Recipe(
        "A frame without CFI that is its own caller: frame pointers must ascend.",
        ["walk_shapes", "loops_by_fp"],
        [leaf("spin")],
        "no_root",
    ),
    "loop_by_signal": Recipe(
        "A signal frame that interrupted itself: nothing says that it ends, but the number of frames.",
        ["walk_shapes", "loops_by_signal"],
        [leaf("spin")],
        "max_depth",
    ),
    "stack_below": Recipe(
        "CFI that leads downwards.", ["walk_shapes", "stack_below"], [leaf("spin")], "bad_stack"
    ),
    "cfa_by_lost_register": Recipe(
        "A CFA by a register that only a leaf's frame still has.",
        ["walk_shapes", "cfa_by_lost_register"],
        [leaf("spin")],
        "bad_stack",
    ),
    "stack_protected": Recipe(
        "The caller's frame lies on a page that cannot be read.",
        ["walk_shapes", "protects"],
        [leaf("spin")],
        "stack_unreadable",
    ),
    "inexpressible": Recipe(
        "CFI that no rule can say.", ["walk_shapes", "inexpressible"], [leaf("spin")], "not_expressible"
    ),
    "rows_missing": Recipe(
        "A file whose rows are not there, below one that has them: the first ticks.",
        ["walk_shapes", "clocks"],
        ["^frame vdso .* # 0 ", "# 1 "],
        "rows_missing",
    ),
}  # fmt: skip


def build(name, folder):
    """Its programs are there afterwards, freshly built: some cases remove them."""
    for command in BUILDS[name]:
        environment = {**GO, "PYTHONPATH": str(HERE)}
        subprocess.run(command, cwd=folder, env=environment, check=True)


def record(name, recipe):
    command, needs = list(recipe.command), set(recipe.needs)
    with tempfile.TemporaryDirectory(prefix="hearth-replay-") as folder:
        if command[0] in BUILDS:
            needs.add(command[0])
            command[0] = f"./{command[0]}"
        for program in sorted(needs):
            build(program, folder)
        patterns = [part for pattern in [*recipe.patterns, f"^end ({recipe.end})$"] for part in ("-m", pattern)]
        arguments = [RECORDER, "-c", recipe.comment, "-o", HERE / f"{name}.case", *patterns]
        return subprocess.run([*arguments, "--", *command], cwd=folder, stdout=subprocess.DEVNULL).returncode == 0


def needs_musl(recipe):
    return recipe.command[0] in ("unwound_musl", "unwound_musl_static")


def main(names):
    unknown = set(names) - set(RECIPES)
    if unknown:
        print(f"there is no recipe for {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    subprocess.run(["make", "-s", "case-recorder"], cwd=ROOT, check=True)
    possible = [name for name in names or RECIPES if MUSL_GCC or not needs_musl(RECIPES[name])]
    failed = [name for name in possible if not record(name, RECIPES[name])]
    for name in failed:
        print(f"{name}: no tick was like that")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
