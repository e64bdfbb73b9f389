# SPDX-License-Identifier: Apache-2.0
"""The page over a `hearth serve` that records: each of its interactions, by pointer and by keys, on a real load.

One serve records for all of these tests. Most look at the same seconds of its past, so that what they see stands still; the rest follows.
"""

import json
import re
import shutil
import time
import urllib.request
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import hearth
import serving
from axe_checks import axe, check  # noqa: F401 (fixture)
from browser import browser, chromium, wait_until  # noqa: F401 (fixtures)
from live_page import LivePage
from recording import until

pytestmark = pytest.mark.root

SAMPLE = "shares_70_30"
LOAD = "page_load"  # as no other process is called
SECONDS = 8  # of the past that tests look at


def newest_ms(url):
    with urllib.request.urlopen(f"{url}/api/v1/status", timeout=hearth.DEADLINE_SECONDS) as answer:
        return json.load(answer)["store"]["newest_ms"]


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """`range`: milliseconds that are over, the load's start among them."""
    store = tmp_path_factory.mktemp("serve-page") / "store"
    with serving.serving(store, "--rate", "99") as serve:
        url = serve.wait_for(r"(http://\S+?)/? shows it")[1].rstrip("/")
        program = shutil.copy(hearth.sample(SAMPLE)[0], store.with_name(LOAD))
        start = round(time.time() * 1000)
        with hearth.Child(program, 600) as load:
            end = start + SECONDS * 1000
            until(lambda: (newest_ms(url) or 0) >= end, "seconds of the load")
            yield SimpleNamespace(url=url, load=load, range=(start - 1000, end))


@pytest.fixture
def live(serve, browser):  # noqa: F811
    return LivePage(browser, serve, f"/?last={2 * SECONDS}s")


@pytest.fixture
def past(serve, browser):  # noqa: F811
    """The load alone, in seconds that are over."""
    return LivePage(browser, serve, past_address(serve))


def past_address(serve, more="", fragment=""):
    start, end = serve.range
    return f"/?range={start}-{end}&where=comm={LOAD}{more}{fragment}"


def times(live, key):
    """Of the address, in milliseconds; None: there are none."""
    value = parse_qs(live.address()[0].lstrip("?")).get(key)
    return [float(time) for time in value[0].split("-")] if value else None


def wait_for_times(live, key, wanted=True):
    wait_until(live.driver, lambda: bool(times(live, key)) == wanted, f"{'a' if wanted else 'no'} {key} in the address")



def hover_time(live, time):
    """Points at a moment of the chart."""
    start, end = times(live, "range")
    plot = live.element("plot")
    width = plot.rect["width"]
    ActionChains(live.driver, duration=0).move_to_element_with_offset(plot, round(((time - start) / (end - start) - 0.5) * width), 0).perform()


def wait_for_text(live, name, text):
    wait_until(live.driver, lambda: text in live.text(name), f"{text!r} in {name}")


def rows(live, panel="table", cell=2):
    return live.driver.execute_script("return Array.from(document.querySelectorAll(arguments[0]), row => row.cells[arguments[1]].textContent)", f"#{panel} tbody tr", cell)


def button(live, within, text):
    return live.driver.find_element(By.XPATH, f"//*[@id='{within}']//button[normalize-space(.)='{text}' or span[text()='{text}']]")


def with_shift(live, *keys):
    ActionChains(live.driver).key_down(Keys.SHIFT).send_keys(*keys).key_up(Keys.SHIFT).perform()


def leave(live):
    """What has the focus, and with it the keys."""
    live.driver.execute_script("document.activeElement.blur()")


def go_to(live, function):
    """By keys to a frame of the graph: the search finds it, Enter goes to it."""
    live.search(function)
    live.press(Keys.ENTER)
    wait_until(live.driver, lambda: live.detail().startswith(function), f"{function} pointed at")
    live.press(Keys.ESCAPE)
    assert live.focused() == function


# --- what is there, and what comes ----------------------------------------------------------------------


def test_the_load_is_seen_chosen_and_named(live):
    wait_until(live.driver, lambda: LOAD in live.bands(), "the load among the bands")
    live.press("l")  # each second others may come first
    wait_for_times(live, "range")
    live.settle()
    wait_until(live.driver, lambda: LOAD in live.bands(), "the load among the bands that stay")
    ActionChains(live.driver, duration=0).move_to_element(live.band(LOAD)).click().perform()
    wait_until(live.driver, lambda: live.address()[0].endswith(f"where=comm%3D{LOAD}"), "the load chosen")
    live.open_view("table")
    wait_until(live.driver, lambda: {"seventy", "thirty"} <= set(rows(live)), "its functions in the table")
    button(live, "chips", "×").click()
    wait_until(live.driver, lambda: "where" not in live.address()[0], "all of it again")


def test_it_follows_until_it_is_paused(live):
    wait_until(live.driver, lambda: LOAD in live.bands(), "the load among the bands")
    words = live.text("time-words")
    wait_until(live.driver, lambda: live.text("time-words") != words, "time goes on")
    live.press("l")
    wait_for_times(live, "range")
    assert live.text("live") == "paused"
    live.element("live").click()
    wait_for_times(live, "range", False)
    assert live.text("live") == "live"


def test_what_became_of_ticks_and_what_it_costs_is_told(past):
    assert "complete" in past.text("fates-text") and re.match(r"hearth \S+ % of a CPU", past.text("cost-button"))
    for name in ("cost", "fates"):
        past.element(f"{name}-button").send_keys("")  # the focus, as of keys
        past.driver.execute_script("arguments[0].focus()", past.element(f"{name}-button"))
        assert past.element(f"{name}-reasons").is_displayed()
    assert "99 Hz" in past.text("cost-reasons")


# --- time -----------------------------------------------------------------------------------------------


def test_a_span_by_pointer(past):
    whole = past.samples()
    past.drag(0.4, 0.7)
    wait_for_times(past, "span")
    wait_until(past.driver, lambda: past.samples() is not None and 0 < past.samples() < whole, "fewer samples")
    button(past, "time-acts", "Zoom in").click()
    wait_for_times(past, "span", False)
    start, end = times(past, "range")
    assert end - start == pytest.approx((SECONDS + 1) * 300, rel=0.1)
    past.driver.back()
    wait_for_times(past, "span")
    button(past, "time-acts", "All").click()
    wait_until(past.driver, lambda: past.samples() == whole, "all of it")
    past.drag(0.4, 0.7)
    wait_for_times(past, "span")
    ActionChains(past.driver, duration=0).double_click(past.element("plot")).perform()
    wait_until(past.driver, lambda: past.samples() == whole, "all of it")


def test_a_span_by_keys(past):
    whole = past.samples()
    past.press("w", Keys.HOME, Keys.HOME, *[Keys.PAGE_DOWN] * 6)
    with_shift(past, *[Keys.PAGE_DOWN] * 3, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert "selected" in past.text("time-words")
    past.press(Keys.ENTER)
    wait_for_times(past, "span")
    wait_until(past.driver, lambda: past.samples() is not None and past.samples() < whole, "fewer samples")
    past.press(Keys.ESCAPE)
    wait_for_times(past, "span", False)


def test_how_much_is_in_sight(past):
    for key, sign in (("[", -1), ("]", 1)):
        before = times(past, "range")
        past.press(key)
        wait_until(past.driver, lambda: times(past, "range") != before, "another range")
        assert sign * (times(past, "range")[0] - before[0]) > 0
    past.driver.find_element(By.CSS_SELECTOR, "[data-last='1h']").click()
    wait_until(past.driver, lambda: "last=1h" in past.address()[0], "an hour")
    past.driver.find_element(By.CSS_SELECTOR, "#ranges [data-last='']").click()
    button(past, "range-form", "Show").click()
    wait_for_times(past, "range")


def test_what_is_pointed_at_is_told(past):
    plot = past.element("plot")
    ActionChains(past.driver, duration=0).move_to_element_with_offset(plot, round(plot.rect["width"] * 0.3), round(plot.rect["height"] / 2) - 3).perform()
    wait_until(past.driver, lambda: "core" in past.text("time-words") and LOAD in past.text("time-words"), "the moment, and whose time it is")


def test_a_span_of_the_heat_map(past):
    past.press("/", Keys.ESCAPE)
    past.open_view("heat")
    wait_for_text(past, "heat-box", "a column is")
    past.drag(0.4, 0.7, on="cells", across=False)
    wait_for_times(past, "span")
    start, end = times(past, "span")
    assert past.api.range[0] <= start < end <= past.api.range[1]


# --- whose time, and which functions --------------------------------------------------------------------


def test_whose_time(live, serve):
    live.choose("by", "user")
    wait_until(live.driver, lambda: "root" in live.bands(), "users")
    leave(live)
    live.press("p")
    live.choose_in("where-form", "pid")
    wait_until(live.driver, lambda: str(serve.load.pid) in live.text("where-form"), "the load's process")
    button(live, "where-form", str(serve.load.pid)).click()
    wait_until(live.driver, lambda: f"where=pid%3D{serve.load.pid}" in live.address()[0], "it is chosen")
    live.press("p")
    live.choose_in("where-form", "comm")
    wait_until(live.driver, lambda: LOAD in live.text("where-form"), "the load's name")
    live.driver.find_element(By.CSS_SELECTOR, "#where-form input[type=checkbox]").click()
    live.driver.find_element(By.CSS_SELECTOR, "#where-form input[type=text]").send_keys("^page_", Keys.ENTER)
    wait_for_text(live, "empty", "No sample is left.")


def test_functions_by_keys(past):
    go_to(past, "seventy")
    past.press(Keys.ENTER)
    assert past.crumb()[-1] == "seventy" and past.address()[1].partition("?")[0].endswith("/seventy")
    past.press(Keys.ESCAPE, Keys.ESCAPE, "0")
    assert past.crumb() == ["all"]
    past.press("f")
    wait_for_text(past, "chips", "seventy")
    assert "f=focus" in past.address()[1]
    past.driver.back()
    wait_until(past.driver, lambda: "seventy" not in past.text("chips"), "no filter")
    go_to(past, "thirty")
    past.press("h")
    wait_for_text(past, "chips", "thirty")
    past.driver.find_element(By.XPATH, "//*[@id='chips']//*[contains(@class,'chip') and contains(.,'thirty')]/button").click()
    go_to(past, "thirty")
    past.press("c")
    wait_until(past.driver, lambda: past.view() == "Callers / callees", "its callers")
    past.press("i")
    wait_until(past.driver, lambda: past.view() == "Icicle", "an icicle graph")
    past.press("o")
    assert past.driver.execute_script("return document.getElementById('order').value") == "total"
    past.press("t")
    assert past.driver.execute_script("return document.documentElement.dataset.theme") == "dark" and "t=dark" in past.address()[1]


def test_a_walk_over_frames(past):
    past.driver.execute_script("document.querySelector('#twin [role=treeitem]').focus()")
    seen = [past.focused()]
    for key in (Keys.ARROW_UP, Keys.ARROW_UP, Keys.END, Keys.HOME, Keys.ARROW_DOWN, Keys.ARROW_DOWN):
        past.press(key)
        seen.append(past.focused())
    assert seen[0] == seen[-1] == "all" and seen[1] == LOAD and all(seen)


def test_a_frame_by_pointer(past):
    past.click(1, 50, span=100)
    assert past.crumb()[-1] == LOAD
    past.driver.find_element(By.CSS_SELECTOR, "#crumb button").click()
    assert past.crumb() == ["all"]
    past.move_to(1, 50, span=100).context_click().perform()
    assert past.element("menu").is_displayed()
    past.driver.find_element(By.XPATH, "//*[@id='menu']//button[contains(.,'Callers')]").click()
    wait_until(past.driver, lambda: past.view() == "Callers / callees", "its callers")
    past.open_view("flame")
    past.hover(1, 50, span=100)
    wait_until(past.driver, lambda: past.detail().startswith(LOAD), "what is pointed at")
    button(past, "detail", "Focus").click()
    wait_for_text(past, "chips", LOAD)


def test_a_search(past):
    past.search("seventy")
    share = float(re.search(r"([0-9.]+) % of", past.found())[1])
    assert 40 < share < 90
    past.press(Keys.ENTER)
    assert past.found().startswith("1 of ")
    with_shift(past, Keys.ENTER)
    leave(past)
    past.press("n", "N")
    past.element("next").click()
    wait_until(past.driver, lambda: "s=seventy" in past.address()[1], "the search in the address")
    past.press("/", Keys.ESCAPE)
    assert past.found() == ""


def test_tables_and_trees(past):
    past.open_view("tree")
    wait_until(past.driver, lambda: any(LOAD in row for row in rows(past, "tree", 0) + rows(past, "tree", 2)), "the tree")
    past.open_view("table")
    past.driver.find_element(By.XPATH, "//*[@id='table']//tbody//tr//button[contains(.,'seventy')]").click()
    wait_until(past.driver, lambda: past.view() == "Callers / callees" and "seventy" in past.text("crumb"), "callers of a row")
    past.choose("colour", "module")
    assert "c=module" in past.address()[1]


def test_help(past):
    past.press("?")
    assert past.element("help").is_displayed() and "Shift-drag" in past.text("help")
    past.press(Keys.ESCAPE)
    assert not past.element("help").is_displayed()


# --- along time -----------------------------------------------------------------------------------------


def test_the_chart(past, axe):  # noqa: F811
    past.open_view("chart")
    wait_until(past.driver, lambda: past.element("chart").is_displayed(), "the chart")
    assert "v=chart" in past.address()[1]
    past.driver.refresh()
    past.wait_until_ready()
    wait_until(past.driver, lambda: past.element("chart").is_displayed(), "the chart at its address")
    past.search("seventy")
    assert int(re.search(r"([0-9,]+) match", past.found())[1].replace(",", "")) > 3  # in a graph it is one
    past.press(Keys.ENTER)
    wait_until(past.driver, lambda: past.detail().startswith("seventy"), "a frame of it")
    check(past, axe, "the chart")
    past.media("dark")
    check(past, axe, "the chart in the dark")


def test_a_part_of_the_chart_stands_still(live):
    live.open_view("chart")
    wait_until(live.driver, lambda: live.element("chart").is_displayed(), "the chart")
    frames = live.element("chart-frames")
    drawn = lambda: live.driver.execute_script("return arguments[0].toDataURL()", frames)  # noqa: E731
    place = {key: round(frames.rect[key] + frames.rect[size] / 2) for key, size in (("x", "width"), ("y", "height"))}
    live.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseWheel", **place, "deltaX": 0, "deltaY": -4, "modifiers": 2})  # Ctrl
    live.settle()
    part = drawn()
    for _ in range(2):
        words = live.text("time-words")
        wait_until(live.driver, lambda: live.text("time-words") != words, "time goes on")
    live.settle()
    assert drawn() == part


# --- two spans ------------------------------------------------------------------------------------------


def test_a_comparison_by_pointer(past):
    past.drag(0.6, 0.9)
    wait_for_times(past, "span")
    past.drag(0.2, 0.5, key=Keys.SHIFT)
    wait_for_times(past, "before")
    wait_for_text(past, "pair", "cores")
    wait_for_text(past, "detail", "before")
    assert not past.driver.find_element(By.CSS_SELECTOR, "[data-view=chart]").is_displayed()
    span, before = times(past, "span"), times(past, "before")
    button(past, "pair", "Swap").click()
    wait_until(past.driver, lambda: (times(past, "span"), times(past, "before")) == (before, span), "the other way round")
    past.driver.find_element(By.CSS_SELECTOR, "#pair option[value=after]").click()
    past.driver.find_element(By.CSS_SELECTOR, "#pair option[value=share]").click()
    wait_until(past.driver, lambda: "width=after" in past.address()[0] and "scale=share" in past.address()[0], "width and scale")
    past.choose("colour", "own-change")
    past.open_view("table")
    wait_until(past.driver, lambda: "seventy" in rows(past), "what changed")
    button(past, "pair", "Compare no more").click()
    wait_for_times(past, "before", False)


def test_a_comparison_by_keys(past):
    past.press("d", Keys.ENTER)  # just before it
    wait_for_times(past, "before")
    past.press("w", Keys.END, Keys.END)
    with_shift(past, *[Keys.PAGE_UP] * 3)
    past.press(Keys.ENTER)
    wait_for_times(past, "span")
    past.press("w", Keys.HOME, Keys.HOME)
    with_shift(past, *[Keys.PAGE_DOWN] * 3)
    before = times(past, "before")
    past.press("b")
    wait_until(past.driver, lambda: times(past, "before") not in (None, before), "another span to compare with")
    leave(past)
    past.press("w", Keys.ESCAPE)
    wait_until(past.driver, lambda: not times(past, "before") and not times(past, "span"), "neither")


def test_before_and_after_something_happened(serve, browser):  # noqa: F811
    live = LivePage(browser, serve, f"/?range={serve.range[0] - 60_000}-{serve.range[1]}&where=comm={LOAD}")
    live.press("d")
    row = "//dialog[@id='pair-form']//button[span[starts-with(text(),'hearth ') and contains(text(),' started')]]"
    wait_until(live.driver, lambda: live.driver.find_elements(By.XPATH, row), "the start of the recording")
    live.driver.find_element(By.XPATH, row).click()
    wait_for_times(live, "before")
    at = times(live, "before")[1]
    assert at == times(live, "span")[0]
    wait_for_text(live, "detail", "before 0 s")  # nothing was recorded
    live.press("w", Keys.ESCAPE)
    wait_for_times(live, "before", False)
    hover_time(live, at)
    wait_for_text(live, "time-words", "a click compares")
    ActionChains(live.driver).click().perform()
    wait_until(live.driver, lambda: (times(live, "before") or [0, 0])[1] == at, "the same by its mark")


# --- addresses and files --------------------------------------------------------------------------------


def test_an_address_is_all_of_a_view(serve, browser):  # noqa: F811
    start, end = serve.range
    live = LivePage(browser, serve, past_address(serve, f"&span={start + 2000}-{end - 1000}&by=pid", "#?s=seventy&v=table&t=dark"))
    assert live.view() == "Table" and live.bands() == [str(serve.load.pid)]
    assert "match" in live.found() and live.driver.execute_script("return document.documentElement.dataset.theme") == "dark"
    assert "5.00 s selected" in live.text("time-words") or "6.00 s selected" in live.text("time-words")


def test_what_is_seen_can_be_had_as_a_file(past, serve):
    past.press("s")
    links = past.driver.execute_script("return Array.from(document.querySelectorAll('#download-menu a'), link => link.getAttribute('href'))")
    assert len(links) >= 8
    for path in links:
        assert parse_qs(urlsplit(path).query)["where"] == [f"comm={LOAD}"]
        with urllib.request.urlopen(serve.url + path, timeout=hearth.DEADLINE_SECONDS) as answer:
            assert answer.read(1), path
    past.press(Keys.ARROW_DOWN, Keys.END, Keys.ESCAPE)
    assert not past.element("download-menu").is_displayed()
