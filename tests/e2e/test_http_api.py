# SPDX-License-Identifier: Apache-2.0
"""What the API answers, held against its own description (OpenAPI), and by the tools that are to read it."""

import gzip
import json
import os
import re
import subprocess
import sys
import time
from urllib.parse import quote, urlencode

import fetched_tools
import hearth
import jsonschema
import pytest
from http_client import serving

HOSTILE = "</script><b>"


@pytest.fixture(scope="module")
def server():
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def description(server):
    answer = server.ask("/api/v1/openapi.json")
    assert answer.status == 200
    return answer.json


def get_of(description, path):
    return description["paths"][path]["get"]


def schema_of(description, operation, status="200"):
    (content,) = operation["responses"][status]["content"].values()
    return {**content["schema"], "components": description["components"]} if "schema" in content else None


def test_the_description_is_openapi(description):
    # A process of its own: it brings another jsonschema than the distribution's.
    packages = fetched_tools.python_package("openapi-spec-validator", "0.7.1")
    program = "import json, sys; sys.path.insert(0, sys.argv[1]); import openapi_spec_validator as v; v.validate(json.load(sys.stdin))"
    subprocess.run([sys.executable, "-c", program, packages], input=json.dumps(description), text=True, check=True)


JSON_PATHS = ["status", "spans", "labels", "labels?name=comm", "labels?name=comm&limit=1", "series", "series?points=1&limit=1", "heat?columns=3&rows=4", "fates",
              "events", "events?limit=1"]  # fmt: skip


@pytest.mark.parametrize("path", JSON_PATHS)
def test_answers_are_as_described(server, description, path):
    operation = get_of(description, f"/api/v1/{path.partition('?')[0]}")
    answer = server.ask(f"/api/v1/{path}")
    assert answer.status == 200
    assert answer.heads["content-type"] == "application/json"
    jsonschema.Draft202012Validator(schema_of(description, operation)).validate(answer.json)


def test_no_path_with_a_schema_is_forgotten(description):
    described = {path for path, item in description["paths"].items() if schema_of(description, item["get"])}
    assert described == {f"/api/v1/{path.partition('?')[0]}" for path in JSON_PATHS}


def test_the_manual_has_every_path(description):
    told = set(re.findall(r"`(/[^ `?]*)`", (hearth.ROOT / "docs/http.md").read_text().partition("## Who may ask")[0]))
    assert set(description["paths"]) == told


def test_the_check_of_schemas_finds(server, description):
    answer = server.ask("/api/v1/status").json
    validator = jsonschema.Draft202012Validator(schema_of(description, get_of(description, "/api/v1/status")))
    for broken in ({**answer, "more": 1}, {**answer, "rate_hz": "19"}, {key: value for key, value in answer.items() if key != "fates"}):
        assert not validator.is_valid(broken)


NEEDED = {"/api/v1/diff": {"before-from": "-2h", "before-to": "-1h"}, "/debug/pprof/profile": {"seconds": "1"}}
EXAMPLES = {"where": "comm=nginx", "name": "comm", "token": "whatever-it-may-be", "comm": "nginx", "before-from": "-3h", "before-to": "-30m", "by": "comm",
            "value": "samples", "focus": "main", "font": "monospace"}  # fmt: skip


def example_of(parameter):
    schema = parameter["schema"]
    if parameter["name"] in EXAMPLES:
        return EXAMPLES[parameter["name"]]
    if "default" in schema:
        return str(schema["default"])
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("pattern"):
        return "1"
    return str(schema.get("minimum", 1))


def test_parameters_are_those_that_are_described(server, description):
    """Each that is described is taken, one that is not is refused, and so is one out of its bounds."""
    for path, item in description["paths"].items():
        operation, needed = item["get"], NEEDED.get(path, {})
        if "{" in path or path == "/":
            continue
        named = [parameter for parameter in operation["parameters"] if parameter["in"] == "query"]
        for parameter in named[:12]:
            if parameter["name"] == "value":  # which there are depends on what was recorded
                continue
            asked = {**needed, parameter["name"]: example_of(parameter)}
            if path == "/debug/pprof/profile":
                asked["seconds"] = "1"
            answer = server.ask(f"{path}?{urlencode(asked)}")
            assert answer.status in (200, 503), (path, asked, answer)
        for parameter in named:
            if "maximum" in parameter["schema"] and path != "/debug/pprof/profile":
                asked = {**needed, parameter["name"]: parameter["schema"]["maximum"] + 1}
                refuse(server, description, f"{path}?{urlencode(asked)}", parameter["name"])
        refuse(server, description, f"{path}?{urlencode({**needed, 'no-such': '1'})}", "no-such")


def refuse(server, description, path, name):
    answer = server.ask(path)
    assert answer.status == 400, (path, answer)
    assert answer.json["error"].startswith(f"{name}: "), answer
    jsonschema.Draft202012Validator({"$ref": "#/components/schemas/Error", "components": description["components"]}).validate(answer.json)


def test_each_format_is_served_as_what_it_is(server, description):
    formats = next(p["schema"]["enum"] for p in get_of(description, "/api/v1/profile")["parameters"] if p["name"] == "format")
    assert {"svg", "html", "pprof", "folded", "block"} <= set(formats)
    for name in formats:
        answer = server.ask(f"/api/v1/profile?format={name}&download=1&from=@1700000000")
        assert answer.status == 200, (name, answer)
        assert answer.body
        assert answer.heads["content-disposition"].startswith('attachment; filename="hearth-20231114-221320.'), answer.heads
        assert answer.heads["x-content-type-options"] == "nosniff"
    assert server.ask("/api/v1/profile?format=svg").heads["content-type"] == "image/svg+xml"
    assert "content-disposition" not in server.ask("/api/v1/profile?format=svg").heads


def test_shaping_as_hearth_render_has_it(server):
    def folded(**words):
        return server.ask("/api/v1/profile?" + urlencode({"format": "folded", **words})).body.decode().splitlines()

    assert "nginx;main;parse 600" in folded()
    assert folded(focus="parse") == ["nginx;main;parse 600"]
    assert folded(focus="parse", hide="main") == ["nginx;parse 600"]
    assert folded(focus="parse", **{"no-kernel": "1", "strip-modules": "0"}) == ["nginx;main;parse 600"]
    assert folded(by="container", focus="parse") == ["nginx;main;parse 600"]  # none has one
    assert folded(where="comm=nobody") == []
    for words, why in ({"focus": "("}, "focus: "), ({"no-kernel": "yes"}, "no-kernel: 1 or 0"), ({"value": "cows"}, "value: "), ({"width": "-1"}, "width: "):
        answer = server.ask("/api/v1/profile?" + urlencode({"format": "folded", **words}))
        assert answer.status == 400 and answer.json["error"].startswith(why), answer


def test_events_of_a_kind(server):
    kinds = lambda **more: [event["kind"] for event in server.ask("/api/v1/events?" + urlencode(more)).json["events"]]  # noqa: E731
    assert kinds() == ["process_start", "rate_changed"]
    assert kinds(kind="process") == kinds(kind="process_start", limit=1) == ["process_start"]
    assert kinds(kind="!process", limit=1) == ["rate_changed"] and kinds(kind="processes") == []
    assert kinds(kind="!window") == kinds() and kinds(kind="!window", limit=1) == ["rate_changed"]
    assert kinds(comm="nginx") == kinds(comm="nginx", kind="process", limit=1) == ["process_start"]
    assert kinds(comm="ngin") == kinds(comm="nginx", kind="!process") == []


def test_differential(server):
    path = "/api/v1/diff?before-from=-2h&before-to=-1h&format=folded"
    assert "nginx;main;parse 600 600" in server.ask(path).body.decode().splitlines()
    assert "nginx;main;parse 600 600" in server.ask(path + "&normalize=1").body.decode().splitlines()
    assert "nginx;main;parse 100 600" in server.ask(path + "&per-time=1").body.decode().splitlines()  # of an hour, and of ten minutes
    assert "nginx;main;parse 600 600" in server.ask(path + "&per-time=1&normalize=1").body.decode().splitlines()
    assert server.ask("/api/v1/diff").json["error"] == "before-from: it is missing"


def test_names_of_others_do_no_harm(server):
    for path in ("labels?name=comm", "series", "events", "fates"):
        answer = server.ask(f"/api/v1/{path}")
        assert HOSTILE in str(answer.json)
        assert answer.heads["content-type"] == "application/json"
        assert "\x1b" not in answer.body.decode("utf-8")
    html = server.ask("/api/v1/profile?format=html")
    assert HOSTILE.encode() not in html.body
    assert "sandbox allow-scripts" in html.heads["content-security-policy"]
    assert "allow-same-origin" not in html.heads["content-security-policy"]


def test_failures_are_told_as_what_they_are(server):
    broken, full = (server.ask(f"/api/v1/profile?where=comm%3D{name}") for name in ("broken", "full"))
    assert broken.status == 500 and "store" in broken.json["error"]
    assert full.status == 503 and full.heads["retry-after"] == "1"
    assert broken.heads["cache-control"] == full.heads["cache-control"] == "no-store"


# --- what others read it with -----------------------------------------------------------------------


def check_metrics(text):
    return subprocess.run([fetched_tools.promtool(), "check", "metrics"], input=text, capture_output=True, timeout=60)


def test_promtool_takes_the_metrics(server):
    answer = server.ask("/metrics")
    assert answer.heads["content-type"].startswith("text/plain; version=0.0.4")
    ended = check_metrics(answer.body)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    assert b'hearth_ticks_total{fate="truncated",reason="no_root"} 7\n' in answer.body


def test_promtool_finds():
    assert check_metrics(b"# TYPE hearth_x counter\nhearth_x 1\n").returncode


def test_go_tool_pprof_reads_what_is_recorded(server, tmp_path):
    begun = time.monotonic()
    command = ["go", "tool", "pprof", "-top", f"http://{server.address}/debug/pprof/profile?seconds=1&pid=1234"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ, "PPROF_TMPDIR": str(tmp_path)})
    assert ended.returncode == 0, ended
    assert time.monotonic() - begun >= 1
    assert re.search(r"^ +31\.58s .* parse$", ended.stdout, re.MULTILINE), ended  # 600 ticks at 19 Hz


def test_a_recording_is_pprof(server):
    answer = server.ask("/debug/pprof/profile?seconds=1&comm=nginx", Accept_Encoding="gzip")
    assert answer.status == 200
    assert answer.heads["content-type"] == "application/octet-stream"
    assert "content-encoding" not in answer.heads  # it is compressed itself
    assert b"nginx" in gzip.decompress(answer.body)
    assert server.ask(f"/debug/pprof/profile?seconds=1&comm={quote('a,pid=1')}").status == 400


def test_health(server):
    assert server.ask("/healthz").body == server.ask("/readyz").body == b"ok\n"
    with serving("127.0.0.1:0", "not-ready=no ticks come") as silent:
        ready = silent.ask("/readyz")
        assert (ready.status, ready.body) == (503, b"no ticks come\n")
        assert silent.ask("/healthz").status == 200
        assert silent.ask("/api/v1/status").json["not_ready"] == "no ticks come"
        assert silent.metric("hearth_up") == 0
