# SPDX-License-Identifier: Apache-2.0
"""The page's filters mean what the words of `hearth render` do: what its modules leave of random profiles is what the command leaves."""

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

import hearth
from pprof_encoder import Frame, encode

ROOT = Path(__file__).resolve().parents[2]
PROFILES = 30
PATTERNS = ["f", "^g$", "^f|h$", "^lib.so/", "so.*/g", "p", "^app$", "truncated", "nowhere"]
NAMES = ["f", "g", "h", "f/g"]
# A frame is what its row says, and of a name, so that one name is often of several modules and kinds.
CODE = [("", "native"), ("lib.so", "native"), ("libc.so.6", "native"), ("", "kernel"), ("nf", "kernel"), ("lib.so", "inlined"), ("", "jit"), ("lib.so", "unknown")]
PROCESSES = [Frame("app", kind="process"), Frame("f", kind="process"), Frame("other", kind="process")]
MARKERS = [Frame("[truncated:no_row]", kind="marker"), Frame("[lost:full]", kind="marker")]
ALONE = [["focus"], ["ignore"], ["hide"], ["show-from"], ["base"], ["no-kernel"], ["no-inlines"], ["strip-modules"], ["collapse-recursion"]]
WORDS = [word for [word] in ALONE]


def make_stacks(rng):
    stacks = []
    for _ in range(rng.randint(1, 25)):
        head = rng.sample(PROCESSES, rng.random() < 0.9) + rng.sample(MARKERS, rng.random() < 0.3)
        code = []
        for _ in range(rng.randint(0, 7)):
            again = code and rng.random() < 0.3
            code.append(code[-1] if again else Frame(rng.choice(NAMES), *rng.choice(CODE)))
        if head or code:
            stacks.append((head + code, rng.randint(1, 9)))
    return stacks


def text_of(rng, word):
    if word == "base":
        return rng.choice([*NAMES, "app", "[truncated:no_row]", "nowhere"])
    return rng.choice(PATTERNS) if word in ("focus", "ignore", "hide", "show-from") else ""


def make_words(rng):
    """Each word alone, and several together, of which some come again."""
    several = [rng.choices(WORDS, k=rng.randint(2, 5)) for _ in range(6)]
    return [[(word, text_of(rng, word)) for word in words] for words in ALONE + several]


def filters_of(words):
    """As the page has them: of what takes a regular expression, it stands between slashes."""
    return [{"kind": word, "text": f"/{text.replace('/', chr(92) + '/')}/" if text and word != "base" else text} for word, text in words]


def options_of(words):
    return [option for word, text in words for option in (f"--{word}", text) if option]


def command_stacks(path, *options):
    """[ticks, [name, module, kind], ...] of each stack, in the order of the tree's nodes."""
    ended = hearth.run("render", path, "-o", "-", "--format", "json", *options)
    assert ended.returncode == 0, ended
    told = json.loads(ended.stdout)
    nodes, frames = told["nodes"], [[frame["name"], frame["module"] or "", frame["kind"]] for frame in told["frames"]]
    paths = [[]]
    for parent, frame in zip(nodes["parent"][1:], nodes["frame"][1:]):
        paths.append([*paths[parent], frames[frame]])
    return [[ticks, *path] for path, ticks in zip(paths, nodes["self"]) if ticks]


@pytest.fixture
def page_stacks(tmp_path):
    """The same of the page's modules, each of [(page, filters)]."""
    folder = tmp_path / "modules"
    folder.mkdir()
    for path in [*(ROOT / "web").glob("*.js"), ROOT / "tests/unit/web/draw_pages.js"]:
        shutil.copy(path, folder)
    (folder / "package.json").write_text('{ "type": "module" }')

    def draw(rows):
        asked = json.dumps([{"path": str(path), "filters": filters} for path, filters in rows])
        done = subprocess.run(["node", "draw_pages.js"], cwd=folder, input=asked, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return draw


def make_pages(rng, folder, *options):
    """[(profile, page, its stacks)]"""
    for number in range(PROFILES):
        profile, page = folder / f"{number}.pb", folder / f"{number}.html"
        profile.write_bytes(encode(make_stacks(rng)))
        assert hearth.run("render", profile, "-o", page, *options).returncode == 0
        yield profile, page, sorted(command_stacks(profile, *options))


def test_each_word_leaves_what_the_command_leaves(page_stacks, tmp_path):
    rng = random.Random(1)
    rows = [(profile, page, whole, words) for profile, page, whole in make_pages(rng, tmp_path) for words in make_words(rng)]
    drawn = page_stacks([(page, filters_of(words)) for _, page, _, words in rows])
    changed = dict.fromkeys(WORDS, 0)
    for (profile, _, whole, words), stacks in zip(rows, drawn):
        wanted = sorted(command_stacks(profile, *options_of(words)))
        assert sorted(stacks) == wanted, (profile, words)
        if len(words) == 1:
            changed[words[0][0]] += 0 < len(wanted) and wanted != whole
    assert all(count >= PROFILES / 4 for count in changed.values()), changed
