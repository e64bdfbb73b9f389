# SPDX-License-Identifier: Apache-2.0
"""A .cpuprofile that hearth wrote, read by DevTools' own model of such files, which Chromium has within it: each stack has its hits and its time."""

import json

import pytest
from browser import chromium, draw_as  # noqa: F401 (fixture)

FOLDED = """app;main;"quoted" \\ name 4
app;main;compute_[i] 30
app;main;compute_[i];step_[i] 5
app;main;read;do_read_[k] 12
app;[truncated:no_rows];[libc.so.6];f 2
java;(program);<T as U>::run_[j] 8
"""

# Per stack the hits, as its tree has them, and the microseconds that were its own, as its flame chart is drawn.
MODEL = """
const [text, done] = arguments;
import('/devtools/models/cpu_profile/cpu_profile.js').then(({ CPUProfileDataModel: { CPUProfileDataModel } }) => {
    const file = JSON.parse(text), model = new CPUProfileDataModel(JSON.parse(text)), hits = {}, times = {};
    const stack = node => node.parent ? [...stack(node.parent), node.functionName] : [];
    const count = node => [node, ...node.children.flatMap(count)];
    const interval = (file.endTime - file.startTime) / 1000 / model.totalHitCount;
    for (const node of count(model.profileHead)) hits[stack(node).join(';')] = Math.round(node.self / interval);
    model.forEachFrame(() => {}, (depth, node, ...spans) => {
        const name = stack(node).join(';');
        times[name] = (times[name] || 0) + spans.at(-1) * 1000;
    });
    done({ hits, times });
}, error => done({ error: String(error) }));
"""


def read(driver, path):
    """What DevTools make of a file: their modules are where the browser's debugger is asked."""
    driver.get(f"http://{driver.capabilities['goog:chromeOptions']['debuggerAddress']}/json/version")
    told = driver.execute_async_script(MODEL, path.read_text())
    assert "error" not in told, told
    times = {stack: round(time, 3) for stack, time in told["times"].items()}
    return tuple({stack: number for stack, number in numbers.items() if stack and number} for numbers in (told["hits"], times))


@pytest.mark.parametrize("order", [1, -1])
def test_stacks_have_their_hits_and_times(chromium, tmp_path, order):  # noqa: F811
    """Of no known time each count is a microsecond."""
    folded = FOLDED.splitlines()[::order]
    hits, times = read(chromium, draw_as("cpuprofile", tmp_path, "\n".join(folded), ()))
    assert hits == times == {line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in folded}


def test_threads_stand_behind_each_other(chromium, tmp_path):  # noqa: F811
    samples = [(14, 3, "f", 30500), (15, 2, "g", 20000), (14, 1, "g", 10000), (15, 4, "f", 40250)]
    frames = "\t    7f0000400100 %s+0x35 (/usr/lib/libcore.so.1)\n\n"
    script = "".join(f"app 12/{tid} [000] {time:.6f}: {period} cpu-clock:u: \n{frames % name}" for tid, time, name, period in samples)
    hits, times = read(chromium, draw_as("cpuprofile", tmp_path, script, ()))
    assert hits == {"app;f": 2, "app;g": 2} and times == {"app;f": 70.75, "app;g": 30}


def test_what_was_read_is_what_it_was(chromium, tmp_path):  # noqa: F811
    """But for the last sample: it lasts until the end, which DevTools do not look at."""
    names = ["(root)", "main", "work", "(program)", "(garbage collector)"]
    call = {"scriptId": "0", "url": "", "lineNumber": -1, "columnNumber": -1}
    children, samples = {1: [2, 4, 5], 2: [3]}, [2, 3, 4, 3, 5, 3, 2, 2, 4]
    nodes = [{"id": i, "callFrame": {"functionName": name, **call}, "children": children.get(i, []), "hitCount": samples.count(i)}
             for i, name in enumerate(names, 1)]  # fmt: skip
    times = {"startTime": 81234567890, "endTime": 81234577890, "timeDeltas": [100, 1001, 999, 1300, 700, 1250, 1250, 0, 1000]}
    path = tmp_path / "in.cpuprofile"
    path.write_text(json.dumps({"nodes": nodes, "samples": samples, **times}))
    before, after = read(chromium, path), read(chromium, draw_as("cpuprofile", tmp_path, path.read_text(), ()))
    assert after[0] == before[0]
    assert after[1] == before[1] | {"(program)": 2400}
