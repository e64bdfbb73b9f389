# SPDX-License-Identifier: Apache-2.0
"""Work that keeps every CPU busy while something is measured.

A load is a list of commands, each of which ends by itself after a second or so. One thread per CPU runs one
after the other, over and over, until the load is told to stop. So nothing has to be killed, and a compiler
driver leaves no orphan behind.
"""

import shutil
import subprocess
import threading
import time
from collections import defaultdict

import measuring

WORKER = "%worker"  # in a command: a number of its own for each of those that run at a time
COMPILED_FOLDERS = ("base", "model", "elf", "bpf", "render")


class Load:
    """`with Load(...)`: runs from the first line of the block to the last."""

    def __init__(self, name, commands, workers=measuring.CPUS, **options):
        self.name, self.commands, self.options = name, commands, options
        self.stopped = threading.Event()
        self.lives = defaultdict(list)  # seconds from start to end, by program
        self.failure = None
        self.threads = [
            threading.Thread(target=self._work, args=(number,), daemon=True) for number in range(workers)
        ]

    def _work(self, number):
        at = number * len(self.commands) // len(self.threads)  # workers do not march in step
        while not self.stopped.is_set() and not self.failure:
            command = [word.replace(WORKER, str(number)) for word in self.commands[at % len(self.commands)]]
            at += 1
            start = time.monotonic()
            ended = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, **self.options,
            )  # fmt: skip
            self.lives[command[0].rpartition("/")[2]].append(time.monotonic() - start)
            if ended.returncode:
                self.failure = f"the load {self.name} ended: status {ended.returncode} of {' '.join(command)}"

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()
        if self.failure and not kind:
            raise measuring.Failed(self.failure)


def compile_load(bench):
    """The C compiler over files of this repository; a copy of them, which nobody edits meanwhile."""
    sources = bench.path("sources")
    for folder in COMPILED_FOLDERS:
        shutil.copytree(measuring.ROOT / folder, sources / folder, dirs_exist_ok=True)
    commands = [
        ["cc", "-std=gnu11", "-O2", "-g", "-I.", "-include", "base/banned.h", "-D_GNU_SOURCE", "-DHEARTH_VERSION=\"load\"",
         "-c", "-o", f"{WORKER}.o", str(path.relative_to(sources))]
        for path in sorted(sources.glob("[!b]*/*.c"))
        if path.name != "web_files.c"  # needs what the build generates
    ]  # fmt: skip
    return Load("compile", commands, cwd=sources)


MIXED_SAMPLES = ("shares_70_30", "threads", "recursion", "syscalls", "templates", "generics", "goroutines")
PYTHON_WORK = """
import json, re
for _ in range(8):
    text = json.dumps({str(i): [i] * 20 for i in range(2000)}, indent=1)
    len(re.findall(r"[0-9]+", text)), sorted(json.loads(text), key=str)
"""


def mixed_load():
    """Samples of every kind that is built here, and python3."""
    commands = []
    for name in MIXED_SAMPLES:
        path = measuring.e2e.SAMPLES / name
        if path.exists():
            commands += [[str(path), "1"], ["/usr/bin/python3", "-c", PYTHON_WORK]]
    return Load("mix", commands)


def build_storm(bench):
    """What a build calls for each file, by itself: most of these programs live for a few milliseconds."""
    source, assembly, object_file = bench.path("line.c"), bench.path("line.s"), bench.path("line.o")
    source.write_text("int twice(int a) { return a + a; }\n")
    compiler = measuring.run(["cc", "-print-prog-name=cc1"], 60).stdout.strip()
    compile_it = [compiler, "-quiet", "-O2", str(source), "-o"]
    measuring.run([*compile_it, assembly], 60)
    measuring.run(["as", assembly, "-o", object_file], 60)
    written = str(bench.path(f"storm-{WORKER}"))
    helpers = [
        ["/usr/bin/as", str(assembly), "-o", written],
        ["/usr/bin/objdump", "-h", str(object_file)],
        ["/usr/bin/readelf", "-h", str(object_file)],
        ["/usr/bin/sed", "s/a/b/", str(assembly)],
        ["/usr/bin/expr", "1", "+", "1"],
    ]
    return Load("storm", [[*compile_it, written]] + 3 * helpers)
