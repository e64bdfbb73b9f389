# SPDX-License-Identifier: Apache-2.0
"""Filters of functions in the page, as chips, by keys and in the address."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import browser, chromium, draw_page, wait_until  # noqa: F401 (fixtures)
from page import PROFILE, Page, add_filter, chips, page, table_rows, total  # noqa: F401 (fixture)
from pprof_encoder import Frame, encode


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


# --- the words that take no text, and base ------------------------------------------------------------------

# f is in two files and inlined into itself. By ticks: app 0-46: main 0-46: f of a.so 0-12 (f inlined 0-4, read 4-12), f of b.so 12-44 (f 12-44).
MIXED = encode(
    [
        (stack, ticks)
        for main in [[Frame("app", kind="process"), Frame("main", "app.so")]]
        for stack, ticks in [
            ([*main, Frame("f", "a.so"), Frame("f", "a.so", "inlined")], 4),
            ([*main, Frame("f", "a.so"), Frame("read", "", "kernel")], 8),
            ([*main, Frame("f", "b.so"), Frame("f", "b.so")], 32),
            (main, 2),
        ]
    ]
)


ABOVE = [[1, "all", 46], [2, "app", 46], [3, "main", 46]]
OPEN_TREE = """
document.querySelector('[data-view=tree]').click();
for (let row; (row = document.querySelector('#tree tr[aria-expanded=false]'));) row.click();
"""


def offered(page):  # noqa: F811
    return page.driver.execute_script("return Array.from(document.querySelectorAll('#filter-form [name=kind]'), each => each.value)")


def levels(page):  # noqa: F811
    """What the tree has, row by row: [level, name, total]."""
    page.driver.execute_script(OPEN_TREE)
    return page.driver.execute_script(
        "return Array.from(document.querySelectorAll('#tree tbody tr'), row => [+row.getAttribute('aria-level'),"
        " row.cells[2].textContent.replace(/^[▾▸]/, ''), parseInt(row.cells[0].firstChild.textContent)])"
    )


def test_what_can_change_nothing_is_not_offered(browser, draw_page):  # noqa: F811
    patterns = ["focus", "ignore", "hide", "show-from", "base"]
    assert offered(Page(browser, draw_page(PROFILE))) == [*patterns, "collapse-recursion"]
    assert offered(Page(browser, draw_page(b"app;f;read_[k] 1\n"))) == [*patterns, "no-kernel", "collapse-recursion"]
    assert offered(Page(browser, draw_page(b"app;f;g_[i] 1\n"))) == [*patterns, "no-inlines", "collapse-recursion"]
    assert offered(Page(browser, draw_page(MIXED))) == [*patterns, "no-kernel", "no-inlines", "strip-modules", "collapse-recursion"]


@pytest.mark.parametrize(
    "kind, text, left",
    [
        ("no-kernel", "", [*ABOVE, [4, "f", 32], [5, "f", 32], [4, "f", 12], [5, "f", 4]]),
        ("no-inlines", "", [*ABOVE, [4, "f", 32], [5, "f", 32], [4, "f", 12], [5, "read", 8]]),
        ("strip-modules", "", [*ABOVE, [4, "f", 44], [5, "f", 32], [5, "read", 8], [5, "f", 4]]),
        ("base", "f", [[1, "all", 46], [2, "f", 32], [3, "f", 32], [2, "f", 12], [3, "read", 8], [3, "f", 4], [2, "app", 2], [3, "main", 2]]),
    ],
)
def test_words_of_the_command_are_chips(kind, text, left, browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(MIXED), "#?v=tree")
    add_filter(page, kind, text)
    assert chips(page) == [f"{kind}{text}×"]
    fragment = page.fragment()
    page = Page(browser, draw_page(MIXED), fragment)
    assert chips(page) == [f"{kind}{text}×"]
    assert levels(page) == left


def test_a_module_that_is_stripped_is_not_told(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(MIXED), "#?f=strip-modules&v=table")
    rows = {(row[2], row[3]) for row in table_rows(page)}
    assert rows == {("f", ""), ("f", "inlined"), ("main", ""), ("read", "kernel")}
    page.driver.find_element(By.CSS_SELECTOR, ".chip:not(.add) button").click()
    assert {("f", "a.so"), ("f", "b.so")} <= {(row[2], row[3]) for row in table_rows(page)}


def test_what_takes_no_text_asks_for_none(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(MIXED))
    page.driver.find_element(By.CSS_SELECTOR, "#chips .add").click()
    form = page.element("filter-form")
    field = form.find_element(By.CSS_SELECTOR, "input[type=text]")
    assert page.driver.switch_to.active_element == field
    form.find_element(By.CSS_SELECTOR, "input[value=no-kernel]").click()
    assert not field.is_enabled()
    form.find_element(By.CSS_SELECTOR, "input[value=base]").click()
    assert field.is_enabled() and "whole name" in field.get_attribute("placeholder")
    form.find_element(By.XPATH, ".//button[text()='Add']").click()
    assert form.find_element(By.CSS_SELECTOR, "[role=alert]").text == "Which function?"


def test_an_address_with_words_that_are_none_is_read_without_them(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(MIXED), "#?f=no-kernel%3Ax%0Abase%0Aconstructor%3Ax%0Ahide")
    assert chips(page) == ["no-kernel×"]


def test_a_hostile_name_is_a_base(browser, draw_page):  # noqa: F811
    name = "</script><script>window.hacked=1</script>:/^(x)$/"
    page = Page(browser, draw_page(encode([([Frame("p", kind="process"), Frame("a"), Frame(name)], 3)])))
    add_filter(page, "base", name)
    assert chips(page) == [f"base{name}×"]
    page = Page(browser, draw_page(encode([([Frame("p", kind="process"), Frame("a"), Frame(name)], 3)])), page.fragment())
    assert [row[:2] for row in levels(page)] == [[1, "all"], [2, name]]
    assert page.driver.execute_script("return window.hacked") is None


def test_a_process_is_not_hidden_and_a_marker_is_nothing_that_filters_meet(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("app;[truncated:no_row];f 4\nother;g 6\n"))
    page.hover(1, 2, span=10)
    assert [button.text for button in page.driver.find_elements(By.CSS_SELECTOR, "#detail .acts button:disabled")] == ["Hide"]
    page.press("h")
    assert not chips(page)
    page.hover(2, 2, span=10)
    assert [button.text for button in page.driver.find_elements(By.CSS_SELECTOR, "#detail .acts button:disabled")] == ["Focus", "Hide"]
    page.move_to(1, 2, span=10).context_click().perform()
    assert [item.text.split("\n")[0] for item in page.driver.find_elements(By.CSS_SELECTOR, "#menu button") if item.is_displayed()] == [
        "Focus", "Ignore", "Callers", "Copy name", "Copy stack"
    ]
    add_filter(page, "hide", "app")
    assert total(page) == "10"
