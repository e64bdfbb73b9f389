# SPDX-License-Identifier: Apache-2.0
"""What a sample's profile must show, and whether a recording shows it.

samples/NAME.expect.json: "about" says in words what it shows; "needs" names a compiler that a machine
may lack; the rest are lists of checks. A frame is a name, or a regular expression between slashes, for
the whole name as the folded output has it.

    shares      the ticks with one of "frames" in their stack, among those with one of "of" (all, if
                left out): "is" this share (give or take "within"), "at_least" or "at_most"
    chains      of the ticks with the chain's last frame, how many have the whole chain, callers first;
                ["name", 60] is the frame sixty times, not more
    fates       the share of the ticks with a fate (as everywhere here, of those that fired)
    depth       the share of the ticks with at least so many frames
    named_leaf  the share of the ticks whose innermost frame is known to belong to a file or the kernel
"""

import json
import re

import hearth

BARS = ("is", "at_least", "at_most", "within")


def load(name):
    return json.loads((hearth.ROOT / "samples" / f"{name}.expect.json").read_text())


def names():
    return [path.name.split(".")[0] for path in sorted((hearth.ROOT / "samples").glob("*.expect.json"))]


def checks(expected, part):
    found = expected.get(part, [])
    return found if isinstance(found, list) else [found]


def matches(pattern, frame):
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):
        return re.fullmatch(pattern[1:-1], frame) is not None
    return pattern == frame


def has_any(stack, patterns):
    return any(matches(pattern, frame) for frame in stack.frames for pattern in patterns)


def has_chain(stack, chain):
    """Does the chain stand somewhere in the stack, frame by frame, without gaps?"""
    wanted = []
    for link in chain:
        name, times = link if isinstance(link, list) else (link, 1)
        wanted += [name] * times
    frames = stack.frames
    for start in range(len(frames) - len(wanted) + 1):
        if all(map(matches, wanted, frames[start:])):
            return True
    return False


def fired(stacks):
    """Stacks of ticks that fired: those whose time only passed have no code to be judged by."""
    return [stack for stack in stacks if stack.fate != "lost"]


def assert_bars(k, n, what, check):
    bars = {key: check[key] for key in BARS if key in check}
    if "is" in bars:
        bars["equals"] = bars.pop("is")
    hearth.assert_share(k, n, what, **bars)


def judge_share(stacks, check):
    if "of" in check:
        stacks = [stack for stack in stacks if has_any(stack, check["of"])]
    k = hearth.ticks(stacks, lambda stack: has_any(stack, check["frames"]))
    assert_bars(k, hearth.ticks(stacks), f"share of {check['frames']}", check)


def judge_chain(stacks, check):
    stacks = [stack for stack in stacks if has_any(stack, [check["chain"][-1]])]
    k = hearth.ticks(stacks, lambda stack: has_chain(stack, check["chain"]))
    shown = max(stacks, key=lambda stack: stack.count, default=None)
    assert_bars(k, hearth.ticks(stacks), f"chain {check['chain']}, of stacks like {shown}", check)


def judge_fate(stacks, check):
    k = hearth.ticks(stacks, lambda stack: stack.fate == check["fate"])
    assert_bars(k, hearth.ticks(stacks), f"ticks that are {check['fate']}", check)


def judge_depth(stacks, check):
    k = hearth.ticks(stacks, lambda stack: len(stack.frames) >= check["frames"])
    assert_bars(k, hearth.ticks(stacks), f"stacks of {check['frames']} frames or more", check)


def judge_named_leaf(stacks, check):
    k = hearth.ticks(stacks, lambda stack: stack.frames and stack.frames[-1] != "[unknown]")
    assert_bars(k, hearth.ticks(stacks), "leaves that are attributed to a module", check)


# By the part of the file; each fails (AssertionError) if the stacks contradict the check.
JUDGES = {
    "shares": judge_share,
    "chains": judge_chain,
    "fates": judge_fate,
    "depth": judge_depth,
    "named_leaf": judge_named_leaf,
}


def judge(stacks, part, check):
    JUDGES[part](fired(stacks), check)
