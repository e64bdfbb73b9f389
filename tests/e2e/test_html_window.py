# SPDX-License-Identifier: Apache-2.0
"""The page without samples, damaged, without scripts, and in windows of all sizes."""

import re
import shutil
import tempfile

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import browser, chromium, draw_page, errors, start_browser, wait_until  # noqa: F401 (fixtures)
from page import PROFILE, Page, page  # noqa: F401 (fixture)


def test_no_samples_says_so(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(""))
    assert "No samples." in page.text("empty") and page.text("fates-text") == "no samples"
    for key in ("/", "x", Keys.ENTER, Keys.ESCAPE, Keys.ARROW_UP, Keys.ENTER, "0", "i", "t", "?", Keys.ESCAPE):
        page.press(key)


def test_a_damaged_file_says_so(chromium, draw_page):  # noqa: F811
    path = draw_page(PROFILE)
    path.write_text(re.sub(r'(id="profile">.{200})[^<]{40}', r"\1", path.read_text()))
    chromium.get(f"file://{path}")
    told = "return document.getElementById('card').textContent"
    wait_until(chromium, lambda: "cannot be shown" in chromium.execute_script(told), "the page says so")
    errors(chromium)


def test_without_scripts_it_says_what_it_is(browser, draw_page):  # noqa: F811
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(f"file://{draw_page(PROFILE)}")
    assert "scripts are off" in browser.find_element(By.TAG_NAME, "noscript").text


@pytest.mark.parametrize("size", [(390, 844), (1024, 768), (320, 480)], ids=str)
def test_it_fits_a_small_window(size, browser, draw_page):  # noqa: F811
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": size[0], "height": size[1], "deviceScaleFactor": 2, "mobile": False},
    )
    try:
        page = Page(browser, draw_page(f"{PROFILE}p;{';'.join(f'f{i}' for i in range(120))} 10\n"))
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= size[0]
        graph = page.element("graph").rect
        assert graph["height"] > 90
        assert page.element("fates-button").is_displayed()
        canvas = page.driver.execute_script("const c = document.getElementById('frames'); return [c.width, c.clientWidth]")
        assert canvas[0] == 2 * canvas[1]
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("width, split", [(390, 40), (1024, 80), (1440, 150)])
def test_the_fates_and_their_reasons_are_in_sight(width, split, browser, draw_page):  # noqa: F811
    metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page = Page(browser, draw_page("p;f 9880\np;[truncated:bad_caller];g 100\np;[lost:ring_full] 20\n"))
        assert page.element("fates-split").rect["width"] == pytest.approx(split, abs=1)
        page.driver.execute_script("document.getElementById('fates-button').focus()")
        box = page.element("fates-reasons").rect
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_search_on_a_phone_moves_nothing(browser, draw_page):  # noqa: F811
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page = Page(browser, draw_page(f"{PROFILE}p;{';'.join(f'f{i}' for i in range(120))} 10\n"))
        places = "const graph = document.getElementById('graph'); return [graph.getBoundingClientRect().top, graph.scrollTop]"
        before = page.driver.execute_script(places)
        page.search("alloc")
        assert page.element("found").is_displayed() and page.driver.execute_script(places) == before
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_root_stays_in_sight_when_the_window_changes(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(f"p;{';'.join(f'f{i}' for i in range(120))} 10\n"))
    left = "const graph = document.getElementById('graph'); return graph.scrollHeight - graph.clientHeight - graph.scrollTop"
    try:
        for height in (600, 500, 800):
            metrics = {"width": 1000, "height": height, "deviceScaleFactor": 1, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            wait_until(browser, lambda: abs(browser.execute_script(left)) < 2, f"the root is in sight at {height}")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.fixture
def large_text():
    """A browser whose reader wants text twice as large."""
    folder = tempfile.mkdtemp(prefix="hearth-browser-")
    driver = start_browser(folder, {"webkit.webprefs.default_font_size": 32})
    yield driver
    driver.quit()
    shutil.rmtree(folder, ignore_errors=True)


def test_large_text_fits(large_text, draw_page):  # noqa: F811
    path = draw_page(f"{PROFILE}p;a_[k] 10\np;[truncated:no_root];g 8\n")
    for width, height in ((1440, 900), (1024, 768), (390, 844)):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        large_text.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        page = Page(large_text, path)
        assert page.driver.execute_script("return parseFloat(getComputedStyle(document.documentElement).fontSize)") == 32
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= width
        tops = {page.element(name).rect["y"] for name in ("theme", "help-button")}
        assert len(tops) == 1 and tops.pop() < 40  # in the first line


def test_the_strip_has_the_name_and_all_that_one_can_do(browser, draw_page):  # noqa: F811
    script = "".join(
        f"web 10/{10 + n % 3} [000] {1000 + n}.5: 1 cpu-clock: \n\t 4000 {name}+0x1 (/usr/lib/libapplication.so.3)\n\n"
        for n, name in enumerate(["function_with_a_name", "other"] * 10)
    )
    path = draw_page(script)
    for width, height in ((1024, 768), (760, 600), (390, 844)):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        try:
            page = Page(browser, path, "#/web/function_with_a_name?f=time%3A0-10")
            name, copy = (page.driver.find_element(By.CSS_SELECTOR, f"#detail {part}").rect for part in (".name", ".acts button:last-child"))
            assert name["width"] > 100 and copy["x"] + copy["width"] <= width
        finally:
            browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert page.text("origin") == "in.folded20 samples"
