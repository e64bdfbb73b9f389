# SPDX-License-Identifier: Apache-2.0
"""A server that answers as `hearth serve` does (docs of the API: http/routes.def), from made-up samples of a machine that is known to the last tick.

Its clock stands still until a test moves it, so that what the page shows is certain. What it is told to fail at, it fails at; what it is told
to hold, it answers when the test lets go.
"""

import gzip
import hashlib
import json
import math
import re
import subprocess
import threading
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import hearth
from pprof_encoder import Frame, encode

WEB, JOINED = hearth.ROOT / "web", hearth.OUTPUT / "web"
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml; charset=utf-8"}  # fmt: skip
POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"  # fmt: skip
PAGE_POLICY = POLICY.replace(" 'unsafe-inline'", "")

RATE = 20  # Hz: a tick is 50 ms of CPU
WINDOW = 10
NOW = 1_760_000_000 + 40  # a whole window; seconds
START = NOW - 86_400


def kernel(*names):
    return [Frame(name, kind="kernel") for name in names]


def native(module, *names):
    return [Frame(name, module, file=f"/src/{module}/{name.lower()}.c") for name in names]


LIBC = native("libc.so.6", "_start", "__libc_start_main")
READ = kernel("entry_SYSCALL_64", "do_syscall_64", "ksys_read", "vfs_read")

# Per process: labels, how busy it is at a second (ticks), and its stacks with their shares (they add up to 1).
POSTGRES_MAIN = [*LIBC, *native("postgres", "main", "PostmasterMain", "PostgresMain")]
MACHINE = {
    "postgres": {
        "labels": {"user": "postgres", "container": "db-1", "pid": "812"},
        "busy": lambda second: 24 + round(8 * math.sin(second / 40)),
        "stacks": [
            ([*POSTGRES_MAIN, *native("postgres", "exec_simple_query", "PortalRun", "ExecScan", "heap_getnext")], 0.5),
            ([*POSTGRES_MAIN, *native("postgres", "exec_simple_query", "pg_plan_query", "query_planner")], 0.25),
            ([*POSTGRES_MAIN, *native("postgres", "ReadCommand"), *READ], 0.25),
        ],
    },
    "rustc": {
        "labels": {"user": "build", "container": "build-7", "pid": "4711"},
        "busy": lambda second: 36 if second // 120 % 2 else 8,
        "stacks": [
            ([*LIBC, *native("rustc", "main", "rustc_driver::main"), *native("libLLVM.so", "LLVMRunPasses", "llvm::InstCombine")], 0.75),
            ([*LIBC, *native("rustc", "main", "rustc_driver::main", "<alloc::vec::Vec<T> as Drop>::drop")], 0.25),
        ],
    },
    "python3": {
        "labels": {"user": "www", "container": "web-1", "pid": "90"},
        "busy": lambda second: 12,
        "stacks": [
            ([*LIBC, *native("python3.12", "Py_RunMain"), Frame("handle (app.py)", kind="jit"), Frame("json_dumps", kind="jit")], 0.5),
            ([*LIBC, *native("python3.12", "Py_RunMain"), Frame("handle (app.py)", kind="jit"), Frame("render", kind="jit")], 0.5),
        ],
    },
    "node": {
        "labels": {"user": "www", "container": "web-2", "pid": "91"},
        "busy": lambda second: 4 if second % 60 < 30 else 8,
        "stacks": [
            ([*LIBC, *native("node", "node::Start"), Frame("serve", kind="jit"), Frame("parse", kind="jit")], 0.75),
            ([Frame("[truncated:no_root]", kind="marker"), *native("node", "v8::Run")], 0.25),
        ],
    },
    "kworker": {
        "labels": {"user": "root", "pid": "17"},
        "busy": lambda second: 4,
        "stacks": [(kernel("ret_from_fork", "kthread", "worker_thread", "process_one_work"), 1)],
    },
}  # fmt: skip
LABELS = {"comm": "name of the thread", "pid": "ID of the process", "user": "whose rights it has", "container": "the container"}

GAP = (NOW - 300, NOW - 270)  # nothing was recorded


class Refused(Exception):
    """status, error"""


@lru_cache(maxsize=500_000)
def ticks_of(comm, second):
    if GAP[0] <= second < GAP[1] or second < START:
        return 0
    return MACHINE[comm]["busy"](second)


def label_of(comm, label):
    return comm if label == "comm" else MACHINE[comm]["labels"].get(label)


def passes(comm, terms):
    for label, sign, text in terms:
        value = label_of(comm, label)
        if sign in ("=", "!="):
            is_true = value == text
        else:
            is_true = value is not None and re.search(text, value) is not None
        if is_true == sign.startswith("!"):
            return False
    return True


def read_terms(params):
    terms = []
    for value in params.get("where", []):
        for term in value.split(","):
            found = re.fullmatch(r"([a-z]+)(!?[=~])(.*)", term, re.DOTALL)
            if not found or found[1] not in LABELS:
                raise Refused(400, f"where: {term} is no term")
            terms.append(found.groups())
    return terms


class Samples:
    """What a question means: seconds from `start` on and before `end`, of some processes."""

    def __init__(self, api, params, prefix=""):
        self.start, self.end = (self.time(api, params, prefix + key, default) for key, default in (("from", "-10m"), ("to", "now")))
        self.terms = read_terms(params)
        self.comms = [comm for comm in MACHINE if passes(comm, self.terms)]
        self.until = min(self.end, api.recorded)

    @staticmethod
    def time(api, params, key, default):
        text = params.get(key, [default])[-1]
        if text == "now":
            return api.now
        if relative := re.fullmatch(r"-(\d+)([smhd])", text):
            return api.now - int(relative[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[relative[2]]
        if re.fullmatch(r"@\d+(\.\d+)?", text):
            return float(text[1:])
        raise Refused(400, f"{key}: {text} is no time")

    def ticks(self, comm, start=None, end=None):
        start, end = self.start if start is None else start, min(self.until, self.end if end is None else end)
        return sum(ticks_of(comm, second) for second in range(math.ceil(start), math.ceil(end)))


class FakeApi:
    def __init__(self):
        self.now, self.recorded = NOW, NOW
        self.start = START
        self.questions = []  # (path, parameters)
        self.failing = {}  # last part of the path → (status, error)
        self.busy = {}  # last part of the path → so often it is "later"
        self.held = {}  # last part of the path → threading.Event that lets go
        self.status = {}  # what differs in it
        self.events = []
        self.is_silent = False
        self.lock = threading.Lock()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                api.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        for event in self.held.values():
            event.set()
        self.server.shutdown()
        self.server.server_close()

    # --- what tests do ------------------------------------------------------------------------------

    def advance(self, seconds=WINDOW):
        """Time passes, and what happened in it is recorded."""
        self.now += seconds
        self.recorded = self.now

    def asked(self, path):
        """The parameters of the questions for the last part of a path, in order."""
        with self.lock:
            return [params for asked, params in self.questions if asked.rsplit("/", 1)[-1] == path]

    def hold(self, path):
        self.held[path] = threading.Event()
        return self.held[path]

    # --- what the server does -----------------------------------------------------------------------

    def answer(self, request):
        url = urlsplit(request.path)
        params = {}
        for key, value in parse_qsl(url.query, keep_blank_values=True):
            params.setdefault(key, []).append(value)
        last = url.path.rsplit("/", 1)[-1]
        if self.is_silent:
            request.close_connection = True
            return
        with self.lock:
            self.questions.append((url.path, params))
        if last in self.held:
            self.held[last].wait(60)
        try:
            if last in self.busy and self.busy[last] > 0:
                self.busy[last] -= 1
                raise Refused(503, "later")
            if last in self.failing:
                raise Refused(*self.failing[last])
            kind, body = self.body(url.path, params)
            self.send(request, 200, kind, body, params)
        except Refused as refused:
            self.send(request, refused.args[0], "application/json", json.dumps({"error": refused.args[1]}).encode(), {})
        except (BrokenPipeError, ConnectionResetError):
            pass

    def send(self, request, status, kind, body, params):
        etag = '"' + hashlib.sha256(body).hexdigest()[:20] + '"'
        if status == 200 and request.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Security-Policy", PAGE_POLICY)
        request.send_header("X-Content-Type-Options", "nosniff")
        request.send_header("Cache-Control", "no-store")
        if status in (200, 304):
            request.send_header("ETag", etag)
        if status == 503:
            request.send_header("Retry-After", "1")
        if params.get("download"):
            request.send_header("Content-Disposition", 'attachment; filename="hearth"')
        if body and "gzip" in request.headers.get("Accept-Encoding", ""):
            request.send_header("Content-Encoding", "gzip")
            body = gzip.compress(body, 1)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def body(self, path, params):
        if path == "/" or path.startswith("/page/"):
            return self.file(path)
        answers = {"status": self.answer_status, "labels": self.answer_labels, "series": self.answer_series, "heat": self.answer_heat, "events": self.answer_events}  # fmt: skip
        name = path.removeprefix("/api/v1/")
        if name in ("profile", "diff"):
            return self.answer_profile(params)
        if name not in answers:
            raise Refused(404, "there is nothing here")
        return "application/json", json.dumps(answers[name](params)).encode()

    def file(self, path):
        name = path.removeprefix("/page/") if path != "/" else "live.html"
        file = (JOINED if "_joined." in name else WEB) / name
        if not re.fullmatch(r"[a-z_0-9.]+", file.name) or not file.is_file():
            raise Refused(404, "there is no such file")
        return TYPES[file.suffix], file.read_bytes()

    def answer_status(self, _):
        status = {
            "version": "0.1.0",
            "host": "build-07",
            "kernel": "6.12.0",
            "now_ms": self.now * 1000,
            "start_ms": self.start * 1000,
            "rate_hz": RATE,
            "rate_wanted_hz": RATE,
            "window_ms": 200,  # so often a test's page looks for what is new
            "store": {"folder": "/var/lib/hearth", "bytes": 48_300_000, "slices": 25, "damaged": 0, "oldest_ms": START * 1000, "newest_ms": self.recorded * 1000, "error": None},
            "fates": {"due": 1000, "complete": 990, "truncated": {"no_root": 10}, "lost": {}},
            "cost": {"cpu_percent": 0.112, "bpf_percent": 0.061, "memory_bytes": 41_200_000, "files": 31},
            "budget": {"cpu_percent": 1, "memory_bytes": 157_286_400},
        }  # fmt: skip
        return {**status, **self.status}

    def answer_labels(self, params):
        name = params.get("name", [None])[-1]
        if name is None:
            return {"labels": [{"name": label, "meaning": meaning} for label, meaning in LABELS.items()]}
        samples, sums = Samples(self, params), {}
        for comm in samples.comms:
            value = label_of(comm, name)
            sums[value] = sums.get(value, 0) + samples.ticks(comm) * 10**9 // RATE
        values = [{"value": value, "cpu_ns": ns} for value, ns in sorted(sums.items(), key=lambda row: -row[1]) if value is not None and ns]
        return {"name": name, "total_ns": sum(sums.values()), "values": values, "others_ns": sums.get(None, 0)}

    def answer_series(self, params):
        samples, by, limit, points = Samples(self, params), params["by"][-1], int(params["limit"][-1]), int(params["points"][-1])
        step = max(1, math.ceil((samples.end - samples.start) / points))
        count = math.ceil((samples.end - samples.start) / step)
        edges = [(samples.start + i * step, min(samples.end, samples.start + (i + 1) * step)) for i in range(count)]
        cores = {comm: [samples.ticks(comm, *edge) / RATE / step for edge in edges] for comm in samples.comms}
        recorded = [start < samples.until and start >= START and not (GAP[0] <= start and end <= GAP[1]) for start, end in edges]
        lines, total = {}, [sum(cores[comm][i] for comm in cores) for i in range(count)]
        for comm, line in cores.items():
            value = label_of(comm, by)
            lines[value] = [a + b for a, b in zip(lines.get(value, [0] * count), line)]
        ranked = sorted((value for value in lines if value is not None), key=lambda value: -sum(lines[value]))[:limit]
        others = [sum(lines[value][i] for value in lines if value not in ranked) for i in range(count)]
        known = lambda line: [value if recorded[i] else None for i, value in enumerate(line)]  # noqa: E731
        return {
            "start_ms": samples.start * 1000,
            "step_ms": step * 1000,
            "points": count,
            "total": known(total),
            "series": [{"value": value, "cores": known(lines[value])} for value in ranked if sum(lines[value])],
            "others": known(others),
        }

    def answer_heat(self, params):
        samples, columns, rows = Samples(self, params), int(params["columns"][-1]), int(params["rows"][-1])
        width, counts = (samples.end - samples.start) / columns, []
        for column in range(columns):
            ticks = sum(samples.ticks(comm, samples.start + column * width, samples.start + (column + 1) * width) for comm in samples.comms)
            # Busy in the first half of each column's time alone.
            counts.append([ticks * 2 // rows if row < rows / 2 else 0 for row in range(rows)])
        return {"start_ms": samples.start * 1000, "column_ms": width * 1000, "rows": rows, "max": max(map(max, counts)), "counts": counts}

    def answer_events(self, params):
        samples = Samples(self, params)
        kind = params.get("kind", [""])[-1]
        comm = params.get("comm", [None])[-1]
        is_named = lambda event: comm is None or event["kind"].startswith("process") and event["text"].rpartition(" (")[0] == comm  # noqa: E731
        wanted = lambda event: is_named(event) and event["kind"].startswith(kind.removeprefix("!")) != kind.startswith("!")  # noqa: E731
        events = [event for event in self.events if wanted(event) and samples.start * 1000 <= event["time_ms"] < samples.end * 1000]
        return {"events": sorted(events, key=lambda event: event["time_ms"])[-int(params.get("limit", [1000])[-1]) :]}

    def stacks(self, samples):
        stacks = []
        for comm in samples.comms:
            ticks = samples.ticks(comm)
            for frames, share in MACHINE[comm]["stacks"]:
                stacks.append(([Frame(comm, kind="process"), *frames], round(ticks * share)))
        return [(frames, ticks) for frames, ticks in stacks if ticks]

    def answer_profile(self, params):
        wanted = params.get("format", ["block"])[-1]
        stacks = self.stacks(Samples(self, params))
        command = [hearth.BINARY, "render", "-", "--format", wanted, "-o", "-"]
        ended = subprocess.run(command, input=encode(stacks or [([], 0)], RATE), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        if ended.returncode:
            raise Refused(500, ended.stderr.decode() or "no profile")
        return "application/octet-stream", ended.stdout


if __name__ == "__main__":
    api = FakeApi()
    print(api.url, flush=True)
    threading.Event().wait()
