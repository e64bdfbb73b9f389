# SPDX-License-Identifier: Apache-2.0
"""The flame graph of the page in a real browser: zoom, keys, the accessible tree, and what is said of a frame.

Frames are pixels of a canvas: the tests point at them by depth and tick, and read what the page says in words.
"""

import re

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import browser, chromium, draw_page, wait_until  # noqa: F401 (fixtures)
from page import PROFILE, ROW, Page, page, total  # noqa: F401 (fixture)


# --- zoom ---------------------------------------------------------------------------------------------


def test_the_root_is_shown_first(page):  # noqa: F811
    assert page.crumb() == ["all"]
    assert "total 200 samples · 100.0 %" in page.detail()


# As a later observer of its size sees the graph, before anything is painted: how many of its pixels were not drawn.
OBSERVE = """
const [done] = arguments, graph = document.getElementById('graph'), canvas = document.getElementById('frames'), before = canvas.height;
new ResizeObserver(() => {
    if (canvas.height === before) return;
    const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    done([canvas.height, pixels.filter(pixel => (pixel & 0xffffff) === 0).length]);
}).observe(graph);
requestAnimationFrame(() => graph.style.flex = '0 0 60px');
"""


def test_a_graph_of_another_size_is_drawn_before_it_is_seen(page):  # noqa: F811
    height, blank = page.driver.execute_async_script(OBSERVE)
    assert 0 < height < 200 and blank == 0


def test_click_zooms_and_the_crumb_leads_back(page):  # noqa: F811
    page.click(3, 90)
    assert page.crumb() == ["all", "app", "main", "work"]
    assert page.fragment() == "#/app/main/work"
    page.hover(4, 60, left=40, span=100)
    assert page.detail().startswith("alloc") and "of view 40.0 %" in page.detail()
    page.driver.find_element(By.XPATH, "//nav[@id='crumb']/button[text()='app']").click()
    assert page.crumb() == ["all", "app"]


def test_what_lies_beside_the_zoomed_frame_is_gone_and_ancestors_stay_dimmed(page):  # noqa: F811
    bright = page.pixel(2, 100)
    page.click(3, 90)
    assert page.pixel(2, 60, left=40, span=100) != bright  # main, over the whole width
    page.hover(2, 139, left=40, span=100)
    assert page.detail().startswith("main")
    page.hover(1, 139, left=40, span=100)
    assert page.detail().startswith("app")


def test_escape_goes_one_step_out_and_zero_all_the_way(page):  # noqa: F811
    page.click(2, 90)
    page.click(3, 90, left=0, span=150)
    assert page.crumb()[-1] == "work"
    page.press(Keys.ESCAPE)
    assert page.crumb()[-1] == "main"
    page.click(3, 90, left=0, span=150)
    page.press("0")
    assert page.crumb() == ["all"]


def test_back_and_forward(page):  # noqa: F811
    page.click(2, 90)
    page.click(3, 90, left=0, span=150)
    page.driver.back()
    wait_until(page.driver, lambda: page.crumb()[-1] == "main", "main after back")
    page.driver.back()
    wait_until(page.driver, lambda: page.crumb() == ["all"], "the whole after back")
    page.driver.forward()
    wait_until(page.driver, lambda: page.crumb()[-1] == "main", "main after forward")


def test_zoom_eases_unless_the_system_asks_for_stillness(browser, draw_page):  # noqa: F811
    count_frames = """
        const done = arguments[0], canvas = CanvasRenderingContext2D.prototype, fillRect = canvas.fillRect;
        let draws = 0;
        canvas.fillRect = function (x, y, width, height) {
            if (!x && !y && width > 300) draws++;
            return fillRect.call(this, x, y, width, height);
        };
        document.querySelector('#twin [tabindex="0"]').focus();
        document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowUp', bubbles: true }));
        document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
        setTimeout(() => { canvas.fillRect = fillRect; done(draws); }, 400);"""
    path = draw_page(PROFILE)
    for motion, is_right in (("reduce", lambda n: n == 1), ("no-preference", lambda n: n > 2)):
        page = Page(browser, path, motion=motion)
        drawn = page.driver.execute_async_script(count_frames)
        assert page.crumb() == ["all", "app"]
        assert is_right(drawn), (motion, drawn)


def test_control_and_wheel_zoom_at_the_pointer_and_a_drag_moves(page):  # noqa: F811
    x, y = page.place(3, 90)
    box = page.element("sheet").rect
    wheel = {"type": "mouseWheel", "x": box["x"] + x, "y": box["y"] + y, "deltaX": 0, "deltaY": -120, "modifiers": 2}
    page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", wheel)
    wait_until(page.driver, lambda: page.crumb()[-1] == "work", "the span, 63 to 123, lies inside of work")
    page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", wheel)
    wait_until(page.driver, lambda: page.crumb()[-1] == "compute", "now it is 82 to 100")
    sheet = page.element("sheet")
    ActionChains(page.driver, duration=0).move_to_element(sheet).click_and_hold().move_by_offset(300, 0).release().perform()
    page.settle()
    assert page.crumb()[-1] == "work"  # 77 to 95: the drag moved the span, and was no click


def test_a_pinch_zooms(page):  # noqa: F811
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
    try:
        x, y = page.place(3, 100)
        box = page.element("sheet").rect
        centre, height = box["x"] + x, box["y"] + y

        def touch(kind, apart):
            points = [{"x": centre + side * apart, "y": height, "id": n} for n, side in enumerate((-1, 1))]
            page.driver.execute_cdp_cmd(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if apart else []}
            )

        touch("touchStart", 30)
        for apart in range(60, 400, 60):
            touch("touchMove", apart)
        touch("touchEnd", 0)
        wait_until(page.driver, lambda: page.crumb()[-1] in ("work", "compute"), "the fingers' frame fills the width")
    finally:
        page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


# --- keys and the accessible tree -----------------------------------------------------------------------


def test_arrows_move_the_focus(page):  # noqa: F811
    steps = (
        (Keys.ARROW_UP, "all"),  # from nowhere to the root
        (Keys.ARROW_UP, "app"),  # the widest child
        (Keys.ARROW_RIGHT, "other"),
        (Keys.ARROW_RIGHT, "other"),
        (Keys.ARROW_LEFT, "app"),
        (Keys.ARROW_UP, "main"),
        (Keys.ARROW_UP, "work"),
        (Keys.HOME, "idle"),
        (Keys.END, "Parse"),
        (Keys.ARROW_DOWN, "run"),
    )
    for key, wanted in steps:
        page.press(key)
        assert page.focused() == wanted
    page.press(Keys.ENTER)
    assert page.crumb() == ["all", "other", "run"]


def test_arrows_follow_what_is_seen_in_an_icicle_graph(page):  # noqa: F811
    page.press("i")
    assert page.view() == "Icicle"
    for key, wanted in ((Keys.ARROW_DOWN, "all"), (Keys.ARROW_DOWN, "app"), (Keys.ARROW_UP, "all")):
        page.press(key)
        assert page.focused() == wanted


def test_the_accessible_tree_tells_name_share_depth_and_neighbours(page):  # noqa: F811
    page.press(Keys.ARROW_UP, Keys.ARROW_UP, Keys.ARROW_UP)
    item = page.driver.switch_to.active_element
    assert item.get_attribute("role") == "treeitem" and item.get_attribute("aria-level") == "3"
    assert page.driver.execute_script("return arguments[0].textContent", item) == (
        "main, total 150 samples · 75.0 %, self 10 samples · 5.0 %"
    )
    items = page.driver.execute_script(
        "return Array.from(document.querySelectorAll('#twin [role=treeitem]'), item =>"
        " [item.textContent.split(',')[0], +item.getAttribute('aria-level'), item.tabIndex])"
    )
    assert items == [["all", 1, -1], ["app", 2, -1], ["main", 3, 0], ["idle", 4, -1], ["work", 4, -1]]
    assert item.get_attribute("aria-setsize") == "1" and item.get_attribute("aria-expanded") == "true"


def test_tab_reaches_every_control_and_the_graph(page):  # noqa: F811
    seen = set()
    for _ in range(14):
        page.press(Keys.TAB)
        at = page.driver.switch_to.active_element
        seen.add(at.get_attribute("id") or at.get_attribute("role"))
    assert seen >= {"query", "theme", "help-button", "fates-button", "tab", "treeitem"}


def test_help_opens_and_closes(page):  # noqa: F811
    page.press("?")
    assert page.element("help").is_displayed()
    page.press(Keys.ESCAPE)
    assert not page.element("help").is_displayed()
    page.element("help-button").click()
    page.driver.find_element(By.XPATH, "//dialog[@id='help']//button").click()
    assert not page.element("help").is_displayed()


# --- what is said ---------------------------------------------------------------------------------------


def test_hover_shows_details(page):  # noqa: F811
    page.hover(4, 110)
    assert page.detail() == "computetotal 60 samples · 30.0 %self 60 samples · 30.0 %FocusHideCallersCopy"
    page.hover(6, 50)
    assert page.detail() == "alloctotal 20 samples · 10.0 %self 20 samples · 10.0 %in 3 places 35.0 %FocusHideCallersCopy"


def test_other_places_of_the_same_function_are_marked(page):  # noqa: F811
    count = """
        const canvas = document.getElementById('marks');
        const data = canvas.getContext('2d').getImageData(arguments[0], 0, 40, canvas.height).data;
        let marked = 0;
        for (let i = 3; i < data.length; i += 4) if (data[i]) marked++;
        return marked;"""
    x, _ = page.place(4, 5)
    assert page.driver.execute_script(count, int(x)) == 0
    page.hover(4, 60)  # alloc in work; the one in idle is at ticks 0 to 30
    page.settle()
    assert page.driver.execute_script(count, int(x)) > 0


def test_the_fates_are_always_in_sight_with_their_reasons(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("p;f 9880\np;[truncated:bad_caller];g 100\np;[lost:ring_full] 20\n"))
    assert page.text("fates-text") == "98.80 % complete"
    assert not page.element("fates-reasons").is_displayed()
    page.driver.execute_script("document.getElementById('fates-button').focus()")
    assert page.element("fates-reasons").is_displayed()
    reasons = page.element("fates-reasons").text
    for text in ("complete 98.80 % 9,880", "truncated: bad caller 1.00 % 100", "lost: ring full 0.20 % 20"):
        assert text in reasons
    widths = page.driver.execute_script(
        "return Array.from(document.querySelectorAll('#fates-split i'), part => [part.className, part.style.width])"
    )
    assert widths == [["complete", "98.8%"], ["truncated", "1%"], ["lost", "0.2%"]]


def test_unknown_fates_are_not_called_complete(page):  # noqa: F811
    assert page.text("fates-text") == "not a recording of hearth’s"


def test_counts_follow_the_options(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("p;f 10000000\n", "--factor=1.2345678", "--countname=bytes", "--title=T & <b>", "--notes=n<i>"))
    assert "total 12,345,678 bytes · 100.0 %" in page.detail()
    assert page.text("heading") == "T & <b>" and page.driver.title == "in.folded · T & <b>" and page.text("notes") == "n<i>"


ALLOCATED = (
    '{"$schema":"https://www.speedscope.app/file-format-schema.json","shared":{"frames":[{"name":"main"},{"name":"f"}]},"profiles":'
    '[{"type":"sampled","unit":"%s","samples":[[0,1],[0]],"weights":[3145728,1048576]}]}'
)


@pytest.mark.parametrize("unit, what, all_of_it, own", [("bytes", "memory", "4.0 MiB", "3.0 MiB"), ("nanoseconds", "time", "4.2 ms", "3.1 ms")])
def test_amounts_are_said_in_units_that_suit_their_size(browser, draw_page, unit, what, all_of_it, own):  # noqa: F811
    page = Page(browser, draw_page(ALLOCATED % unit))
    assert f"total {all_of_it} · 100.0 %" in page.detail() and "4,194,304" not in page.detail()
    assert page.text("origin") == f"in.folded{all_of_it} of {what}"
    assert browser.title == "in.folded · Flame graph" and page.text("heading") == "Flame graph"


def test_a_graph_tells_what_is_out_of_sight(browser, draw_page):  # noqa: F811
    path = draw_page(f"p;{';'.join(f'f{i}' for i in range(120))} 10\n")
    page = Page(browser, path)
    more = page.driver.find_element(By.CSS_SELECTOR, "#graph .rows-more")
    seen = int(re.fullmatch(r"▲ (\d+) more rows", more.text)[1])
    assert 60 < seen < 110
    while more.is_displayed():
        more.click()
        page.settle()
        left = int(re.findall(r"\d+", more.text)[0]) if more.is_displayed() else 0
        assert left < seen and page.crumb() == ["all"]
        seen = left
    assert page.driver.execute_script("return document.getElementById('graph').scrollTop") < ROW
    page.press("i")
    assert re.fullmatch(r"▼ \d+ more rows", more.text)
    assert not Page(browser, draw_page(PROFILE)).driver.find_element(By.CSS_SELECTOR, "#graph .rows-more").is_displayed()


def test_a_tall_graph_opens_at_its_root_and_shows_a_linked_frame(browser, draw_page):  # noqa: F811
    path = draw_page(f"p;{';'.join(f'f{i}' for i in range(120))} 10\n")
    page = Page(browser, path)
    scroll = "const g = document.getElementById('graph'); return [g.scrollTop, g.scrollHeight - g.clientHeight]"
    top, most = page.driver.execute_script(scroll)
    assert top == pytest.approx(most, abs=2) and most > 1000
    page = Page(browser, path, "#/p/" + "/".join(f"f{i}" for i in range(118)))
    assert page.driver.execute_script(scroll)[0] < 60
    assert page.focused() == "f117"


def test_what_is_narrower_than_a_pixel_is_drawn_in_the_colour_of_its_kind(browser, draw_page):  # noqa: F811
    native = "".join(f"p;a;native{i:05} 1\n" for i in range(20000))
    kernel = "".join(f"p;b;kernel{i:05}_[k] 1\n" for i in range(20000))
    page = Page(browser, draw_page(native + kernel))
    red, _, blue = page.pixel(3, 10000, span=40000)
    assert red > blue
    red, _, blue = page.pixel(3, 30000, span=40000)
    assert red < blue
    page.search("native00777")
    assert page.found() == "1 match, <0.1 % of samples"
    page.press(Keys.ENTER)
    assert page.crumb()[-1] == "native00777"
