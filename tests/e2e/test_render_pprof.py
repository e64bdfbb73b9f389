# SPDX-License-Identifier: Apache-2.0
"""`hearth render` to and from pprof's format, with `go tool pprof` as the reader that is not ours."""

import gzip
import re
import subprocess

import pytest

import hearth
import pprof_encoder
import recording

FOLDED = """app;main;compute_[i] 30
app;main;compute_[i];step_[i] 5
app;main;read;do_read_[k] 12
app;[truncated:no_rows];[libc.so.6];f 2
app;[lost:table_full] 1
java;Interpreter;run_[j] 8
"""

FRAMES = "\t    7f0000400100 f+0x35 (/usr/lib/libcore.so.1)\n\t          401136 main+0x16 (/usr/bin/app)\n\n"
SCRIPT = "".join(
    f"app {pid}/{tid} [{cpu:03}]  {second}.000022:    1000000 cpu-clock:u: \n{FRAMES}"
    for second, (pid, tid, cpu) in enumerate([(12, 14, 0), (12, 14, 0), (12, 15, 3), (99, 99, 1)])
)


def render(path, out):
    with hearth.Child(hearth.BINARY, "render", path, "-o", out) as child:
        ended = child.end()
    assert ended.returncode == 0, ended
    return ended


@pytest.fixture
def folded(tmp_path):
    path = tmp_path / "in.folded"
    path.write_text(FOLDED)
    return path


def pprof(path, *options):
    """What `go tool pprof` prints; it is to complain of nothing."""
    ended = subprocess.run(["go", "tool", "pprof", *options, path], capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended
    assert "rror" not in ended.stderr, ended
    return ended.stdout


def test_folded_to_pprof_to_folded_is_the_same(folded, tmp_path):
    render(folded, tmp_path / "out.pb.gz")
    render(tmp_path / "out.pb.gz", tmp_path / "again.folded")
    assert sorted((tmp_path / "again.folded").read_text().splitlines()) == sorted(FOLDED.splitlines())


def test_a_deep_stack_stays_whole(tmp_path):
    (tmp_path / "deep.folded").write_text(";".join(f"f{i}" for i in range(100_000)) + " 3\n")
    render(tmp_path / "deep.folded", tmp_path / "deep.pb.gz")
    render(tmp_path / "deep.pb.gz", tmp_path / "again.folded")
    assert (tmp_path / "again.folded").read_bytes() == (tmp_path / "deep.folded").read_bytes()


def test_it_is_compressed_and_may_be_read_without(folded, tmp_path):
    render(folded, tmp_path / "out.pb.gz")
    (tmp_path / "raw").write_bytes(gzip.decompress((tmp_path / "out.pb.gz").read_bytes()))
    render(tmp_path / "raw", tmp_path / "again.folded")
    assert sorted((tmp_path / "again.folded").read_text().splitlines()) == sorted(FOLDED.splitlines())


def test_go_tool_pprof_has_the_same_top(folded, tmp_path):
    render(folded, tmp_path / "out.pb.gz")
    top = pprof(tmp_path / "out.pb.gz", "-top", "-nodecount=100")
    rows = {}
    for line in top.splitlines():
        row = re.match(r" *(\d+) +[\d.]+% +[\d.]+% +(\d+) +[\d.]+% +(.*)", line)
        if row:
            rows[row[3]] = (int(row[1]), int(row[2]))
    assert "Showing nodes accounting for 58, 100% of 58 total" in top
    assert rows["compute (inline)"] == (30, 35)
    assert rows["step (inline)"] == (5, 5)
    assert rows["do_read"] == (12, 12)
    assert rows["main"] == (0, 47)
    assert rows["app"] == (0, 50)
    assert rows["[lost:table_full]"] == (1, 1)


def test_go_tool_pprof_writes_it_again_and_nothing_is_lost(folded, tmp_path):
    """Through its own reader and writer, and back."""
    render(folded, tmp_path / "out.pb.gz")
    pprof(tmp_path / "out.pb.gz", "-proto", "-output", tmp_path / "go.pb.gz")
    render(tmp_path / "go.pb.gz", tmp_path / "again.folded")
    assert sorted((tmp_path / "again.folded").read_text().splitlines()) == sorted(FOLDED.splitlines())


def test_labels_values_and_mappings(tmp_path):
    (tmp_path / "in.txt").write_text(SCRIPT)
    render(tmp_path / "in.txt", tmp_path / "out.pb.gz")
    raw = pprof(tmp_path / "out.pb.gz", "-raw")
    assert "samples/count cpu/nanoseconds" in raw
    assert re.search(r"^ +2 +2000000: .*\n +comm:\[app\] cpu:\[0\] pid:\[12\] tid:\[14\]", raw, re.M), raw
    assert re.search(r"libcore.so.1 +\[FN\]\[FL\]\[LN\]\[IN\]", raw), raw
    tags = pprof(tmp_path / "out.pb.gz", "-tags", "-sample_index=samples")
    assert re.search(r"pid: Total 4.*\n +3 \(75.00%\): 12\n +1 \(25.00%\): 99", tags), tags
    assert "2 (50.00%): 0" in tags


def test_a_profile_that_go_made(tmp_path):
    """Of its own process, in the format's whole breadth: addresses, several functions a location, system names."""
    (tmp_path / "main.go").write_text(
        """package main

import (
	"os"
	"runtime/pprof"
	"time"
)

var sum int

func spin() {
	for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); {
		for i := 0; i < 1000; i++ {
			sum += i * sum
		}
	}
}

func main() {
	pprof.StartCPUProfile(os.Stdout)
	spin()
	pprof.StopCPUProfile()
}
"""
    )
    made = subprocess.run(["go", "run", tmp_path / "main.go"], capture_output=True, timeout=300, check=True)
    (tmp_path / "go.prof").write_bytes(made.stdout)
    render(tmp_path / "go.prof", tmp_path / "out.folded")
    stacks = [line.rpartition(" ") for line in (tmp_path / "out.folded").read_text().splitlines()]
    spun = sum(int(count) for stack, _, count in stacks if stack.startswith("runtime.main;main.main;main.spin"))
    total = int(re.search(r"of (\d+) total", pprof(tmp_path / "go.prof", "-top", "-sample_index=samples"))[1])
    assert total == sum(int(count) for _, _, count in stacks)
    assert spun > 0.5 * total > 0


HEAP = """package main

import (
	"os"
	"runtime"
	"runtime/pprof"
)

var kept [][]byte

func keep() {
	for i := 0; i < 64; i++ {
		kept = append(kept, make([]byte, 1<<20))
	}
}

func drop() {
	for i := 0; i < 640; i++ {
		sink = make([]byte, 1<<20)
	}
}

var sink []byte

func main() {
	runtime.MemProfileRate = 1
	keep()
	drop()
	runtime.GC()
	pprof.Lookup("heap").WriteTo(os.Stdout, 0)
}
"""


def test_what_counts_is_what_the_profile_says(tmp_path):
    """A heap profile of Go's has four values, of which the last one, the bytes in use, is said to count; go tool pprof takes that one, too."""
    (tmp_path / "main.go").write_text(HEAP)
    made = subprocess.run(["go", "run", tmp_path / "main.go"], capture_output=True, timeout=300, check=True)
    (tmp_path / "heap.prof").write_bytes(made.stdout)
    render(tmp_path / "heap.prof", tmp_path / "heap.top.txt")
    top = (tmp_path / "heap.top.txt").read_text()
    assert re.search(r"^[\d.]+ MiB of inuse_space;", top, re.M), top
    assert re.search(r"main\.[a-z]+", top)[0] == "main.keep"
    render(tmp_path / "heap.prof", tmp_path / "again.pb.gz")
    for path in tmp_path / "heap.prof", tmp_path / "again.pb.gz":
        shown = subprocess.run(["go", "tool", "pprof", "-top", path], capture_output=True, text=True, check=True).stdout
        assert "Type: inuse_space" in shown
        shown = subprocess.run(
            ["go", "tool", "pprof", "-top", "-sample_index=alloc_space", path], capture_output=True, text=True, check=True
        ).stdout
        assert re.search(r"64\dMB .*main\.drop", shown), shown


def test_a_cut_profile_is_refused_by_its_byte(folded, tmp_path):
    render(folded, tmp_path / "out.pb.gz")
    whole = gzip.decompress((tmp_path / "out.pb.gz").read_bytes())
    (tmp_path / "cut").write_bytes(whole[:-1])
    with hearth.Child(hearth.BINARY, "render", tmp_path / "cut", "-o", tmp_path / "cut.svg") as child:
        recording.assert_refused(child.end(), 2, r"no .*pprof profile: byte \d+: ")
    assert not (tmp_path / "cut.svg").exists()


def field(number, content):
    """One of a message: a number below 128, or bytes that are fewer."""
    return bytes([number << 3, content]) if isinstance(content, int) else bytes([number << 3 | 2, len(content)]) + content


def test_a_name_that_is_not_there_is_told(tmp_path):
    """pprof refuses such a file; here its samples are kept, and it is told what is missing and where."""
    head = field(1, field(1, 1) + field(2, 2)) + b"".join(field(6, text) for text in [b"", b"samples", b"count", b"f"])
    whole, broken = (field(5, field(1, id) + field(2, name)) for id, name in [(1, 3), (2, 9)])
    locations = b"".join(field(4, field(1, id) + field(4, field(1, id))) for id in (1, 2))
    label = field(3, field(1, 8) + field(2, 3))
    path = tmp_path / "in.pb"
    path.write_bytes(head + whole + broken + locations + field(2, field(1, bytes([2, 1])) + field(2, bytes([7])) + label))
    ended = render(path, tmp_path / "out.folded")
    assert (tmp_path / "out.folded").read_text() == "f;[unknown] 7\n"
    assert recording.complaints(ended) == [
        f"hearth: warning: {path}: byte {len(head + whole)}: left out: the name of a function: there is no such string",
        f"hearth: warning: {path}: 1 references to what is not there; the samples are kept without",
    ]
    ended = render(path, tmp_path / "out.html")
    assert f"{path}: 2 references to what is not there" in ended.stderr and ": left out: a label: there is no such string" in ended.stderr


@pytest.mark.parametrize("name", ["pprof", "folded", "speedscope", "cpuprofile", "firefox", "callgrind", "json", "tree", "top", "svg"])
def test_lines_are_told_by_every_format_that_is_asked_to(name, tmp_path):
    path = tmp_path / "in.pb"
    main = [pprof_encoder.Frame("main", "app", file="m.c", line=line) for line in (10, 12)]
    path.write_bytes(pprof_encoder.encode([([main[0]], 4), ([main[1]], 5)]))
    for asked in ([], ["--lines"]):
        ended = subprocess.run([hearth.BINARY, "render", path, "--format", name, *asked, "-o", "-"], capture_output=True, check=True)
        out = gzip.decompress(ended.stdout) if name == "pprof" else ended.stdout
        assert (b"main (m.c:10)" in out) == (b"main (m.c:12)" in out) == bool(asked)
