# SPDX-License-Identifier: Apache-2.0
"""Filters of functions in the page, as chips, by keys and in the address."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import browser, chromium, draw_page, wait_until  # noqa: F401 (fixtures)
from page import PROFILE, Page, add_filter, chips, page, total  # noqa: F401 (fixture)


def test_filters_leave_what_they_say(page):  # noqa: F811
    for kind, text, left in (
        ("focus", "alloc", "70"),
        ("ignore", "alloc", "130"),
        ("hide", "/^(main|work)$/", "200"),
        ("show-from", "work", "100"),
        ("collapse-recursion", "", "200"),
    ):
        add_filter(page, kind, text)
        assert (kind, total(page)) == (kind, left)
        assert chips(page) == [kind + text + "×"]
        page.driver.find_element(By.CSS_SELECTOR, ".chip:not(.add) button").click()
        page.settle()
        assert total(page) == "200" and not chips(page)


def test_hidden_frames_are_merged_into_their_callers_and_stay_in_order(page):  # noqa: F811
    add_filter(page, "hide", "/^(main|work|idle)$/")
    # alloc of work and of idle are one frame now: 40 + 30
    page.hover(2, 20)
    assert page.detail().startswith("alloctotal 70 samples · 35.0 %self 50 samples")
    page.hover(2, 100)
    assert page.detail().startswith("computetotal 60 samples")


def test_filters_add_up_and_are_told_in_the_address(page):  # noqa: F811
    add_filter(page, "focus", "app")
    add_filter(page, "ignore", "compute")
    assert total(page) == "90"
    page.hover(1, 50, span=90)
    assert "of all 45.0 %" in page.detail()
    address = page.driver.current_url
    page.driver.get("about:blank")
    page.driver.get(address)
    page.wait_until_ready()
    assert chips(page) == ["focusapp×", "ignorecompute×"] and total(page) == "90"


def test_back_takes_a_filter_away(page):  # noqa: F811
    add_filter(page, "focus", "alloc")
    page.driver.back()
    wait_until(page.driver, lambda: not chips(page), "no filter after back")
    assert total(page) == "200"


def test_a_broken_filter_is_said_and_nothing_left_as_well(page):  # noqa: F811
    page.driver.find_element(By.CSS_SELECTOR, "#chips .add").click()
    form = page.element("filter-form")
    form.find_element(By.CSS_SELECTOR, "input[type=text]").send_keys("/(/", Keys.ENTER)
    assert "Not a regular expression." in form.text
    page.press(Keys.ESCAPE)
    add_filter(page, "focus", "nowhere at all")
    assert "Nothing is left." in page.element("empty").text
    page.driver.find_element(By.CSS_SELECTOR, ".chip:not(.add) button").click()
    assert total(page) == "200"


def test_direct_recursion_is_one_frame(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("p;f;f;f;g 10\np;f;f 10\n"))
    add_filter(page, "collapse-recursion")
    page.hover(3, 5, span=20)
    assert page.detail().startswith("gtotal 10 samples")


@pytest.mark.parametrize(
    "key, wanted", [("f", ["focus/^compute$/×"]), ("h", ["hide/^compute$/×"])], ids=["focus", "hide"]
)
def test_keys_filter_by_the_frame_under_the_pointer(page, key, wanted):  # noqa: F811
    page.hover(4, 110)
    page.press(key)
    assert chips(page) == wanted


def test_a_name_full_of_metacharacters_is_filtered_by_itself(page):  # noqa: F811
    page.hover(4, 35)
    page.press("f")
    assert total(page) == "10"


def test_no_more_filters_than_the_page_can_tell_apart(browser, draw_page):  # noqa: F811
    many = "%0A".join(f"focus:{letter}" for letter in ["app"] * 40)
    page = Page(browser, draw_page(PROFILE), f"#?f={many}")
    assert len(chips(page)) == 24 and total(page) == "150"
    add_filter(page, "ignore", "work")
    assert "24 filters" in page.element("filter-form").text
