# SPDX-License-Identifier: Apache-2.0
"""The programs of the table, a row each: what it is, and how it is set to work for a few seconds."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Callable, NamedTuple

import servers
from work import Work, e2e

HERE = Path(__file__).resolve().parent

NATIVE = "natively compiled"  # counts for the bar of the steady mix
JIT = "generates its code"  # shown only
SAMPLE = "sample"  # shown only


class Program(NamedTuple):
    name: str
    kind: str
    prepare: Callable[[Path], Work]  # takes a folder of its own
    ships_symbols: bool = False  # all its files have a symbol table or Go's, and it makes no code
    has_eh_frame: bool = True  # else libunwind has nothing to compare; Go's programs have none


LOOP = 'times=$1; shift; while [ $((times -= 1)) -ge 0 ]; do "$@" || exit; done'


def again_and_again(times, *command):
    """A command that takes a fraction of a second."""
    return ["sh", "-c", LOOP, "sh", str(times), *command]


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


# --- compilers --------------------------------------------------------------------------------------


def c_source(functions):
    """Functions with a loop, a switch and calls, none like another."""
    yield "#include <stdio.h>\n#include <string.h>\nstruct pair { long a, b; double c; };\n"
    for i in range(functions):
        call = f"work_{i - 1}(p, n / 2, text)" if i % 3 else "n"
        yield f"""
static long work_{i}(struct pair *p, int n, char *text)
{{
	long sum = {i};

	for (int k = 0; k < n; k++) {{
		switch ((p[k].a + k) % 7) {{
		case 0: sum += p[k].b * {i + 1}; break;
		case 1: sum ^= (long)strlen(text) + {i % 13}; break;
		case 2: sum -= (long)(p[k].c * {i % 17}.5); break;
		case 3: p[k].a = sum << {i % 5}; break;
		case 4: sum += snprintf(text, 64, "%ld {i}", sum); break;
		default: sum = sum * 31 + p[k].a / (p[k].b | 1);
		}}
	}}
	return sum + {call};
}}
long entry_{i}(struct pair *p, char *text) {{ return work_{i}(p, {i % 100}, text); }}
"""


def compile_with(compiler, functions):
    def prepare(folder):
        source = folder / "large.c"
        source.write_text("".join(c_source(functions)))
        return Work([compiler, "-O1", "-c", "-o", str(folder / "large.o"), str(source)])

    return prepare


def link(folder):
    """Whole static libraries into one relocatable file."""
    libraries = [output_of("cc", f"-print-file-name={name}") for name in ("libc.a", "libstdc++.a")]
    return Work(again_and_again(10, "ld", "-r", "--whole-archive", *libraries, "-o", str(folder / "linked.o")))


# --- others of the distribution ---------------------------------------------------------------------


def python(folder):
    return Work(["/usr/bin/python3", str(HERE / "python_work.py"), "3"])


def tar_with_gzip(folder):
    modules = os.path.dirname(os.__file__)
    return Work(["tar", "-C", modules, "-czf", str(folder / "archive.tar.gz"), "."])


def go(folder):
    """gofmt over the Go compiler's own sources."""
    root = Path(output_of("go", "env", "GOROOT"))
    gofmt = shutil.which("gofmt") or root / "bin/gofmt"
    return Work([str(gofmt), "-l", str(root / "src/cmd/compile/internal/ssa")])


def node(folder):
    return Work(["node", str(HERE / "node_work.js"), "3"])


def java(folder):
    """The compiler in the launcher, then what it compiled."""
    return Work(["java", str(HERE / "JavaWork.java"), "3"])


# --- samples ----------------------------------------------------------------------------------------


def sample(name):
    return Program(name, SAMPLE, lambda folder: Work(e2e.sample(name, 1)), True, has_eh_frame=name != "goroutines")


SAMPLES = (
    "shares_70_30", "threads", "recursion", "syscalls", "dlopen", "fork_storm", "templates", "generics", "goroutines"
)  # fmt: skip

PROGRAMS = [
    Program("python3", NATIVE, python),
    Program("gcc (cc1)", NATIVE, compile_with("gcc", 500)),
    Program("clang", NATIVE, compile_with("clang", 500)),
    Program("ld", NATIVE, link),
    Program("tar with gzip", NATIVE, tar_with_gzip),
    Program("gofmt (Go)", NATIVE, go, True, has_eh_frame=False),
    Program("postgres, pgbench", NATIVE, servers.postgres),
    Program("nginx", NATIVE, servers.nginx),
    Program("node", JIT, node),
    Program("java", JIT, java),
    *map(sample, SAMPLES),
]
