# SPDX-License-Identifier: Apache-2.0
"""`hearth render` of perf's own files: the same as of what perf script prints of them, however they come in, by a perf that may do nothing but read."""

import os
import subprocess

import pytest

import hearth
import recording

pytestmark = pytest.mark.root  # perf record asks for it, and the test of what perf may not do

WORK = ["/usr/bin/python3", "-c", "sum(i * i for i in range(4000000))"]
RECORD = ["perf", "record", "-q", "-e", "cpu-clock", "-F", "499", "-g"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files that root alone may read, the first with a name that a shell would make something of."""
    folder = tmp_path_factory.mktemp("perf data")
    subprocess.run([*RECORD, "-o", "in;$(touch told).data", "--", *WORK], cwd=folder, check=True, timeout=hearth.DEADLINE_SECONDS)
    with (folder / "stream.data").open("wb") as stream:
        subprocess.run([*RECORD, "-o", "-", "--", *WORK], check=True, stdout=stream, timeout=hearth.DEADLINE_SECONDS)
    for path in folder.iterdir():
        path.chmod(0o600)
    return folder


@pytest.fixture(scope="module")
def file(folder):
    return folder / "in;$(touch told).data"


def render(path, stdin=subprocess.DEVNULL):
    ended = subprocess.run([hearth.BINARY, "render", path, "-o", "-", "--format", "folded"], stdin=stdin, capture_output=True,
                           text=True, timeout=hearth.DEADLINE_SECONDS)  # fmt: skip
    assert ended.returncode == 0 and not ended.stderr, ended
    return ended.stdout


def as_printed(*arguments, stdin=subprocess.DEVNULL):
    with subprocess.Popen(["perf", "script", "--force", "--no-inline", "-F", "+pid", *arguments], stdin=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as perf:  # fmt: skip
        return render("-", perf.stdout)


def test_it_is_what_perf_script_prints(file):
    printed = as_printed("-i", file)
    assert sum(int(line.rpartition(" ")[2]) for line in printed.splitlines()) > 20
    assert render(file) == printed
    with file.open() as stdin:
        assert render("-", stdin) == printed
    with subprocess.Popen(["cat", file], stdout=subprocess.PIPE) as cat:
        assert render("-", cat.stdout) == printed
    assert not (file.parent / "told").exists()


def test_a_stream_of_perf_record(folder):
    with (folder / "stream.data").open() as stdin:
        printed = as_printed("-i", "-", stdin=stdin)
    assert "python3;" in printed
    assert render(folder / "stream.data") == printed
    with subprocess.Popen(["cat", folder / "stream.data"], stdout=subprocess.PIPE) as cat:
        assert render("-", cat.stdout) == printed


FIELDS = ["comm,tid,cpu,time,event,ip,sym,dso", "comm,pid,tid,cpu,time,period,event,ip,sym,symoff,dso", "comm,pid,tid,period,event,ip,sym,dso",
          "comm,tid,event,ip,sym", "comm,tid,time,ip,sym,dso", "pid,tid,time,event,ip,sym,dso", "comm,time,event,ip,sym,dso"]  # fmt: skip


@pytest.mark.parametrize("fields", [None, *FIELDS])
def test_without_stacks_each_sample_has_its_frame(folder, fields):
    """As perf records by default: frame and sample on one line, and no blank line between samples."""
    path = folder / "flat.data"
    if not path.exists():
        command = [word for word in RECORD if word != "-g"]
        subprocess.run([*command, "-C", "0", "-o", path, "--", "taskset", "-c", "0", *WORK], check=True, timeout=hearth.DEADLINE_SECONDS)
    counted = subprocess.run(["perf", "script", "-i", path, "-F", "event"], check=True, capture_output=True, text=True)
    if fields:
        with subprocess.Popen(["perf", "script", "-i", path, "-F", fields], stdout=subprocess.PIPE) as perf:
            folded = render("-", perf.stdout)
    else:
        folded = render(path)
    samples = counted.stdout.count("cpu-clock")
    assert samples > 20
    lines = folded.splitlines()
    assert sum(int(line.rpartition(" ")[2]) for line in lines) == samples
    assert all(line.count(";") == 1 and " 0x" not in line and "cpu-clock" not in line for line in lines), folded


def test_tracepoints_have_their_stacks(folder):
    path = folder / "tracepoints.data"
    subprocess.run(["perf", "record", "-q", "-e", "sched:sched_switch", "-g", "-o", path, "--", "sleep", "0.1"], check=True, timeout=hearth.DEADLINE_SECONDS)
    with subprocess.Popen(["perf", "script", "--force", "--no-inline", "-i", path], stdout=subprocess.PIPE) as perf:
        printed = render("-", perf.stdout)
    assert "sleep;" in printed and all(line.count(";") > 2 for line in printed.splitlines()), printed
    assert render(path) == printed


def test_not_too_many_at_a_time(file):
    ended = subprocess.run([hearth.BINARY, "render", *[file] * 17, "-o", "-"], capture_output=True, text=True)
    recording.assert_refused(hearth.Ended(ended.returncode, ended.stdout, ended.stderr), 2, "more than 16 perf.data at a time")


def test_labels_are_kept(file):
    ended = subprocess.run([hearth.BINARY, "render", file, "-o", "-", "--format", "folded", "--by", "tid"], check=True,
                           capture_output=True, text=True, timeout=hearth.DEADLINE_SECONDS)  # fmt: skip
    (head,) = {line.split(";")[0] for line in ended.stdout.splitlines()}
    assert head.startswith("python3-") and "/" in head


def with_path(path, *arguments):
    return hearth.Child(hearth.BINARY, "render", *arguments, env=dict(os.environ, PATH=str(path)))


def test_without_perf_one_line_says_so(file, tmp_path):
    with with_path(tmp_path, file, "-o", tmp_path / "x.svg") as child:
        recording.assert_refused(child.end(), 2, "is a perf.data, and perf is not installed")
    assert not (tmp_path / "x.svg").exists()


def test_what_perf_cannot_read_it_says_why(file, tmp_path):
    (tmp_path / "cut.data").write_bytes(file.read_bytes()[:3000])
    with hearth.Child(hearth.BINARY, "render", tmp_path / "cut.data", "-o", tmp_path / "x.svg") as child:
        recording.assert_refused(child.end(), 2, "cut.data: perf script cannot read it: ")
    assert not (tmp_path / "x.svg").exists()


def test_perf_may_do_nothing_but_read(file, tmp_path):
    perf = tmp_path / "perf"
    perf.write_text("#!/bin/sh\ngrep -E '^(Uid|Cap|NoNew)' /proc/self/status | tr '\\n\\t' '  ' >&2\nexit 1\n")
    perf.chmod(0o755)
    for folder in (tmp_path, tmp_path.parent):
        folder.chmod(0o755)
    with with_path(f"{tmp_path}:{os.environ['PATH']}", file, "-o", tmp_path / "x.svg") as child:
        told = child.end().stderr
    fields = dict(field.split(":", 1) for field in told.rpartition("read it: ")[2].replace(": ", ":").split() if ":" in field)
    assert int(fields["Uid"]) > 2000000000, told
    reading = (1 << 2) | (1 << 34)  # CAP_DAC_READ_SEARCH, CAP_SYSLOG
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == reading, told
    assert int(fields["CapBnd"], 16) == 0 and fields["NoNewPrivs"] == "1", told


def test_what_perf_lost_is_told(file, tmp_path):
    """A perf that says so, for how much is lost is chance."""
    perf = tmp_path / "perf"
    perf.write_text("#!/bin/sh\ncase \"$*\" in *--show-lost-events*) echo 'app 1 [000] 1.5: PERF_RECORD_LOST lost 76';; esac\n"
                    "echo 'app 1 [000] 1.6:  1 cpu-clock:  401136 main+0x1 (/bin/app)'\n")  # fmt: skip
    perf.chmod(0o755)
    for folder in (tmp_path, tmp_path.parent):
        folder.chmod(0o755)
    with with_path(f"{tmp_path}:{os.environ['PATH']}", file, "-o", "-", "--format", "folded") as child:
        ended = child.end()
    assert (ended.returncode, ended.stdout) == (0, "app;main 1\n"), ended
    assert "perf lost 76 events when it recorded: they are missing here" in ended.stderr


def test_a_root_who_may_not_give_it_up_is_told(file, tmp_path):
    with hearth.Child("setpriv", "--bounding-set=-sys_admin", hearth.BINARY, "render", file, "-o", tmp_path / "x.folded") as child:
        ended = child.end()
    assert ended.returncode == 0, ended
    assert "perf runs with more privileges than it needs: a network of its own: Operation not permitted" in ended.stderr
    assert (tmp_path / "x.folded").read_text() == as_printed("-i", file)


@pytest.mark.parametrize("missing", ["syslog", "dac_read_search", "dac_read_search,syslog,sys_admin"])
def test_a_root_of_a_container_reads_its_own_files(file, missing, tmp_path):
    kept = ",".join(f"-{name}" for name in missing.split(","))
    with hearth.Child("setpriv", f"--bounding-set={kept}", hearth.BINARY, "render", file, "-o", tmp_path / "x.folded") as child:
        ended = child.end()
    assert ended.returncode == 0, ended
    assert ("with more privileges than it needs" in ended.stderr) == ("dac_read_search" in missing), ended
    assert "python3;" in (tmp_path / "x.folded").read_text()


def test_a_perf_that_nobody_reads_is_ended(file, tmp_path):
    perf = tmp_path / "perf"
    broken = '{"$schema": "https://www.speedscope.app/file-format-schema.json" ]'
    perf.write_text(f"#!/bin/sh\nyes '{broken}' | head -n 100000\nexec sleep 1000\n")
    perf.chmod(0o755)
    for folder in (tmp_path, tmp_path.parent):
        folder.chmod(0o755)
    with with_path(f"{tmp_path}:{os.environ['PATH']}", file, "-o", tmp_path / "x.svg") as child:
        recording.assert_refused(child.end(), 2, "no file of speedscope's")
