# SPDX-License-Identifier: Apache-2.0
"""hearth render: 100,000 distinct folded stacks to SVG and to folded

The profile comes from the generator that lies beside the repository, where it does, else from the one here.
flamegraph.pl (Brendan Gregg's FlameGraph) is the peer, where it is found.
"""

import random
import shutil
import subprocess
import sys

import measuring
from rows import Row

GENERATOR = measuring.ROOT.parent / "shared/gen/profiles.py"
SEED = 1


def generate_alone(path, stacks):
    """Stacks some 29 frames deep over 6,000 functions, few of them hot: the same bytes on every machine."""
    rng = random.Random(SEED)
    names = [f"namespace_{i % 97}::function_{i}(unsigned long, char const*)" for i in range(6000)]
    with path.open("w") as out:
        for number in range(stacks):
            depth = max(2, int(rng.gauss(27, 9)))
            frames = [names[min(int(rng.paretovariate(0.5)) - 1, 5999)] for _ in range(depth)]
            frames.append(f"leaf_{number}")
            out.write(f"program;_start;main;{';'.join(frames)} {min(int(rng.paretovariate(1.05)), 100000)}\n")


def generate(bench, stacks):
    path = bench.path("profile.folded")
    if not GENERATOR.exists():
        generate_alone(path, stacks)
        return path, "generated here"
    with path.open("w") as out:
        subprocess.run([sys.executable, GENERATOR, "folded", str(stacks), str(SEED)], stdout=out, check=True)
    return path, "shared/gen/profiles.py"


def usage_rows(what, usages, note):
    best = min(usages, key=lambda usage: usage.wall_seconds)
    yield Row(f"{what}: time", best.wall_seconds, "s",
              note=f"best of {len(usages)}, CPU {best.cpu_seconds:.2f} s{note}")  # fmt: skip
    yield Row(f"{what}: peak memory", best.peak_bytes / 1e6, "MB")
    return best


def measure(bench):
    stacks = bench.seconds(100_000, 10_000)
    profile, origin = generate(bench, stacks)
    times = bench.seconds(3, 1)
    for ending in ("svg", "folded"):
        out = bench.path(f"rendered.{ending}")
        command = [bench.binary, "render", profile, "-o", out]
        usages = [measuring.run_for_usage(command) for _ in range(times)]
        sizes = f"; {profile.stat().st_size / 1e6:.1f} MB ({origin}) to {out.stat().st_size / 1e6:.2f} MB"
        best = yield from usage_rows(f"{stacks:,} stacks to {ending}", usages, sizes)
        if ending == "svg":
            yield from peer_rows(profile, best, bench.path("peer.svg"))


def peer_rows(profile, best, out):
    peer = shutil.which("flamegraph.pl")
    if not peer:
        yield Row("flamegraph.pl", None, note="not found on PATH")
        return
    with out.open("wb") as stdout:
        usage = measuring.run_for_usage([peer, profile], stdout)
    note = f"; hearth takes {best.wall_seconds / usage.wall_seconds:.3f} of its time, "
    yield from usage_rows("flamegraph.pl", [usage], note + f"{best.peak_bytes / usage.peak_bytes:.2f} of its memory")
