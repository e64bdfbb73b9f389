# SPDX-License-Identifier: Apache-2.0
"""`hearth serve`: what the machine does is in the store, under its names, whatever became of it, and of hearth."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import hearth
import recording
import serving

pytestmark = pytest.mark.root


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def is_of(comm):
    return lambda stack: stack.process == comm


def has(function):
    return lambda stack: function in stack.frames


def busy(program="shares_70_30"):
    """A load that runs until the `with` block is left."""
    return hearth.Child(*hearth.sample(program, 600))


def test_a_load_is_in_the_store_while_serve_runs_and_afterwards(store):
    with serving.serving(store), busy():
        while_it_runs = serving.wait_for(store, has("seventy"), "the load's function in the store", "--where", "comm=shares_70_30")
        assert {stack.process for stack in while_it_runs} == {"shares_70_30"}
    afterwards = serving.query(store, "--where", "comm=shares_70_30")
    assert hearth.ticks(afterwards) >= hearth.ticks(while_it_runs)
    assert [entry["state"] for entry in serving.slices(store)] == ["sealed"]
    assert hearth.run("store", "verify", "--store", store).returncode == 0


def test_stacks_are_whole(store):
    """Their roots are proven, though the names that prove them come later."""
    with serving.serving(store, "--rate", "99"), busy():
        serving.wait_for(store, has("seventy"), "the load's function in the store")
    stacks = hearth.fired(serving.query(store, "--where", "comm=shares_70_30"))
    whole = hearth.ticks(stacks, lambda stack: stack.fate == "complete" and "main" in stack.frames)
    assert whole >= 0.95 * hearth.ticks(stacks), stacks


def test_names_survive_the_process_and_its_file(store, tmp_path):
    program = tmp_path / "gone_soon"
    shutil.copy(hearth.SAMPLES / "shares_70_30", program)
    with serving.serving(store):
        with hearth.Child(program, "600"):
            serving.wait_for(store, has("seventy"), "the load's function in the store")
        program.unlink()
    assert any(map(has("seventy"), serving.query(store, "--where", "comm=gone_soon")))


def test_a_file_that_is_gone_before_its_window_ends_is_named(store, tmp_path):
    """Its descriptor is held from its first tick on."""
    program = tmp_path / "gone_at_once"
    shutil.copy(hearth.SAMPLES / "shares_70_30", program)
    with serving.serving(store, "--window", "60s", "--rate", "99"):
        with hearth.Child(program, "--report", "1") as load:
            assert load.end().returncode == 0
        program.unlink()
    stacks = hearth.fired(serving.query(store, "--where", "comm=gone_at_once"))
    named = hearth.ticks(stacks, has("seventy"))
    assert named and named >= 0.5 * hearth.ticks(stacks), stacks


PARTS = 10

LATE_PARTS = """
#include <time.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
#define PART(n) \\
	__attribute__((noinline)) void part##n(void) { \\
		for (double end = now() + 1; now() < end;) \\
			for (volatile int i = 0; i < 1000000; i++) ; \\
	}
"""


def test_what_a_program_calls_last_is_named_once_it_is_gone(store, tmp_path):
    """Its file was read for names before, so what is new in it waits, and the process and the file do not."""
    parts = "".join(f"PART({n})\n" for n in range(PARTS))
    calls = "".join(f"part{n}();" for n in range(PARTS))
    program = recording.compile_c(tmp_path, "late_parts", f"{LATE_PARTS}{parts}int main(void) {{ {calls} }}\n")
    with serving.serving(store, "--rate", "99"), busy():
        with hearth.Child(program) as load:
            assert load.end().returncode == 0
        program.unlink()
        ended = time.time()
        serving.wait_for(store, is_of("shares_70_30"), "a window without the program", "--from", f"@{ended + 1}")
    stacks = serving.query(store, "--where", "comm=late_parts")
    assert {f"part{n}" for n in range(PARTS)} <= recording.frames(stacks), recording.frames(stacks)


def test_windows_lie_where_time_has_them(store):
    with serving.serving(store), busy():
        serving.wait_for(store, is_of("shares_70_30"), "the load in the store")
        begins = time.time()
        serving.wait_for(store, is_of("shares_70_30"), "the load in a later window", "--from", f"@{begins}")
        ends = time.time()
    assert hearth.ticks(serving.query(store, "--from", f"@{begins}", "--to", f"@{ends}"))
    assert serving.query(store, "--from", f"@{ends + 3600}") == []
    assert serving.query(store, "--to", f"@{begins - 3600}") == []


def test_cpu_seconds_are_those_of_proc(store):
    """Of a process that runs for a while: ticks by the rate, within the spread of such counts (5 sigma: 1 in a million)."""
    rate = 99
    with serving.serving(store, "--rate", str(rate)):
        with hearth.StolenTime() as stolen, hearth.Child(*hearth.sample("shares_70_30", "--report", 4)) as load:
            ended = load.end()
        cpu_seconds = hearth.report_of(ended.stdout)["cpu_ns"] / 1e9
    ticks = hearth.ticks(serving.query(store, "--where", f"pid={load.pid}"))
    hearth.assert_ticks_of_cpu_time(ticks, cpu_seconds * rate, stolen.ticks(rate))


def test_made_code_is_named_by_its_perf_map(store, tmp_path):
    script = tmp_path / "busy.js"
    script.write_text("function burnHotly(n) { let x = 0; for (let i = 0; i < n; i++) x += Math.sqrt(i * n); return x; }\nfor (;;) burnHotly(1e6);\n")
    with serving.serving(store, "--rate", "99"):
        with hearth.Child("node", "--perf-basic-prof", script, cwd=tmp_path) as node:
            serving.wait_for(
                store,
                lambda stack: any("burnHotly" in frame for frame in stack.frames),
                "the function that node made code of",
                "--where",
                f"pid={node.pid}",
            )
    Path(f"/tmp/perf-{node.pid}.map").unlink()


def test_a_second_one_on_the_store_says_so(store):
    with serving.serving(store):
        recording.assert_refused(hearth.run("serve", "--store", store), 2, "another hearth writes into this store")


def test_killed_it_loses_one_window_at_most_and_the_next_one_goes_on(store):
    with serving.start(store) as serve, busy():
        hearth.wait_until_recording(serve)
        before = serving.wait_for(store, has("seventy"), "the load's function in the store")
        os.kill(serve.pid, signal.SIGKILL)
        serve.process.wait()
        kept = serving.query(store, "--where", "comm=shares_70_30")
        assert hearth.ticks(kept) >= hearth.ticks(before, is_of("shares_70_30"))
        ended = time.time()
        with serving.serving(store):
            serving.wait_for(store, has("seventy"), "the load after the next start", "--from", f"@{ended}")
    assert [entry["state"] for entry in serving.slices(store)] == ["sealed", "sealed"]
    assert hearth.run("store", "verify", "--store", store).returncode == 0


def test_a_store_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    recording.assert_refused(hearth.run("serve", "--store", tmp_path / "file" / "store"), 2, "cannot write into the store")


@pytest.mark.parametrize(
    "arguments, pattern",
    [
        (["--window", "0s"], "a window is from 1s to 60s long"),
        (["--window", "2h"], "a window is from 1s to 60s long"),
        (["--rate", "0"], "a rate is a whole number"),
        (["--keep", "yesterday"], "--keep"),
        (["--keep-size", "2GB"], "a size is a number of bytes"),
        (["--keep", "0s"], "that would keep nothing"),
        (["--keep-size", "0"], "that would keep nothing"),
        (["--host", "a b"], "it is no name of a host"),
        (["--window", "0"], "a window is from 1s to 60s long"),
        (["nginx"], "takes no argument such as nginx"),
    ],
)
def test_wrong_use_is_one_line(arguments, pattern):
    recording.assert_refused(hearth.run("serve", *arguments), 2, pattern)


def test_without_root_it_says_what_it_needs(tmp_path):
    tmp_path.chmod(0o777)
    ended = subprocess.run(
        [*recording.NOBODY, hearth.BINARY, "serve", "--store", tmp_path / "store"],
        capture_output=True,
        text=True,
        timeout=hearth.DEADLINE_SECONDS,
    )
    assert ended.returncode == 3, ended
    assert re.search("root|CAP_|permitted", ended.stderr), ended


def test_a_full_disk_heals(tmp_path):
    """A small file system is filled, and freed again: serve says so once, goes on, and keeps windows again; what is live goes on, and the loss is counted and an event."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", place], check=True)
    try:
        store = place / "store"
        with serving.serving(store) as serve, busy():
            serving.wait_for(store, has("seventy"), "the load in the store")
            ballast = place / "ballast"
            with open(ballast, "wb", buffering=0) as file, pytest.raises(OSError):
                while True:
                    file.write(b"x" * 4096)
            serve.wait_for("a window of the recording is lost")
            address = address_of(serve)
            recording.until(lambda: status_of(address)["store"]["error"], "that the store cannot be written, in the status")
            before = status_of(address)
            recording.until(lambda: status_of(address)["fates"]["due"] > before["fates"]["due"], "ticks while the disk is full")
            assert get(address, "/api/v1/profile?format=folded&from=-1m"), "what was kept before, while the disk is full"
            ballast.unlink()
            serve.wait_for("are kept again")
            healed = time.time()
            serving.wait_for(store, has("seventy"), "the load after it healed", "--from", f"@{healed - 1}")
            recording.until(lambda: status_of(address)["store"]["error"] is None, "that it can be written again")
            assert status_of(address)["windows_lost"] >= 1
            recording.until(lambda: "window_lost" in get(address, "/api/v1/events?from=-10m").decode(), "the event of the window that was lost")
        assert hearth.run("store", "verify", "--store", store).returncode == 0
    finally:
        subprocess.run(["umount", place], check=True)


# --- what it serves ---------------------------------------------------------------------------------


def address_of(serve):
    return serve.wait_for(r"(http://\S+?)/? shows it")[1].rstrip("/")


def status_of(address):
    return json.loads(get(address, "/api/v1/status"))


def get(address, path):
    with urllib.request.urlopen(f"{address}{path}", timeout=hearth.DEADLINE_SECONDS) as answer:
        return answer.read()


def test_the_api_tells_of_what_is_recorded(store):
    with serving.serving(store) as serve, busy() as load:
        address = address_of(serve)
        recording.until(
            lambda: any(value["value"] == "shares_70_30" for value in json.loads(get(address, "/api/v1/labels?name=comm"))["values"]),
            "the load among the labels",
        )
        recording.until(
            lambda: b"seventy" in get(address, f"/api/v1/profile?format=folded&where=pid={load.pid}"), "the load's function"
        )
        status = json.loads(get(address, "/api/v1/status"))
        assert status["store"]["folder"] == str(store) and status["store"]["error"] is None
        assert status["fates"]["due"] == status["fates"]["complete"] + sum(status["fates"]["truncated"].values()) + sum(
            status["fates"]["lost"].values()
        )
        assert 0 < status["cost"]["memory_bytes"] < 150e6


def test_every_process_has_the_endpoint_that_go_programs_have(store, tmp_path):
    with serving.serving(store, "--rate", "99") as serve, busy() as load:
        with busy("threads"):
            ended = subprocess.run(
                ["go", "tool", "pprof", "-top", f"{address_of(serve)}/debug/pprof/profile?seconds=2&pid={load.pid}"],
                capture_output=True,
                text=True,
                timeout=hearth.DEADLINE_SECONDS,
                env=dict(os.environ, PPROF_TMPDIR=str(tmp_path)),
            )
    assert ended.returncode == 0, ended.stderr
    assert "seventy" in ended.stdout and "threads" not in ended.stdout, ended.stdout


def test_from_other_machines_a_token_is_needed(store, tmp_path):
    recording.assert_refused(hearth.run("serve", "--store", store, "--listen", "0.0.0.0:0"), 2, "token")
    token = tmp_path / "token"
    token.write_text("a-token-of-some-length-0123456789\n")
    with serving.serving(store, "--listen", "0.0.0.0:0", "--token-file", token) as serve:
        port = serve.wait_for(r"0\.0\.0\.0:(\d+)")[1]
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(f"http://127.0.0.1:{port}", "/api/v1/status")
        assert refused.value.code == 401


def test_a_token_file_without_a_token_is_refused(store, tmp_path):
    token = tmp_path / "token"
    token.write_text("\n")
    recording.assert_refused(hearth.run("serve", "--store", store, "--token-file", token), 2, "its first line is empty")
    recording.assert_refused(hearth.run("serve", "--store", store, "--token-file", tmp_path / "none"), 2, "No such file")


def test_options_are_read_again(store, tmp_path):
    """On SIGHUP: what changes is taken at once, a wrong file changes nothing, and the rest is said to wait."""
    conf = tmp_path / "hearth.conf"
    conf.write_text("[serve]\nrate = 19\nlisten = 127.0.0.1:0\nmax-cpu = 10000%\nwindow = 1s\n")
    with hearth.Child(hearth.BINARY, "serve", "--config", conf, "--store", store) as serve:
        hearth.wait_until_recording(serve)
        address = address_of(serve)

        def status():
            return json.loads(get(address, "/api/v1/status"))

        recording.until(lambda: status()["rate_hz"] == 19, "the rate that it begins with")
        conf.write_text("[serve]\nrate = 7\nlisten = 127.0.0.1:0\nmax-cpu = 5000%\nwindow = 2s\n")
        serve.send(signal.SIGHUP)
        serve.wait_for("--window are taken when hearth serve is started anew")
        serve.wait_for("options were read again: 7 Hz")
        recording.until(lambda: status()["rate_hz"] == 7 and status()["budget"]["cpu_percent"] == 5000, "the rate of the file")
        conf.write_text("[serve]\nrate = 999\nlisten = 127.0.0.1:0\nmax-cpu = 5000%\nwindow = 1s\n")
        serve.send(signal.SIGHUP)
        serve.wait_for("a rate beyond 19 Hz is taken when hearth serve is started anew")
        recording.until(lambda: status()["rate_hz"] == 19, "the rate that it was started with")
        conf.write_text("[serve]\nrate = fast\n")
        serve.send(signal.SIGHUP)
        serve.wait_for(r"hearth\.conf:2: .*a rate is a whole number")
        serve.wait_for("options stay what they were")
        assert status()["rate_hz"] == 19
        recording.until(lambda: status()["windows"] >= 3, "windows after that")
        assert serving.stop(serve).returncode == 0
    events = events_of(store)
    kinds = [event["kind"] for event in events if not event["kind"].startswith("process_")]
    without_rates = [kind for kind in kinds if kind != "rate_changed"]
    assert without_rates == ["serve_start", "reloaded", "reloaded", "reloaded", "serve_stop"] and len(kinds) <= len(without_rates) + 2, events
    texts = [event["text"] for event in events if event["kind"] == "reloaded"]
    assert texts[0].startswith("7 Hz, at most 5e+03 % of a CPU") and texts[1].startswith("19 Hz, ") and texts[2] == "they are wrong, and stay what they were"


def events_of(store, *arguments):
    ended = hearth.run("store", "events", "--json", "--store", store, *arguments)
    assert ended.returncode == 0, ended
    return json.loads(ended.stdout)


def test_processes_that_begin_and_end_are_events(store):
    """With their own times and numbers, in the API as well; what was there before has not begun, and hearth's own are not told."""
    with hearth.Child("sleep", "600") as steady, serving.serving(store) as serve:
        address = address_of(serve)

        def of(kind, pid):
            return [event for event in events_of(store) if event["kind"] == kind and event.get("pid") == pid]

        recording.until(lambda: json.loads(get(address, "/api/v1/status"))["windows"] >= 2, "two windows")
        started_ms = time.time() * 1000
        with hearth.Child("sleep", "600") as child:
            [begun] = recording.until(lambda: of("process_start", child.pid), "the start of a process")
            assert begun["text"] == "sleep" and started_ms - 1000 < begun["time_ms"] < started_ms + 5000

            def is_told():
                told = json.loads(get(address, f"/api/v1/events?from=-1h&to=@{time.time() + 60}"))["events"]
                return any(event["kind"] == "process_start" and event["text"] == f"sleep ({child.pid})" for event in told)

            recording.until(is_told, "the start in the API")
            assert not of("process_end", child.pid)
        [ended] = recording.until(lambda: of("process_end", child.pid), "its end")
        assert ended["text"] == "sleep" and ended["time_ms"] > begun["time_ms"]
        assert not of("process_start", steady.pid) and not of("process_start", serve.pid)
        words = hearth.run("store", "events", "--store", store, "--from", f"@{begun['time_ms'] / 1000 - 0.001}").stdout
        assert f"process_start   sleep ({child.pid})\n" in words and "serve_start" not in words
        assert not any(event["text"].startswith("hearth-") for event in events_of(store))


def test_what_was_set_aside_at_the_start_is_an_event(store):
    store.mkdir()
    (store / "000007-open.slice").write_bytes(b"no database" * 100)
    with serving.serving(store) as serve:
        serve.wait_for("1 slice that was not ended is damaged and set aside: 000007-damaged.slice")
        [told] = recording.until(lambda: [event["text"] for event in events_of(store) if event["kind"] == "slices_damaged"], "the event")
        assert "000007-damaged.slice" in told


def family_of(pid):
    """The processes that any of its threads started."""
    return [int(child) for thread in Path(f"/proc/{pid}/task").glob("*/children") for child in thread.read_text().split()]


def comm_of(pid):
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_a_part_that_ends_is_told_and_started_again(store):
    """Whichever of its processes dies: it is said, it is an event, and what is recorded goes on, with names."""
    with serving.serving(store) as serve, busy():
        serving.wait_for(store, has("seventy"), "the load's function in the store")
        killed = [pid for pid in family_of(serve.pid) if comm_of(pid) in ("hearth-worker", "hearth-front")]
        assert len(killed) == 3, killed
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        with busy("recursion"):
            serve.wait_for("what serves the page ended")
            serving.wait_for(store, is_of("recursion"), "a load that began later")
            serve.wait_for("the process that reads files for names ended before its time, 1 times so far; it is started again")
            serving.wait_for(store, lambda stack: stack.process == "recursion" and "main" in stack.frames, "its names")
    told = [event["text"] for event in events_of(store) if event["kind"] == "part_ended"]
    assert any("serves the page" in text for text in told) and any("for names" in text for text in told), told
    assert any("for unwinding" in text for text in told), told


def test_what_is_being_written_is_exported(store, tmp_path):
    """With its names and events, while it goes on."""
    with busy(), serving.serving(store):
        serving.wait_for(store, has("seventy"), "the load's function in the store")
        exported = hearth.run("store", "export", tmp_path / "copy", "--store", store)
        assert exported.returncode == 0 and exported.stdout == f"{tmp_path / 'copy'}: 1 slices\n", exported
    assert any(map(has("seventy"), serving.query(tmp_path / "copy")))
    assert [slice_["state"] for slice_ in serving.slices(tmp_path / "copy")] == ["sealed"]
    assert events_of(tmp_path / "copy")[0]["kind"] == "serve_start"


def test_a_manager_that_watches_hears_that_it_is_alive(store, tmp_path):
    """Time and again between its READY=1 and its STOPPING=1 (sd_notify(3)); without that it would be killed after WATCHDOG_USEC."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(hearth.DEADLINE_SECONDS)
        said = []

        def hear_until(word, count):
            while sum(word in line for line in said) < count:
                said.append(manager.recv(4096).decode())

        with serving.start(store, env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "500000"}) as serve:
            hear_until("READY=1", 1)
            hear_until("WATCHDOG=1", 5)
            assert not any("STOPPING=1" in line for line in said), said
            assert serving.stop(serve).returncode == 0
            hear_until("STOPPING=1", 1)


def test_the_store_can_be_read_whatever_the_umask(store):
    """By everybody, as the manual says, and by the front, who is nobody."""
    with serving.start(store, umask=0o077) as serve:
        hearth.wait_until_recording(serve)
        recording.until(lambda: serving.slices(store), "a slice")
        assert store.stat().st_mode & 0o777 == 0o755
        assert {path.stat().st_mode & 0o777 for path in store.glob("*.slice*")} == {0o644}
        assert serving.stop(serve).returncode == 0
