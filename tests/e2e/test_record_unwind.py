# SPDX-License-Identifier: Apache-2.0
"""Whole stacks, with a proven root, from optimised code without frame pointers."""

import collections
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

CHAIN = [f"chain_{i}" for i in range(1, 10)] + ["burn"]


@pytest.fixture(scope="module")
def unwound(tmp_path_factory):
    """The program by its build: as distributions build, stripped, static, position-dependent."""
    folder = tmp_path_factory.mktemp("unwound")
    source = Path(__file__).with_name("unwound.c")
    builds = {"plain": [], "static": ["-static"], "no-pie": ["-no-pie"]}
    for name, options in builds.items():
        subprocess.run(
            ["cc", "-O2", "-fomit-frame-pointer", "-pthread", *options, "-o", folder / name, source], check=True
        )
    subprocess.run(["strip", "-o", folder / "stripped", folder / "plain"], check=True)
    return folder


def record(*command):
    return hearth.record("-F", 999, "--", *command)


def assert_whole(recorded):
    """Of the ticks that fired next to all reach a proven root, also those from before the files' rows were there.

    What is left: start-up code that leaves its own stack in between.
    """
    ticks = recorded.stats["ticks"]
    assert ticks["complete"] >= 0.97 * (ticks["due"] - ticks["lost"]["late"]), ticks
    assert ticks["truncated"]["rows_missing"] + ticks["truncated"]["snapshot_full"] == 0, unfinished(recorded)


def unfinished(recorded):
    """What to look at where a stack that lacked rows was not mended."""
    lacking = [stack for stack in recorded.stacks if stack.fate != "complete"]
    return f"{lacking}\n{recorded.stats}"


def complete(recorded, process):
    return [stack for stack in recorded.stacks if stack.fate == "complete" and stack.process == process]


def holds_in_order(frames, wanted):
    rest = iter(frames)
    return all(frame in rest for frame in wanted)


@pytest.mark.parametrize("build", ["plain", "static", "no-pie"])
def test_chain(build, unwound):
    recorded = record(unwound / build, "chain", "1")
    assert_whole(recorded)
    burning = [stack for stack in complete(recorded, build) if "burn" in stack.frames]
    assert sum(stack.count for stack in burning) > 400
    for stack in burning:
        assert holds_in_order(stack.frames, ["_start", "main", *CHAIN]), stack
        assert stack.frames.count("burn") == 1


# A program that keeps frame pointers and has no CFI, as Chromium is built; it spends its time in a library that does.
WITHOUT_CFI = r"""
#include <stdlib.h>
#include <string.h>
#include <time.h>
size_t length_of(const char *);
static char *text;
static volatile size_t length;
__attribute__((noinline)) void measure(void) { length += length_of(text); __asm__ volatile(""); }
__attribute__((noinline)) void measure_all(void) { measure(); __asm__ volatile(""); }
int main(void)
{
	text = malloc(8 << 20);
	memset(text, 'a', (8 << 20) - 1);
	text[(8 << 20) - 1] = 0;
	while (clock() < CLOCKS_PER_SEC / 2)
		measure_all();
	return 0;
}
"""


# Not the C library's strlen(), whose variants have names in its debug file alone.
LENGTH_OF = r"""
#include <stddef.h>
size_t length_of(const char *text)
{
	size_t length = 0;
	while (text[length])
		length++;
	return length;
}
"""


def test_first_ticks_below_callers_without_cfi(tmp_path):
    """They are left by their frame pointers on the kernel side, so a snapshot gives as much."""
    program, library = tmp_path / "without_cfi", tmp_path / "liblength.so"
    build = ["cc", "-O1", "-fomit-frame-pointer", "-fPIC", "-shared"]
    subprocess.run([*build, "-xc", "-o", library, "-"], input=LENGTH_OF, text=True, check=True)
    options = ["-O1", "-fno-builtin", "-fno-omit-frame-pointer", "-fno-asynchronous-unwind-tables",
               "-fno-optimize-sibling-calls"]  # fmt: skip
    link = ["-xnone", library, f"-Wl,-rpath,{tmp_path}"]
    subprocess.run(["cc", *options, "-xc", "-o", program, "-", *link], input=WITHOUT_CFI, text=True, check=True)
    recorded = record(program)
    assert recorded.stats["mended"] > 0
    # Where the program itself was interrupted it may not have made its frame: this stays rows_missing.
    below = [stack for stack in recorded.stacks
             if stack.process == "without_cfi" and "length_of" in stack.frames]  # fmt: skip
    assert {stack.fate for stack in below} == {"complete"}, below
    for stack in below:
        assert holds_in_order(stack.frames, ["_start", "main", "measure_all", "measure"]), stack


# A leaf in assembly, as such code is: no CFI, no frame. Its caller keeps a frame pointer.
LEAF_WITHOUT_CFI = r"""
__asm__(".text\n.globl leaf\n.type leaf, @function\nleaf: dec %rdi\n jnz leaf\n ret\n.size leaf, . - leaf\n");
void leaf(long);
__attribute__((noinline)) void inner(void) { leaf(1000000); __asm__ volatile(""); }
__attribute__((noinline)) void outer(void) { inner(); __asm__ volatile(""); }
int main(void)
{
	for (int i = 0; i < 1500; i++)
		outer();
	return 0;
}
"""


def test_leaf_without_cfi_is_marked(tmp_path):
    """It is left by the frame pointer of its caller, which is missing: complete, for the root is proven, but said."""
    program = tmp_path / "leaf"
    options = ["-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"]
    subprocess.run(["cc", *options, "-xc", "-o", program, "-"], input=LEAF_WITHOUT_CFI, text=True, check=True)
    recorded = record(program)
    ticks = recorded.stats["ticks"]
    marked = ticks["may_lack_caller"]
    lacking = sum(stack.count for stack in complete(recorded, "leaf")
                  if holds_in_order(stack.frames, ["_start", "main", "outer", "leaf"]) and "inner" not in stack.frames)  # fmt: skip
    assert 100 < lacking <= marked <= ticks["complete"], ticks
    assert lacking >= 0.97 * (ticks["due"] - ticks["lost"]["late"]), ticks
    said = re.search(r" complete \((\d+\.\d\d) % may lack the caller", recorded.process.stderr)[1]
    assert float(said) == pytest.approx(100 * marked / ticks["due"], abs=0.0101)


# As CPython's trampolines of -X perf: sub $8,%rsp; call *%rdi; add $8,%rsp; ret, in memory of its own.
TRAMPOLINE = r"""
#include <string.h>
#include <sys/mman.h>

static volatile unsigned long sum;

__attribute__((noinline)) void inner(void)
{
	for (int i = 0; i < 1000; i++)
		sum += i;
}

__attribute__((noinline)) void outer(void (*through)(void (*)(void)))
{
	for (int i = 0; i < 2000000; i++)
		through(inner);
	sum++;
}

int main(void)
{
	static const unsigned char code[] = { 0x48, 0x83, 0xec, 8, 0xff, 0xd7, 0x48, 0x83, 0xc4, 8, 0xc3 };
	void *made = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(made, code, sizeof(code));
	outer((void (*)(void (*)(void)))made);
	return (int)(sum & 1);
}
"""


def test_a_runtimes_code_that_only_gives_its_frame_back(tmp_path):
    """It keeps no frame pointer: its bytes behind the call tell where its frame ends."""
    program = tmp_path / "through"
    options = ["-O2", "-fomit-frame-pointer"]
    subprocess.run(["cc", *options, "-xc", "-o", program, "-"], input=TRAMPOLINE, text=True, check=True)
    recorded = record(program)
    ticks = recorded.stats["ticks"]
    whole = [stack for stack in complete(recorded, "through")
             if holds_in_order(stack.frames, ["_start", "main", "outer", "[unknown]", "inner"])]  # fmt: skip
    assert hearth.ticks(whole) > 0.9 * (ticks["due"] - ticks["lost"]["late"]) > 100, unfinished(recorded)


def test_code_with_cfi_is_not_marked(unwound):
    recorded = record(unwound / "plain", "chain", "0.3")
    assert recorded.stats["ticks"]["may_lack_caller"] <= 2, recorded.stats["ticks"]  # start-up code


def test_stripped(unwound):
    """No names of its own are left; the frames are, one for each call."""
    recorded = record(unwound / "stripped", "chain", "1")
    assert_whole(recorded)
    depths = collections.Counter()
    for stack in complete(recorded, "stripped"):
        depths[sum(frame == "[stripped]" for frame in stack.frames)] += stack.count
    whole = len(["_start", "main", *CHAIN])
    assert depths.most_common(1)[0][0] == whole, depths
    # burn() may be on its way to the clock, through the linkage table: that is a frame of the file, too.
    assert max(depths) <= whole + 1, depths


def test_thread(unwound):
    recorded = record(unwound / "plain", "thread", "1")
    assert_whole(recorded)
    burning = [stack for stack in complete(recorded, "plain") if "burn" in stack.frames]
    assert sum(stack.count for stack in burning) > 400
    for stack in burning:
        assert holds_in_order(stack.frames, ["run_thread", *CHAIN]), stack
        # The C library's debug file may not be there.
        assert stack.frames[stack.frames.index("run_thread") - 1] in ("start_thread", "[libc.so.6]"), stack


def test_signal_handler(unwound):
    """Below the handler stands what it interrupted."""
    recorded = record(unwound / "plain", "signal", "1")
    assert_whole(recorded)
    burning = [stack for stack in complete(recorded, "plain") if "burn" in stack.frames]
    assert sum(stack.count for stack in burning) > 400
    for stack in burning:
        assert holds_in_order(stack.frames, ["_start", "main", "interrupted", "handle", *CHAIN]), stack


@pytest.mark.parametrize("build", ["plain", "static", "no-pie"])
def test_signal_at_a_functions_first_instruction(build, unwound):
    """What was interrupted was not called from there: the byte before is another function's."""
    recorded = record(unwound / build, "trap", "1")
    assert_whole(recorded)
    burning = [stack for stack in complete(recorded, build) if "burn" in stack.frames]
    assert sum(stack.count for stack in burning) > 400
    for stack in burning:
        assert holds_in_order(stack.frames, ["_start", "main", "traps", "handle", *CHAIN]), stack
        assert "laid_out_before" not in stack.frames, stack
        # Nor is the handler's own caller called from anywhere. The C library's debug file may not be there.
        returned_to = ["__restore_rt"] if build == "static" else ["__restore_rt", "[libc.so.6]"]
        assert stack.frames[stack.frames.index("handle") - 1] in returned_to, stack


# Two stacks of makecontext(), whose functions take turns.
CONTEXTS = r"""
#include <time.h>
#include <ucontext.h>
static ucontext_t contexts[2], first;
static char stacks[2][64 << 10];
static volatile unsigned int spins;
__attribute__((noinline)) static void spin(void) { for (int i = 0; i < 1000000; i++) spins++; }
static void take_turns(int own)
{
	while (clock() < CLOCKS_PER_SEC) {
		spin();
		swapcontext(&contexts[own], &contexts[!own]);
	}
}
int main(void)
{
	for (int i = 0; i < 2; i++) {
		getcontext(&contexts[i]);
		contexts[i].uc_stack.ss_sp = stacks[i];
		contexts[i].uc_stack.ss_size = sizeof(stacks[i]);
		contexts[i].uc_link = &first;
		makecontext(&contexts[i], (void (*)(void))take_turns, 1, i);
	}
	return swapcontext(&first, &contexts[0]);
}
"""


@pytest.mark.parametrize("options", [[], ["-static"]])
def test_contexts(options, tmp_path):
    """A stack of makecontext() begins behind nothing: its first function returns to where no call is."""
    program = tmp_path / "contexts"
    command = ["cc", "-O2", "-fomit-frame-pointer", *options, "-xc", "-o", program, "-"]
    subprocess.run(command, input=CONTEXTS, text=True, check=True)
    recorded = record(program)
    assert_whole(recorded)
    assert recorded.stats["mended"] == recorded.stats["snapshots"] > 0, recorded.stats
    spinning = [stack for stack in complete(recorded, "contexts") if "spin" in stack.frames]
    assert sum(stack.count for stack in spinning) > 400
    for stack in spinning:
        assert holds_in_order(stack.frames, ["take_turns", "spin"]), stack
        assert "main" not in stack.frames, stack


def test_in_system_calls():
    """Both halves, joined: at each tick, not only at a system call's first. The loader reads, too, before there is a program."""
    recorded = record("dd", "if=/dev/zero", "of=/dev/null", "bs=8M", "count=2000")
    assert_whole(recorded)
    reads = [stack for stack in complete(recorded, "dd") if "vfs_read_[k]" in stack.frames and "_dl_start" not in stack.frames]
    assert sum(stack.count for stack in reads) > 100
    for stack in reads:
        assert holds_in_order(stack.frames, ["__libc_start_main", "read", "entry_SYSCALL_64_after_hwframe_[k]"]), stack


def test_non_pie_programs_alternate_on_a_recycled_mm(tmp_path):
    """The same thread, the same mm, the same sequence of its lock, the same addresses: another program."""
    source = Path(__file__).with_name("alternating.c")
    names = ["first", "second", "third"]
    for padding, name in enumerate(names):
        macros = [f"-DNAME=of_{name}", f"-DPADDING={padding}"]
        command = ["cc", "-O2", "-fomit-frame-pointer", "-static", "-no-pie", *macros, "-o", tmp_path / name, source]
        subprocess.run(command, check=True)
    programs = [tmp_path / name for name in names]
    recorded = record(programs[0], "150", *programs)
    for name in names:
        own = [stack for stack in complete(recorded, name) if "burn" in stack.frames]
        assert sum(stack.count for stack in own) > 50
        for stack in own:
            assert holds_in_order(stack.frames, ["_start", "main", f"of_{name}", "burn"]), stack


def test_real_program():
    """The distribution's python3: stripped, optimised, without frame pointers."""
    recorded = record("/usr/bin/python3", "-c", "sum(hash(str(i)) for i in range(2000000))")
    assert_whole(recorded)


def test_call_frame_information_of_the_debug_file(tmp_path):
    """A program without .eh_frame, of which a debug file beside it has .debug_frame."""
    program, source = tmp_path / "bare", Path(__file__).with_name("unwound.c")
    options = ["-O2", "-g", "-fomit-frame-pointer", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"]
    for command in (
        ["cc", *options, "-pthread", "-o", program, source],
        ["objcopy", "--only-keep-debug", program, "bare.debug"],
        ["strip", program],
        ["objcopy", "--add-gnu-debuglink=bare.debug", program],
    ):
        subprocess.run(command, cwd=tmp_path, check=True)
    sections = subprocess.run(["readelf", "-SW", program], check=True, capture_output=True, text=True).stdout
    assert ".debug_frame" not in sections
    recorded = record(program, "chain", "1")
    assert_whole(recorded)
    burning = [stack for stack in complete(recorded, "bare") if "burn" in stack.frames]
    assert sum(stack.count for stack in burning) > 400
    for stack in burning:
        assert holds_in_order(stack.frames, ["_start", "main", *CHAIN]), stack


LAZY_FUNCTIONS = 20000


def assembly_of(name, *lines):
    """A function that others may call, with its call frame information."""
    body = "".join(f"\t{line}\n" for line in lines)
    return f".globl {name}\n.type {name}, @function\n{name}:\n.cfi_startproc\n{body}.cfi_endproc\n.size {name}, . - {name}\n"


@pytest.fixture(scope="module")
def lazy(tmp_path_factory):
    """A program that spends its time in the dynamic linker, which looks up each function when it is called first. A compiler would take long for so many."""
    folder = tmp_path_factory.mktemp("lazy")
    names = [f"bound_late_{i}" for i in range(LAZY_FUNCTIONS)]
    late = [assembly_of(name, f"mov ${i}, %eax", "ret") for i, name in enumerate(names)]
    enter, leave = ("sub $8, %rsp", ".cfi_adjust_cfa_offset 8"), ("add $8, %rsp", ".cfi_adjust_cfa_offset -8")
    calls = assembly_of("calls", *enter, *(f"call {name}@PLT" for name in names), *leave, "xor %eax, %eax", "ret")
    for name, functions in (("lib.s", late), ("calls.s", [calls])):
        (folder / name).write_text(".text\n" + "".join(functions) + '.section .note.GNU-stack, "", @progbits\n')
    (folder / "main.c").write_text("int calls(void);\nint main(void) { return calls() == 1; }\n")
    for command in (
        ["-shared", "-o", "liblate.so", "lib.s"],
        ["-Wl,-z,lazy", "-Wl,-rpath,$ORIGIN", "-o", "lazy", "main.c", "calls.s", "-L.", "-llate"],
    ):
        subprocess.run(["cc", "-O1", "-fomit-frame-pointer", *command], cwd=folder, check=True)
    return folder / "lazy"


def test_lazy_binding(lazy):
    """_dl_runtime_resolve finds its frame by rbx, which those that it calls have saved."""
    recorded = record("sh", "-c", f"for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do {lazy}; done")
    assert_whole(recorded)
    below_the_linker = [
        stack for stack in complete(recorded, "lazy") if re.search("calls;[^;]*(ld-linux|_dl_)", ";".join(stack.frames))
    ]
    assert sum(stack.count for stack in below_the_linker) > 20
    for stack in below_the_linker:
        assert holds_in_order(stack.frames, ["_start", "main", "calls"]), stack


def test_processes_of_a_few_milliseconds():
    """Rows belong to files: once a file is known, its processes are unwound from their first tick."""
    ticks = record(*hearth.sample("fork_storm", 2)).stats["ticks"]
    assert ticks["complete"] >= 0.95 * (ticks["due"] - ticks["lost"]["late"]), ticks


def test_start_of_programs_without_debug_files(tmp_path):
    """A dynamic linker without names: it runs first in every program, and what the kernel jumps to has no caller."""
    out = tmp_path / "out.folded"
    hide = 'if [ -d /usr/lib/debug ]; then mount -t tmpfs hearth-test /usr/lib/debug; fi && exec "$@"'
    command = [hearth.BINARY, "record", "-F", 999, "-o", out, "--", *hearth.sample("fork_storm", 2)]
    with hearth.Child("unshare", "-m", "sh", "-c", hide, "sh", *command) as child:
        ended = child.end()
    assert ended.returncode == 0, ended
    fired = [stack for stack in hearth.read_folded(out) if stack.fate != "lost"]
    linker = [stack for stack in fired if stack.frames[:1] and stack.frames[0].startswith("[ld-linux")]
    assert hearth.ticks(linker) > 20
    for stack in linker:
        assert stack.fate == "complete", stack
    assert hearth.ticks(fired, lambda stack: stack.fate == "complete") >= 0.95 * hearth.ticks(fired)


def test_large_program_from_its_first_tick(tmp_path):
    """A program of 30 MB that nobody has met: its ticks until the rows are there bring their stacks, which are unwound apart."""
    compiler = subprocess.run(["cc", "-print-prog-name=cc1"], stdout=subprocess.PIPE, check=True, text=True)
    fresh = shutil.copy(compiler.stdout.strip(), tmp_path / "fresh_cc1")
    source = tmp_path / "source.c"
    source.write_text("".join(f"int f{i}(int a) {{ return a % {i + 1} ? f{i - 1}(a) : {i}; }}\n" for i in range(1, 500)))
    recorded = record(fresh, "-quiet", "-O2", "-w", source, "-o", tmp_path / "out.s")
    assert_whole(recorded)
    assert recorded.stats["snapshots"] >= 5, recorded.stats
    assert recorded.stats["mended"] == recorded.stats["snapshots"], unfinished(recorded)


def test_stack_that_grows_below_a_large_frame(growing_stack):
    """Until its lower end is touched the stack pointer lies below the stack's mapping, in none."""
    recorded = record(growing_stack, "1")
    assert_whole(recorded)
    assert recorded.stats["snapshots"] >= 5, recorded.stats
    assert recorded.stats["mended"] == recorded.stats["snapshots"], unfinished(recorded)
    growing = [stack for stack in complete(recorded, "growing_stack") if "grow" in stack.frames]
    assert hearth.ticks(growing, lambda stack: "asm_exc_page_fault_[k]" in stack.frames) > 300
    for stack in growing:
        assert holds_in_order(stack.frames, ["_start", "main", "grow"]), stack


def test_many_executable_mappings_from_the_first_tick(many_mappings):
    """A snapshot has room for the outer ones, where the program and its libraries are."""
    recorded = record(many_mappings, "direct", "600")
    assert_whole(recorded)
    assert recorded.stats["snapshots"] > 0
    assert recorded.stats["mended"] == recorded.stats["snapshots"], recorded.stats


# Built only where there is a Go compiler.
if (hearth.SAMPLES / "goroutines").exists():

    @pytest.fixture(scope="module")
    def go_programs(tmp_path_factory):
        """By build: the sample, and Go that calls C, which calls Go; each also without names and .debug_frame."""
        folder = tmp_path_factory.mktemp("go")
        (folder / "goroutines").symlink_to(hearth.SAMPLES / "goroutines")
        subprocess.run(["strip", "-o", folder / "stripped", folder / "goroutines"], check=True)
        for name, options in {"cgo": [], "cgo-stripped": ["-buildmode=pie", "-ldflags=-s -w"]}.items():
            subprocess.run(
                ["go", "build", *options, "-o", folder / name, Path(__file__).with_name("goes_through_c.go")],
                env={**os.environ, "GO111MODULE": "off", "CGO_ENABLED": "1"},
                check=True,
            )
        return folder

    def assert_nearly_all_complete(recorded, share=0.995):
        ticks = recorded.stats["ticks"]
        assert ticks["complete"] >= share * (ticks["due"] - ticks["lost"]["late"]), ticks

    # A stack that is deeper than its snapshot, of what a tick on the thread's own stack leads to: once in a while.
    FIRST_TICKS_WHOLE = 0.9

    @pytest.mark.parametrize("strips", [False, True])
    def test_go_from_its_first_tick(strips, tmp_path):
        """The Go compiler, of 25 MB, that nobody has met: its ticks until the rows are there wait for them."""
        root = subprocess.run(["go", "env", "GOROOT"], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
        fresh = Path(shutil.copy(next(Path(root, "pkg/tool").glob("*/compile")), tmp_path / "fresh_compile"))
        if strips:
            subprocess.run(["strip", fresh], check=True)
        source = tmp_path / "source.go"
        source.write_text("package source\n" + "".join(f"func F{i}(a int) int {{ return a * {i} }}\n" for i in range(2000)))
        recorded = record(fresh, "-p", "source", "-complete", "-o", tmp_path / "out.o", source)
        ticks = recorded.stats["ticks"]
        assert recorded.stats["snapshots"] >= 5, recorded.stats
        assert recorded.stats["mended"] >= FIRST_TICKS_WHOLE * recorded.stats["snapshots"], recorded.stats
        assert ticks["truncated"]["rows_missing"] == recorded.stats["snapshots"] - recorded.stats["mended"], ticks
        assert_nearly_all_complete(recorded, FIRST_TICKS_WHOLE)
        compiling = [stack for stack in complete(recorded, "fresh_compile") if "main.main" in stack.frames]
        assert compiling
        for stack in compiling:
            assert re.match(r"runtime\.goexit", stack.frames[0]), stack

    @pytest.mark.parametrize("build", ["goroutines", "stripped"])
    def test_go(build, go_programs):
        """From .gopclntab, which strip(1) leaves; a goroutine's root is a function that the table names."""
        assert_nearly_all_complete(record(go_programs / build, "2"))

    @pytest.mark.parametrize("build", ["goroutines", "stripped"])
    def test_go_frames(build, go_programs):
        """Named by .gopclntab where strip(1) took the symbols."""
        recorded = record(go_programs / build, "1")
        working = [stack for stack in complete(recorded, build) if "main.sixty" in stack.frames]
        assert sum(stack.count for stack in working) > 400
        for stack in working:
            assert re.match(r"runtime\.goexit", stack.frames[0]), stack
            assert holds_in_order(stack.frames, ["main.takeTurns", "main.sixty"]), stack

    GO_SIGNALS = """
package main

import ("os"; "os/signal"; "syscall"; "time")

func main() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGUSR1)
	for start := time.Now(); time.Since(start) < time.Second; {
		syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	}
}
"""

    @pytest.mark.parametrize("strips", [False, True])
    def test_go_signal_handler(strips, tmp_path):
        """It returns to a function that called nothing: the one ahead of that in the file is not in the stack."""
        (tmp_path / "signals.go").write_text(GO_SIGNALS)
        options = ["-ldflags=-s -w"] if strips else []
        environment = {**os.environ, "GO111MODULE": "off"}
        subprocess.run(["go", "build", *options, "signals.go"], cwd=tmp_path, env=environment, check=True)
        recorded = record(tmp_path / "signals")
        handling = [
            [frame.removesuffix(".abi0") for frame in stack.frames]
            for stack in complete(recorded, "signals")
            if any(frame.startswith("runtime.sigtramp") for frame in stack.frames[1:])
        ]
        assert len(handling) > 5
        for frames in handling:
            assert frames[frames.index("runtime.sigtramp") - 1] == "runtime.sigreturn__sigaction", frames

    CALL = ["main.takeTurn", "runtime.cgocall", "runtime.asmcgocall.abi0"]

    def assert_nearly_all_complete_with_rows(recorded):
        """A stack that lies on three has parts in the heap, which a first tick's snapshot does not hold."""
        ticks = recorded.stats["ticks"]
        first = recorded.stats["snapshots"] - recorded.stats["mended"]
        assert ticks["truncated"]["rows_missing"] <= first, unfinished(recorded)
        assert ticks["complete"] >= 0.995 * (ticks["due"] - ticks["lost"]["late"] - first), unfinished(recorded)

    def test_go_through_c(go_programs):
        """From Go to C and from there to Go: over three stacks, of which the first was moved meanwhile."""
        recorded = record(go_programs / "cgo", "2")
        assert_nearly_all_complete_with_rows(recorded)
        for burns, way in {
            "c_burn": [*CALL, "c_work", "c_burn"],
            "main.goBurn": [*CALL, "c_calls_back", "goesOn", "crosscall2", "main.goesOn", "main.goBurn"],
        }.items():
            burning = [stack for stack in complete(recorded, "cgo") if burns in stack.frames]
            assert sum(stack.count for stack in burning) > 100
            for stack in burning:
                assert re.match(r"runtime\.goexit", stack.frames[0]), stack
                assert holds_in_order(stack.frames, way), stack

    def test_go_through_c_stripped(go_programs):
        assert_nearly_all_complete_with_rows(record(go_programs / "cgo-stripped", "2"))

    def test_go_gives_a_larger_stack(go_programs):
        """That is done on the thread's own stack: the goroutine, which has saved where it was, is the caller."""
        recorded = hearth.record("-F", 4999, "--", go_programs / "cgo", "2")
        growing = [stack for stack in recorded.stacks if {"runtime.morestack.abi0", "runtime.copystack"} <= set(stack.frames)]
        assert hearth.ticks(growing) >= 5, growing
        whole = [stack for stack in growing if stack.fate == "complete"]
        # At one of its first ticks: the goroutine lies in the heap, of which a snapshot has nothing.
        assert hearth.ticks(whole) >= hearth.ticks(growing) - 1, growing
        for stack in whole:
            assert re.match(r"runtime\.goexit", stack.frames[0]), stack
            assert holds_in_order(stack.frames, ["main.goesOn", "runtime.morestack.abi0", "runtime.newstack"]), stack


def test_whole_machine(unwound):
    with recording.busy("shares_70_30"):
        recorded = hearth.record("-a", "-F", 999, "-d", "1")
    assert any(stack.frames[:1] == ["_start"] for stack in complete(recorded, "shares_70_30"))


# One function that calls itself; only the size of its frame differs from build to build.
RECURSING = """
	.text
	.globl	work
	.type	work, @function
work:
.Lwork:
	.cfi_startproc
	.byte	0x48, 0x81, 0xec
	.long	FRAME			# sub $FRAME, %rsp
	.cfi_adjust_cfa_offset FRAME
	dec	%rsi
	jz	1f
	call	.Lwork
	jmp	3f
1:	mov	%rdi, %rcx
2:	dec	%rcx
	jnz	2b
3:	.byte	0x48, 0x81, 0xc4
	.long	FRAME			# add $FRAME, %rsp
	.cfi_adjust_cfa_offset -FRAME
	ret
	.cfi_endproc
"""
WORK_DEPTH = 20


def make_recursing(path, frame_bytes):
    command = ["cc", "-shared", "-nostdlib", "-Wl,-Bsymbolic,-z,now,--section-start=.text=0x1000", f"-DFRAME={frame_bytes}"]
    subprocess.run([*command, "-o", path, "-xassembler-with-cpp", "-"], input=RECURSING, text=True, check=True)


def test_file_overwritten_in_place_while_it_runs(tmp_path):
    """No mapping changes, and with it no sequence of the mm: the rows are nevertheless those of the new content."""
    program = tmp_path / "overwritten"
    source = Path(__file__).with_name("overwritten.c")
    subprocess.run(["cc", "-O2", "-o", program, source], check=True)
    make_recursing(tmp_path / "first.so", 88)
    make_recursing(tmp_path / "second.so", 40)
    recorded = record(program, tmp_path / "first.so", tmp_path / "second.so", "0.5")
    for phase in ("before", "after"):
        stacks = [stack for stack in complete(recorded, "overwritten") if phase in stack.frames]
        depths = collections.Counter()
        for stack in stacks:
            user = [frame for frame in stack.frames if not hearth.is_kernel(frame)]
            depths[len(user) - user.index(phase) - 1] += stack.count
        # All levels on the way down and up are met; nearly all ticks are in the innermost.
        assert set(depths) <= set(range(WORK_DEPTH + 1)), (phase, depths)
        assert depths[WORK_DEPTH] > 0.9 * sum(depths.values()) > 200, (phase, depths)
