# SPDX-License-Identifier: Apache-2.0
"""Commands of which the n-th call of a kind fails (fail_nth.c), and what has to hold of each, whichever call it was.

The process ends by itself: with status 0 and the result that it has when nothing fails, or with one of hearth's other ones and a line that
says so. What was there before is there still, a file that was to be written is the old one or the new one, the store has what it had or what it was
to have, and nothing is left beside them.
"""

import contextlib
import os
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import List, NamedTuple

import hearth

LIBRARY = hearth.OUTPUT / "e2e/fail_nth.so"
KINDS = ["memory", "open", "read", "write", "sync", "name", "truncate", "status", "map", "thread", "process"]
NOBODY = 65534  # who asks for no other process to read what he gives
HOUR = 3600
NOON = 1_764_331_200  # 2025-11-28 12:00 UTC
DEADLINE_SECONDS = 120

SCRIPT = """\
nginx 10/11 [000] 100.000000: 1 cpu-clock:
\t1000 work+0x1 (/bin/nginx)
\t2000 main+0x2 (/bin/nginx)

psql 20/20 [000] 220.500000: 1 cpu-clock:
\t3000 scan+0x3 (/bin/psql)

"""
DAY = "nginx_[p];main;work 3\nnginx_[p];[truncated:no_root]_[m];wait 2\n"


class Command(NamedTuple):
    """What is run in a place (make_place())."""

    name: str
    words: List[str]


COMMANDS = [
    Command("svg", ["render", "in/a.folded", "-o", "out/a.svg"]),
    Command("html", ["render", "in/a.perf", "-o", "out/a.html", "--flamechart"]),
    Command("pprof", ["render", "in/a.folded", "-o", "out/a.pb.gz"]),
    Command("speedscope", ["render", "in/a.pb.gz", "-o", "out/a.speedscope.json"]),
    Command("from speedscope", ["render", "in/a.speedscope.json", "-o", "out/a.folded"]),
    Command("cpuprofile", ["render", "in/a.perf", "-o", "out/a.cpuprofile"]),
    Command("from cpuprofile", ["render", "in/a.cpuprofile", "-o", "out/a.json"]),
    Command("firefox", ["render", "in/a.perf", "-o", "out/a.firefox.json"]),
    Command("from firefox", ["render", "in/a.firefox.json", "-o", "out/a.callgrind"]),
    Command("difference", ["render", "in/a.perf", "in/a.folded", "--before", "in/a.pb.gz", "-o", "out/a.html"]),
    Command("shaped", ["render", "in/a.perf", "in/b.perf", "--by", "comm", "--focus", "main", "--hide", "wor.", "-o", "out/a.top.txt"]),
    Command("query", ["query", "--store", "store", "-o", "out/a.svg"]),
    Command("compare", ["query", "--store", "store", "--from", f"@{NOON + HOUR}", "--diff-from", f"@{NOON}", "--diff-to", f"@{NOON + 600}", "-o", "out/a.html"]),
    Command("where", ["query", "--store", "store", "--where", "comm~^ng,pid=10", "--format", "folded", "-o", "-"]),
    Command("list", ["store", "list", "--store", "store", "--json"]),
    Command("verify", ["store", "verify", "--store", "store"]),
    Command("events", ["store", "events", "--store", "store", "--json"]),
    Command("export", ["store", "export", "out/copy", "--store", "store"]),
    Command("export file", ["store", "export", "-o", "out/a.folded", "--store", "store"]),
    Command("import", ["store", "import", "in/a.pb.gz", "--store", "store", "--at", f"@{NOON + 9 * HOUR}"]),
    Command("first import", ["store", "import", "in/a.perf", "--store", "out/store", "--at", f"@{NOON}"]),
    Command("take away", ["store", "shrink", "--store", "store", "--keep-size", "30K"]),
    Command("roll up", ["store", "shrink", "--store", "store", "--keep-ticks", "1d"]),
]  # fmt: skip


def call(place, words, user, **variables):
    """Runs hearth in a place, so that no path of it is in what it says."""
    environment = {**os.environ, "TZ": "UTC", "MALLOC_PERTURB_": "165", **variables}
    options = {"user": user, "group": user, "extra_groups": []} if user is not None else {}
    with hearth.Child(hearth.BINARY, *words, cwd=place, env=environment, stdin=subprocess.DEVNULL, **options) as child:
        return child.end(DEADLINE_SECONDS)


def good(place, words, user=None):
    ended = call(place, words, user)
    assert ended.returncode == 0, (words, ended)
    return ended.stdout


# --- what commands work on ----------------------------------------------------------------------------


def make_inputs(folder):
    folder.mkdir()
    (folder / "a.folded").write_text("a;b;c 3\na;c 2\nmain;work;spin 40\n")
    (folder / "a.perf").write_text(SCRIPT)
    (folder / "b.perf").write_text(SCRIPT.replace("work", "rest"))
    (folder / "day.folded").write_text(DAY)
    for ending in ("pb.gz", "speedscope.json", "cpuprofile", "firefox.json"):
        good(folder, ["render", "a.perf", "-o", f"a.{ending}"])


def make_place(folder):
    """in/ with inputs, store/ with some slices."""
    folder.mkdir()
    make_inputs(folder / "in")
    good(folder, ["store", "import", "in/a.perf", "--store", "store", "--at", f"@{NOON}"])
    for hour in (1, 2, 3):
        good(folder, ["store", "import", "in/day.folded", "--store", "store", "--at", f"@{NOON + hour * HOUR}"])
    return folder


@contextlib.contextmanager
def template(user):
    """A place that all commands begin with; it is read only by whoever runs them as `user`."""
    with tempfile.TemporaryDirectory(prefix="hearth-test-") as folder:
        os.chmod(folder, 0o755)
        yield make_place(Path(folder, "template"))


def give(folder, user):
    if user is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, user)


def begin(command, origin, user):
    """A fresh place beside the template."""
    place = origin.parent / "place"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    (place / "in").symlink_to(origin / "in")
    shutil.copytree(origin / "store", place / "store")
    (place / "out").mkdir()
    for word in command.words:
        if re.fullmatch(r"out/.*\..*", word):
            (place / word).write_text("old\n")
    give(place, user)
    return place


# --- what is there --------------------------------------------------------------------------------------


def state(folder):
    """The bytes of a store; what SQLite shares between processes is none of it."""
    return frozenset((path.name, path.read_bytes()) for path in folder.glob("*") if not path.name.endswith("-shm"))


def contents(folder):
    """What stands in the files of a folder, by their names; stores below it have answers instead."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


SETTLED = re.compile(r"\d{6}-\d+-\d+(-\d+-\d+-\d+)?\.slice|lock|names\.lock")
MAY_WAIT = re.compile(r"(\d{6}-open|rolling|naming)\.slice(-wal|-shm|-journal)?")  # until the next one writes


LEFT_OUT = r"warning: .*(left out|are damaged|is damaged)"
ROLLED = r"^(0|4) slices "


class Outcome(NamedTuple):
    said: str  # on standard output
    files: dict  # of out/
    stores: dict  # what they answer; None: there is none, or it has nothing


STORES = ["store", "out/store", "out/copy"]


def check_names(store, may_wait):
    names = [path.name for path in store.glob("*")]
    strange = [name for name in names if not SETTLED.fullmatch(name) and not (may_wait and MAY_WAIT.fullmatch(name))]
    assert not strange, f"left in {store.name}: {strange}"


class Trial:
    """One command, what it comes to when nothing fails, and how many calls of a kind it makes."""

    def __init__(self, command, kind, origin, user):
        self.command, self.kind, self.origin, self.user = command, kind, origin, user
        self.count_path = origin.parent / "count"
        self.known = {}  # what stores of some bytes answer, and that they verify
        place = begin(command, origin, user)
        self.before = self.outcome(place, "")
        ended, self.calls = self.run(place, 0, False)
        assert ended.returncode == 0, ended
        assert self.calls or kind != "memory", f"no call is counted: {LIBRARY} is not there"
        self.after = self.outcome(place, ended.stdout)

    def answer(self, place, store):
        if not list((place / store).glob("*.slice")):
            return None
        key = state(place / store)
        if key not in self.known:
            verified = call(place, ["store", "verify", "--store", store], self.user)
            assert verified.returncode == 0, f"{store} does not verify: {verified}"
            ended = call(place, ["query", "--store", store, "--format", "folded", "-o", "-"], self.user)
            has_none = ended.returncode == 2 and "has no such sample" in ended.stderr
            assert has_none or ended.returncode == 0, ended
            self.known[key] = None if has_none else ended.stdout
        return self.known[key]

    def outcome(self, place, said):
        return Outcome(said, contents(place / "out"), {name: self.answer(place, name) for name in STORES})

    def run(self, place, number, is_for_good):
        self.count_path.write_bytes(bytes(8))
        self.count_path.chmod(0o666)
        variables = {"LD_PRELOAD": str(LIBRARY), "FAIL_KIND": self.kind, "FAIL_AT": str(number), "FAIL_COUNT": str(self.count_path)}
        if is_for_good:
            variables["FAIL_FOR_GOOD"] = "1"
        ended = call(place, self.command.words, self.user, **variables)
        return ended, struct.unpack("=Q", self.count_path.read_bytes())[0]

    def check(self, number, is_for_good):
        """Lets that call fail. What does not hold is an AssertionError."""
        place = begin(self.command, self.origin, self.user)
        ended, _ = self.run(place, number, is_for_good)
        assert ended.returncode in (0, 1, 2, 3), ended
        found = self.outcome(place, ended.stdout)
        if ended.returncode:
            assert re.search(r"^hearth: .", ended.stderr, re.MULTILINE), f"it does not say why: {ended}"
        elif re.search(LEFT_OUT, ended.stderr) or re.search(ROLLED, ended.stdout):
            return  # of a slice that cannot be read, or rolled up, the others go on, and it is told
        else:
            assert found.said == self.after.said, (found.said, self.after.said)
        self.check_files(found, ended, is_for_good)
        self.check_stores(place, found, ended, is_for_good)

    def check_files(self, found, ended, is_for_good):
        if is_for_good and self.kind == "name":  # what cannot be unlinked stays
            found = found._replace(files={name: content for name, content in found.files.items() if not name.startswith(".")})
        assert set(found.files) <= {*self.before.files, *self.after.files}, f"left in out/: {list(found.files)}"
        for name, content in found.files.items():
            new = self.after.files.get(name)
            assert content == new or (ended.returncode and content == self.before.files.get(name)), (name, content[:200], ended)
        assert set(found.files) >= set(self.before.files), "an old file is gone"
        assert ended.returncode or set(found.files) == set(self.after.files)

    def check_stores(self, place, found, ended, is_for_good):
        for name, answer in found.stores.items():
            old, new = self.before.stores[name], self.after.stores[name]
            if is_for_good and name == "out/copy":
                continue  # nothing could take it away
            assert answer == new or (ended.returncode and answer == old), (name, answer, old, new, ended)
            check_names(place / name, may_wait=True)
            if not (place / name).exists() or state(place / name) == state(self.origin / name):
                continue
            good(place, ["store", "shrink", "--store", name, "--keep", "9999d"], self.user)
            check_names(place / name, may_wait=self.kind == "name" or is_for_good)  # what cannot be unlinked stays
            assert self.answer(place, name) == answer
