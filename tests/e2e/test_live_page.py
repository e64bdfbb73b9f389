# SPDX-License-Identifier: Apache-2.0
"""The page of hearth serve, in a real browser: what is asked of the API, and what is shown of its answers. The server is made up (fake_api.py)."""

import re

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import hearth
from browser import browser, chromium, wait_until  # noqa: F401 (fixtures)
from fake_api import LIBC, MACHINE, NOW, RATE, START, Samples, native
from live_page import LivePage, api, live  # noqa: F401 (fixtures)


# --- what it opens on -----------------------------------------------------------------------------------


def test_it_opens_on_now(live):  # noqa: F811
    ticks = sum(ticks for _, ticks in live.api.stacks(Samples(live.api, {"from": ["-15m"]})))
    assert live.detail().startswith("all") and f"{ticks:,} samples" in live.detail()
    assert live.bands() == ["postgres", "rustc", "python3", "node", "kworker"]
    assert "15 min 00 s" in live.text("time-words")
    assert live.text("origin") == "build-07" and live.driver.title == "hearth · build-07"
    assert live.address() == ("", "")


def test_fates_and_own_cost_are_in_sight(live):  # noqa: F811
    assert re.fullmatch(r"9[0-9]\.[0-9]{2} % complete", live.text("fates-text"))
    assert live.text("cost-button") == "hearth 0.11 % of a CPU"
    ActionChains(live.driver, duration=0).move_to_element(live.element("cost-button")).perform()
    wait_until(live.driver, lambda: live.element("cost-reasons").is_displayed(), "the cost is told")
    assert "39.3 MiB of 150.0 MiB" in live.text("cost-reasons") and "20 Hz" in live.text("cost-reasons")


def test_a_lowered_rate_is_told(api, browser):  # noqa: F811
    api.status = {"rate_hz": 5}
    live = LivePage(browser, api)
    assert "bad" in live.element("cost-button").get_attribute("class")
    assert live.text("cost-button") == "5 Hz · hearth 0.11 % of a CPU"
    assert "5 Hz of 20 Hz" in live.text("cost-reasons")


@pytest.mark.parametrize("status, word", [({"not_ready": "no privilege"}, "not recording"), ({"store": {"bytes": 0, "oldest_ms": None, "newest_ms": None, "error": "no space left"}}, "not stored")])
def test_what_is_wrong_comes_first(api, browser, status, word):  # noqa: F811
    api.status = status
    live = LivePage(browser, api)
    assert live.text("cost-button").startswith(word)
    assert "no privilege" in live.text("cost-reasons") or "no space left" in live.text("cost-reasons")


def test_a_damaged_store_is_told(api, browser):  # noqa: F811
    api.status = {"store": {"bytes": 1 << 20, "damaged": 2, "oldest_ms": None, "newest_ms": None, "error": None}}
    live = LivePage(browser, api)
    assert "bad" in live.element("cost-button").get_attribute("class")
    assert live.text("cost-button") == "store damaged · hearth 0.11 % of a CPU"
    assert "2 parts" in live.text("cost-reasons") and "hearth store verify" in live.text("cost-reasons")


def test_nothing_is_fetched_from_elsewhere(live):  # noqa: F811
    names = live.driver.execute_script("return performance.getEntriesByType('resource').map(each => each.name)")
    assert names and all(name.startswith(live.api.url) for name in names)


def test_its_first_question_is_asked_before_its_script_is_there(api, browser):  # noqa: F811
    api.status = {"window_ms": 10_000}
    live = LivePage(browser, api)
    asked = "return performance.getEntriesByType('resource').filter(each => each.name.endsWith('/status')).map(each => each.initiatorType)"
    assert live.driver.execute_script(asked) == ["link"]
    assert len(api.asked("status")) == 1


def test_it_is_painted_before_it_has_anything_to_show(api, browser):  # noqa: F811
    gate = api.hold("status")
    browser.get(api.url)
    painted = "return performance.getEntriesByName('first-contentful-paint').length"
    wait_until(browser, lambda: browser.execute_script(painted), "what needs no data")
    assert browser.execute_script("return document.documentElement.dataset.ready") is None
    gate.set()
    wait_until(browser, lambda: browser.execute_script("return document.documentElement.dataset.ready"), "all of it")


# --- choosing time --------------------------------------------------------------------------------------


def test_a_dragged_span_is_drawn(live):  # noqa: F811
    live.drag(0.2, 0.6)
    live.wait_for_samples(NOW - 720, NOW - 360)
    assert re.fullmatch(r"\?span=\d+-\d+", live.address()[0])
    assert "6 min 00 s selected" in live.text("time-words")
    live.driver.back()
    live.wait_for_samples(NOW - 900, NOW)
    assert live.address()[0] == ""


def test_a_double_click_is_all(live):  # noqa: F811
    live.drag(0.2, 0.4)
    live.wait_for_samples(NOW - 720, NOW - 540)
    ActionChains(live.driver, duration=0).double_click(live.element("plot")).perform()
    live.wait_for_samples(NOW - 900, NOW)


def test_a_span_is_chosen_by_keys(live):  # noqa: F811
    live.press("w")
    live.press(Keys.HOME)
    live.press(Keys.HOME)
    ActionChains(live.driver).key_down(Keys.SHIFT).send_keys(Keys.PAGE_DOWN, Keys.PAGE_DOWN).key_up(Keys.SHIFT).perform()
    assert "2 min 30 s selected" in live.text("time-words")
    live.press(Keys.ENTER)
    live.wait_for_samples(NOW - 900, NOW - 750)
    live.press(Keys.ESCAPE)
    live.wait_for_samples(NOW - 900, NOW)


def test_how_much_is_in_sight(live):  # noqa: F811
    live.driver.find_element(By.CSS_SELECTOR, "[data-last='1h']").click()
    live.wait_for_samples(NOW - 3600, NOW)
    assert live.address()[0] == "?last=1h"
    live.press("[")
    live.wait_for_samples(NOW - 5400, NOW - 1800)
    assert live.text("live") == "paused"
    live.press("l")
    live.wait_for_samples(NOW - 3600, NOW)
    assert live.text("live") == "live" and live.address()[0] == "?last=1h"
    live.driver.execute_script("history.pushState = () => { throw new DOMException('too many', 'SecurityError'); }")
    live.press("[")
    live.wait_for_samples(NOW - 5400, NOW - 1800)  # a browser may keep no more addresses


def test_an_address_is_a_view(api, browser):  # noqa: F811
    span = f"{(NOW - 500) * 1000}-{(NOW - 400) * 1000}"
    live = LivePage(browser, api, f"/?last=1h&span={span}&by=user&where=container~-1$#/postgres?v=icicle")
    live.wait_for_ticks(Samples(api, {"from": [f"@{NOW - 500}"], "to": [f"@{NOW - 400}"]}).ticks("postgres"))
    assert live.bands() == ["postgres", "www"] and live.view() == "Icicle"
    assert live.crumb() == ["all", "postgres"] and live.text("chips").startswith("container like -1$")
    assert live.address() == (f"?last=1h&span={span}&by=user&where=container~-1$", "#/postgres?v=icicle")


@pytest.mark.parametrize("rate, most", [(20, 30), (1, 3)])
def test_a_point_of_the_chart_is_of_many_ticks(api, browser, rate, most):  # noqa: F811
    """Else it would tell when single ticks fell, and not how busy the machine was."""
    api.status = {"rate_hz": rate}
    LivePage(browser, api, f"/?range={(NOW - 30) * 1000}-{NOW * 1000}")
    assert api.asked("series")[-1]["points"] == [str(most)]


# --- following ------------------------------------------------------------------------------------------


def test_it_follows_and_nothing_jumps(api, browser):  # noqa: F811
    live = LivePage(browser, api, "/#/postgres/_start/__libc_start_main/main/PostmasterMain")
    crumb, place, total = live.crumb(), live.scrolled(), live.samples()
    assert crumb[-1] == "PostmasterMain"
    api.advance(60)
    wait_until(browser, lambda: live.samples() != total, "what came since is drawn")
    assert live.crumb() == crumb and live.scrolled() == place
    assert api.asked("profile")[-1]["to"] == [f"@{NOW + 60}"]
    assert live.address() == ("", "#/postgres/_start/__libc_start_main/main/PostmasterMain")


def test_a_selection_stays_while_time_goes_on(live):  # noqa: F811
    live.drag(0.5, 0.6)
    live.wait_for_samples(NOW - 450, NOW - 360)
    asked, words = len(live.api.asked("profile")), live.text("time-words")
    for _ in range(3):
        live.api.advance(10)
        wait_until(live.driver, lambda: live.api.asked("series")[-1]["to"] == [f"@{live.api.now}"], "the chart goes on")
    assert live.text("time-words") == words
    assert len(live.api.asked("profile")) == asked  # of a span that is over nothing comes any more


def test_a_span_that_is_not_over_grows(api, browser):  # noqa: F811
    live = LivePage(browser, api, f"/?span={(NOW - 60) * 1000}-{(NOW + 60) * 1000}")
    for end in (NOW, NOW + 30, NOW + 60):
        api.advance(end - api.now)
        live.wait_for_ticks(sum(ticks for _, ticks in api.stacks(Samples(api, {"from": [f"@{NOW - 60}"], "to": [f"@{end}"]}))))


def test_it_ends_where_the_store_does(api, browser):  # noqa: F811
    """Windows end when they do, and not with the clock's."""
    api.status = {"window_ms": 10_000, "store": {"bytes": 1, "oldest_ms": START * 1000, "newest_ms": NOW * 1000 - 3456.7, "error": None}}
    LivePage(browser, api)
    assert api.asked("profile")[-1]["to"] == [f"@{NOW - 3.456}"]
    api.status = {**api.status, "store": {**api.status["store"], "newest_ms": (NOW - 100) * 1000}}
    LivePage(browser, api)
    assert api.asked("profile")[-1]["to"] == [f"@{NOW}"]


def test_paused_it_stands_still(live):  # noqa: F811
    live.element("live").click()
    wait_until(live.driver, lambda: "range=" in live.address()[0], "the time in sight is fixed")
    live.api.advance(100)
    seen = len(live.api.asked("status"))
    wait_until(live.driver, lambda: len(live.api.asked("status")) > seen + 2, "the state is asked for")
    assert live.api.asked("series")[-1]["to"] == [f"@{NOW}"]


def test_what_is_pointed_at_stays_told(live):  # noqa: F811
    plot = live.element("plot")
    ActionChains(live.driver, duration=0).move_to_element_with_offset(plot, 0, round(plot.rect["height"] / 2) - 4).perform()
    wait_until(live.driver, lambda: "postgres" in live.text("time-words"), "the moment and the band")
    words, asked = live.text("time-words"), len(live.api.asked("series"))
    bands = live.driver.execute_script("return window.first = document.querySelector('#bands button')")
    live.api.advance(10)
    wait_until(live.driver, lambda: len(live.api.asked("series")) > asked, "time goes on")
    wait_until(live.driver, lambda: live.text("time-words") != words, "what is there now is told")
    assert "postgres" in live.text("time-words") and "selected" not in live.text("time-words")
    assert live.driver.execute_script("return document.querySelector('#bands button') === window.first") and bands


# --- filters --------------------------------------------------------------------------------------------


def test_a_click_in_the_legend_keeps_one(live):  # noqa: F811
    live.band("python3").click()
    live.wait_for_samples(NOW - 900, NOW, where="comm=python3")
    assert live.bands() == ["python3"] and live.address()[0] == "?where=comm%3Dpython3"
    live.driver.find_element(By.CSS_SELECTOR, "#chips .term button").click()
    live.wait_for_samples(NOW - 900, NOW)


def focused_id(live):  # noqa: F811
    return live.driver.execute_script("return document.activeElement.id")


def test_what_goes_away_hands_the_focus_on(live):  # noqa: F811
    live.band("python3").send_keys(Keys.ENTER)
    wait_until(live.driver, lambda: live.bands() == ["python3"], "one band")
    assert focused_id(live) == "where"
    live.driver.find_element(By.CSS_SELECTOR, "#chips .term button").send_keys(Keys.ENTER)
    live.wait_for_samples(NOW - 900, NOW)
    assert focused_id(live) == "where"
    live.press(Keys.ENTER)
    live.choose_in("where-form", "container")
    wait_until(live.driver, lambda: "web-1" in live.text("where-form"), "values")
    live.driver.find_element(By.XPATH, "//dialog[@id='where-form']//button[span/text()='web-1']").send_keys(Keys.ENTER)
    live.wait_for_samples(NOW - 900, NOW, where="container=web-1")
    assert focused_id(live) == "where"
    live.open(f"/?span={(NOW - 300) * 1000}-{NOW * 1000}")
    live.driver.find_element(By.XPATH, "//span[@id='time-acts']/button[text()='All']").send_keys(Keys.ENTER)
    assert live.driver.switch_to.active_element.text == "Compare…"


def test_what_has_the_focus_keeps_it_while_time_goes_on(live):  # noqa: F811
    live.band("python3").click()
    live.wait_for_samples(NOW - 900, NOW, where="comm=python3")
    live.driver.execute_script("document.querySelector('#chips .term button').focus()")
    live.api.advance(10)
    wait_until(live.driver, lambda: live.api.asked("profile")[-1]["to"] == [f"@{NOW + 10}"], "time goes on")
    live.settle()
    assert live.driver.switch_to.active_element.get_attribute("aria-label") == "Remove comm=python3"


# In each view what keys go to first, the key, and the name of what has the focus then.
VIEWS_OF_KEYS = {
    "table": ("#table tbody button", Keys.TAB, "heap_getnext"),
    "tree": ("#tree tbody tr", Keys.ARROW_DOWN, "postgres"),
    "callers": ("#callers-twin [tabindex='0']", Keys.ARROW_UP, "LLVMRunPasses"),
}


@pytest.mark.parametrize("view", VIEWS_OF_KEYS)
def test_the_focus_stays_in_a_view_while_time_goes_on(live, view):  # noqa: F811
    selector, key, name = VIEWS_OF_KEYS[view]
    focused = lambda: live.driver.execute_script("const at = document.activeElement; return (at.cells?.[2] || at).textContent.split(',')[0]")  # noqa: E731
    live.open_view(view)
    live.driver.execute_script("document.querySelector(arguments[0]).focus()", selector)
    live.press(key)
    assert name in focused()
    live.driver.execute_script("window.before = document.activeElement")
    live.api.advance(10)
    wait_until(live.driver, lambda: live.driver.execute_script("return !window.before.isConnected"), "others are drawn")
    assert name in focused()


def test_a_row_of_the_tree_stays_closed(live):  # noqa: F811
    rows = lambda: live.driver.execute_script("return document.querySelectorAll('#tree tbody tr').length")  # noqa: E731
    live.open_view("tree")
    live.driver.execute_script("document.querySelector('#tree tbody tr').focus()")
    live.press(Keys.ARROW_LEFT)
    assert rows() == 1
    live.driver.execute_script("window.before = document.activeElement")
    live.api.advance(10)
    wait_until(live.driver, lambda: live.driver.execute_script("return !window.before.isConnected"), "others are drawn")
    assert rows() == 1


def test_more_rows_of_the_table_stay(api, browser, monkeypatch):  # noqa: F811
    stacks = [([*LIBC, *native("wide", f"f{i}")], 1 / 250) for i in range(250)]
    monkeypatch.setitem(MACHINE, "wide", {"labels": {"user": "root", "pid": "5"}, "busy": lambda second: 10, "stacks": stacks})
    live = LivePage(browser, api, "/#?v=table")
    rows = lambda: live.driver.execute_script("return document.querySelectorAll('#table tbody tr').length")  # noqa: E731
    assert rows() == 200
    live.driver.find_element(By.CSS_SELECTOR, "#table .more").click()
    assert rows() > 250
    live.driver.execute_script("window.before = document.querySelector('#table tbody')")
    api.advance(10)
    wait_until(browser, lambda: browser.execute_script("return !window.before.isConnected"), "others are drawn")
    assert rows() > 250


def test_by_another_label(live):  # noqa: F811
    live.choose("by", "user")
    wait_until(live.driver, lambda: live.bands() == ["postgres", "build", "www", "root"], "bands of users")
    live.choose("by", "container")
    wait_until(live.driver, lambda: live.bands() == ["db-1", "build-7", "web-1", "web-2", "others"], "bands of containers")
    assert live.address()[0] == "?by=container"


def test_a_value_is_chosen_out_of_what_there_is(live):  # noqa: F811
    live.press("p")
    live.choose_in("where-form", "container")
    wait_until(live.driver, lambda: "web-1" in live.text("where-form"), "values")
    live.driver.find_element(By.XPATH, "//dialog[@id='where-form']//button[span/text()='web-1']").click()
    live.wait_for_samples(NOW - 900, NOW, where="container=web-1")
    assert live.text("chips").startswith("container web-1")


def test_an_expression_and_its_opposite(live):  # noqa: F811
    live.press("p")
    wait_until(live.driver, lambda: "kworker" in live.text("where-form"), "values")
    live.driver.find_element(By.CSS_SELECTOR, "#where-form input[type=checkbox]").click()
    live.driver.find_element(By.CSS_SELECTOR, "#where-form input[type=text]").send_keys("post|rust", Keys.ENTER)
    live.wait_for_samples(NOW - 900, NOW, where="comm!~post|rust")
    assert live.bands() == ["python3", "node", "kworker"]


def test_a_filter_of_functions_stays(live):  # noqa: F811
    live.add_filter("focus", "vfs_read")
    assert live.address()[1] == "#?f=focus%3Avfs_read"
    live.drag(0.2, 0.6)
    wait_until(live.driver, lambda: len(live.api.asked("profile")) > 1, "the span is asked for")
    live.wait_for_ticks(Samples(live.api, {"from": [f"@{NOW - 720}"], "to": [f"@{NOW - 360}"]}).ticks("postgres") / 4)


def test_a_filter_that_changes_nothing_yet_is_one(live):  # noqa: F811
    kinds = live.driver.execute_script("return Array.from(document.querySelectorAll('#filter-form input[type=radio]'), kind => kind.value)")
    assert {"no-kernel", "no-inlines", "strip-modules", "lines"} <= set(kinds)
    live.open("/?where=comm=node#?f=no-kernel")  # which has no frame of the kernel
    assert "no-kernel" in live.text("chips") and live.address()[1] == "#?f=no-kernel"
    live.driver.find_element(By.CSS_SELECTOR, "#chips .term button").click()
    live.wait_for_samples(NOW - 900, NOW)
    live.search("vfs_read")
    wait_until(live.driver, lambda: live.text("found").startswith("0 matches"), "the kernel is hidden")


# --- views and files ------------------------------------------------------------------------------------


def test_the_heat_map(live):  # noqa: F811
    live.drag(0.2, 0.4)
    live.wait_for_samples(NOW - 720, NOW - 540)
    live.open_view("heat")
    wait_until(live.driver, lambda: live.text("heat-box"), "the heat map")
    asked = live.api.asked("heat")[-1]
    assert asked["from"] == [f"@{NOW - 720}"] and asked["to"] == [f"@{NOW - 540}"] and asked["rows"] == ["50"]
    assert int(asked["columns"][0]) == 180  # a column is a second
    dark = live.driver.execute_script("""
        const map = document.getElementById('heat'), draw = map.getContext('2d');
        return [.25, .75].map(part => draw.getImageData(20, Math.round(map.height * part), 1, 1).data[3]);""")
    assert dark == [0, 255]  # time goes upwards, and the machine was busy in the first half of each second
    live.drag(0.5, 0.6, on="cells", across=False)
    wait_until(live.driver, lambda: live.api.asked("profile")[-1]["from"] != [f"@{NOW - 720}"], "a span of the heat map is drawn")
    start, end = (float(live.api.asked("profile")[-1][key][0][1:]) for key in ("from", "to"))
    assert NOW - 720 < start < end < NOW - 540


def test_a_choice_by_keys_in_the_heat_map_stays(live):  # noqa: F811
    words = lambda kind="textContent": live.driver.execute_script("return document.querySelector('#heat-box .time-words')[arguments[0]]", kind)  # noqa: E731

    def go_on():
        for _ in range(2):  # when the second one is asked for, the first one is there
            asked = len(live.api.asked("heat"))
            live.api.advance(10)
            wait_until(live.driver, lambda: len(live.api.asked("heat")) > asked, "time goes on")
        live.settle()

    live.open_view("heat")
    wait_until(live.driver, lambda: "a column is" in live.text("heat-box"), "the heat map")
    live.driver.execute_script("document.getElementById('cells').focus()")
    live.press(Keys.END, Keys.END, Keys.ARROW_LEFT)
    cell = words().partition(" · ")[0]
    go_on()
    assert words().startswith(cell)
    ActionChains(live.driver).key_down(Keys.SHIFT).send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT).key_up(Keys.SHIFT).perform()
    chosen = words()
    go_on()
    assert words() == chosen and "–" in chosen
    live.press(Keys.ENTER)
    wait_until(live.driver, lambda: "span=" in live.address()[0], "it is drawn")
    wait_until(live.driver, lambda: "a column is 1" in words("title"), "its own heat map")
    assert live.driver.execute_script("return document.activeElement.id") == "cells"


def test_every_format_is_a_link(live):  # noqa: F811
    live.add_filter("hide", "/^main$/")
    live.band("postgres").click()
    live.wait_for_samples(NOW - 900, NOW, where="comm=postgres")
    live.press("s")
    links = live.driver.execute_script("return Array.from(document.querySelectorAll('#download-menu a'), link => [link.firstChild.textContent, link.href])")
    written = re.findall(r'^RENDER_FORMAT\("([a-z]+)"', (hearth.ROOT / "render/formats.def").read_text(), re.MULTILINE)
    assert {name for name, _ in links} == set(written) - {"block"}
    folded = dict(links)["folded"]
    assert all(part in folded for part in ("/api/v1/profile?format=folded", "where=comm%3Dpostgres", "hide=%5Emain%24", "download=1", f"to=%40{NOW}"))
    live.press(Keys.ESCAPE)
    assert not live.element("download-menu").is_displayed()


def test_search_goes_on_in_the_next_profile(live):  # noqa: F811
    live.press("/")
    live.press("heap_getnext")
    before = live.text("found")
    assert before.startswith("1 match, ")
    live.drag(0.2, 0.25)
    wait_until(live.driver, lambda: live.text("found") not in ("", before), "other shares")
    assert live.text("found").startswith("1 match, ")


# --- nothing, slowness, failure -------------------------------------------------------------------------


def test_empty_says_what_would_fill_it(live):  # noqa: F811
    live.open("/?where=comm=nothing")
    assert live.element("empty").is_displayed()
    assert "No sample is left." in live.text("empty") and "comm=nothing" in live.text("empty")
    live.open(f"/?range={(START - 900) * 1000}-{(START - 600) * 1000}")
    assert "Nothing is kept of that time." in live.text("empty")


def test_just_started(api, browser):  # noqa: F811
    api.start = NOW
    api.status = {"window_ms": 10000, "store": {"bytes": 0, "oldest_ms": 0, "newest_ms": 0, "error": None}}
    live = LivePage(browser, api, "/?where=comm~^$")
    assert "comm~^$" in live.text("empty")
    live.open(f"/?range={(NOW + 100) * 1000}-{(NOW + 200) * 1000}")
    assert "hearth has just started." in live.text("empty")


@pytest.mark.parametrize("path, where", [("profile", "failure"), ("series", "plot-told")])
def test_a_failure_is_told_and_tried_again(api, browser, path, where):  # noqa: F811
    api.failing[path] = (500, "the disk is on fire")
    live = LivePage(browser, api)
    wait_until(browser, lambda: "the disk is on fire" in live.text(where), "what failed")
    api.failing.clear()
    live.element(where).find_element(By.TAG_NAME, "button").click()
    live.wait_for_samples(NOW - 900, NOW)
    wait_until(browser, lambda: not live.element(where).is_displayed(), "nothing is told any more")
    browser.get_log("browser")  # that an answer was 500 the browser says, too


def test_later_is_tried_again_by_itself(api, browser):  # noqa: F811
    api.busy = {"profile": 2, "series": 1}
    live = LivePage(browser, api)
    live.wait_for_samples(NOW - 900, NOW)
    assert len(api.asked("profile")) >= 3 and not live.element("failure").is_displayed()
    browser.get_log("browser")  # that an answer was 503 the browser says, too


def test_a_server_that_is_gone_comes_back(live):  # noqa: F811
    live.api.is_silent = True
    wait_until(live.driver, lambda: live.text("live") == "no answer", "it is gone")
    assert "all" in live.crumb() and live.bands()  # what is there stays
    live.api.advance(20)
    live.api.is_silent = False
    live.wait_for_samples(NOW - 880, NOW + 20)
    assert live.text("live") == "live"
    live.driver.get_log("browser")


def test_the_same_failure_is_told_once(live):  # noqa: F811
    live.api.failing["status"] = (401, "the token is wrong")
    wait_until(live.driver, lambda: "the token is wrong" in live.text("failure"), "what failed")
    button = live.element("failure").find_element(By.TAG_NAME, "button")
    live.driver.execute_script("arguments[0].focus()", button)
    asked = len(live.api.asked("status"))
    wait_until(live.driver, lambda: len(live.api.asked("status")) > asked + 2, "it was asked again")
    assert live.driver.switch_to.active_element == button
    live.api.failing.clear()
    wait_until(live.driver, lambda: not live.element("failure").is_displayed(), "nothing is told any more")
    live.driver.get_log("browser")


def test_only_the_last_question_counts(live):  # noqa: F811
    gate = live.api.hold("profile")
    live.drag(0.1, 0.3)
    wait_until(live.driver, lambda: "waiting" in live.element("card").get_attribute("class"), "it waits in sight")
    assert live.element("frames").is_displayed()
    live.drag(0.5, 0.7)
    wait_until(live.driver, lambda: len(live.api.asked("profile")) > 2, "both are asked for")
    gate.set()
    live.wait_for_samples(NOW - 450, NOW - 270)
    wait_until(live.driver, lambda: live.element("card").get_attribute("aria-busy") == "false", "it waits no more")


# --- hostile names, small screens -----------------------------------------------------------------------


def test_names_are_text(api, browser):  # noqa: F811
    api.status = {"host": "<img src=x onerror=alert(1)>"}
    api.failing["series"] = (400, "<b>no</b>")
    live = LivePage(browser, api)
    assert live.text("origin") == "<img src=x onerror=alert(1)>"
    wait_until(browser, lambda: "<b>no</b>" in live.text("plot-told"), "the error as text")
    browser.get_log("browser")


@pytest.mark.parametrize("width, height", [(1440, 900), (1024, 768), (390, 844)])
def test_all_is_in_sight_on_every_screen(api, browser, width, height):  # noqa: F811
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
    try:
        live = LivePage(browser, api)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        for name in ("plot", "live", "ranges", "query", "fates-text", "cost-button", "download", "tabs", "graph", "detail"):
            box = live.element(name).rect
            assert box["width"] > 0 and box["x"] >= 0 and box["x"] + box["width"] <= width + 1, name
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_rate_of_the_machine_gives_time(live):  # noqa: F811
    assert re.search(r"total [0-9]+ min", live.detail()) and RATE == 20


# --- two spans ------------------------------------------------------------------------------------------


def cores(api, start, end, comm):  # noqa: F811
    return Samples(api, {"from": [f"@{start}"], "to": [f"@{end}"]}).ticks(comm) / RATE


def test_a_second_span_is_compared(live):  # noqa: F811
    live.drag(0.4, 0.5)
    live.wait_for_samples(NOW - 540, NOW - 450)
    live.drag(0.1, 0.2, key=Keys.SHIFT)
    wait_until(live.driver, lambda: "compared with" in live.text("pair"), "what is compared")
    wait_until(live.driver, lambda: "before" in live.detail(), "what was before")
    assert re.fullmatch(r"\?span=\d+-\d+&before=\d+-\d+", live.address()[0])
    starts = [float(asked["from"][0][1:]) for asked in live.api.asked("profile")[-2:]]
    assert sorted(starts) == pytest.approx([NOW - 810, NOW - 540], abs=2)
    live.driver.back()
    wait_until(live.driver, lambda: not live.element("pair").is_displayed(), "only the span")
    live.wait_for_samples(NOW - 540, NOW - 450)


def compared(api, browser, more=""):  # noqa: F811
    """A span in which rustc worked, with the one before in which it did not."""
    start = (NOW // 240 - 2) * 240 + 120
    live = LivePage(browser, api, f"/?last=1h&span={start * 1000}-{start * 1000 + 120_000}&before={start * 1000 - 120_000}-{start * 1000}{more}")
    return live, start


def test_what_became_more_is_told_apart(api, browser):  # noqa: F811
    live, start = compared(api, browser, "#/rustc")
    now, then = cores(api, start, start + 120, "rustc"), cores(api, start - 120, start, "rustc")
    assert (now, then) == (216.0, 48.0)
    assert "after 3 min 36 s" in live.detail() and "before 48.00 s" in live.detail() and "+2 min 48 s, +350.0 %" in live.detail()
    live.open_view("table")
    rows = live.driver.execute_script("return Array.from(document.querySelectorAll('#table tbody tr'), row => [row.cells[2].textContent, row.cells[0].className])")
    assert rows[0] == ["llvm::InstCombine", "number more"]
    assert all("more" not in kind for name, kind in rows if name in ("heap_getnext", "json_dumps", "vfs_read"))


def test_widths_and_scales(api, browser):  # noqa: F811
    live, start = compared(api, browser)
    for width in ("after", "before"):
        live.driver.find_element(By.CSS_SELECTOR, f"#pair option[value={width}]").click()
        wait_until(live.driver, lambda: f"width={width}" in live.address()[0], "the width in the address")
    live.driver.find_element(By.CSS_SELECTOR, "#pair option[value=share]").click()
    wait_until(live.driver, lambda: "change none" in live.detail(), "as much before as after")
    live.driver.find_element(By.XPATH, "//div[@id='pair']/button[text()='Swap']").click()
    wait_until(live.driver, lambda: live.address()[0].index("span=") and f"span={start * 1000 - 120_000}" in live.address()[0], "the other way round")
    live.driver.find_element(By.XPATH, "//div[@id='pair']/button[text()='Compare no more']").click()
    live.wait_for_samples(start - 120, start)
    assert live.driver.execute_script("return document.getElementById('colour').value") == "kind"


def test_the_difference_is_a_file_as_well(api, browser):  # noqa: F811
    live, start = compared(api, browser)
    live.press("s")
    link = live.driver.execute_script("return document.querySelector('#download-menu a').href")
    assert "/api/v1/diff?format=html" in link and f"before-from=%40{start - 120}" in link and f"before-to=%40{start}" in link
    assert "per-time=1" in link and "normalize" not in link
    live.press(Keys.ESCAPE)
    live.driver.find_element(By.CSS_SELECTOR, "#pair option[value=share]").click()
    live.driver.execute_script("document.activeElement.blur()")
    live.press("s")
    link = live.driver.execute_script("return document.querySelector('#download-menu a').href")
    assert "normalize=1" in link and "per-time" not in link
    live.press(Keys.ESCAPE)


def test_spans_that_are_often_meant(live):  # noqa: F811
    live.api.events.append({"time_ms": (NOW - 200) * 1000, "kind": "process_start", "text": "nginx (812)"})
    live.press("d")
    rows = lambda: live.driver.execute_script("return Array.from(document.querySelectorAll('#pair-form .row'), row => row.firstChild.textContent)")  # noqa: E731
    wait_until(live.driver, lambda: "nginx (812) started" in rows(), "what happened")
    assert rows()[:5] == ["just before it, as long", "the same span an hour before", "the same span a day before", "the same span a week before", "any other span"]
    live.driver.find_element(By.XPATH, "//dialog[@id='pair-form']//button[span/text()='nginx (812) started']").click()
    at = (NOW - 200) * 1000
    wait_until(live.driver, lambda: live.address()[0] == f"?span={at}-{NOW * 1000}&before={at - 300_000}-{at}", "before and after that moment")
    live.press("d", Keys.ENTER)
    wait_until(live.driver, lambda: f"before={2 * at - NOW * 1000}-{at}" in live.address()[0], "just before")


def test_starts_do_not_crowd_out_what_else_happened(live):  # noqa: F811
    at = (NOW - 200) * 1000
    live.api.events += [{"time_ms": at + i, "kind": "process_start", "text": f"sh ({i})"} for i in range(600)]
    live.api.events += [{"time_ms": at - 1, "kind": "rate_changed", "text": "99 to 49"}, {"time_ms": at - 2, "kind": "process_start", "text": "nginx (7)"}]
    live.api.events.append({"time_ms": at - 3, "kind": "process_start", "text": "nginx-exporter (8)"})
    rows = lambda: live.driver.execute_script("return Array.from(document.querySelectorAll('#pair-form .row'), row => row.firstChild.textContent)")[5:]  # noqa: E731
    live.press("d")
    wait_until(live.driver, lambda: "sh (599) started" in rows(), "what happened")
    assert rows()[:2] == ["another rate: 99 to 49", "sh (599) started"]
    live.open("/?where=comm=nginx")
    live.press("d")
    wait_until(live.driver, lambda: rows(), "what happened")
    assert rows() == ["another rate: 99 to 49", "nginx (7) started"]


def test_a_finger_chooses_a_second_span(live):  # noqa: F811
    live.press("d")
    live.driver.find_element(By.XPATH, "//dialog[@id='pair-form']//button[span/text()='any other span']").click()
    assert "Drag over" in live.text("time-words")
    plot = live.element("plot").rect
    points = [{"x": plot["x"] + plot["width"] * part, "y": plot["y"] + plot["height"] / 2} for part in (0.2, 0.3, 0.4)]
    for kind, at in [("touchStart", points[:1]), ("touchMove", points[1:2]), ("touchMove", points[2:]), ("touchEnd", [])]:
        live.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
    wait_until(live.driver, lambda: "before=" in live.address()[0] and "span=" not in live.address()[0], "the second span")
    live.drag(0.6, 0.7)  # the next one is the first again
    wait_until(live.driver, lambda: "before=" in live.address()[0] and "span=" in live.address()[0], "both")


def test_what_happened_to_the_recording_is_marked(api, browser):  # noqa: F811
    api.events.append({"time_ms": (NOW - 450) * 1000, "kind": "window_lost", "text": "a window of 10 s was lost: disk full"})
    api.events.append({"time_ms": (NOW - 225) * 1000, "kind": "process_start", "text": "sh (1)"})
    live = LivePage(browser, api)
    plot = live.element("plot")
    wait_until(browser, lambda: live.driver.execute_script("return document.getElementById('plot-marks').getContext('2d').getImageData(Math.round(arguments[0] / 2), Math.round(arguments[1]) - 2, 1, 1).data[3]", plot.rect["width"], plot.size["height"] - 1) > 0, "a mark")
    ActionChains(browser, duration=0).move_to_element(plot).perform()
    wait_until(browser, lambda: "disk full" in live.text("time-words"), "what it was")
    ActionChains(browser, duration=0).move_to_element_with_offset(plot, round(plot.rect["width"] / 8), 0).perform()
    wait_until(browser, lambda: "cores" in live.text("time-words"), "a moment like others")
    ActionChains(browser, duration=0).move_to_element_with_offset(plot, round(plot.rect["width"] / 4), 0).perform()
    wait_until(browser, lambda: "sh (1) started" in live.text("time-words"), "a process")
    ActionChains(browser).click().perform()
    at = (NOW - 225) * 1000
    wait_until(browser, lambda: live.address()[0] == f"?span={at}-{NOW * 1000}&before={at - 300_000}-{at}", "before and after it began")


def test_each_kind_of_event_has_words():
    kept = re.findall(r'STORE_EVENT\(\w+, \d+, "(\w+)"', (hearth.ROOT / "store/event_kinds.def").read_text())
    told = re.findall(r"^\t(\w+): \{ words:", (hearth.ROOT / "web/live_events.js").read_text(), re.MULTILINE)
    assert kept and set(told) == set(kept)


def test_of_too_many_processes_none_is_marked(api, browser):  # noqa: F811
    api.events += [{"time_ms": (NOW - 450) * 1000 + i, "kind": "process_start", "text": f"sh ({i})"} for i in range(61)]
    api.events.append({"time_ms": (NOW - 450) * 1000, "kind": "process_start", "text": "nginx (7)"})
    live = LivePage(browser, api)
    told = lambda: ActionChains(browser, duration=0).move_to_element_with_offset(live.element("plot"), 1, 0).move_to_element(live.element("plot")).perform() or live.text("time-words")  # noqa: E731
    wait_until(browser, lambda: "cores" in told(), "a moment like others")
    live.open("/?where=comm=nginx")
    wait_until(browser, lambda: "nginx (7) started" in told(), "the one that is chosen")
