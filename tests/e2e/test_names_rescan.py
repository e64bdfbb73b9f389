# SPDX-License-Identifier: Apache-2.0
"""`hearth names --rescan`: a debug file that comes later names what is stored, when the program is gone."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from pathlib import Path

import pytest

import hearth
import recording
import serving

SOURCE = """
static volatile unsigned long sink;
static inline __attribute__((always_inline)) void turn_inlined(unsigned long i) { sink += i * i; }
__attribute__((noinline)) static void spin(void)
{
	for (unsigned long i = 0; i < 100000; i++)
		turn_inlined(i);
}
int main(void)
{
	for (;;)
		spin();
}
"""


def sum_of(store, *arguments, **options):
    ended = hearth.run("names", "--rescan", "--json", "--store", store, *arguments, **options)
    assert ended.returncode == 0, ended
    return json.loads(ended.stdout)


def of_program(store, *arguments):
    return serving.query(store, "--where", "comm=stripped", *arguments)


def is_named(stacks):
    return any("turn_inlined_[i]" in stack.frames and "main" in stack.frames for stack in stacks)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """(store, debug file, its place below a folder) of a stripped program that is gone."""
    folder = tmp_path_factory.mktemp("rescan")
    program, debug_file = folder / "stripped", folder / "whole.debug"
    (folder / "spin.c").write_text(SOURCE)
    subprocess.run(["cc", "-O2", "-g", "-Wl,--build-id", "-o", program, folder / "spin.c"], check=True)
    subprocess.run(["objcopy", "--only-keep-debug", program, debug_file], check=True)
    subprocess.run(["strip", program], check=True)
    notes = subprocess.run(["readelf", "-n", program], check=True, capture_output=True, text=True).stdout
    build_id = notes.split("Build ID: ")[1].split()[0]
    store = folder / "store"
    with hearth.Child(program), serving.serving(store):
        serving.wait_for(store, lambda stack: "[stripped]" in stack.frames, "the program in the store", "--where", "comm=stripped")
    program.unlink()
    return store, debug_file, Path(".build-id", build_id[:2], f"{build_id[2:]}.debug")


@contextlib.contextmanager
def copy_of(recorded):
    """A copy that everybody may read, and a folder for debug files, which has none yet."""
    store, debug_file, place = recorded
    with tempfile.TemporaryDirectory(prefix="hearth-test-") as folder:
        os.chmod(folder, 0o755)
        target = Path(folder, "symbols", place)
        target.parent.mkdir(parents=True)
        yield shutil.copytree(store, Path(folder, "store")), debug_file, target


@pytest.mark.root
def test_a_debug_file_that_comes_later(recorded):
    """Functions, inlined calls, files and lines; a folder may be said as it is seen from here."""
    with copy_of(recorded) as (store, debug_file, target):
        symbols = target.parents[2]
        before = sum_of(store, "--symbols", symbols)
        assert before["slices"] == 1 and before["places"] > 2 and not is_named(of_program(store))
        shutil.copy(debug_file, target)
        found = sum_of(store, "--symbols", symbols.name, cwd=symbols.parent)
        assert found["rewritten"] == 1 and found["better"] >= 2 and found["left_out"] == 0
        assert found["debug_files"] == before["debug_files"] + 1
        target.unlink()
        named = of_program(store)
        assert is_named(named) and not any("[stripped]" in stack.frames for stack in named), named
        assert any("spin.c" in frame for stack in of_program(store, "--lines") for frame in stack.frames)
        assert hearth.run("store", "verify", "--store", store).returncode == 0
        assert {path.suffix for path in store.iterdir()} <= {".slice", ".lock", ""}, "nothing is left beside the slices"


@pytest.mark.root
def test_what_is_known_stays(recorded):
    """The same once more is no better; and so is nothing where the file is another one's."""
    with copy_of(recorded) as (store, debug_file, target):
        symbols = target.parents[2]
        shutil.copy("/bin/true", target)
        assert sum_of(store, "--symbols", symbols, "--to", "-1d")["slices"] == 0
        sum_of(store, "--symbols", symbols)  # the system may have debug files of others
        assert not is_named(of_program(store))
        shutil.copy(debug_file, target)
        assert sum_of(store, "--symbols", symbols)["rewritten"] == 1
        [before] = [path.read_bytes() for path in store.glob("*.slice")]
        assert sum_of(store, "--symbols", symbols)["rewritten"] == 0
        assert [path.read_bytes() for path in store.glob("*.slice")] == [before]


@pytest.mark.root
def test_by_a_user_without_privileges(recorded):
    with copy_of(recorded) as (store, debug_file, target):
        shutil.copy(debug_file, target)
        for path in (store, *store.iterdir()):
            os.chown(path, 65534, 65534)
        ended = hearth.run("names", "--rescan", "--json", "--store", store, "--symbols", target.parents[2], user=65534)
        assert ended.returncode == 0 and json.loads(ended.stdout)["rewritten"] == 1, ended
        shown = hearth.run("query", "--store", store, "--where", "comm=stripped", "--format", "folded", "-o", "-", user=65534)
        assert "main;spin;turn_inlined_[i]" in shown.stdout, shown
        recording.assert_refused(hearth.run("names", "--rescan", "--store", store), 3, "is another user's")


@pytest.mark.root
def test_while_hearth_serve_writes_and_answers(recorded):
    """Who serves the store has the names with the next question, and goes on writing."""
    with copy_of(recorded) as (store, debug_file, target), serving.serving(store) as serve:
        address = serve.wait_for(r"(http://\S+?)/? shows it")[1].rstrip("/")

        def asked():
            with urllib.request.urlopen(f"{address}/api/v1/profile?format=folded&from=-1h&where=comm%3Dstripped") as answer:
                return answer.read().decode()

        recording.until(lambda: "[stripped]" in asked(), "the program in the API")
        shutil.copy(debug_file, target)
        assert sum_of(store, "--symbols", target.parents[2])["rewritten"] == 1
        recording.until(lambda: "main;spin;turn_inlined_[i]" in asked(), "the names in the API")


def test_one_at_a_time(tmp_path):
    (tmp_path / "lock").touch()
    with (tmp_path / "names.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        recording.assert_refused(hearth.run("names", "--rescan", "--store", tmp_path), 2, "another hearth names --rescan is at this store")


@pytest.mark.parametrize(
    "arguments, why",
    [
        ([], "what is to be done?"),
        (["--rescan", "that"], "takes no argument such as that"),
        (["--rescan", "--store", "/nonexistent"], "cannot open the store /nonexistent"),
        (["--rescan", "--symbols", "/nonexistent"], "No such file or directory"),
        (["--rescan", "--from", "-1h", "--to", "-2h"], "--from is not before --to"),
    ],
)
def test_wrong_use_is_told(arguments, why):
    recording.assert_refused(hearth.run("names", *arguments), 2, why)
