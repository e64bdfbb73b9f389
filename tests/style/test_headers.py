# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, with the build's own flags: whoever includes it needs nothing before it."""

import shlex
import subprocess

import pytest
import tree

HEADERS = tree.files(".h")
KERNEL_SIDE = [p for p in HEADERS if p.parts[0] == "bpf"]
BOTH_SIDES = [p for p in KERNEL_SIDE if "Apache-2.0 OR GPL-2.0-only" in (tree.ROOT / p).read_text().splitlines()[0]]
USER_SIDE = [p for p in HEADERS if p.parts[0] not in ("bpf", "samples") or p in BOTH_SIDES]
SAMPLES = [p for p in HEADERS if p.parts[0] == "samples"]


@pytest.fixture(scope="session")
def flags():
    return {
        "user": shlex.split(tree.make_variable("CC")) + shlex.split(tree.make_variable("CFLAGS_")),
        "kernel": shlex.split(tree.make_variable("CLANG"))
        + ["-target", "bpf", "-mcpu=v3", "-O2", "-Wall", "-Werror", "-I."]
        + [f"-D__TARGET_ARCH_{tree.make_variable('ARCH')}"]
        + [f"-I/usr/include/{tree.make_variable('shell uname -m')}-linux-gnu"],
        "samples": shlex.split(tree.make_variable("CC")) + ["-Wall", "-Wextra", "-D_GNU_SOURCE"],
    }


def compile_alone(command, text):
    """Included twice: the second time must be harmless. A header alone leaves its functions unused."""
    return subprocess.run(
        command + ["-Wno-unused-function", "-Wno-unused-variable", "-fsyntax-only", "-x", "c", "-"],
        input=text,
        cwd=tree.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def twice(header):
    return f'#include "{header}"\n' * 2


@pytest.mark.parametrize("header", USER_SIDE, ids=str)
def test_compiles_alone(header, flags):
    ended = compile_alone(flags["user"], twice(header))
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("header", KERNEL_SIDE, ids=str)
def test_compiles_alone_for_the_kernel(header, flags):
    ended = compile_alone(flags["kernel"], twice(header))
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("header", SAMPLES, ids=str)
def test_compiles_alone_for_samples(header, flags):
    if header.name.startswith("freestanding_") and header.stem[len("freestanding_") :] != (
        tree.make_variable("shell uname -m")
    ):
        return  # another processor's assembly
    # Its main() is whose who includes it, and it is the entry once only: no second time.
    ended = compile_alone(flags["samples"], f'#include "{header}"\n')
    assert ended.returncode == 0, ended.stdout


def test_the_check_finds(flags):
    assert compile_alone(flags["user"], "size_t a_type_that(unknown_type b);\n").returncode != 0
    assert compile_alone(flags["user"], 'static void f(char *a)\n{\n strcpy(a, "b");\n}\n').returncode
    assert compile_alone(flags["kernel"], "unknown_type b;\n").returncode != 0
