# SPDX-License-Identifier: Apache-2.0
"""The order of what stands side by side: its choice in the page, its word on the command line, and what is told of it."""

import xml.etree.ElementTree as ElementTree

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from browser import browser, chromium, draw_page, wait_until  # noqa: F401 (fixtures)
from page import Page, add_filter

# b came first, then c, of which a function has two kinds, and a is the largest.
PROFILE = "p;b;x 2\np;c;x_[k] 1\np;c;x 1\np;a 6\n"
SPAN = 10
SVG = "{http://www.w3.org/2000/svg}"
SAVE = (
    "window.saved = []; URL.createObjectURL = blob => { blob.text().then(text => window.saved.push(text)); return ''; };"
    "HTMLAnchorElement.prototype.click = function () {};"
    "document.getElementById('save').click();"
)


def functions(page):
    """What stands on the process, from left to right."""
    page.driver.execute_script("document.activeElement.blur()")
    page.press("0")
    while page.focused() != "p":
        page.press(Keys.ARROW_UP)
    return page.driver.execute_script(
        "return Array.from(document.querySelectorAll('#twin [aria-level=\"3\"]'), item => item.textContent.split(',')[0])"
    )


def choose_order(page, order):
    Select(page.element("order")).select_by_value(order)
    page.settle()


@pytest.mark.parametrize("order, names", [("name", ["a", "b", "c"]), ("total", ["a", "b", "c"]), ("time", ["b", "c", "a"])])
def test_the_command_says_in_which_order_a_page_begins(order, names, browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(PROFILE, "--sort", order))
    assert Select(page.element("order")).first_selected_option.text == order
    assert functions(page) == names
    assert page.fragment() == ""


def test_without_a_word_it_is_by_name_and_no_sort_is_that_of_time(browser, draw_page):  # noqa: F811
    assert functions(Page(browser, draw_page("p;b 6\np;a 1\np;c 3\n"))) == ["a", "b", "c"]
    assert functions(Page(browser, draw_page("p;b 6\np;a 1\np;c 3\n", "--no-sort"))) == ["b", "a", "c"]


def test_it_is_chosen_in_the_page_and_told_in_the_address(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("p;b 6\np;a 1\np;c 3\n"))
    choose_order(page, "total")
    assert functions(page) == ["b", "c", "a"] and page.fragment() == "#?o=total"
    page.press("0", "o")
    assert functions(page) == ["b", "a", "c"] and page.fragment() == "#?o=time"
    page.driver.get("about:blank")  # else it would be the page that is open
    page = Page(browser, draw_page("p;b 6\np;a 1\np;c 3\n", "--sort", "total"), "#?o=name")
    assert functions(page) == ["a", "b", "c"]
    page.press("o")
    assert functions(page) == ["b", "c", "a"] and page.fragment() == ""
    page.driver.get("about:blank")
    page = Page(browser, draw_page("p;b 6\np;a 1\np;c 3\n"), "#?o=constructor")
    assert functions(page) == ["a", "b", "c"]


def test_what_filters_leave_stands_in_it(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("p;b;y 5\np;a;z 1\np;a;x 3\np;b;x 1\n"), "#?o=total")
    add_filter(page, "hide", "/^[ab]$/")
    assert functions(page) == ["y", "x", "z"]
    choose_order(page, "time")
    assert functions(page) == ["y", "x", "z"]
    choose_order(page, "name")
    assert functions(page) == ["x", "y", "z"]


def test_one_stays_where_one_zoomed_to_and_a_link_leads_there_in_any_order(browser, draw_page):  # noqa: F811
    path = draw_page(PROFILE)
    page = Page(browser, path)
    page.click(3, 9.5, span=SPAN)  # the second x of c, by its kind
    assert page.crumb() == ["all", "p", "c", "x"] and "kernel" in page.detail()
    link = page.fragment()
    assert link.endswith("/c/x~2")
    for order in ("total", "time", "name"):
        choose_order(page, order)
        assert page.crumb() == ["all", "p", "c", "x"] and page.fragment().startswith(link)
        page.driver.get("about:blank")
        page = Page(browser, path, f"{link}?o={order}")
        page.hover(3, 0.5, span=1)
        assert page.crumb() == ["all", "p", "c", "x"] and "kernel" in page.detail()


def test_callers_and_callees_stand_in_it(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("p;a;f;x 1\np;b;f;y 5\n"), "#?v=callers&p=f&o=total")
    for pane, names in (("callees", ["y", "x"]), ("callers", ["b", "a"])):
        shown = page.driver.execute_script(
            "return Array.from(document.querySelectorAll(`#${arguments[0]}-twin [aria-level=\"2\"]`), item => item.textContent.split(',')[0])", pane
        )
        assert shown == names


def test_picture_and_paper_tell_it(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(PROFILE), "#?o=total&f=ignore%3Ab")
    page.driver.execute_script(SAVE)
    wait_until(page.driver, lambda: page.driver.execute_script("return window.saved.length") == 1, "it is saved")
    root = ElementTree.fromstring(page.driver.execute_script("return window.saved[0]").split("?>", 1)[1])
    assert [element.text for element in root.iter(f"{SVG}text")][-1] == "ignore b · the largest first"
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert page.element("order").is_displayed() and not page.element("colour").is_displayed()
        choose_order(page, "name")
        assert not page.element("order").is_displayed()
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("size, text", [((390, 844), 100), ((1024, 768), 100), ((390, 844), 200)], ids=["phone", "tablet", "large text"])
def test_its_choice_is_in_sight(size, text, browser, draw_page):  # noqa: F811
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False})
    try:
        page = Page(browser, draw_page(PROFILE))
        page.driver.execute_script("document.documentElement.style.fontSize = `${arguments[0]}%`", text)
        label = "document.getElementById('order').parentElement"
        left, right, top, bottom = page.driver.execute_script(f"const box = {label}.getBoundingClientRect(); return [box.left, box.right, box.top, box.bottom]")
        assert 0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]
        assert page.driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
