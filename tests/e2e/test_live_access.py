# SPDX-License-Identifier: Apache-2.0
"""The live page for who does not see it, or uses no mouse: what axe-core finds of WCAG 2.2 A and AA, in each view and state, light and dark; and the way of the focus."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from axe_checks import axe, check  # noqa: F401 (fixture)
from browser import browser, chromium, wait_until  # noqa: F401 (fixtures)
from fake_api import NOW
from live_page import LivePage, api, live  # noqa: F401 (fixtures)

CARD = {"flame", "icicle", "callers", "table", "tree", "heat"}


def press_and_close(live, axe, key, name):  # noqa: F811
    live.press(key)
    wait_until(live.driver, lambda: live.element(name).is_displayed(), name)
    check(live, axe, name)
    live.press(Keys.ESCAPE)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_view(api, browser, axe, theme):  # noqa: F811
    live = LivePage(browser, api, theme=theme)  # noqa: F811
    assert live.element("plot-most").value_of_css_property("opacity") == "1"  # over the chart its contrast would be less
    assert {tab.get_attribute("data-view") for tab in browser.find_elements(By.CSS_SELECTOR, "#tabs button")} == CARD | {"chart"}
    for view in sorted(CARD):
        live.open_view(view)
        if view == "heat":
            wait_until(browser, lambda: "a column is" in live.text("heat-box"), "the heat map")
        check(live, axe, view)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_form_and_state(api, browser, axe, theme):  # noqa: F811
    span = f"span={(NOW - 300) * 1000}-{NOW * 1000}&before={(NOW - 600) * 1000}-{(NOW - 300) * 1000}"
    live = LivePage(browser, api, f"/?{span}&where=comm~s#/?f=hide:main&s=exec", theme)  # noqa: F811
    check(live, axe, "two spans, filters and a search")
    live.open_view("table")
    check(live, axe, "a table of two spans")
    for key, name in (("p", "where-form"), ("d", "pair-form"), ("?", "help"), ("s", "download-menu")):
        press_and_close(live, axe, key, name)
    browser.find_element(By.CSS_SELECTOR, "#ranges [data-last='']").click()
    check(live, axe, "range-form")
    live.press(Keys.ESCAPE)
    live.open("/?where=comm=nothing")
    check(live, axe, "nothing")
    api.failing.update(profile=(500, "the disk is on fire"), series=(500, "the disk is on fire"))
    live.open("/")
    wait_until(browser, lambda: live.element("plot-told").is_displayed(), "what failed")
    check(live, axe, "failures")
    browser.get_log("browser")  # that answers were 500 the browser says, too


def test_on_a_phone(api, browser, axe):  # noqa: F811
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True})
    try:
        check(LivePage(browser, api), axe, "a phone")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_focus_goes_through_all_in_the_order_that_is_seen(live):  # noqa: F811
    name = "const at = document.activeElement; return at === document.body ? '' : at.id || at.closest('[id]').id"
    seen = []
    live.driver.execute_script("document.activeElement.blur()")
    for _ in range(80):
        ActionChains(live.driver).send_keys(Keys.TAB).perform()
        at = live.driver.execute_script(name)
        if not at or at == (seen or [None])[0]:
            break
        seen.append(at)
    order = list(dict.fromkeys(seen))
    wanted = ["query", "ranges", "live", "theme", "help-button", "by", "time-acts", "bands", "plot", "where", "order", "colour", "download", "cost-button", "fates-button", "tabs"]
    assert [at for at in order if at in wanted] == wanted, order
    assert order.index("tabs") < len(order) - 1, "the graph's frames come behind the tabs"
