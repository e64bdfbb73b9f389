# SPDX-License-Identifier: Apache-2.0
"""A page that was asked for lines: frames by line, and functions when the chip is taken away."""

from selenium.webdriver.common.by import By

from browser import browser, chromium, draw_page  # noqa: F401 (fixtures)
from page import Page, add_filter, chips, table_rows
from pprof_encoder import Frame, encode

MAIN = [Frame("app", kind="process"), Frame("main", "app", file="/src/main.c", line=3)]
OTHER = [Frame("app", kind="process"), Frame("main", "app", file="/src/main.c", line=4)]
WORK = [Frame("work", "app", file="/src/work.c", line=line) for line in (10, 11)]
PROFILE = encode([([*MAIN, WORK[0]], 5), ([*MAIN, WORK[1]], 3), ([*OTHER, WORK[1]], 2)])
SPAN = 10


def open_page(browser, draw_page, fragment=""):  # noqa: F811
    browser.get("about:blank")
    return Page(browser, draw_page(PROFILE, "--lines"), fragment)


def functions(page):
    page.driver.execute_script("document.querySelector('[data-view=table]').click()")
    return {row[2]: row[1].split("100.0")[0] for row in table_rows(page)}


def remove_chip(page):
    page.driver.find_element(By.CSS_SELECTOR, ".chip:not(.add) button").click()
    page.settle()


def test_without_the_word_there_are_functions_and_no_such_filter(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(PROFILE), "#?f=lines")
    assert not chips(page)
    assert not page.driver.find_elements(By.CSS_SELECTOR, "#filter-form input[value=lines]")
    assert set(functions(page)) == {"main", "work"}


def test_with_it_frames_are_by_line_until_the_chip_is_taken_away(browser, draw_page):  # noqa: F811
    page = open_page(browser, draw_page)
    assert chips(page) == ["lines×"] and page.fragment() == ""
    page.hover(2, 2, span=SPAN)
    assert page.detail().startswith("main (main.c:3)total 8 samples") and "/src/main.c:3" in page.detail()
    remove_chip(page)
    page.hover(2, 2, span=SPAN)
    assert page.detail().startswith("maintotal 10 samples") and "/src/main.cin app" in page.detail()
    assert page.fragment() == "#?f=-"
    page = open_page(browser, draw_page, "#?f=-")
    assert not chips(page) and set(functions(page)) == {"main", "work"}
    add_filter(page, "lines")
    assert set(functions(page)) == {"main (main.c:3)", "main (main.c:4)", "work (work.c:10)", "work (work.c:11)"}
    assert "f=" not in page.fragment()


def test_filters_see_functions_and_a_search_sees_lines(browser, draw_page):  # noqa: F811
    page = open_page(browser, draw_page)
    page.search("work.c:11")
    assert page.found() == "2 matches, 50.0 % of samples"
    page.driver.execute_script("document.activeElement.blur()")
    page.hover(3, 1, span=SPAN)
    page.press("f")
    assert chips(page) == ["lines×", "focus/^work$/×"]
    page.driver.find_elements(By.CSS_SELECTOR, ".chip:not(.add) button")[1].click()
    add_filter(page, "hide", "work.c")
    assert set(functions(page)) == {"work (work.c:11)"}  # what matches the search, and no filter
    remove_chip(page)
    assert page.found() == "0 matches, 0.0 % of samples"


def test_one_stays_at_the_function_that_one_zoomed_to(browser, draw_page):  # noqa: F811
    page = open_page(browser, draw_page)
    page.click(3, 1, span=SPAN)
    assert page.crumb() == ["all", "app", "main (main.c:3)", "work (work.c:10)"]
    remove_chip(page)
    assert page.crumb() == ["all", "app", "main", "work"]
    page.driver.back()
    page.settle()
    assert chips(page) == ["lines×"] and page.crumb()[-1] == "work (work.c:10)"


def test_callers_of_a_line_and_of_its_function(browser, draw_page):  # noqa: F811
    page = open_page(browser, draw_page, "#?v=callers&p=work%20(work.c%3A11)")
    assert page.crumb() == ["work (work.c:11)"]
    remove_chip(page)
    assert page.crumb() == ["work"] and "p=work" in page.fragment()
    page = open_page(browser, draw_page, page.fragment())
    assert page.crumb() == ["work"]


def test_files_have_hostile_names(browser, draw_page):  # noqa: F811
    frame = Frame("f", file="/a/</script><img src=x onerror=window.hacked=1>", line=1)
    page = Page(browser, draw_page(encode([([Frame("p", kind="process"), frame], 1)]), "--lines"))
    page.hover(2, 0.5, span=1)
    assert page.detail().startswith("f (script><img src=x onerror=window.hacked=1>:1)")
    assert set(functions(page)) == {"f (script><img src=x onerror=window.hacked=1>:1)"}
    assert page.driver.execute_script("return window.hacked") is None
