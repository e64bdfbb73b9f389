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
KINDS = ["native", "kernel", "inlined", "jit", "unknown", "process", "marker"]
# A frame is what its row says, and of a name, so that one name is often of several modules and kinds.
CODE = [("", "native"), ("lib.so", "native"), ("libc.so.6", "native"), ("", "kernel"), ("nf", "kernel"), ("lib.so", "inlined"), ("", "jit"), ("lib.so", "unknown")]
PLACES = [(), ("/x/a.c", 3), ("/x/a.c", 3), ("/x/a.c", 10), ("/y/a.c", 3), ("a.c", 10), ("/x/b.h", 0)]  # files of one name in several folders
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
            code.append(code[-1] if again else Frame(rng.choice(NAMES), *rng.choice(CODE), *rng.choice(PLACES)))
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
    """The same of the page's modules, of each of [(page, order, filters)]."""
    folder = tmp_path / "modules"
    folder.mkdir()
    for path in [*(ROOT / "web").glob("*.js"), ROOT / "tests/unit/web/draw_pages.js"]:
        shutil.copy(path, folder)
    (folder / "package.json").write_text('{ "type": "module" }')

    def draw(rows):
        asked = json.dumps([{"path": str(path), "order": order, "filters": filters} for path, order, filters in rows])
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
        yield profile, page, command_stacks(profile, *options)


def ordered(stacks, order):
    """The stacks in the order of a walk, whose siblings stand in this one; those that are given stand as they came."""
    totals, came = {}, {}
    for ticks, *frames in stacks:
        for depth in range(len(frames) + 1):
            path = tuple(map(tuple, frames[:depth]))
            totals[path] = totals.get(path, 0) + ticks
            came.setdefault(path, len(came))

    def key(stack):
        paths = [tuple(map(tuple, stack[1 : depth + 1])) for depth in range(1, len(stack))]
        names = [(path[-1][0], KINDS.index(path[-1][2]), path[-1][1]) for path in paths]
        if order == "time":
            return [came[path] for path in paths]
        return names if order == "name" else [(-totals[path], name) for path, name in zip(paths, names)]

    return sorted(stacks, key=key)


def test_each_word_leaves_what_the_command_leaves(page_stacks, tmp_path):
    rng = random.Random(1)
    rows = [(profile, page, whole, words) for profile, page, whole in make_pages(rng, tmp_path) for words in make_words(rng)]
    orders = [rng.choice(["name", "total"]) for _ in rows]
    drawn = page_stacks([(page, order, filters_of(words)) for (_, page, _, words), order in zip(rows, orders)])
    changed = dict.fromkeys(WORDS, 0)
    for (profile, _, whole, words), order, stacks in zip(rows, orders, drawn):
        wanted = ordered(command_stacks(profile, *options_of(words)), order)
        assert stacks == wanted, (profile, words, order)
        if len(words) == 1:
            changed[words[0][0]] += 0 < len(wanted) and wanted != ordered(whole, order)
    assert all(count >= PROFILES / 4 for count in changed.values()), changed


def test_by_line_as_well(page_stacks, tmp_path):
    """A page that was asked for lines draws functions, too, and any words with and without."""
    rng = random.Random(3)
    rows = [(profile, page, words) for profile, page, _ in make_pages(rng, tmp_path, "--lines") for words in make_words(rng)]
    rows += [(profile, page, [*words, ("lines", "")]) for profile, page, words in rows]
    drawn = page_stacks([(page, "name", filters_of(words)) for _, page, words in rows])
    wanted = [sorted(command_stacks(profile, *options_of(words))) for profile, _, words in rows]
    for row, stacks, those in zip(rows, drawn, wanted):
        assert sorted(stacks) == those, row
    half = len(rows) // 2
    assert sum(without != with_them for without, with_them in zip(wanted[:half], wanted[half:])) > half / 2


def test_without_words_stacks_stand_as_they_came(page_stacks, tmp_path):
    pages = list(make_pages(random.Random(2), tmp_path))
    for (_, _, whole), stacks in zip(pages, page_stacks([(page, "time", []) for _, page, _ in pages])):
        assert stacks == ordered(whole, "time")
    assert any(ordered(whole, "time") != ordered(whole, "name") for _, _, whole in pages)
