# SPDX-License-Identifier: Apache-2.0
"""Profiles of any size, the same bytes on every machine: `folded` (distinct stacks), `script` (samples as perf script
prints them, a quarter of them distinct stacks), `frames` (folded stacks whose flame graph has so many frames).

They come from the generator that lies beside the repository, where it does, else from the one here, which is plainer.
"""

import random
import subprocess
import sys

import measuring

BESIDE = measuring.ROOT.parent / "shared/gen/profiles.py"
SEED = 1
FUNCTIONS = 6000


def make(bench, kind, size):
    """(the file, where its content is from)"""
    path = bench.path(f"{size}.{kind}")
    with path.open("w") as out:
        if BESIDE.exists():
            subprocess.run([sys.executable, BESIDE, kind, str(size), str(SEED)], stdout=out, check=True)
            return path, "shared/gen/profiles.py"
        out.writelines(WRITERS[kind](random.Random(SEED), size))
    return path, "generated here"


def function_name(index):
    return f"namespace_{index % 97}::function_{index}(unsigned long, char const*)"


NAMES = [function_name(index) for index in range(FUNCTIONS)]


def draw_stack(rng):
    """Some 29 functions, few of them hot, by index."""
    depth = max(2, int(rng.gauss(27, 9)))
    return [min(int(rng.paretovariate(0.5)) - 1, FUNCTIONS - 1) for _ in range(depth)]


def folded_line(rng, stack, leaf):
    frames = ";".join(NAMES[index] for index in stack)
    return f"program;_start;main;{frames};{leaf} {min(int(rng.paretovariate(1.05)), 100000)}\n"


def folded(rng, stacks):
    for number in range(stacks):
        yield folded_line(rng, draw_stack(rng), f"leaf_{number}")


def frames(rng, count):
    known = set()
    while len(known) < count:
        stack = draw_stack(rng)
        known.update(hash(tuple(stack[:depth])) for depth in range(1, len(stack) + 1))
        yield folded_line(rng, stack, "leaf")


def script(rng, samples):
    stacks = [draw_stack(rng) for _ in range(max(1, samples // 4))]
    time = 1000.0
    for _ in range(samples):
        time += rng.expovariate(1998)
        thread = 1000 + rng.randrange(4)
        yield f"program  1000/{thread} [{rng.randrange(16):03d}] {time:.6f}:    1001001 cpu-clock: \n"
        for index in reversed(rng.choice(stacks)):
            yield f"\t{0x7F0000400000 + 64 * index:16x} {NAMES[index]}+0x{rng.randrange(4, 64):x} (/usr/lib/libapp.so.3)\n"
        yield "\t          401136 main+0x16 (/usr/bin/app)\n\t          401055 _start+0x25 (/usr/bin/app)\n\n"


WRITERS = {"folded": folded, "frames": frames, "script": script}
