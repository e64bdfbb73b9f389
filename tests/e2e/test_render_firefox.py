# SPDX-License-Identifier: Apache-2.0
"""`hearth render` to and from the processed profiles of profiler.firefox.com: what its types (src/types/profile.ts, version 70) demand, and that nothing
is lost."""

import json
from collections import Counter

import pytest

import hearth
import recording

FOLDED = """app;main;"quoted" \\ name 4
app;main;compute_[i] 30
app;main;read;do_read_[k] 12
app;[lost:table_full] 1
app;[truncated:no_rows];[libc.so.6];f 2
java;Interpreter;run_[j] 8
"""

FRAMES = "\t    7f0000400100 f+0x35 (/usr/lib/libcore.so.1)\n\t          401136 main+0x16 (/usr/bin/app)\n\n"

# Of each table its columns, with what stands in them; None: null is allowed, a name: an index into that table.
TABLES = {
    "stackTable": {"frame": {"frameTable"}, "prefixOffset": {int}},
    "frameTable": {"address": {-1}, "lib": {"libs", -1}, "inlineDepth": {int}, "category": {int}, "subcategory": {int},
                   "func": {"funcTable"}, "nativeSymbol": {None}, "innerWindowID": {None}, "line": {int, None},
                   "column": {None}, "originalLocation": {None}},
    "funcTable": {"name": {"stringArray"}, "isJS": {bool}, "relevantForJS": {bool}, "resource": {"resourceTable", -1},
                  "source": {"sources", None}, "lineNumber": {None}, "columnNumber": {None}, "originalLocation": {None}},
    "resourceTable": {"name": {"stringArray"}, "host": {None}, "type": {int}},
    "sources": {"id": {None}, "filename": {"stringArray"}, "startLine": {int}, "startColumn": {int}, "sourceMapURL": {None},
                "content": {None}},
    "nativeSymbols": {"libIndex": {int}, "address": {int}, "name": {int}, "functionSize": {int}},
    "sourceLocationTable": {"source": {int}, "line": {int}, "column": {int}},
}  # fmt: skip
META = {"interval": (int, float), "startTime": (int, float), "processType": int, "product": str, "stackwalk": int, "version": int,
        "preprocessedProfileVersion": int, "categories": list, "markerSchema": list, "symbolicated": bool, "extra": list}  # fmt: skip
THREAD = {"processType": str, "processStartupTime": int, "processShutdownTime": type(None), "registerTime": int,
          "unregisterTime": type(None), "pausedRanges": list, "name": str, "isMainThread": bool, "pid": str, "tid": str,
          "samples": dict, "markers": dict}  # fmt: skip
LIB = {"arch": str, "name": str, "path": str, "debugName": str, "debugPath": str, "breakpadId": str, "codeId": type(None)}
COLORS = "transparent purple green orange yellow lightblue blue brown magenta red lightred darkgrey grey".split()


def render(path, out, *options):
    with hearth.Child(hearth.BINARY, "render", path, "-o", out, *options) as child:
        ended = child.end()
    assert ended.returncode == 0, ended
    return out.read_text()


def check_types(value, types):
    assert set(types) <= set(value)
    for name, type_ in types.items():
        assert isinstance(value[name], type_), (name, value[name])


def is_allowed(value, allowed, sizes):
    if isinstance(value, bool):
        return bool in allowed
    if value is None:
        return None in allowed
    names = [sizes[name] for name in allowed if isinstance(name, str)]
    return isinstance(value, int) and (
        value in allowed or (int in allowed and value >= 0) or any(0 <= value < size for size in names)
    )


def check_tables(profile):
    shared = profile["shared"]
    sizes = {name: shared[name]["length"] for name in TABLES}
    sizes.update(libs=len(profile["libs"]), stringArray=len(shared["stringArray"]))
    for name, columns in TABLES.items():
        assert set(shared[name]) == {*columns, "length"}
        for key, allowed in columns.items():
            column = shared[name][key]
            assert len(column) == sizes[name], (name, key)
            assert all(is_allowed(value, allowed, sizes) for value in column), (name, key)
    assert all(offset <= index for index, offset in enumerate(shared["stackTable"]["prefixOffset"]))
    assert all(isinstance(text, str) for text in shared["stringArray"])
    categories = profile["meta"]["categories"]
    assert [c["color"] for c in categories].count("grey") == 1 and all(c["color"] in COLORS for c in categories)
    assert all(c["subcategories"][0] == "Other" for c in categories)
    assert all(category < len(categories) for category in shared["frameTable"]["category"])


def check(text):
    """As the profiler's types have it, which no validator of theirs checks."""
    profile = json.loads(text)
    check_types(profile["meta"], META)
    assert profile["meta"]["preprocessedProfileVersion"] == 70
    check_tables(profile)
    for lib in profile["libs"]:
        check_types(lib, LIB)
    for thread in profile["threads"]:
        check_types(thread, THREAD)
        samples = thread["samples"]
        assert samples["weightType"] in ("samples", "tracing-ms", "bytes")
        assert {len(samples[key]) for key in ("stack", "time", "weight")} == {samples["length"]}
        assert samples["time"] == sorted(samples["time"]) and all(time >= 0 for time in samples["time"])
        assert all(stack is None or 0 <= stack < profile["shared"]["stackTable"]["length"] for stack in samples["stack"])
        assert thread["markers"]["length"] == 0
    return profile


SUFFIX = {"kernel": "_[k]", "inlined": "_[i]", "jit": "_[j]"}


def stacks_of(profile):
    """Folded stacks, as any reader of the format would make them."""
    shared = profile["shared"]
    stacks = []
    for index, (frame, offset) in enumerate(zip(shared["stackTable"]["frame"], shared["stackTable"]["prefixOffset"])):
        kind = profile["meta"]["categories"][shared["frameTable"]["category"][frame]]["name"]
        name = shared["stringArray"][shared["funcTable"]["name"][shared["frameTable"]["func"][frame]]] + SUFFIX.get(kind, "")
        stacks.append(f"{stacks[index - offset]};{name}" if offset else name)
    counts = Counter()
    for thread in profile["threads"]:
        for stack, weight in zip(thread["samples"]["stack"], thread["samples"]["weight"]):
            counts[stacks[stack]] += weight
    return counts


def test_stacks_are_as_in_folded_ones_and_come_back(tmp_path):
    path = tmp_path / "in.folded"
    path.write_text(FOLDED)
    profile = check(render(path, tmp_path / "out.firefox.json"))
    assert stacks_of(profile) == Counter({line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in FOLDED.splitlines()})
    assert sorted(render(tmp_path / "out.firefox.json", tmp_path / "again.folded").splitlines()) == sorted(FOLDED.splitlines())


@pytest.mark.parametrize("name", ["empty", "hostile", "kinds"])
def test_goldens_come_back(tmp_path, name):
    path = hearth.ROOT / f"tests/golden/{name}.folded"
    check(render(path, tmp_path / "out.firefox.json"))
    assert render(tmp_path / "out.firefox.json", tmp_path / "a.folded") == render(path, tmp_path / "b.folded")


def test_threads_are_tracks_along_time(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text(
        "".join(
            f"app 12/{tid} [000] {time:.6f}: 10 cpu-clock:u: \n{FRAMES}" for tid, time in [(12, 3.25), (15, 2), (12, 1.000002)]
        )
    )
    profile = check(render(path, tmp_path / "out.firefox.json"))
    told = {thread["tid"]: thread for thread in profile["threads"]}
    assert set(told) == {"12", "15"} and {thread["pid"] for thread in told.values()} == {"12"}
    assert told["12"]["isMainThread"] and not told["15"]["isMainThread"]
    start = profile["meta"]["startTimeAsClockMonotonicNanosecondsSinceBoot"]
    assert [start + time * 1e6 for time in told["12"]["samples"]["time"]] == [1000002000, 3250000000]
    assert {lib["name"] for lib in profile["libs"]} == {"app", "libcore.so.1"}
    again = render(tmp_path / "out.firefox.json", tmp_path / "again.folded", "--by", "tid")
    assert sorted(again.splitlines()) == ["app-12/12;main;f 2", "app-12/15;main;f 1"]


def test_what_the_format_cannot_carry(tmp_path):
    """The CPU and further values: docs/formats.md."""
    path = tmp_path / "in.txt"
    path.write_text(f"app 12/14 [003] 3.5: 777 cpu-clock:u: \n{FRAMES}")
    assert "777" not in render(path, tmp_path / "out.firefox.json")
    with hearth.Child(hearth.BINARY, "render", tmp_path / "out.firefox.json", "--by", "cpu", "-o", tmp_path / "x.svg") as child:
        recording.assert_refused(child.end(), 2, "no sample tells its cpu")


START = '{"meta":{"preprocessedProfileVersion":70},"threads":['
HOSTILE = {
    "threads": START + ",".join(["{}"] * 1000000) + "]}",
    "threads with a sample": START + ",".join(['{"samples":{"stack":[0]}}'] * 150000) + "]}",
    "stacks": START
    + '{"samples":{"stack":[999999]}}],"shared":{"frameTable":{"func":[0]},"stackTable":{"frame":['
    + ",".join(["0"] * 1000000)
    + '],"prefixOffset":['
    + ",".join(["0"] + ["1"] * 999999)
    + "]}}}",
    "threads that share all": START
    + ",".join(['{"stackTable":{"frame":[0]},"samples":{"stack":[0]}}'] * 50000)
    + '],"shared":{"stringArray":[""],"frameTable":{"func":['
    + ",".join(["0"] * 1000000)
    + "]}}}",
    "strings": START + '],"shared":{"stringArray":[' + ",".join(["0"] * 1500000) + "]}}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_memory_is_at_most_100_times_the_input(tmp_path, name):
    path = tmp_path / "in.json"
    path.write_text(HOSTILE[name])
    status, peak = hearth.peak_bytes("render", path, "-o", tmp_path / "out.pb.gz")
    assert status in (0, 2)
    assert peak <= 100 * path.stat().st_size
