# SPDX-License-Identifier: Apache-2.0
"""`hearth store` and `hearth query`: profiles of any kind go into a store, and what it has of a span comes out of it as render would write it."""

import fcntl
import json
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest

import hearth
import pprof_encoder

HOUR = 3600
NOON = 1_764_331_200  # 2025-11-28 12:00 UTC
OF_A_STORE = [["query"], ["names", "--rescan"], *(["store", word] for word in ("list", "verify", "events")), ["store", "shrink", "--keep", "1d"],
              ["store", "export", "-o", "-"]]  # fmt: skip

SCRIPT = """\
nginx 10/11 [000] 100.000000: 1 cpu-clock:
\t1000 work+0x1 (/bin/nginx)
\t2000 main+0x2 (/bin/nginx)

nginx 10/11 [001] 160.000000: 1 cpu-clock:
\t1000 wait+0x1 (/bin/nginx)
\t2000 main+0x2 (/bin/nginx)

psql 20/20 [000] 220.500000: 1 cpu-clock:
\t3000 scan+0x3 (/bin/psql)

"""


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def run(*arguments, **options):
    return hearth.run(*arguments, **options)


def imported(store, path, *arguments):
    ended = run("store", "import", path, "--store", store, *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended


def query(store, *arguments):
    return run("query", "--store", store, "-o", "-", *arguments)


def folded(store, *arguments):
    ended = query(store, "--format", "folded", *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def total(text):
    return sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines())


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "perf.txt"
    path.write_text(SCRIPT)
    return path


@pytest.fixture
def at_noon(store, script):
    imported(store, script, "--at", f"@{NOON}")
    return store


def test_what_goes_in_comes_out(store, script, tmp_path):
    other = tmp_path / "other.folded"
    other.write_text("a;b 3\na;c 2\n")
    for path in (script, other):
        imported(store, path)
    rendered = run("render", script, other, "--format", "folded", "-o", "-").stdout
    assert sorted(folded(store).splitlines()) == sorted(rendered.splitlines())


def test_a_span_has_what_lies_in_it(at_noon):
    assert folded(at_noon, "--to", f"@{NOON + 60}") == "nginx;main;work 1\n"
    assert folded(at_noon, "--from", f"@{NOON + 60}", "--to", f"@{NOON + 61}") == "nginx;main;wait 1\n"
    assert folded(at_noon, "--from", "2025-11-28T12:02:00Z") == "psql;scan 1\n"


def test_a_span_without_samples_is_told(at_noon, tmp_path):
    ended = query(at_noon, "--from", f"@{NOON + HOUR}", "--format", "folded")
    assert ended.returncode == 2
    assert "has no such sample from " in ended.stderr and ended.stdout == ""
    output = tmp_path / "none.svg"
    assert run("query", "--store", at_noon, "--where", "comm=nobody", "-o", output).returncode == 2
    assert not output.exists()


def test_samples_are_chosen_by_their_labels(at_noon):
    assert folded(at_noon, "--where", "comm=nginx") == "nginx;main;wait 1\nnginx;main;work 1\n"
    assert folded(at_noon, "--where", "comm~^p,pid=20") == "psql;scan 1\n"
    assert folded(at_noon, "--where", "cpu!=0", "--by", "cpu") == "cpu-1;main;wait 1\n"


def test_shaping_and_every_output(at_noon, tmp_path):
    assert folded(at_noon, "--focus", "scan") == "psql;scan 1\n"
    for ending in (".svg", ".html", ".pb.gz", ".json", ".top.txt", ".speedscope.json"):
        output = tmp_path / f"out{ending}"
        assert run("query", "--store", at_noon, "-o", output).returncode == 0
        assert output.stat().st_size > 100


def test_times_are_of_the_wall_clock(at_noon):
    profile = json.loads(query(at_noon, "--format", "json").stdout)
    assert profile["origin"]["time_unix_ns"] == NOON * 10**9


def test_without_a_time_it_ended_when_the_file_was_written(store, tmp_path):
    path = tmp_path / "plain.folded"
    path.write_text("a;b 1\n")
    os.utime(path, (NOON, NOON))
    imported(store, path)
    assert folded(store, "--from", f"@{NOON - 2}", "--to", f"@{NOON}") == "a;b 1\n"
    assert query(store, "--from", f"@{NOON + 1}").returncode == 2


def test_a_time_beyond_all_times_is_none(store, tmp_path):
    path = tmp_path / "far.pb"
    path.write_bytes(pprof_encoder.encode([([pprof_encoder.Frame("main")], 1)]) + b"\x48" + b"\xff" * 9 + b"\x01")  # time_nanos
    imported(store, path)
    assert folded(store, "--from", "-1h") == "main 1\n"
    assert [row["state"] for row in json.loads(run("store", "list", "--json", "--store", store).stdout)] == ["sealed"]


def test_list(at_noon):
    rows = json.loads(run("store", "list", "--json", "--store", at_noon).stdout)
    assert [row["state"] for row in rows] == ["sealed"]
    assert rows[0]["start_ms"] == NOON * 1000 and rows[0]["end_ms"] >= (NOON + 120) * 1000
    assert rows[0]["bytes"] == sum(path.stat().st_size for path in at_noon.glob("*.slice"))
    words = run("store", "list", "--store", at_noon).stdout.splitlines()
    assert len(words) == 2 and words[1].endswith("sealed")


def test_slices_that_count_different_things_are_verified_all(at_noon, tmp_path):
    path = tmp_path / "two.folded"
    path.write_text("a;b 3 1\n")
    imported(at_noon, path, "--at", f"@{NOON + HOUR}")
    imported(at_noon, tmp_path / "perf.txt", "--at", f"@{NOON + 2 * HOUR}")
    verified = run("store", "verify", "--store", at_noon)
    assert verified.returncode == 0 and f"{at_noon}: 7 samples: all of it" in verified.stdout
    assert "do not add up" in query(at_noon).stderr
    assert folded(at_noon, "--from", f"@{NOON + HOUR}", "--to", f"@{NOON + HOUR + 5}") == "a;b 3 1\n"


def only_slice(store):
    [path] = store.glob("*.slice")
    return path


def test_damage_is_told_and_the_rest_goes_on(at_noon, tmp_path):
    whole = tmp_path / "whole.folded"
    whole.write_text("whole 1\n")
    assert run("store", "verify", "--store", at_noon).returncode == 0
    damaged = only_slice(at_noon)
    imported(at_noon, whole)
    with sqlite3.connect(damaged) as database:
        database.execute("UPDATE chunk SET body = zeroblob(length(body)) WHERE kind = 5")  # the dictionary
    database.close()
    verified = run("store", "verify", "--store", at_noon)
    assert verified.returncode == 1
    assert f"{damaged}: 1 of its chunks are damaged" in verified.stderr
    ended = query(at_noon, "--format", "folded")
    assert ended.returncode == 0
    assert ended.stdout == "[damaged] 3\nwhole 1\n"
    assert "of 3 of 4 samples the stack is damaged" in ended.stderr


def test_a_slice_of_a_newer_version_is_left_out(at_noon):
    with sqlite3.connect(only_slice(at_noon)) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    ended = query(at_noon)
    assert ended.returncode == 2 and "a newer hearth has written it" in ended.stderr


def test_what_is_no_slice_is_told(at_noon):
    (at_noon / "000009-open.slice").write_bytes(b"no database" * 100)
    assert "it is damaged" in query(at_noon, "--format", "folded").stderr
    assert run("store", "verify", "--store", at_noon).returncode == 1


def test_what_is_set_aside_is_named(store, script):
    """By whoever finds it; the next one has nothing new to tell."""
    store.mkdir()
    for number in (7, 8):
        (store / f"{number:06}-open.slice").write_bytes(b"no database" * 100)
    named = "2 slices that were not ended are damaged and set aside: 000007-damaged.slice, 000008-damaged.slice"
    ended = run("store", "import", script, "--store", store, "--at", f"@{NOON}")
    assert ended.returncode == 0 and named in ended.stderr, ended
    (store / "000020-open.slice").write_bytes(b"no database" * 100)
    again = run("store", "import", script, "--store", store, "--at", f"@{NOON}")
    assert "1 slice that was not ended is damaged and set aside: 000020-damaged.slice\n" in again.stderr, again


def test_one_writes_at_a_time(store, script):
    store.mkdir()
    with (store / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = run("store", "import", script, "--store", store)
    assert ended.returncode == 2 and "another hearth writes into this store" in ended.stderr


def test_an_input_that_cannot_be_read_leaves_nothing(store, tmp_path):
    path = tmp_path / "none.folded"
    path.write_text("no counts\nat all here\n")
    assert run("store", "import", path, "--store", store).returncode == 2
    assert list(store.glob("*.slice*")) == []


def test_a_store_of_another_user_is_not_read_by_root(at_noon):
    os.chown(at_noon, 65534, 65534)
    profile = at_noon.parent / "perf.txt"
    for command in (["query"], ["store", "verify"], ["store", "import", profile], ["store", "shrink", "--keep", "1d"]):
        ended = run(*command, "--store", at_noon)
        assert ended.returncode == 3 and "is another user's" in ended.stderr


@pytest.mark.parametrize(
    "arguments, why",
    [
        (["query", "--store", "/nonexistent"], "cannot open the store /nonexistent"),
        (["query", "--from", "yesterday"], "a time is now, -2h"),
        (["query", "--from", "-1h", "--to", "-2h"], "--from is not before --to"),
        (["query", "--where", "color=red"], "is no LABEL=VALUE"),
        (["query", "what"], "takes no argument such as what"),
        (["store"], "list, verify, events, import, export or shrink?"),
        (["store", "melt"], "list, verify, events, import, export or shrink; "),
        (["store", "shrink"], "what is to be kept?"),
        (["store", "shrink", "--keep", "long"], "a span of time is 7d"),
        (["store", "shrink", "--keep-size", "2X"], "a size is a number of bytes"),
        (["store", "shrink", "--keep-size", "99999999T"], "a size is a number of bytes"),
        (["store", "events", "--from", "-1h", "--to", "-2h"], "--from is not before --to"),
        (["store", "events", "--store", "/nonexistent"], "cannot open the store /nonexistent"),
        *((command + ["--store", "/usr/share"], "/usr/share is no store") for command in OF_A_STORE),
        (["store", "export"], "where to?"),
        (["store", "export", "a", "-o", "b"], "where to?"),
        (["store", "export", "-o", "b", "--format", "tar"], "no such format"),
        (["store", "export", "a", "--from", "-1h", "--to", "-2h"], "--from is not before --to"),
        (["store", "list", "this"], "takes no argument such as this"),
        (["store", "import"], "what is to be imported?"),
    ],
)
def test_wrong_use_is_told(arguments, why):
    ended = run(*arguments)
    assert ended.returncode == 2
    assert why in ended.stderr and len(ended.stderr.splitlines()) == 1
    assert not Path("/usr/share/lock").exists()


def test_a_folder_that_cannot_be_made_is_told(at_noon):
    ended = run("store", "export", "/nonexistent/folder", "--store", at_noon)
    assert ended.returncode == 2 and "cannot make the folder /nonexistent/folder" in ended.stderr, ended


def test_answers_for_programs(at_noon):
    verified = run("store", "verify", "--store", at_noon, "--json")
    assert json.loads(verified.stdout) == {"samples": 3, "damaged_slices": 0, "damaged_chunks": 0, "lost_stacks": 0}
    shrunk = run("store", "shrink", "--store", at_noon, "--json", "--keep", "9999d")
    size = only_slice(at_noon).stat().st_size
    assert json.loads(shrunk.stdout) == {"removed": 0, "removed_bytes": 0, "left": 1, "left_bytes": size}
    assert json.loads(run("store", "events", "--store", at_noon, "--json").stdout) == []


def test_a_span_is_exported_as_a_store_of_its_own(at_noon, tmp_path):
    other = tmp_path / "other.folded"
    other.write_text("other 2\n")
    imported(at_noon, other, "--at", f"@{NOON + HOUR}")
    everything, part = tmp_path / "everything", tmp_path / "part"
    exported = run("store", "export", everything, "--store", at_noon, "--json")
    assert exported.returncode == 0 and json.loads(exported.stdout) == {"slices": 2, "left_out": 0}, exported
    assert folded(everything) == folded(at_noon)
    assert run("store", "export", part, "--store", at_noon, "--from", f"@{NOON + HOUR}").returncode == 0
    assert folded(part) == "other 2\n" and run("store", "verify", "--store", part).returncode == 0
    again = run("store", "export", part, "--store", at_noon)
    assert again.returncode == 2 and "cannot make the folder" in again.stderr and folded(part) == "other 2\n"
    imported(part, other, "--at", f"@{NOON}")  # it goes on like any other
    assert folded(part) == "other 4\n"


def test_a_span_is_exported_as_a_file_of_any_format(at_noon, tmp_path):
    other, span = tmp_path / "other.folded", ["--from", f"@{NOON + HOUR}", "--to", f"@{NOON + 2 * HOUR}"]
    other.write_text("other 2\n")
    imported(at_noon, other, "--at", f"@{NOON + HOUR}")
    for name, form in (("a.folded", []), ("a.bin", ["--format", "folded"])):
        exported = run("store", "export", "-o", tmp_path / name, *form, *span, "--store", at_noon)
        assert exported.returncode == 0 and (tmp_path / name).read_text() == "other 2\n", exported
    whole = run("store", "export", "--format", "pprof", "--output", tmp_path / "all.pb.gz", "--store", at_noon)
    assert whole.returncode == 0, whole
    assert total(run("render", tmp_path / "all.pb.gz", "--format", "folded", "-o", "-").stdout) == total(folded(at_noon)) > 2


def test_what_is_damaged_is_not_exported(at_noon, tmp_path):
    with sqlite3.connect(only_slice(at_noon)) as database:
        database.execute("UPDATE chunk SET body = zeroblob(length(body)) WHERE kind = 5")  # the dictionary
    database.close()
    exported = run("store", "export", tmp_path / "copy", "--store", at_noon, "--json")
    assert exported.returncode == 1 and json.loads(exported.stdout) == {"slices": 0, "left_out": 1}, exported


def slices_of(store):
    return [row["slice"] for row in json.loads(run("store", "list", "--json", "--store", store).stdout)]


def shrink(store, *arguments):
    ended = run("store", "shrink", "--store", store, *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_shrinking_takes_the_oldest_away(store, tmp_path):
    path = tmp_path / "in.folded"
    path.write_text("a;b 1\n")
    for age in ("-5d", "-1d", "-9d", "-1h"):
        imported(store, path, "--at", age)
    assert shrink(store, "--keep", "30d", "--keep-size", "1G").startswith("0 slices with 0 bytes were taken away, 4 with ")
    shrink(store, "--keep", "7d")
    assert slices_of(store) == [1, 2, 4]
    each = only_size(store)
    shrink(store, "--keep-size", str(2 * each))
    assert slices_of(store) == [2, 4]
    shrink(store, "--keep", "2h", "--keep-size", "1M")
    assert slices_of(store) == [4]
    shrink(store, "--keep-size", "0")
    assert slices_of(store) == []
    imported(store, path)  # a number is not given again while its slice is there
    assert slices_of(store) == [1]


def levels_of(store):
    return [row["level"] for row in json.loads(run("store", "list", "--json", "--store", store).stdout)]


def test_what_is_old_is_rolled_up(at_noon, tmp_path):
    """Of a day, but for the one that counts several values."""
    path = tmp_path / "in.folded"
    path.write_text("nginx_[p];main;work 3\nnginx_[p];[truncated:no_root]_[m];wait 2\n")
    for hour in (1, 2, 3):
        imported(at_noon, path, "--at", f"@{NOON + hour * HOUR}")
    since = ("--from", f"@{NOON + HOUR}")
    before, verified = folded(at_noon, *since), run("store", "verify", "--store", at_noon, "--json").stdout
    assert "work 9\n" in before and "wait 6\n" in before
    assert shrink(at_noon, "--keep-ticks", "9999d").startswith("3 slices were rolled up to 1\n")
    assert levels_of(at_noon) == ["recorded", "day"]
    for level, keeps in (("day", "--keep-ticks=9999d"), ("minutes", "--keep-ticks=1d"), ("hours", "--keep-minutes=1d")):
        shrink(at_noon, keeps)
        assert levels_of(at_noon) == ["recorded", level]
        assert folded(at_noon, *since) == before
        assert run("store", "verify", "--store", at_noon).returncode == 0
    assert len(list(at_noon.glob("*.slice*"))) == 2 and json.loads(verified)["samples"] > 3


def only_size(store):
    [size] = {path.stat().st_size for path in store.glob("*.slice")}
    return size


def test_a_copy_is_read_without_privileges(at_noon):
    with tempfile.TemporaryDirectory(prefix="hearth-store-") as folder:
        copy = shutil.copytree(at_noon, Path(folder) / "copy")
        os.chmod(folder, 0o755)
        copy.chmod(0o555)
        for path in copy.iterdir():
            path.chmod(0o444)
        ended = run("query", "--store", copy, "--format", "folded", "-o", "-", user=65534)
        assert ended.returncode == 0, ended.stderr
        assert "psql;scan 1" in ended.stdout
