# SPDX-License-Identifier: Apache-2.0
"""The page without samples, damaged, without scripts, and in windows of all sizes."""

import re

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import browser, chromium, draw_page, errors, wait_until  # noqa: F401 (fixtures)
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
