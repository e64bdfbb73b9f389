# SPDX-License-Identifier: Apache-2.0
"""The live page over the server of http/: what it asks is understood, its policy lets the page do all that it does, and hostile names stay text."""

import json
import subprocess
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import hearth
from browser import browser, chromium, wait_until  # noqa: F401 (fixtures)
from http_client import serving
from live_page import LivePage
from test_front import front_over

HOSTILE = "</script><b>"  # what names of the source begin with (tests/unit/api_in_test.h)


@pytest.fixture(scope="module")
def server():
    with serving() as server:
        yield server


@pytest.fixture
def live(server, browser):  # noqa: F811
    return LivePage(browser, SimpleNamespace(url=f"http://{server.address}"))


def questions(driver):
    """What the page asked of the API: [path with parameters, status]."""
    return driver.execute_script(
        "return performance.getEntriesByType('resource').filter(each => each.name.includes('/api/')).map(each => [each.name.replace(/.*\\/api\\/v1\\//, ''), each.responseStatus])"
    )


def test_each_question_is_understood(live):
    live.drag(0.3, 0.6)
    wait_until(live.driver, lambda: any("profile" in path and "%40" in path for path, _ in questions(live.driver)), "a span")
    live.open_view("heat")
    wait_until(live.driver, lambda: "a column is" in live.text("heat-box"), "the heat map")
    live.press("p")
    wait_until(live.driver, lambda: HOSTILE in live.text("where-form"), "values of a label")
    live.press(Keys.ESCAPE)
    live.press("d")
    wait_until(live.driver, lambda: "nginx" in live.text("pair-form"), "processes that started")
    live.press(Keys.ENTER)
    wait_until(live.driver, lambda: live.element("pair").is_displayed(), "two spans")
    live.choose("by", "user")
    wait_until(live.driver, lambda: any("by=user" in path for path, _ in questions(live.driver)), "by another label")
    asked = questions(live.driver)
    assert {path.partition("?")[0] for path, _ in asked} == {"status", "series", "profile", "events", "heat", "labels"}
    assert all(status in (200, 304) for _, status in asked), asked


def test_labels_that_the_chart_offers_are_known(live, server):
    offered = live.driver.execute_script("return Array.from(document.querySelectorAll('#by option'), option => option.value)")
    known = [label["name"] for label in server.ask("/api/v1/labels").json["labels"]]
    assert offered and set(offered) <= set(known)


def test_every_file_can_be_had(live, server):
    live.drag(0.3, 0.6)
    live.add_filter("focus", "Parse(x)")  # no stack has it, and the server takes the pattern all the same
    for before in (False, True):
        if before:
            live.drag(0.1, 0.2, key=Keys.SHIFT)
            wait_until(live.driver, lambda: "before=" in live.address()[0], "two spans")
        live.press("s")
        links = live.driver.execute_script("return Array.from(document.querySelectorAll('#download-menu a'), link => [link.firstChild.textContent, link.getAttribute('href')])")
        live.press(Keys.ESCAPE)
        for name, path in links:
            answer = server.ask(path)
            assert answer.status == 200, (name, answer.body[:200])
            assert answer.heads["content-disposition"].startswith("attachment")
        json.loads(server.ask(dict(links)["json"]).plain)


def test_hostile_names_are_text(live):
    assert any(name.startswith(HOSTILE) for name in live.bands())
    assert not live.driver.find_elements(By.CSS_SELECTOR, "#bands b, #graph b, #table b")
    live.open_view("table")
    names = live.driver.execute_script("return Array.from(document.querySelectorAll('#table tbody tr'), row => row.cells[2].textContent)")
    assert any(name.startswith(HOSTILE) for name in names)
    live.band(next(name for name in live.bands() if name == "nginx")).click()
    wait_until(live.driver, lambda: live.address()[0] == "?where=comm%3Dnginx", "a filter")


def test_what_did_not_change_is_not_sent_again(live):
    live.open("/?range=1700000000000-1700000060000")
    live.choose("by", "user")
    series = lambda: [status for path, status in questions(live.driver) if path.startswith("series")]  # noqa: E731
    wait_until(live.driver, lambda: len(series()) == 2, "by another label")
    live.driver.back()
    wait_until(live.driver, lambda: len(series()) == 3, "what was asked before")
    assert series() == [200, 200, 304]
    assert "nginx" in live.bands()


def test_a_failing_store_is_told(live):
    live.open("/?where=comm=broken")
    live.driver.get_log("browser")  # that an answer was 500 the browser says, too
    assert "cannot be read" in live.text("failure") and live.element("failure").is_displayed()
    live.open("/?where=comm=nobody")
    assert "No sample is left." in live.text("empty")


# --- over a store ---------------------------------------------------------------------------------------


@pytest.mark.root
def test_what_is_stored_is_what_is_drawn(browser, tmp_path):  # noqa: F811
    """The page of the front over a store that grows: the same samples as the command line finds in it, also of those that came since."""
    store = tmp_path / "store"
    with front_over(store, "fill=90") as front:
        live = LivePage(browser, SimpleNamespace(url=f"http://{front.address}"))
        wait_until(browser, lambda: live.samples() == stored(store, live_span(live)) > 0, "what is stored")  # a window may come between the two
        assert live.bands()[0] == "process-0"
        live.band("process-0").click()
        wait_until(browser, lambda: "where" in live_question(live, "profile"), "one process")
        wait_until(browser, lambda: live.samples() == stored(store, {**live_span(live), "where": "comm=process-0"}), "its samples")
        before = live_span(live)
        wait_until(browser, lambda: live_span(live) != before, "a window that came since")
        wait_until(browser, lambda: live.samples() == stored(store, {**live_span(live), "where": "comm=process-0"}), "it is drawn")


def live_question(live, name):
    """The parameters of the last question."""
    return parse_qs([path for path, _ in questions(live.driver) if path.startswith(name)][-1].partition("?")[2])


def live_span(live):
    return {key: value[0] for key, value in live_question(live, "profile").items() if key in ("from", "to")}


def stored(store, how):
    """How many samples `hearth query` finds."""
    options = [word for key, value in how.items() for word in (f"--{key}", value)]
    command = [hearth.BINARY, "query", "--store", store, *options, "--format", "folded", "-o", "-"]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60).stdout.splitlines()
    return sum(int(line.rsplit(maxsplit=1)[1]) for line in lines)


def test_a_token_is_typed_in(browser):  # noqa: F811
    token = "0123456789abcdef"
    with serving("127.0.0.1:0", f"token={token}") as server:
        address = f"http://{server.address}/?last=1h&where=comm%3Dnginx#?v=table"
        browser.get(address)
        for typed in ("fedcba9876543210", token):
            wait_until(browser, lambda: browser.execute_script("return document.activeElement.name") == "token", "where it is typed in")
            browser.switch_to.active_element.send_keys(typed, Keys.ENTER)
            if typed != token:
                wait_until(browser, lambda: "not the token" in browser.execute_script("return document.body.innerText"), "it was none")
        wait_until(browser, lambda: browser.execute_script("return document.documentElement.dataset.ready"), "the page")
        assert browser.current_url == address  # and not the token
        browser.delete_all_cookies()
        asks = "return document.getElementById('failure').innerText.includes('asks for its token')"
        wait_until(browser, lambda: browser.execute_script(asks), "it is asked for again")
        browser.execute_script("document.querySelector('#failure button').click()")
        wait_until(browser, lambda: browser.find_elements(By.NAME, "token"), "where it is typed in")
        browser.get_log("browser")  # that answers were 401 the browser says, too
