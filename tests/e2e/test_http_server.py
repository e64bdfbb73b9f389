# SPDX-License-Identifier: Apache-2.0
"""The server itself: who may ask, what is sent again, and clients that are slow, silent, many or hostile."""

import base64
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from http_client import read_answer, serving, wait_until

TOKEN = "0123456789abcdef"
STATE = "last=1h&where=comm%3D%22%3E%3Cb%3E%26&where=user%3Da&x=a%0D%0ASet-Cookie%3A%20b"  # of the page, and what else an address may hold


@pytest.fixture(scope="module")
def server():
    with serving("127.0.0.1:0", "request-ms=2000") as server:
        yield server


@pytest.fixture(scope="module")
def hasty_server():
    """It waits for the end of no request for long."""
    with serving("127.0.0.1:0", "request-ms=700") as server:
        yield server


# --- who may ask ------------------------------------------------------------------------------------


def test_other_hosts_are_refused(server):
    port = server.address.rpartition(":")[2]
    for host in ("evil.test", f"evil.test:{port}", "127.0.0.1", None, f"127.0.0.1:{port}.evil.test"):
        assert server.ask("/api/v1/status", Host=host).status in (400, 403), host
    assert server.ask("/api/v1/status", Host=f"localhost:{port}").status == 200


def test_other_sites_are_refused(server):
    for heads in ({"Origin": "http://evil.test"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}):
        for path in ("/api/v1/profile", "/metrics", "/debug/pprof/profile?seconds=1", "/api/v1/nothing"):
            answer = server.ask(path, **heads)
            assert answer.status == 403, (path, heads)
            assert "access-control-allow-origin" not in answer.heads
    assert server.ask("/api/v1/status", Origin=f"http://{server.address}", Sec_Fetch_Site="same-origin").status == 200


def test_what_every_answer_forbids(server):
    for path in ("/api/v1/status", "/api/v1/series", "/metrics", "/nothing", "/api/v1/profile?format=svg", "/api/v1/series?x=1"):
        heads = server.ask(path).heads
        assert heads["x-content-type-options"] == "nosniff"
        assert heads["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in heads["content-security-policy"]
        assert heads["cross-origin-resource-policy"] == "same-origin"
        assert not any(name.startswith("access-control") for name in heads)


def test_a_token():
    with serving("127.0.0.1:0", f"token={TOKEN}") as server:
        for path in ("/", "/api/v1/status", "/metrics", "/page/x.js", "/nothing", "/?token=0123456789abcdeF", f"/metrics?token={TOKEN}"):
            answer = server.ask(path)
            assert answer.status == 401, path
            assert answer.heads["www-authenticate"] == "Bearer"
            assert TOKEN.encode() not in answer.body
        asks, again = server.ask("/"), server.ask("/?token=0123456789abcdeF")
        assert b"<form" in asks.body and b"not the token" not in asks.body and b"not the token" in again.body
        assert "script-src" not in asks.heads["content-security-policy"] and asks.heads["cache-control"] == "no-store"
        assert server.ask("/healthz").status == 200  # who watches over it has none
        assert server.ask("/api/v1/status", Authorization=f"Bearer {TOKEN}").status == 200
        assert server.ask("/api/v1/status", Authorization="Basic " + base64.b64encode(f"hearth:{TOKEN}".encode()).decode()).status == 200
        opened = server.ask(f"/?token={TOKEN}")
        assert (opened.status, opened.heads["location"], opened.heads["cache-control"]) == (303, "/", "no-store")
        assert server.ask(f"/?token={TOKEN}&{STATE}").heads["location"] == f"/?{STATE}"
        assert server.ask(f"/?token={TOKEN}&x={'y' * 5000}").heads["location"] == "/"
        for query in (STATE, f"token=0123456789abcdeF&{STATE}"):
            fields = re.findall(r'<input type="hidden" form="open" name="([^"]*)" value="([^"]*)">', server.ask(f"/?{query}").plain.decode())
            assert fields == [("last", "1h"), ("where", "comm=&quot;&gt;&lt;b&gt;&amp;"), ("where", "user=a"), ("x", "a\ufffd\ufffdSet-Cookie: b")]
        cookie, *attributes = opened.heads["set-cookie"].split("; ")
        assert {"HttpOnly", "SameSite=Lax"} <= set(attributes)
        assert server.ask("/api/v1/status", Cookie=cookie).status == 200


def test_a_socket(tmp_path):
    path = tmp_path / "socket"
    with serving(f"unix:{path}") as server:
        assert server.ask("/api/v1/status", Host="whatever").status == 200
        assert path.stat().st_mode & 0o777 == 0o660
    assert not path.exists()


def test_only_reading(server):
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "NONSENSE"):
        answer = server.ask("/api/v1/status", method)
        assert answer.status == 405, method
        assert answer.heads["allow"] == "GET, HEAD"
    whole, head = server.ask("/api/v1/openapi.json"), server.ask("/api/v1/openapi.json", "HEAD")
    assert head.status == 200 and not head.body
    assert head.heads["content-length"] == str(len(whole.body))


# --- what is sent again -----------------------------------------------------------------------------


def test_what_a_client_has_is_not_sent_again(server):
    path = "/api/v1/series?from=@1700000000&to=@1700000600"
    plain, packed = server.ask(path), server.ask(path, Accept_Encoding="gzip")
    assert packed.heads["content-encoding"] == "gzip" and len(packed.body) < len(plain.body)
    assert packed.json == plain.json
    assert packed.heads["etag"] != plain.heads["etag"]
    for answer, encoding in ((plain, None), (packed, "gzip")):
        again = server.ask(path, Accept_Encoding=encoding, If_None_Match=f'"x", {answer.heads["etag"]}')
        assert (again.status, again.body, again.heads["etag"]) == (304, b"", answer.heads["etag"])
    assert server.ask(path, If_None_Match=packed.heads["etag"]).status == 200
    assert "no-store" in server.ask("/api/v1/status").heads["cache-control"]


def test_an_answer_is_computed_once(server):
    """However many ask, at once or later, until the store changes."""
    path = "/api/v1/series?from=@1700000000&to=@1700000700&where=comm%3Dslow"
    before = server.metric("hearth_http_computed_total")
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: server.ask(path), range(40)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert server.metric("hearth_http_computed_total") == before + 1
    server.change()
    wait_until(lambda: server.ask(path).status == 200 and server.metric("hearth_http_computed_total") == before + 2, "the store has changed")


def test_what_nobody_asks_for_is_given_back():
    """What was computed is kept for those who ask soon, and not for ever."""
    path = "/api/v1/series?from=@1700000000&to=@1700000600"
    with serving("127.0.0.1:0", "idle-ms=1000") as server:
        for _ in range(2):
            assert server.ask(path).status == 200
        assert server.metric("hearth_http_computed_total") == 1
        time.sleep(2)
        assert server.ask(path).status == 200
        assert server.metric("hearth_http_computed_total") == 2


def test_a_failure_is_not_kept(server):
    before = server.metric("hearth_http_computed_total")
    for _ in range(3):
        assert server.ask("/api/v1/series?from=@1&to=@2&where=comm%3Dbroken").status == 500
    assert server.metric("hearth_http_computed_total") == before + 3


def test_too_many_questions():
    """Those that may wait are bounded; who comes then is told so at once, and what needs no computing is answered meanwhile."""
    with serving("127.0.0.1:0", "threads=1", "queued=2") as server, ThreadPoolExecutor(12) as pool:
        asked = list(pool.map(lambda i: server.ask(f"/api/v1/series?points={i + 1}&where=comm%3Dslow"), range(12)))
        refused = [answer for answer in asked if answer.status == 503]
        assert {answer.status for answer in asked} == {200, 503}
        assert len(refused) >= 5
        assert all(answer.heads["retry-after"] == "1" and "error" in answer.json for answer in refused)
        assert server.metric("hearth_http_later_total") == len(refused)


@pytest.mark.alone
def test_status_does_not_wait_for_computing():
    with serving("127.0.0.1:0", "threads=1") as server, ThreadPoolExecutor(8) as pool:
        slow = [pool.submit(server.ask, f"/api/v1/series?points={i + 1}&where=comm%3Dslow") for i in range(6)]
        begun = time.monotonic()
        for _ in range(20):
            assert server.ask("/api/v1/status").status == 200
        taken = time.monotonic() - begun
        assert not all(one.done() for one in slow)
        assert taken < 2
        assert {one.result().status for one in slow} == {200}


# --- clients ----------------------------------------------------------------------------------------


def is_closed(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_slow_and_silent_clients_are_cut():
    """A byte now and then is no reason to wait for ever: it is the request that has its time."""
    with serving("127.0.0.1:0", "request-ms=700") as server:
        silent, slow, half = server.connect(), server.connect(), server.connect()
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ")
        half.sendall(b"GET /healthz HTTP/1.1\r\n")
        half.shutdown(socket.SHUT_WR)
        begun, was_cut = time.monotonic(), threading.Event()

        def drip():
            while not was_cut.is_set():
                try:
                    slow.sendall(b"x")
                except OSError:
                    return
                was_cut.wait(0.1)

        dripping = threading.Thread(target=drip)
        dripping.start()
        assert is_closed(half)
        assert is_closed(silent)
        assert is_closed(slow)
        was_cut.set()
        dripping.join()
        assert time.monotonic() - begun < 10
        wait_until(lambda: server.metric("hearth_http_connections") == 1, "only the one that asks is there")
        assert server.metric("hearth_http_cut_total") >= 2


def test_a_client_that_does_not_read_is_cut():
    with serving("127.0.0.1:0", "answer-ms=700") as server, server.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(16):
            connection.sendall(server.request("/api/v1/heat?columns=1000&rows=250", Connection="keep-alive"))
        wait_until(lambda: server.metric("hearth_http_cut_total") == 1, "it was cut")
        wait_until(lambda: server.metric("hearth_http_connections") == 1, "only the one that asks is there")


@pytest.mark.alone
def test_an_idle_connection_is_cut_later_than_it_is_used():
    with serving("127.0.0.1:0", "request-ms=1500") as server, server.connect() as connection:
        stream, begun = connection.makefile("rb"), time.monotonic()
        while time.monotonic() - begun < 3:
            connection.sendall(server.request("/healthz", Connection="keep-alive"))
            assert read_answer(stream).status == 200
            time.sleep(0.2)
        assert is_closed(connection)


def test_who_left_is_not_recorded_for():
    """Of a recording that takes an hour."""
    with serving("127.0.0.1:0", "recordings=1") as server:
        with server.connect() as connection:
            connection.sendall(server.request("/debug/pprof/profile?seconds=3600"))
            wait_until(lambda: server.ask("/debug/pprof/profile?seconds=3600").status == 503, "there is no room for a second one")
        wait_until(lambda: server.ask("/debug/pprof/profile?seconds=1").status == 200, "there is room again")


@pytest.mark.alone
def test_a_thousand_connections():
    """Silent ones, and one that asks meanwhile."""
    connections = []
    with serving() as server:
        try:
            connections = [server.connect() for _ in range(1000)]
            begun = time.monotonic()
            for _ in range(20):
                assert server.ask("/api/v1/series?from=@1700000000&to=@1700000600").status == 200
            assert time.monotonic() - begun < 5
            assert server.metric("hearth_http_connections") >= 1000
        finally:
            for connection in connections:
                connection.close()
        wait_until(lambda: server.metric("hearth_http_connections") == 1, "they are gone")


HOSTILE = [
    b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET " + b"/" * 60000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 9000 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"GET /api/v1/labels?" + b"&".join(b"where=%00" for _ in range(500)) + b" HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET /page/../../etc/passwd HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET /page/%2e%2e%2fetc%2fpasswd HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET /api/v1/profile?where=comm~((((a*)*)*)* HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
    bytes(range(256)) * 40,
]


@pytest.mark.parametrize("which", range(len(HOSTILE)))
def test_nonsense(hasty_server, which):
    """It is refused or closed, and the next one is served."""
    with hasty_server.connect() as connection:
        connection.settimeout(30)
        try:
            connection.sendall(HOSTILE[which].replace(b"HOST", hasty_server.address.encode()))
            connection.shutdown(socket.SHUT_WR)
            said = b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError:  # it was closed while it spoke
            said = b""
    assert b"root:" not in said
    assert not said.startswith(b"HTTP/1.1 200"), said[:200]
    assert hasty_server.ask("/healthz").status == 200


def test_it_ends_while_it_is_asked():
    """Whoever waits, for computing or a recording, is told, and nothing is left (the server's own end is looked at by its context)."""
    with serving("127.0.0.1:0", "threads=1") as server:
        waiting = [server.connect() for _ in range(6)]
        for i, connection in enumerate(waiting):
            path = f"/api/v1/series?points={i + 1}&where=comm%3Dslow" if i else "/debug/pprof/profile?seconds=3600"
            connection.sendall(server.request(path))
        wait_until(lambda: server.metric("hearth_http_requests_total") >= 7, "all have asked")
    for connection in waiting:
        connection.close()


# --- the page ---------------------------------------------------------------------------------------


def test_the_page_and_its_files(server):
    """They are in the program, are not sent again, and need no script or style but their own."""
    page = server.ask("/", Accept_Encoding="gzip")
    assert page.status == 200 and page.heads["content-type"] == "text/html; charset=utf-8"
    policy = page.heads["content-security-policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy and "default-src 'none'" in policy
    text = page.plain.decode()
    assert not re.search(r"<style|<script(?![^>]* src=)| style=| on[a-z]+=", text)
    files = set(re.findall(r'(?:src|href)="(/[^"]*)"', text))
    assert "/api/v1/status" in files and server.ask("/api/v1/status").status == 200  # its first question is fetched with them
    files.remove("/api/v1/status")
    assert files
    for path in files:
        answer = server.ask(path)
        assert answer.status == 200, path
        assert server.ask(path, If_None_Match=answer.heads["etag"]).status == 304
    assert server.ask("/?from=-1h&by=comm").status == 200  # its state is its own
    assert server.ask("/page/").status == server.ask("/page/no.js").status == server.ask("/page/page_html").status == 404
