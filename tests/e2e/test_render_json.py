# SPDX-License-Identifier: Apache-2.0
"""The JSON output against its schema (docs/profile.schema.json), by a validator that is not ours, and against the folded stacks."""

import json
from pathlib import Path

import jsonschema
import pytest

import hearth

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/profile.schema.json").read_text())
GOLDENS = sorted((ROOT / "tests/golden").glob("*[a-z].folded"))
SUFFIX = {"kernel": "_[k]", "inlined": "_[i]", "jit": "_[j]"}


def render(*arguments):
    with hearth.Child(hearth.BINARY, "render", *arguments) as child:
        ended = child.end()
    assert ended.returncode == 0, ended
    return ended.stdout


def validated(text):
    profile = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(profile)
    return profile


def check_columns(profile):
    """What a schema cannot say."""
    nodes, frames = profile["nodes"], profile["frames"]
    assert len(nodes["parent"]) == len(nodes["frame"]) == len(nodes["self"])
    assert all(parent < node for node, parent in enumerate(nodes["parent"][1:], 1))
    assert all(frame < len(frames) for frame in nodes["frame"][1:])
    assert sum(nodes["self"]) == profile["total"]


def folded_of(profile):
    nodes, frames = profile["nodes"], profile["frames"]
    stacks = [""]
    for parent, frame in zip(nodes["parent"][1:], nodes["frame"][1:]):
        name = frames[frame]["name"] + SUFFIX.get(frames[frame]["kind"], "")
        stacks.append(f"{stacks[parent]};{name}" if parent else name)
    return sorted(f"{stack} {count}" for stack, count in zip(stacks, nodes["self"]) if count)


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.name)
def test_schema(path):
    profile = validated(render(path, "-o", "-", "--format", "json"))
    check_columns(profile)


def test_it_holds_what_folded_stacks_do():
    path = ROOT / "tests/golden/kinds.folded"
    profile = validated(render(path, "-o", "-", "--format", "json"))
    assert folded_of(profile) == sorted(path.read_text().splitlines())
    assert profile["fates"]["truncated"] == 31
    assert profile["fates"]["reasons"][1] == {"fate": "lost", "reason": "ring_full", "ticks": 7}


def test_what_shaping_took_out(tmp_path):
    path = tmp_path / "in.folded"
    path.write_text("p;main;f 90\np;[truncated:bad];g 7\nq;[lost:full] 3\n")
    profile = validated(render(path, "--focus", "g", "-o", "-", "--format", "json"))
    check_columns(profile)
    assert profile["total"] == 7
    assert profile["before_shaping"] == {"due": 100, "complete": 90, "truncated": 7, "lost": 3}


def test_endings_choose_the_format(tmp_path):
    path = tmp_path / "in.folded"
    path.write_text("p;main 2\n")
    render(path, "-o", tmp_path / "x.json")
    validated((tmp_path / "x.json").read_text())
    render(path, "-o", tmp_path / "x.top.txt")
    assert "function" in (tmp_path / "x.top.txt").read_text()
    render(path, "-o", tmp_path / "x.tree.txt")
    assert "100.0 %   0.0 %  p\n100.0 % 100.0 %  main\n" in (tmp_path / "x.tree.txt").read_text()
