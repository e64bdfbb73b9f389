# SPDX-License-Identifier: Apache-2.0
"""`hearth render` to and from Chrome's .cpuprofile: what Node writes is read, what the DevTools protocol asks for is written, nothing is lost."""

import json
import subprocess
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

WORK = """
function innermost(n) { let sum = 0; for (let i = 0; i < n; i++) sum += Math.sqrt(i); return sum; }
function outer() { return innermost(30000000) + innermost(30000000); }
console.log(outer());
"""


def render(path, out, *options):
    with hearth.Child(hearth.BINARY, "render", path, "-o", out, *options) as child:
        ended = child.end()
    assert ended.returncode == 0, ended
    return out.read_text()


def check(document):
    """The DevTools protocol's Profiler.Profile, and that it is one tree."""
    ids = [node["id"] for node in document["nodes"]]
    children = [child for node in document["nodes"] for child in node.get("children", [])]
    assert len(set(ids)) == len(ids) and all(id > 0 for id in ids)
    assert sorted(children) == sorted(ids)[1:] and document["nodes"][0]["callFrame"]["functionName"] == "(root)"
    for node in document["nodes"]:
        frame = node["callFrame"]
        assert isinstance(frame["functionName"], str) and isinstance(frame["url"], str) and isinstance(frame["scriptId"], str)
        assert isinstance(frame["lineNumber"], int) and isinstance(frame["columnNumber"], int)
        assert isinstance(node["hitCount"], int)
    assert set(document["samples"]) <= set(ids)
    assert len(document["samples"]) == len(document["timeDeltas"])
    assert document["endTime"] - document["startTime"] >= sum(document["timeDeltas"])


def stacks_of(document):
    """Folded stacks by the hits, as any reader of the format would make them."""
    nodes = {node["id"]: node for node in document["nodes"]}
    callers = {child: node["id"] for node in document["nodes"] for child in node.get("children", [])}
    stacks = Counter()
    for id, node in nodes.items():
        names = []
        while id in callers:
            names.append(nodes[id]["callFrame"]["functionName"] or "(anonymous)")
            id = callers[id]
        if node["hitCount"]:
            stacks[";".join(reversed(names))] += node["hitCount"]
    return stacks


def folded_counts(text):
    return Counter({line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in text.splitlines()})


def test_stacks_are_as_in_folded_ones_and_come_back(tmp_path):
    path = tmp_path / "in.folded"
    path.write_text(FOLDED)
    document = json.loads(render(path, tmp_path / "out.cpuprofile"))
    check(document)
    assert stacks_of(document) == folded_counts(FOLDED)
    assert sum(document["timeDeltas"]) == document["endTime"] == sum(folded_counts(FOLDED).values())
    again = render(tmp_path / "out.cpuprofile", tmp_path / "again.folded")
    assert sorted(again.splitlines()) == sorted(FOLDED.splitlines())


def test_what_node_writes_is_read(tmp_path):
    (tmp_path / "work.js").write_text(WORK)
    subprocess.run(["node", "--cpu-prof", "--cpu-prof-name=in.cpuprofile", "work.js"], cwd=tmp_path, check=True,
                   stdout=subprocess.DEVNULL, timeout=hearth.DEADLINE_SECONDS)  # fmt: skip
    document = json.loads((tmp_path / "in.cpuprofile").read_text())
    check(document)
    read = folded_counts(render(tmp_path / "in.cpuprofile", tmp_path / "out.folded"))
    assert read == stacks_of(document)
    assert sum(count for stack, count in read.items() if stack.endswith(";outer;innermost")) > 10
    profile = json.loads(render(tmp_path / "in.cpuprofile", tmp_path / "out.json", "--lines"))
    names = {frame["name"] for frame in profile["frames"]}
    assert "innermost (work.js:2)" in names
    written = json.loads(render(tmp_path / "in.cpuprofile", tmp_path / "out.cpuprofile"))
    check(written)
    assert stacks_of(written) == read
    assert written["startTime"] == document["startTime"] + document["timeDeltas"][0] and written["endTime"] == document["endTime"]


def test_what_the_format_cannot_carry(tmp_path):
    """Labels, modules, periods beside the time: docs/formats.md."""
    frames = "\t    7f0000400100 f+0x35 (/usr/lib/libcore.so.1)\n\n"
    path = tmp_path / "in.txt"
    path.write_text("".join(f"app 12/{tid} [000] 3.{tid}: 2000500 cpu-clock:u: \n{frames}" for tid in (14, 15)))
    document = json.loads(render(path, tmp_path / "out.cpuprofile"))
    check(document)
    assert document["startTime"] == 3140000 and document["timeDeltas"] == [0, 2000.5, 2000.5]
    render(tmp_path / "out.cpuprofile", tmp_path / "again.json")
    assert "libcore" not in (tmp_path / "again.json").read_text()
    with hearth.Child(hearth.BINARY, "render", tmp_path / "out.cpuprofile", "--by", "tid", "-o", tmp_path / "x.svg") as child:
        recording.assert_refused(child.end(), 2, "no sample tells its tid")


def test_a_cut_file_is_refused_by_its_byte(tmp_path):
    path = tmp_path / "in.folded"
    path.write_text(FOLDED)
    cut = render(path, tmp_path / "out.cpuprofile")[:-4]
    (tmp_path / "cut").write_text(cut)
    with hearth.Child(hearth.BINARY, "render", tmp_path / "cut", "-o", tmp_path / "cut.svg") as child:
        recording.assert_refused(child.end(), 2, f"byte {len(cut)}: no JSON, or cut off")


START = '{"nodes":[{"id":1,"callFrame":{"functionName":"(root)"}}'
HOSTILE = {
    "nothing": START + ",{}" * 1000000 + "]}",
    "one child": START + "," + ",".join('{"id":%d,"children":[%d]}' % (i, i + 1) for i in range(2, 100000)) + "]}",
    "circle": START + "," + ",".join('{"id":%d,"children":[%d]}' % (i, i % 99999 + 1) for i in range(2, 100000)) + "]}",
    "children": START + ',{"id":2,"children":[' + "1," * 1500000 + '1]}],"samples":[1]}',
    "samples": START + '],"timeDeltas":[' + "1," * 1000000 + '1],"samples":[' + "1," * 1000000 + "1]}",
    "nested": START + '],"x":' + "[" * 3000000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_memory_is_at_most_100_times_the_input(tmp_path, name):
    path = tmp_path / "in.cpuprofile"
    path.write_text(HOSTILE[name])
    status, peak = hearth.peak_bytes("render", path, "-o", tmp_path / "out.pb.gz")
    assert status in (0, 2)
    assert peak <= 100 * path.stat().st_size


def v8_frame(name, id, *children, hits=0):
    frame = {"functionName": name, "scriptId": "0", "url": "", "lineNumber": -1, "columnNumber": -1}
    return {"id": id, "callFrame": frame, "hitCount": hits, "children": list(children)}


def test_the_outermost_frame_is_a_function_where_hearth_did_not_write_a_process(tmp_path):
    nodes = [v8_frame("(root)", 1, 2), v8_frame("main", 2, 3, hits=2), v8_frame("f", 3, hits=3)]
    (tmp_path / "in.cpuprofile").write_text(json.dumps({"nodes": nodes, "startTime": 0, "endTime": 9}))
    assert render(tmp_path / "in.cpuprofile", tmp_path / "hidden.folded", "--hide", "^main$") == "[empty] 2\nf 3\n"
    own = tmp_path / "own.cpuprofile"
    assert "isProcess" not in render(tmp_path / "in.cpuprofile", own)
    assert render(own, tmp_path / "again.folded", "--show-from", "^main$") == "main 2\nmain;f 3\n"
    (tmp_path / "in.folded").write_text("main;f 3\n")
    assert render(tmp_path / "in.folded", own).count('"isProcess":1') == 1
    assert [line.split()[-1] for line in render(own, tmp_path / "top.txt", "--format", "top").splitlines()[3:]] == ["f"]
