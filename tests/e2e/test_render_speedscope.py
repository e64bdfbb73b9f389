# SPDX-License-Identifier: Apache-2.0
"""`hearth render` to speedscope's format: what its schema asks for, and that nothing is lost."""

import json

import hearth
import recording

FOLDED = """app;main;compute_[i] 30
app;main;"quoted" \\ name 4
app;main;read;do_read_[k] 12
app;[truncated:no_rows];[libc.so.6];f 2
app;[lost:table_full] 1
java;Interpreter;run_[j] 8
"""

FRAMES = "\t    7f0000400100 f+0x35 (/usr/lib/libcore.so.1)\n\t          401136 main+0x16 (/usr/bin/app)\n\n"


def render(path, out):
    with hearth.Child(hearth.BINARY, "render", path, "-o", out) as child:
        ended = child.end()
    assert ended.returncode == 0, ended
    return json.loads(out.read_text())


def check(document):
    """As file-format-schema.json and the page that imports it demand."""
    assert document["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = document["shared"]["frames"]
    assert all(isinstance(frame["name"], str) for frame in frames)
    for profile in document["profiles"]:
        assert profile["type"] == "sampled" and isinstance(profile["name"], str)
        assert profile["unit"] in ("none", "nanoseconds")
        assert len(profile["samples"]) == len(profile["weights"])
        assert profile["endValue"] - profile["startValue"] == sum(profile["weights"])
        assert all(0 <= index < len(frames) for stack in profile["samples"] for index in stack)


def folded(document):
    names = [frame["name"] for frame in document["shared"]["frames"]]
    lines = [
        f"{';'.join(names[index] for index in stack)} {weight}"
        for profile in document["profiles"]
        for stack, weight in zip(profile["samples"], profile["weights"])
    ]
    return sorted(lines)


def test_stacks_are_as_in_folded_ones(tmp_path):
    path = tmp_path / "in.folded"
    path.write_text(FOLDED)
    document = render(path, tmp_path / "out.speedscope.json")
    check(document)
    assert folded(document) == sorted(FOLDED.splitlines())
    assert [profile["unit"] for profile in document["profiles"]] == ["none"]


def test_it_is_read_again(tmp_path):
    path = tmp_path / "in.folded"
    path.write_text(FOLDED)
    render(path, tmp_path / "out.speedscope.json")
    with hearth.Child(hearth.BINARY, "render", tmp_path / "out.speedscope.json", "-o", tmp_path / "again.folded") as child:
        ended = child.end()
    assert ended.returncode == 0, ended
    assert sorted((tmp_path / "again.folded").read_text().splitlines()) == sorted(FOLDED.splitlines())


def test_a_cut_file_is_refused_by_its_byte(tmp_path):
    path = tmp_path / "in.folded"
    path.write_text(FOLDED)
    render(path, tmp_path / "out.speedscope.json")
    cut = (tmp_path / "out.speedscope.json").read_text()[:-4]
    (tmp_path / "cut").write_text(cut)
    with hearth.Child(hearth.BINARY, "render", tmp_path / "cut", "-o", tmp_path / "cut.svg") as child:
        recording.assert_refused(child.end(), 2, f"byte {len(cut)}: no JSON, or cut off")


def test_threads_have_profiles_in_order_of_time(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text(
        "".join(
            f"app 12/{tid} [000] {time:.6f}: {period} cpu-clock:u: \n{FRAMES}"
            for tid, time, period in [(14, 3, 30), (15, 2, 20), (14, 1, 10)]
        )
    )
    document = render(path, tmp_path / "out.speedscope.json")
    check(document)
    told = {profile["name"]: (profile["unit"], profile["weights"]) for profile in document["profiles"]}
    assert told == {
        "app (pid 12) (tid 14)": ("nanoseconds", [10, 30]),
        "app (pid 12) (tid 15)": ("nanoseconds", [20]),
    }


def test_an_empty_profile_has_no_profiles_or_empty_ones(tmp_path):
    path = tmp_path / "in.folded"
    path.write_text("")
    document = render(path, tmp_path / "out.speedscope.json")
    check(document)
    assert folded(document) == []


def test_threads_are_read_again(tmp_path):
    """A profile's name tells whose it is, so that stacks can be headed by it."""
    script, out = tmp_path / "in.txt", tmp_path / "out.speedscope.json"
    script.write_text(
        "".join(f"app {pid}/{tid}  {tid}.5: cpu-clock:u: \n{FRAMES}" for pid, tid in [(12, 14), (12, 15), (12, 14), (9, 9)])
    )
    render(script, out)
    headed = [hearth.run("render", path, "--by", "tid", "-o", "-", "--format", "folded") for path in (script, out)]
    assert [ended.returncode for ended in headed] == [0, 0], headed
    assert headed[0].stdout == headed[1].stdout
    assert {stack.process for stack in map(hearth.read_stack, headed[1].stdout.splitlines())} == {
        "app-12/14", "app-12/15", "app-9/9"
    }  # fmt: skip


def test_profiles_of_another_unit_are_told(tmp_path):
    schema = "https://www.speedscope.app/file-format-schema.json"
    profiles = [{"type": "sampled", "unit": unit, "samples": [[0]], "weights": [1]} for unit in ("none", "bytes", "bytes")]
    path = tmp_path / "in.json"
    path.write_text(json.dumps({"$schema": schema, "shared": {"frames": [{"name": "f"}]}, "profiles": profiles}))
    with hearth.Child(hearth.BINARY, "render", path, "-o", "-", "--format", "folded") as child:
        ended = child.end()
    assert (ended.returncode, ended.stdout) == (0, "f 1\n")
    assert ended.stderr == f"hearth: warning: {path}: 2 profiles of another unit than the first one left out\n"


def test_the_outermost_frame_is_a_function_where_hearth_did_not_write_a_process(tmp_path):
    profile = {"type": "sampled", "name": "all", "unit": "none", "startValue": 0, "endValue": 5, "samples": [[0], [0, 1]], "weights": [2, 3]}
    schema = "https://www.speedscope.app/file-format-schema.json"
    (tmp_path / "in.json").write_text(json.dumps({"$schema": schema, "shared": {"frames": [{"name": "main"}, {"name": "f"}]}, "profiles": [profile]}))
    own = tmp_path / "own.speedscope.json"
    assert all("isProcess" not in frame for frame in render(tmp_path / "in.json", own)["shared"]["frames"])
    for path in (tmp_path / "in.json", own):
        with hearth.Child(hearth.BINARY, "render", path, "--base", "main", "-o", "-", "--format", "top") as child:
            ended = child.end()
        assert not recording.complaints(ended), ended
        assert [line.split()[-1] for line in ended.stdout.splitlines()[-2:]] == ["f", "main"], ended
    (tmp_path / "in.folded").write_text("main 2\nmain;f 3\n")
    frames = render(tmp_path / "in.folded", own)["shared"]["frames"]
    assert frames == [{"name": "main", "isProcess": 1}, {"name": "f"}]
    with hearth.Child(hearth.BINARY, "render", own, "--hide", ".", "-o", "-", "--format", "folded") as child:
        assert child.end().stdout == "main 5\n"
