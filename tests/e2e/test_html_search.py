# SPDX-License-Identifier: Apache-2.0
"""Search in the page."""

import re

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import browser, chromium, draw_page  # noqa: F401 (fixtures)
from page import Page, page, total  # noqa: F401 (fixture)


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


def choose(page, view):
    page.driver.find_element(By.CSS_SELECTOR, f"[data-view={view}]").click()
    page.settle()


def marked(page, what):
    """The names in the rows of tree or table that are in sight and marked so."""
    names = page.driver.execute_script(
        "return Array.from(document.querySelectorAll(arguments[0]), row => ({ name: row.cells[2].textContent,"
        " isSeen: row.getBoundingClientRect().bottom < row.closest('.listed').getBoundingClientRect().bottom + 2 }))",
        f".listed:not([hidden]) tr.{what}",
    )
    assert all(name["isSeen"] for name in names)
    return [re.sub("[▾▸]", "", name["name"]) for name in names]


def test_in_the_tree_matches_are_tinted_and_the_next_one_is_opened(page):  # noqa: F811
    choose(page, "tree")
    page.search("alloc")
    assert marked(page, "match") == ["alloc"] and not marked(page, "current")
    for at, open_now in ((1, 2), (2, 2), (3, 3)):
        page.press(Keys.ENTER)
        assert page.view() == "Tree" and page.found() == f"{at} of 3 matches, 35.0 % of samples"
        assert len(marked(page, "match")) == open_now and marked(page, "current") == ["alloc"]
    assert page.detail().startswith("alloctotal 20 samples")
    page.press(Keys.ESCAPE)
    assert not marked(page, "match") and not marked(page, "current")


def test_in_the_tree_a_match_among_many_siblings_is_shown(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("".join(f"p;f{i:03}x;g 10\n" for i in range(250))))
    choose(page, "tree")
    page.search("f249x")
    page.press(Keys.ENTER)
    assert marked(page, "current") == ["f249x"]


def test_in_the_table_enter_goes_from_row_to_row(page):  # noqa: F811
    choose(page, "table")
    page.search("/^(main|work|run)$/")
    seen = []
    for _ in range(4):
        page.press(Keys.ENTER)
        seen += marked(page, "current")
    assert page.view() == "Table" and seen == ["main", "work", "run", "main"]
    assert page.found() == "1 of 3 functions, 3 matches, 100.0 % of samples"


def test_in_callers_and_callees_enter_stays_there(page):  # noqa: F811
    choose(page, "callers")
    page.search("work")
    page.press(Keys.ENTER)
    assert page.view() == "Callers / callees" and page.detail().startswith("worktotal 40 samples")


def test_the_next_match_leaves_a_zoom_that_hides_it(page):  # noqa: F811
    page.click(3, 90)
    page.search("Parse")
    page.press(Keys.ENTER)
    assert page.crumb() == ["all"]


def test_control_f_opens_the_search(page):  # noqa: F811
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys("f").key_up(Keys.CONTROL).perform()
    page.press("grow")
    assert page.found() == "1 match, 10.0 % of samples"


def test_keys_go_on_from_a_match(page):  # noqa: F811
    page.search("compute")
    page.press(Keys.ENTER, Keys.ESCAPE)
    assert page.focused() == "compute" and page.found() == ""
    page.press(Keys.ENTER)
    assert page.crumb()[-1] == "compute"
