# SPDX-License-Identifier: Apache-2.0
"""Search in the page."""

import re

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser import browser, chromium, draw_page  # noqa: F401 (fixtures)
from page import page, total  # noqa: F401 (fixture)


def test_search_counts_nested_matches_once_and_tints(page):  # noqa: F811
    plain, other = page.pixel(4, 60), page.pixel(4, 110)
    page.search("alloc")
    assert page.found() == "3 matches, 35.0 % of samples"
    assert page.pixel(4, 60) != plain and page.pixel(4, 110) == other
    page.press(Keys.ESCAPE)
    assert page.found() == "" and page.pixel(4, 60) == plain


def test_search_is_plain_text_by_default(page):  # noqa: F811
    page.search("operator()(")
    assert page.found() == "1 match, 5.0 % of samples"
    page.press(Keys.ESCAPE)
    page.search("parse")
    assert page.found() == "1 match, 25.0 % of samples"
    page.press(Keys.ESCAPE)
    page.search("PARSE")
    assert page.found() == "0 matches, 0.0 % of samples"


def test_search_takes_a_regular_expression(page):  # noqa: F811
    page.search("/^(work|idle|run)$/")
    assert page.found() == "3 matches, 95.0 % of samples"
    page.press(Keys.ESCAPE)
    page.search("/(/")
    assert page.found() == "not a regular expression"


def test_enter_goes_through_the_matches(page):  # noqa: F811
    page.search("/^(main|work|run)$/")
    seen = []
    for _ in range(4):
        page.press(Keys.ENTER)
        seen.append(re.match("[a-z]+?(?=total)", page.detail())[0])
    assert seen == ["main", "work", "run", "main"]
    assert page.found() == "1 of 3 matches, 100.0 % of samples"
    page.shift_enter()
    assert page.detail().startswith("run")
    page.element("previous").click()
    assert page.found().startswith("2 of 3") and page.detail().startswith("work")


def test_the_next_match_leaves_a_zoom_that_hides_it(page):  # noqa: F811
    page.click(3, 90)
    page.search("Parse")
    page.press(Keys.ENTER)
    assert page.crumb() == ["all"]


def test_control_f_opens_the_search(page):  # noqa: F811
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys("f").key_up(Keys.CONTROL).perform()
    page.press("grow")
    assert page.found() == "1 match, 10.0 % of samples"
