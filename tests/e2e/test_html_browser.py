# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: what a user does with it, and what a hostile profile must not do.

Frames are pixels of a canvas: the tests point at them by depth and tick, and read what the page says in words.
"""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import browser, chromium, draw_page, errors, wait_until  # noqa: F401 (fixtures)

GOLDEN = Path(__file__).resolve().parents[1] / "golden"

# 200 samples. alloc lies below alloc once: 40 + 30 of it, not 40 + 30 + 20.
# By ticks: app 0-150: main 0-150: idle 0-40 (alloc 0-30, vector 30-40), work 40-140 (alloc 40-80 (grow 40-60
# (alloc 40-60)), compute 80-140), other 150-200: run: Parse.
PROFILE = """\
app;main;work;alloc;grow;alloc 20
app;main;work;alloc 20
app;main;work;compute 60
app;main;idle;alloc 30
app;main;idle;vector<int>::operator()(int) 10
app;main 10
other;run;Parse 50
"""
WHOLE = 200
SIDE, ROW = 6, 19  # pixels: beside the blocks, and of a row

NEXT_FRAME = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));"


class Page:
    """A page that is open in the browser."""

    def __init__(self, driver, path, fragment="", theme="light", motion="reduce"):
        self.driver = driver
        self.media(theme, motion)
        driver.get(f"file://{path}{fragment}")
        self.wait_until_ready()

    def media(self, theme, motion="reduce"):
        features = {"prefers-color-scheme": theme, "prefers-reduced-motion": motion}
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": name, "value": value} for name, value in features.items()]},
        )

    def wait_until_ready(self):
        ready = "return document.documentElement.dataset.ready === '1'"
        wait_until(self.driver, lambda: self.driver.execute_script(ready), "the page is ready")
        self.settle()

    def settle(self):
        """What was asked for is drawn."""
        self.driver.execute_async_script(NEXT_FRAME)

    def element(self, name):
        return self.driver.find_element(By.ID, name)

    def text(self, name):
        return self.driver.execute_script("return document.getElementById(arguments[0]).textContent", name)

    def place(self, depth, tick, left=0, span=WHOLE):
        """Pixels in the sheet of the middle of a row, at a tick, where the view begins at `left`."""
        box = self.driver.execute_script(
            "const box = document.getElementById('sheet').getBoundingClientRect(),"
            " stage = document.getElementById('stage');"
            "return [box.width, stage.clientHeight - document.getElementById('graph').scrollTop]"
        )
        y = box[1] - SIDE - (depth + 0.5) * ROW
        if self.view() == "Icicle":
            y = SIDE + (depth + 0.5) * ROW
        return SIDE + (tick - left) / span * (box[0] - 2 * SIDE), y

    def move_to(self, depth, tick, **view):
        x, y = self.place(depth, tick, **view)
        sheet = self.element("sheet")
        chain = ActionChains(self.driver)
        chain.move_to_element_with_offset(sheet, int(x - sheet.rect["width"] / 2), int(y - sheet.rect["height"] / 2))
        return chain

    def hover(self, depth, tick, **view):
        self.move_to(depth, tick, **view).perform()

    def click(self, depth, tick, **view):
        self.move_to(depth, tick, **view).click().perform()
        self.settle()

    def pixel(self, depth, tick, **view):
        """The colour near the upper edge of a block, where no letter is."""
        x, y = self.place(depth, tick, **view)
        return tuple(
            self.driver.execute_script(
                "return Array.from(document.getElementById('frames').getContext('2d')"
                ".getImageData(arguments[0], arguments[1], 1, 1).data)",
                round(x),
                round(y - 6),
            )
        )[:3]

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()
        self.settle()

    def shift_enter(self):
        ActionChains(self.driver).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).perform()

    def search(self, text):
        self.press("/")
        self.press(text)

    def found(self):
        return self.text("found")

    def crumb(self):
        return self.text("crumb").split("›")

    def detail(self):
        return self.text("detail")

    def fragment(self):
        return self.driver.execute_script("return location.hash")

    def view(self):
        return self.driver.execute_script("return document.querySelector('[role=tab][aria-selected=true]').textContent")

    def focused(self):
        """The words of the item of the accessible tree that has the focus."""
        return self.driver.execute_script(
            "const at = document.activeElement; return at.getAttribute('role') === 'treeitem' ? at.textContent : ''"
        ).split(",")[0]


@pytest.fixture
def page(browser, draw_page):  # noqa: F811
    return Page(browser, draw_page(PROFILE))


# --- zoom ---------------------------------------------------------------------------------------------


def test_the_root_is_shown_first(page):
    assert page.crumb() == ["all"]
    assert "total 200 samples · 100.0 %" in page.detail()


def test_click_zooms_and_the_crumb_leads_back(page):
    page.click(3, 90)
    assert page.crumb() == ["all", "app", "main", "work"]
    assert page.fragment() == "#/app/main/work"
    page.hover(4, 60, left=40, span=100)
    assert page.detail().startswith("alloc") and "of view 40.0 %" in page.detail()
    page.driver.find_element(By.XPATH, "//nav[@id='crumb']/button[text()='app']").click()
    assert page.crumb() == ["all", "app"]


def test_what_lies_beside_the_zoomed_frame_is_gone_and_ancestors_stay_dimmed(page):
    bright = page.pixel(2, 100)
    page.click(3, 90)
    assert page.pixel(2, 60, left=40, span=100) != bright  # main, over the whole width
    page.hover(2, 139, left=40, span=100)
    assert page.detail().startswith("main")
    page.hover(1, 139, left=40, span=100)
    assert page.detail().startswith("app")


def test_escape_goes_one_step_out_and_zero_all_the_way(page):
    page.click(2, 90)
    page.click(3, 90, left=0, span=150)
    assert page.crumb()[-1] == "work"
    page.press(Keys.ESCAPE)
    assert page.crumb()[-1] == "main"
    page.click(3, 90, left=0, span=150)
    page.press("0")
    assert page.crumb() == ["all"]


def test_back_and_forward(page):
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


def test_control_and_wheel_zoom_at_the_pointer_and_a_drag_moves(page):
    x, y = page.place(3, 90)
    box = page.element("sheet").rect
    wheel = {"type": "mouseWheel", "x": box["x"] + x, "y": box["y"] + y, "deltaX": 0, "deltaY": -120, "modifiers": 2}
    page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", wheel)
    wait_until(page.driver, lambda: page.crumb()[-1] == "work", "the span, 63 to 123, lies inside of work")
    page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", wheel)
    wait_until(page.driver, lambda: page.crumb()[-1] == "compute", "now it is 82 to 100")
    sheet = page.element("sheet")
    ActionChains(page.driver).move_to_element(sheet).click_and_hold().move_by_offset(300, 0).release().perform()
    page.settle()
    assert page.crumb()[-1] == "work"  # 77 to 95: the drag moved the span, and was no click


def test_a_pinch_zooms(page):
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


# --- search -------------------------------------------------------------------------------------------


def test_search_counts_nested_matches_once_and_tints(page):
    plain, other = page.pixel(4, 60), page.pixel(4, 110)
    page.search("alloc")
    assert page.found() == "3 matches, 35.0 % of samples"
    assert page.pixel(4, 60) != plain and page.pixel(4, 110) == other
    page.press(Keys.ESCAPE)
    assert page.found() == "" and page.pixel(4, 60) == plain


def test_search_is_plain_text_by_default(page):
    page.search("operator()(")
    assert page.found() == "1 match, 5.0 % of samples"
    page.press(Keys.ESCAPE)
    page.search("parse")
    assert page.found() == "1 match, 25.0 % of samples"
    page.press(Keys.ESCAPE)
    page.search("PARSE")
    assert page.found() == "0 matches, 0.0 % of samples"


def test_search_takes_a_regular_expression(page):
    page.search("/^(work|idle|run)$/")
    assert page.found() == "3 matches, 95.0 % of samples"
    page.press(Keys.ESCAPE)
    page.search("/(/")
    assert page.found() == "not a regular expression"


def test_enter_goes_through_the_matches(page):
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


def test_the_next_match_leaves_a_zoom_that_hides_it(page):
    page.click(3, 90)
    page.search("Parse")
    page.press(Keys.ENTER)
    assert page.crumb() == ["all"]


def test_control_f_opens_the_search(page):
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys("f").key_up(Keys.CONTROL).perform()
    page.press("grow")
    assert page.found() == "1 match, 10.0 % of samples"


# --- keys and the accessible tree -----------------------------------------------------------------------


def test_arrows_move_the_focus(page):
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


def test_arrows_follow_what_is_seen_in_an_icicle_graph(page):
    page.press("i")
    assert page.view() == "Icicle"
    for key, wanted in ((Keys.ARROW_DOWN, "all"), (Keys.ARROW_DOWN, "app"), (Keys.ARROW_UP, "all")):
        page.press(key)
        assert page.focused() == wanted


def test_the_accessible_tree_tells_name_share_depth_and_neighbours(page):
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


def test_tab_reaches_every_control_and_the_graph(page):
    seen = set()
    for _ in range(14):
        page.press(Keys.TAB)
        at = page.driver.switch_to.active_element
        seen.add(at.get_attribute("id") or at.get_attribute("role"))
    assert seen >= {"query", "theme", "help-button", "fates-button", "tab", "treeitem"}


def test_help_opens_and_closes(page):
    page.press("?")
    assert page.element("help").is_displayed()
    page.press(Keys.ESCAPE)
    assert not page.element("help").is_displayed()
    page.element("help-button").click()
    page.driver.find_element(By.XPATH, "//dialog[@id='help']//button").click()
    assert not page.element("help").is_displayed()


# --- what is said ---------------------------------------------------------------------------------------


def test_hover_shows_details(page):
    page.hover(4, 110)
    assert page.detail() == "computetotal 60 samples · 30.0 %self 60 samples · 30.0 %FocusHideCallersCopy"
    page.hover(6, 50)
    assert page.detail() == "alloctotal 20 samples · 10.0 %self 20 samples · 10.0 %in 3 places 35.0 %FocusHideCallersCopy"


def test_other_places_of_the_same_function_are_marked(page):
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


def test_unknown_fates_are_not_called_complete(page):
    assert page.text("fates-text") == "fates not recorded"


def test_counts_follow_the_options(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("p;f 10000000\n", "--factor=1.2345678", "--countname=bytes", "--title=T & <b>", "--notes=n<i>"))
    assert "total 12,345,678 bytes · 100.0 %" in page.detail()
    assert page.text("heading") == page.driver.title == "T & <b>" and page.text("notes") == "n<i>"


# --- theme ----------------------------------------------------------------------------------------------


def test_the_theme_follows_the_system_until_it_is_chosen(page):
    background = "return getComputedStyle(document.body).backgroundColor"
    light, block = page.driver.execute_script(background), page.pixel(4, 110)
    page.media("dark")
    page.settle()
    dark = page.driver.execute_script(background)
    assert dark != light and page.pixel(4, 110) != block
    page.element("theme").click()
    page.settle()
    assert page.driver.execute_script(background) == light and page.pixel(4, 110) == block
    assert page.fragment() == "#?t=light"
    page.press("t")
    assert page.driver.execute_script(background) == dark and page.fragment() in ("", "#")


# --- the address ----------------------------------------------------------------------------------------


def test_a_view_can_be_sent(page):
    page.click(3, 90)
    page.search("alloc")
    wait_until(page.driver, lambda: "s=alloc" in page.fragment(), "the search in the address")
    page.press(Keys.TAB, Keys.TAB, Keys.TAB)
    page.press("i", "t")
    assert page.fragment() == "#/app/main/work?s=alloc&v=icicle&t=dark"
    address = page.driver.current_url
    page.driver.get("about:blank")
    page.driver.get(address)
    page.wait_until_ready()
    assert page.crumb() == ["all", "app", "main", "work"]
    assert page.found() == "3 matches, 35.0 % of samples"
    assert page.view() == "Icicle"
    assert page.element("query").get_attribute("value") == "alloc"
    assert page.driver.execute_script("return document.documentElement.dataset.theme") == "dark"


def test_a_path_that_is_not_there_leads_as_far_as_it_goes(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(PROFILE), "#/app/main/gone~2/x%3Cy?s=%ff%&v=nothing&t=1&__proto__=x")
    assert page.crumb() == ["all", "app", "mainnot in this profile: gone/x<y"]
    assert page.found() == "" and page.view() == "Flame"


def test_siblings_of_one_name_have_addresses_of_their_own(browser, draw_page):  # noqa: F811
    path = draw_page("p;f_[k];x 10\np;f;y 20\np;f~2;z 5\n")
    page, seen = Page(browser, path), {}
    for tick in (5, 25, 32):
        page.click(3, tick, span=35)
        seen[page.crumb()[-1]] = page.fragment()
        page.press("0")
    assert set(seen) == set("xyz") and len(set(seen.values())) == 3
    for name, fragment in seen.items():
        assert Page(browser, path, fragment).crumb()[-1] == name


# --- filters, colours, other views ------------------------------------------------------------------------


def add_filter(page, kind, text=""):
    page.driver.find_element(By.CSS_SELECTOR, "#chips .add").click()
    form = page.element("filter-form")
    form.find_element(By.CSS_SELECTOR, f"input[value={kind}]").click()
    form.find_element(By.CSS_SELECTOR, "input[type=text]").send_keys(text)
    form.find_element(By.XPATH, ".//button[text()='Add']").click()
    page.settle()


def total(page):
    """What the root has."""
    page.press("0")
    page.hover(0, 50, span=100)
    return re.search(r"total ([0-9,]+) samples", page.detail())[1]


def chips(page):
    return page.driver.execute_script(
        "return Array.from(document.querySelectorAll('.chip:not(.add)'), chip => chip.textContent)"
    )


def table_rows(page, panel="table"):
    return page.driver.execute_script(
        "return Array.from(document.querySelectorAll(arguments[0]), row =>"
        " Array.from(row.cells, cell => cell.textContent.trim()))",
        f"#{panel} tbody tr",
    )


def test_filters_leave_what_they_say(page):
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


def test_hidden_frames_are_merged_into_their_callers_and_stay_in_order(page):
    add_filter(page, "hide", "/^(main|work|idle)$/")
    # alloc of work and of idle are one frame now: 40 + 30
    page.hover(2, 20)
    assert page.detail().startswith("alloctotal 70 samples · 35.0 %self 50 samples")
    page.hover(2, 100)
    assert page.detail().startswith("computetotal 60 samples")


def test_filters_add_up_and_are_told_in_the_address(page):
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


def test_back_takes_a_filter_away(page):
    add_filter(page, "focus", "alloc")
    page.driver.back()
    wait_until(page.driver, lambda: not chips(page), "no filter after back")
    assert total(page) == "200"


def test_a_broken_filter_is_said_and_nothing_left_as_well(page):
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
def test_keys_filter_by_the_frame_under_the_pointer(page, key, wanted):
    page.hover(4, 110)
    page.press(key)
    assert chips(page) == wanted


def test_a_name_full_of_metacharacters_is_filtered_by_itself(page):
    page.hover(4, 35)
    page.press("f")
    assert total(page) == "10"


def test_the_menu_of_the_right_button(page):
    page.move_to(4, 110).context_click().perform()
    assert page.element("menu").is_displayed()
    page.press(Keys.ESCAPE)
    assert not page.element("menu").is_displayed() and page.focused() == "compute"
    page.move_to(4, 110).context_click().perform()
    page.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    assert chips(page) == ["ignore/^compute$/×"]


def test_a_name_and_a_stack_are_copied(page):
    said = """
        window.copied = [];
        navigator.clipboard.writeText = text => { window.copied.push(text); return Promise.resolve(); };"""
    page.driver.execute_script(said)
    page.hover(4, 110)
    page.press("y")
    page.move_to(4, 110).context_click().perform()
    page.press(Keys.END, Keys.ENTER)
    assert page.driver.execute_script("return window.copied") == ["compute", "all\napp\nmain\nwork\ncompute"]


def test_the_table_counts_recursion_once(page):
    page.driver.find_element(By.CSS_SELECTOR, "[data-view=table]").click()
    rows = {row[2]: row[:2] for row in table_rows(page)}
    assert rows["alloc"] == ["7035.0 %", "7035.0 %"]
    assert rows["main"] == ["105.0 %", "15075.0 %"]
    assert [row[2] for row in table_rows(page)][:3] == ["alloc", "compute", "Parse"]
    page.driver.find_element(By.XPATH, "//div[@id='table']//th//button[text()='Function']").click()
    assert [row[2] for row in table_rows(page)][:3] == ["Parse", "alloc", "compute"]
    page.search("alloc")
    assert [row[2] for row in table_rows(page)] == ["alloc"]


def test_callers_and_callees_of_a_function(page):
    page.driver.find_element(By.CSS_SELECTOR, "[data-view=table]").click()
    page.driver.find_element(By.XPATH, "//div[@id='table']//td//button[text()='alloc']").click()
    page.settle()
    assert page.crumb() == ["alloc"] and page.fragment() == "#?v=callers&p=alloc"
    words = page.driver.execute_script(
        "return ['callers', 'callees'].map(id => Array.from("
        "document.querySelectorAll(`#${id}-twin [role=treeitem]`), item => item.textContent.split(', self')[0]))"
    )
    assert words[0][0].startswith("alloc, total 70 samples") and words[1][0].startswith("alloc, total 70 samples")
    assert [word.split(",")[0] for word in words[0]] == ["alloc", "idle", "work"]
    assert [word.split(",")[0] for word in words[1]] == ["alloc", "grow"]
    page.driver.back()
    wait_until(page.driver, lambda: page.view() == "Table", "the table after back")


def test_c_asks_for_callers_and_enter_goes_on_to_a_caller(page):
    page.hover(4, 110)
    page.press("c")
    assert page.view() == "Callers / callees" and page.crumb() == ["compute"]
    page.driver.execute_script("document.querySelector('#callers-twin [tabindex=\"0\"]').focus()")
    page.press(Keys.ARROW_UP, Keys.ENTER)
    assert page.crumb() == ["work"]
    assert page.detail().startswith("worktotal 100 samples")


def test_the_tree_opens_by_keys(page):
    page.driver.find_element(By.CSS_SELECTOR, "[data-view=tree]").click()
    names = [re.sub("[▾▸]", "", row[2]) for row in table_rows(page, "tree")]
    assert names == ["all", "app", "main", "work", "compute", "alloc", "idle", "other"]  # the heaviest path is open
    page.driver.execute_script("document.querySelector('#tree tr[tabindex=\"0\"]').focus()")
    page.press(Keys.END, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    assert page.detail().startswith("runtotal 50 samples")
    at = page.driver.switch_to.active_element
    assert at.get_attribute("aria-level") == "3" and at.get_attribute("aria-expanded") == "false"
    page.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert page.detail().startswith("othertotal")
    page.press(Keys.ENTER)
    assert page.view() == "Flame" and page.crumb() == ["all", "other"]


def test_colours_by_choice(page):
    by_kind = page.pixel(4, 110), page.pixel(3, 20)
    seen = set()
    for choice in ("name", "share", "module"):
        page.driver.execute_script(
            "const choice = document.getElementById('colour'); choice.value = arguments[0];"
            "choice.dispatchEvent(new Event('change'))",
            choice,
        )
        page.settle()
        assert f"c={choice}" in page.fragment()
        seen.add((page.pixel(4, 110), page.pixel(3, 20)))
    assert len(seen | {by_kind}) == 4


def test_the_legend_names_the_kinds_that_are_there(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("p;a;b_[k];c_[j] 1\n"))
    assert page.driver.execute_script(
        "return Array.from(document.querySelectorAll('#legend span'), item => item.textContent)"
    ) == ["native", "kernel", "jit"]
    assert not Page(browser, draw_page("p;a::b;c 1\n", "--colors=java")).text("legend")


def test_no_more_filters_than_the_page_can_tell_apart(browser, draw_page):  # noqa: F811
    many = "%0A".join(f"focus:{letter}" for letter in ["app"] * 40)
    page = Page(browser, draw_page(PROFILE), f"#?f={many}")
    assert len(chips(page)) == 24 and total(page) == "150"
    add_filter(page, "ignore", "work")
    assert "24 filters" in page.element("filter-form").text


def test_the_view_is_saved_as_an_svg(page):
    page.click(3, 90)
    page.driver.execute_script(
        "window.saved = []; const make = URL.createObjectURL;"
        "URL.createObjectURL = blob => { blob.text().then(text => window.saved.push(text)); return make(blob); };"
        "HTMLAnchorElement.prototype.click = function () { window.saved.push(this.download); };"
        "document.getElementById('save').click();"
    )
    wait_until(page.driver, lambda: page.driver.execute_script("return window.saved.length") == 2, "it is saved")
    name, text = page.driver.execute_script("return window.saved")
    root = ElementTree.fromstring(text.split("?>", 1)[1])
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert name == "hearth-view.svg"
    assert texts >= {"all", "app", "main", "work", "alloc", "compute"} and "idle" not in texts


def test_print_is_light_and_without_controls(page):
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not page.element("search").is_displayed() and not page.element("tabs").is_displayed()
        assert page.element("frames").is_displayed() and page.element("fates-text").is_displayed()
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


# --- hostile profiles -------------------------------------------------------------------------------------


@pytest.fixture
def hostile(browser, draw_page):  # noqa: F811
    folded = (GOLDEN / "hostile.folded").read_bytes() + b"proc;" + b"</script><script>window.hacked=1</script>" * 4900 + b" 9\n"
    path = draw_page(folded, "--title=</title></script><script>window.hacked=1</script>")
    return Page(browser, path)


def test_names_are_never_markup(hostile):
    before = hostile.driver.execute_script("return document.querySelectorAll('script, img, rect').length")
    hostile.search("<")
    for _ in range(6):
        hostile.press(Keys.ENTER)
        hostile.press(Keys.ENTER)
    hostile.press(Keys.ESCAPE)
    for _ in range(20):
        hostile.press(Keys.ARROW_RIGHT)
    hostile.press(Keys.ARROW_UP, Keys.ENTER, Keys.ARROW_UP, Keys.ENTER)
    assert hostile.driver.execute_script("return window.hacked") is None
    assert hostile.driver.execute_script("return document.querySelectorAll('script, img, rect').length") == before
    assert hostile.driver.title == "</title></script><script>window.hacked=1</script>"


def test_every_hostile_frame_can_be_linked_to(hostile):
    names = hostile.driver.execute_script(
        "return Array.from(document.querySelectorAll('#twin [role=treeitem]'), item => item.textContent)"
    )
    assert any(name.startswith("<script>alert(1)</script>, total") for name in names)
    hostile.press(Keys.ARROW_UP, Keys.ARROW_UP, Keys.ARROW_UP)
    for _ in range(8):
        hostile.press(Keys.ENTER)
        crumb, fragment = hostile.crumb(), hostile.fragment()
        address = hostile.driver.current_url
        hostile.driver.get("about:blank")
        hostile.driver.get(address)
        hostile.wait_until_ready()
        assert hostile.crumb() == crumb and hostile.fragment() == fragment
        hostile.press("0")
        hostile.press(Keys.ARROW_RIGHT)


def test_a_long_name_costs_no_more_than_it_may(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(b"p;" + b"<&>" * 70000 + b" 1\np;" + "计".encode() * 70000 + b" 2\n"))
    page.hover(2, 1.5, span=3)
    assert 1300 < len(page.driver.execute_script("return document.querySelector('#detail .name').textContent")) < 4200
    assert page.driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_the_policy_holds_what_was_put_into_the_file_later(chromium, draw_page):  # noqa: F811
    """The policy is no ornament: neither another script nor a changed one runs, and nothing is fetched."""
    path = draw_page(PROFILE)
    text = path.read_text()
    policy = re.search('Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy and "http" not in policy
    added = "<script>window.hacked=1</script><img src=x onerror='window.hacked=2'><p style='color:red'>"
    path.write_text(text.replace("<main>", f"<main>{added}"))
    chromium.get(f"file://{path}")
    assert chromium.execute_script("return window.hacked") is None
    found = errors(chromium)
    assert len([message for message in found if "Content Security Policy" in message]) >= 3
    path.write_text(text.replace("class Page {", "class Page { "))
    chromium.get(f"file://{path}")
    assert chromium.execute_script("return document.documentElement.dataset.ready") is None
    assert errors(chromium)


# --- without samples, damaged, small, large ---------------------------------------------------------------


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
