# SPDX-License-Identifier: Apache-2.0
"""hearth render against inferno and flamegraph.pl: folded stacks to SVG, perf script's text to folded stacks; a pprof profile
read and written again, its table of the top, and several of them added up, against go tool pprof

A new process each time, its input in the page cache, the best of several runs by turns. A bar is what inferno took in the same
run by the factor that is promised.
"""

import random

import drawing_peers
import measuring
import synthetic_profiles
from rows import Row

SVG_FACTOR, SVG_MEMORY_SHARE = 3, 1 / 4  # inferno's time by hearth's; hearth's memory of inferno's
COLLAPSE_MB_A_SECOND, COLLAPSE_MB = 400, 64
STACKS = (100_000, 1_000_000)
PERL_STACKS = 100_000  # a million take it minutes and 4 GB
PPROF_FACTOR, PPROF_MEMORY_SHARE = 5, 1 / 3  # go's time by hearth's; hearth's memory of go's
TOP_FACTOR = 10  # of go tool pprof -top
PPROF_STACKS = 1_000_000
MERGED = ((10, 100_000), (2, 1_000_000))  # profiles of so many stacks each
MERGE_FACTOR, MERGE_MEMORY_SHARE = 1.5, 1 / 3  # of go tool pprof -proto A B ...
RUN_SHARE = 0.8  # of the stacks of a program that one run of it meets
SCRIPT_SAMPLES = (160_000, 560_000)  # some 290 and 1,000 MB of text


class Tool:
    """A command, what it wrote, and its best run."""

    def __init__(self, name, command, out):
        self.name, self.command, self.out, self.usages = name, command, out, []

    def run(self):
        with self.out.open("wb") as stdout:
            self.usages.append(measuring.run_for_usage(self.command, stdout))

    @property
    def seconds(self):
        return min(usage.wall_seconds for usage in self.usages)

    @property
    def megabytes(self):
        return max(usage.peak_bytes for usage in self.usages) / 1e6

    def __str__(self):
        return f"{self.name} {self.seconds:.2f} s, {self.megabytes:.0f} MB"


def by_turns(tools, times):
    for _ in range(times):
        for tool in tools:
            tool.run()


def note_of(path, origin, peers):
    missing = "" if peers else "; inferno could not be fetched"
    return f"{path.stat().st_size / 1e6:.0f} MB, {origin}; {', '.join(map(str, peers))}{missing}"


def measure(bench):
    for stacks in STACKS:
        yield from folded_to_svg(bench, stacks if not bench.quick else stacks // 20)
    yield from folded_to_folded(bench)
    for samples in SCRIPT_SAMPLES:
        yield from script_to_folded(bench, samples if not bench.quick else samples // 20)
    yield from pprof_to_pprof(bench, PPROF_STACKS if not bench.quick else PPROF_STACKS // 20)
    for profiles, stacks in MERGED:
        yield from pprof_added_up(bench, profiles, stacks if not bench.quick else stacks // 20)


def peer(name, command, bench):
    return [Tool(name, command, bench.path("peer.out"))] if command[0] else []


def folded_to_svg(bench, stacks):
    profile, origin = synthetic_profiles.make(bench, "folded", stacks)
    ours = Tool("hearth", [bench.binary, "render", profile, "-o", "-"], bench.path("hearth.svg"))
    inferno = peer("inferno", [drawing_peers.inferno("inferno-flamegraph"), profile], bench)
    perl = peer("flamegraph.pl", [drawing_peers.flamegraph_pl(), profile], bench) if stacks <= PERL_STACKS else []
    by_turns([ours, *inferno], bench.seconds(3, 1))
    by_turns(perl, 1)
    what = f"{stacks:,} stacks to SVG"
    yield Row(f"{what}: time", ours.seconds, "s", inferno[0].seconds / SVG_FACTOR if inferno else None,
              note=note_of(profile, origin, [*inferno, *perl]))  # fmt: skip
    yield Row(f"{what}: peak memory", ours.megabytes, "MB",
              inferno[0].megabytes * SVG_MEMORY_SHARE if inferno else None,
              note=f"{ours.out.stat().st_size / 1e6:.2f} MB written")  # fmt: skip
    profile.unlink()


def folded_to_folded(bench):
    stacks = bench.seconds(100_000, 10_000)
    profile, origin = synthetic_profiles.make(bench, "folded", stacks)
    ours = Tool("hearth", [bench.binary, "render", profile, "--format", "folded", "-o", "-"], bench.path("hearth.folded"))
    by_turns([ours], bench.seconds(3, 1))
    yield Row(f"{stacks:,} stacks to folded: time", ours.seconds, "s", note=note_of(profile, origin, [ours]))
    profile.unlink()


def script_to_folded(bench, samples):
    """The samples, as inferno collapses them with one thread."""
    script, origin = synthetic_profiles.make(bench, "script", samples)
    megabytes = script.stat().st_size / 1e6
    ours = Tool("hearth", [bench.binary, "render", script, "--format", "folded", "-o", "-"], bench.path("hearth.folded"))
    inferno = peer("inferno with one thread", [drawing_peers.inferno("inferno-collapse-perf"), "-n", "1", script], bench)
    by_turns([ours, *inferno], bench.seconds(3, 1))
    what = f"perf script, {megabytes:,.0f} MB"
    yield Row(f"{what}: MB a second", megabytes / ours.seconds, "", COLLAPSE_MB_A_SECOND, at_least=True,
              note=note_of(script, origin, inferno))  # fmt: skip
    yield Row(f"{what}: peak memory", ours.megabytes, "MB", COLLAPSE_MB, note=f"{ours.out.stat().st_size / 1e6:.0f} MB written")
    script.unlink()


def pprof_to_pprof(bench, stacks):
    folded, origin = synthetic_profiles.make(bench, "folded", stacks)
    profile, again = bench.path("profile.pb.gz"), bench.path("go.pb.gz")
    measuring.run_for_usage([bench.binary, "render", folded, "-o", profile])
    folded.unlink()
    ours = Tool("hearth", [bench.binary, "render", profile, "--format", "pprof", "-o", "-"], bench.path("hearth.pb.gz"))
    go = Tool("go tool pprof", ["go", "tool", "pprof", "-proto", "-output", again, profile], bench.path("go.out"))
    by_turns([ours, go], bench.seconds(3, 1))
    what = f"pprof of {stacks:,} stacks, read and written"
    yield Row(f"{what}: time", ours.seconds, "s", go.seconds / PPROF_FACTOR, note=note_of(profile, origin, [go]))
    yield Row(f"{what}: peak memory", ours.megabytes, "MB", go.megabytes * PPROF_MEMORY_SHARE)
    yield from pprof_to_top(bench, profile, origin, stacks)
    profile.unlink()


def pprof_to_top(bench, profile, origin, stacks):
    ours = Tool("hearth", [bench.binary, "render", profile, "--format", "top", "-o", "-"], bench.path("hearth.top"))
    go = Tool("go tool pprof -top", ["go", "tool", "pprof", "-top", profile], bench.path("go.top"))
    by_turns([ours, go], bench.seconds(3, 1))
    what = f"pprof of {stacks:,} stacks, table of the top"
    yield Row(f"{what}: time", ours.seconds, "s", go.seconds / TOP_FACTOR, note=note_of(profile, origin, [go]))
    yield Row(f"{what}: peak memory", ours.megabytes, "MB")


def runs_of_one_program(bench, runs, stacks):
    """pprof profiles that share most of their stacks: (their files, where the content is from)"""
    folded, origin = synthetic_profiles.make(bench, "folded", int(stacks / RUN_SHARE))
    profiles = [bench.path(f"run-{run}.pb.gz") for run in range(runs)]
    for run, profile in enumerate(profiles):
        rng, met = random.Random(run), bench.path("run.folded")
        with folded.open() as lines, met.open("w") as out:
            out.writelines(line for line in lines if rng.random() < RUN_SHARE)
        measuring.run_for_usage([bench.binary, "render", met, "-o", profile])
        met.unlink()
    folded.unlink()
    return profiles, origin


def pprof_added_up(bench, runs, stacks):
    profiles, origin = runs_of_one_program(bench, runs, stacks)
    ours = Tool("hearth", [bench.binary, "render", *profiles, "--format", "pprof", "-o", "-"], bench.path("hearth.pb.gz"))
    go = Tool("go tool pprof", ["go", "tool", "pprof", "-proto", "-output", bench.path("go.pb.gz"), *profiles], bench.path("go.out"))
    by_turns([ours, go], bench.seconds(3, 1))
    what = f"pprof of {runs} runs with {stacks:,} stacks each, added up"
    note = f"{sum(profile.stat().st_size for profile in profiles) / 1e6:.0f} MB, {origin}; {go}; {go.seconds / ours.seconds:.1f} times as fast"
    yield Row(f"{what}: time", ours.seconds, "s", go.seconds / MERGE_FACTOR, note=note)
    yield Row(f"{what}: peak memory", ours.megabytes, "MB", go.megabytes * MERGE_MEMORY_SHARE)
    for profile in profiles:
        profile.unlink()
