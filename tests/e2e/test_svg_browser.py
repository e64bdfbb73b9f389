# SPDX-License-Identifier: Apache-2.0
"""The SVG in a real browser: what a user does with it, and what a hostile profile must not do."""

import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import browser, chromium, draw, wait_until  # noqa: F401 (fixtures)

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
SVG = "{http://www.w3.org/2000/svg}"

# 200 samples. alloc lies below alloc once: 40 + 30 of it, not 40 + 30 + 20.
PROFILE = """\
app;main;work;alloc;grow;alloc 20
app;main;work;alloc 20
app;main;work;compute 60
app;main;idle;alloc 30
app;main;idle;vector<int>::operator()(int) 10
app;main 10
other;run;Parse 50
"""

# What the script shows of each block, by name; of equal names the last.
READ_BLOCKS = """
const blocks = {};
for (const rect of document.querySelectorAll('#frames rect')) {
    const name = rect.querySelector('title').textContent.split('\\n')[0];
    blocks[name] = {
        shown: rect.getAttribute('display') !== 'none',
        x: +rect.getAttribute('x'), width: +rect.getAttribute('width'),
        dim: rect.classList.contains('dim'), match: rect.classList.contains('match'),
        at: rect.classList.contains('at'), focused: rect === document.activeElement,
    };
}
return blocks;
"""

FIND_BLOCK = """
return Array.from(document.querySelectorAll('#frames rect')).find(rect =>
    rect.querySelector('title').textContent.split('\\n')[0] === arguments[0]);
"""


class Page:
    """An SVG that is open in the browser."""

    def __init__(self, driver, path, fragment=""):
        self.driver = driver
        driver.get(f"file://{path}{fragment}")

    def blocks(self):
        return self.driver.execute_script(READ_BLOCKS)

    def block(self, name):
        return self.driver.execute_script(FIND_BLOCK, name)

    def shown(self):
        return {name for name, block in self.blocks().items() if block["shown"]}

    def with_mark(self, mark):
        return {name for name, block in self.blocks().items() if block[mark]}

    def click(self, name):
        ActionChains(self.driver, duration=0).move_to_element(self.block(name)).click().perform()

    def button(self, text):
        return self.driver.find_element(By.XPATH, f"//*[local-name()='button'][text()='{text}']")

    def click_button(self, text):
        ActionChains(self.driver, duration=0).move_to_element(self.button(text)).click().perform()

    def help(self):
        return self.driver.find_elements(By.CSS_SELECTOR, "[role=dialog]")

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def shift_enter(self):
        ActionChains(self.driver).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).perform()

    def search(self, text):
        self.press("/")
        self.press(text)

    def found(self):
        return self.driver.find_element(By.CSS_SELECTOR, ".found").text

    def field(self):
        return self.driver.find_element(By.CSS_SELECTOR, ".bar input").get_attribute("value")

    def details(self):
        return self.driver.find_element(By.CSS_SELECTOR, ".strip").text

    def fragment(self):
        return self.driver.execute_script("return location.hash")

    def labels(self):
        return self.driver.execute_script(
            "return Array.from(document.querySelectorAll('#labels text'), text => text.textContent)"
        )


@pytest.fixture
def page(browser, draw):  # noqa: F811
    return Page(browser, draw(PROFILE))


EVERYTHING = {
    "all", "app", "main", "work", "alloc", "grow", "compute", "idle", "vector<int>::operator()(int)",
    "other", "run", "Parse",
}  # fmt: skip
IN_WORK = {"all", "app", "main", "work", "alloc", "grow", "compute"}


def test_the_document_is_well_formed_and_complete(draw):  # noqa: F811
    root = ElementTree.parse(draw(PROFILE)).getroot()
    tooltips = [title.text for title in root.iterfind(f".//*[@id='frames']/{SVG}rect/{SVG}title")]
    assert {text.split("\n")[0] for text in tooltips} == EVERYTHING
    assert "work\n50.0 %, 100 samples" in tooltips
    assert "grow\n10.0 %, 20 samples" in tooltips


def test_click_zooms_and_reset_goes_back(page):
    whole = page.blocks()
    assert page.shown() == EVERYTHING
    page.click("work")
    blocks = page.blocks()
    assert page.shown() == IN_WORK
    assert page.with_mark("dim") == {"all", "app", "main"}
    assert blocks["work"]["width"] == blocks["all"]["width"] == whole["all"]["width"]
    assert blocks["compute"]["width"] == pytest.approx(blocks["work"]["width"] * 0.6, abs=1)
    page.click("main")
    assert "idle" in page.shown() and "other" not in page.shown()
    button = page.driver.find_element(By.XPATH, "//*[text()='Reset zoom']")
    button.click()
    now = page.blocks()
    assert {n: (b["x"], b["width"]) for n, b in now.items()} == {
        n: (b["x"], b["width"]) for n, b in whole.items()
    }
    assert not button.is_enabled()


def test_escape_goes_one_step_out_and_zero_all_the_way(page):
    page.click("main")
    page.click("work")
    page.press(Keys.ESCAPE)
    assert page.with_mark("dim") == {"all", "app"}
    page.click("work")
    page.press("0")
    assert page.shown() == EVERYTHING and not page.with_mark("dim")


def test_search_counts_nested_matches_once(page):
    page.search("alloc")
    assert page.found() == "3 matches, 35.0 % of samples"
    assert page.with_mark("match") == {"alloc"}


def test_search_is_plain_text_by_default(page):
    page.search("operator()(")
    assert page.found() == "1 match, 5.0 % of samples"
    page.press(Keys.ESCAPE)
    assert page.found() == "" and not page.with_mark("match")
    page.search("parse")
    assert page.found() == "1 match, 25.0 % of samples"
    page.press(Keys.ESCAPE)
    page.search("PARSE")
    assert page.found() == "0 matches, 0.0 % of samples"


def test_search_takes_a_regular_expression(page):
    page.search("/^(work|idle|run)$/")
    assert page.found() == "3 matches, 95.0 % of samples"
    assert page.with_mark("match") == {"work", "idle", "run"}


def test_a_broken_expression_is_said_and_harmless(page):
    page.search("/(/")
    assert page.found() == "not a regular expression"
    assert not page.with_mark("match")


def test_control_f_opens_the_search(page):
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys("f").key_up(Keys.CONTROL).perform()
    page.press("grow")
    assert page.found() == "1 match, 10.0 % of samples"


def test_enter_goes_through_the_matches(page):
    page.search("/^(main|work|run)$/")
    seen = []
    for _ in range(4):
        page.press(Keys.ENTER)
        seen += page.with_mark("at")
    assert seen == ["main", "work", "run", "main"]
    assert page.found() == "1 of 3 matches, 100.0 % of samples"
    page.shift_enter()
    assert page.with_mark("at") == {"run"}


def test_next_match_leaves_a_zoom_that_hides_it(page):
    page.click("work")
    page.search("Parse")
    page.press(Keys.ENTER)
    assert page.blocks()["Parse"]["shown"]


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
        assert page.with_mark("focused") == {wanted}
    page.press(Keys.ENTER)
    assert page.shown() == {"all", "other", "run", "Parse"}


def test_the_focus_is_announced(page):
    page.press(Keys.ARROW_UP)
    page.press(Keys.ARROW_UP)
    focused = page.driver.switch_to.active_element
    assert focused.get_attribute("role") == "treeitem"
    assert focused.get_attribute("aria-level") == "2"
    assert focused.get_attribute("aria-label").startswith("app, 75.0 %, 150 samples")


def test_hover_shows_details(page):
    ActionChains(page.driver, duration=0).move_to_element(page.block("compute")).perform()
    assert page.details().split("\n") == ["compute", "30.0 %", "60 samples", "self 30.0 %"]


def test_every_count_is_multiplied_by_the_factor(browser, draw):  # noqa: F811
    page = Page(browser, draw("p;f 10000000\n", "--factor=1.2345678", "--countname=bytes"))
    assert page.details() == "12,345,678 bytes in 2 frames"
    ActionChains(browser, duration=0).move_to_element(page.block("f")).perform()
    assert page.details().split("\n") == ["f", "100.0 %", "12,345,678 bytes", "self 100.0 %"]
    tooltip = browser.execute_script("return arguments[0].textContent", page.block("f"))
    assert tooltip == "f\n100.0 %, 12,345,678 bytes"


ALLOCATED = (
    '{"$schema":"https://www.speedscope.app/file-format-schema.json","shared":{"frames":[{"name":"main"},{"name":"f"}]},"profiles":'
    '[{"type":"sampled","unit":"%s","samples":[[0,1],[0]],"weights":[3145728,1048576]}]}'
)


@pytest.mark.parametrize("unit, what, all_of_it, own", [("bytes", "memory", "4.0 MiB", "3.0 MiB"), ("nanoseconds", "time", "4.2 ms", "3.1 ms")])
def test_amounts_are_said_in_units_that_suit_their_size(browser, draw, unit, what, all_of_it, own):  # noqa: F811
    page = Page(browser, draw(ALLOCATED % unit))
    assert page.details() == f"{all_of_it} of {what} in 2 frames"
    ActionChains(browser, duration=0).move_to_element(page.block("f")).perform()
    assert page.details().split("\n") == ["f", own, "75.0 %", "self 75.0 %"]
    assert browser.execute_script("return arguments[0].textContent", page.block("f")) == f"f\n{own}, 75.0 %"


def test_details_add_up_all_places_of_a_function(page):
    page.search("grow")
    page.press(Keys.ENTER)
    assert page.details().split("\n")[0] == "grow"
    page.driver.execute_script(
        "arguments[0].dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))",
        page.block("alloc"),
    )
    assert "3 places: 35.0 %" in page.details()


def test_help_opens_and_closes(page):
    page.press("?")
    assert page.help()[0].is_displayed()
    page.press(Keys.ESCAPE)
    assert not page.help()


def test_the_help_shows_whole_over_a_small_graph(page):
    high = "return document.documentElement.getBoundingClientRect().height"
    before = page.driver.execute_script(high)
    page.press("?")
    box = page.help()[0].rect
    assert before < box["y"] + box["height"] < page.driver.execute_script(high)
    page.press(Keys.ESCAPE)
    assert page.driver.execute_script(high) == before


@pytest.mark.parametrize("close", ["?", Keys.ESCAPE, Keys.ENTER, "mouse"])
def test_the_focus_is_where_it_was_after_the_help(page, close):
    page.click("work")
    if close == "mouse":
        page.click_button("?")
        page.click_button("Close")
    else:
        page.press("?", close)
    assert not page.help()
    assert page.with_mark("focused") == {"work"}
    page.press(Keys.ARROW_UP)
    assert page.with_mark("focused") == {"compute"}
    page.press(Keys.ENTER)
    assert page.with_mark("dim") == {"all", "app", "main", "work"} and not page.help()


def test_arrows_work_after_the_help_from_nowhere(page):
    page.press("?", Keys.ARROW_UP, Keys.ESCAPE)
    assert not page.with_mark("focused")
    page.press(Keys.ARROW_UP, Keys.ARROW_UP)
    assert page.with_mark("focused") == {"app"}


def test_the_focus_is_where_it_was_after_a_reset(page):
    page.click("work")
    page.click_button("Reset zoom")
    assert page.with_mark("focused") == {"work"}
    page.press(Keys.ARROW_DOWN)
    assert page.with_mark("focused") == {"main"}


def test_arrows_leave_a_button(page):
    page.click("work")
    page.driver.execute_script("arguments[0].focus()", page.button("Reset zoom"))
    page.press(Keys.ARROW_UP, Keys.ARROW_UP)
    assert page.with_mark("focused") == {"compute"}


def test_a_view_can_be_sent(page):
    page.click("work")
    page.search("alloc")
    wait_until(page.driver, lambda: "s=alloc" in page.fragment(), "the search in the address")
    assert page.fragment() == "#/app/main/work?s=alloc"
    address = page.driver.current_url
    page.driver.get("about:blank")
    page.driver.get(address)
    assert page.shown() == IN_WORK
    assert page.found() == "3 matches, 35.0 % of samples"
    assert page.field() == "alloc"


def test_a_link_into_a_tall_graph_shows_its_frame(browser, draw):  # noqa: F811
    stack = ";".join(f"f{i}" for i in range(120))
    page = Page(browser, draw(f"p;{stack} 10\n"), "#/p/f0/f1")
    rect = page.block("f1").rect
    scrolled = page.driver.execute_script("return [window.scrollY, window.innerHeight]")
    assert scrolled[0] <= rect["y"] < scrolled[0] + scrolled[1]


@pytest.mark.parametrize("height", [700, 900, 1300])
def test_a_tall_graph_opens_at_its_base_with_the_foot_in_sight(browser, draw, height):  # noqa: F811
    size = browser.get_window_size()
    browser.set_window_size(1200, height)
    try:
        page = Page(browser, draw(f"p;{';'.join(f'f{i}' for i in range(120))} 10\n", "--notes=the end"))
        for element in (page.driver.find_element(By.ID, "notes"), page.block("all")):
            top, bottom = page.driver.execute_script(
                "const box = arguments[0].getBoundingClientRect(); return [box.top, box.bottom]", element
            )
            assert 0 <= top and bottom <= page.driver.execute_script("return window.innerHeight")
    finally:
        browser.set_window_size(size["width"], size["height"])


def test_a_tall_icicle_graph_opens_at_its_root(browser, draw):  # noqa: F811
    page = Page(browser, draw(f"p;{';'.join(f'f{i}' for i in range(120))} 10\n", "--inverted"))
    assert page.driver.execute_script("return window.scrollY") == 0


def test_a_link_shows_which_frame_it_leads_to(browser, draw):  # noqa: F811
    page = Page(browser, draw(PROFILE), "#/app/main/work")
    assert page.with_mark("focused") == {"work"}
    assert page.details().split("\n")[:2] == ["work", "50.0 %"]
    page.press(Keys.ARROW_UP)
    assert page.with_mark("focused") == {"compute"}


def test_a_path_that_is_not_there_leads_as_far_as_it_goes(browser, draw):  # noqa: F811
    page = Page(browser, draw(PROFILE), "#/app/main/gone~2/x%3Cy?s=%ff%")
    assert page.with_mark("dim") == {"all", "app"}
    assert page.found() == ""
    assert page.details().split("\n")[:2] == ["main", "not in this picture: gone/x<y"]
    page.click("work")
    assert "not in" not in page.details()


def test_a_path_of_another_picture_is_said(browser, draw):  # noqa: F811
    page = Page(browser, draw(PROFILE), "#/elsewhere")
    assert page.shown() == EVERYTHING
    assert page.details().split("\n") == ["not in this picture: elsewhere", "200 samples in 13 frames"]


def test_back_and_forward(page):
    page.click("main")
    page.click("work")
    page.driver.back()
    wait_until(page.driver, lambda: page.with_mark("dim") == {"all", "app"}, "main after back")
    page.driver.back()
    wait_until(page.driver, lambda: page.shown() == EVERYTHING, "the whole after back")
    page.driver.forward()
    wait_until(page.driver, lambda: page.with_mark("dim") == {"all", "app"}, "main after forward")


def test_siblings_of_one_name_have_addresses_of_their_own(browser, draw):  # noqa: F811
    page = Page(browser, draw("p;f_[k];x 10\np;f;y 20\np;f~2;z 5\n"))
    seen = {}
    for name in ("x", "y", "z"):
        page.click(name)
        seen[name] = page.fragment()
        page.press("0")
    assert len(set(seen.values())) == 3
    for name, fragment in seen.items():
        page = Page(browser, page.driver.current_url.split("#")[0][7:], fragment)
        assert page.shown() >= {name} and not page.shown() & (set("xyz") - {name})


CUT_NAMES = (
    "absl::lts::Mutex::Lock(std::vector<int> const&, (A)1) const &", "get(int) [clone .isra.0]",
    "B::operator()(int) const", "operator<<(std::ostream&, A const&)", "f(int) const::{lambda(int)#1}",
    "(anonymous namespace)::g(int)", "(sd-pam)", "main.(*Server)", "load (/srv/app.py)", "exec)", "a(b",
    "<T as core::fmt::Debug>::fmt", "net/http.(*Server).Serve", "计算总和(整数)", "e\u0301te\u0301(x)",
)  # fmt: skip


@pytest.mark.parametrize("options", [[], ["--truncate-text-right"]], ids=["both ends", "right end"])
def test_labels_are_cut_alike_with_and_without_scripts(browser, draw, options):  # noqa: F811
    pixels = [7 * letters + 9 for letters in (3, 5, 8, 12, 17, 23, 30, 40)]
    folded = "".join(f"p;{wide};{name} {wide}\n" for wide in pixels for name in CUT_NAMES)
    path = draw(folded, f"--width={len(CUT_NAMES) * sum(pixels) + 44}", *options)
    labels = Page(browser, path).labels()
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    assert labels == Page(browser, path).labels()
    assert len(set(labels)) > 60


def test_an_argument_list_gives_way_to_the_name(browser, draw):  # noqa: F811
    page = Page(browser, draw("p;exec_simple_query(char const*) 6\np;other 84\n"))
    assert "exec_…ery" in page.labels()
    page.click("exec_simple_query(char const*)")
    assert "exec_simple_query(char const*)" in page.labels()


# --- left-out frames --------------------------------------------------------------------------------


def test_what_is_left_out_has_its_own_block(browser, draw):  # noqa: F811
    folded = "p;main;wide 900\n" + "".join(f"p;main;narrow{i:03} 1\n" for i in range(100))
    page = Page(browser, draw(folded, "--minwidth=5"))
    assert page.blocks()["100 frames not drawn"]["shown"]
    page.search("narrow")
    assert page.found() == "0 matches, 0.0 % of samples (10.0 % too narrow to search)"
    page.click("100 frames not drawn")  # no way in: its parent is shown
    assert page.with_mark("dim") == {"all", "p"}


# --- a chart ------------------------------------------------------------------------------------------


def test_a_chart_keeps_its_gaps_in_the_window_and_in_a_zoom(browser, draw):  # noqa: F811
    folded = "p;main;first 10\np;main 20\np;main;second 10\nq;other 40\np;third 20\n"
    page = Page(browser, draw(folded, "--flamechart"))
    blocks = page.blocks()
    width = blocks["all"]["width"] + 1
    for name, start, total in (("first", 0, 10), ("second", 30, 10), ("other", 40, 40), ("third", 80, 20)):
        assert abs(blocks[name]["x"] - start * width / 100) <= 1, name
        assert abs(blocks[name]["width"] - total * width / 100) <= 1.5, name
    page.click("main")
    blocks = page.blocks()
    assert not blocks["third"]["shown"] and not blocks["other"]["shown"]
    assert abs(blocks["second"]["x"] - 30 * width / 40) <= 1
    assert abs(blocks["second"]["width"] - 10 * width / 40) <= 1.5


@pytest.mark.alone
def test_twenty_thousand_frames_load_in_time(browser, draw):  # noqa: F811
    folded = "".join(
        f"p;{';'.join(f'function_{i >> shift}_{shift}' for shift in range(14, -1, -1))} 3\n"
        for i in range(20000)
    )
    path = draw(folded, "--minwidth=0")
    assert path.stat().st_size < 20100 * 250
    started = time.monotonic()
    page = Page(browser, path)
    blocks = page.driver.execute_script("return document.querySelectorAll('#frames rect').length")
    took = time.monotonic() - started
    assert blocks >= 20000
    assert took < 10, "about a second on an idle machine"
    page.search("/_7_/")
    assert page.found().endswith("too narrow to search)")


# --- hostile names ----------------------------------------------------------------------------------


@pytest.fixture
def hostile(browser, draw):  # noqa: F811
    path = draw((GOLDEN / "hostile.folded").read_bytes(), "--title=</title><script>window.hacked=1")
    return Page(browser, path)


def all_elements(page):
    return page.driver.execute_script(
        "return Array.from(document.querySelectorAll('*'), element => [element.localName,"
        " element.getAttributeNames().filter(name => name.startsWith('on') || name === 'href')])"
    )


def test_names_are_never_markup(hostile):
    hostile.press("/")
    hostile.press("<")
    hostile.press(Keys.ENTER)
    hostile.press(Keys.ESCAPE)
    for name in hostile.shown():
        hostile.driver.execute_script(
            "arguments[0].dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))",
            hostile.block(name),
        )
    elements = all_elements(hostile)
    assert [name for name, _ in elements].count("script") == 1
    assert not [attributes for _, attributes in elements if attributes]
    assert hostile.driver.execute_script("return window.hacked") is None
    assert "</title><script>window.hacked=1</script>" in hostile.shown()


def test_every_hostile_frame_can_be_linked_to(hostile):
    address = hostile.driver.current_url
    for name in sorted(hostile.shown() - {"all"}):
        hostile.click(name)
        fragment, shown = hostile.fragment(), hostile.shown()
        hostile.driver.get("about:blank")
        hostile.driver.get(address + fragment)
        assert hostile.shown() == shown, name
        assert hostile.fragment() == fragment
        hostile.press("0")


def test_a_hostile_document_is_well_formed_and_small(draw):  # noqa: F811
    path = draw(b"p;" + b"<&>" * 70000 + b" 1\np;" + "计".encode() * 70000 + b" 2\n")
    root = ElementTree.parse(path).getroot()
    longest = max(len(title.text.encode()) for title in root.iter(f"{SVG}title"))
    assert longest < 4200
    assert path.stat().st_size < 120000


# --- without scripts, without samples, small --------------------------------------------------------


def test_without_scripts_it_is_a_readable_picture(browser, draw):  # noqa: F811
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    page = Page(browser, draw(PROFILE))
    assert not page.driver.find_elements(By.CSS_SELECTOR, ".bar")
    assert page.shown() == EVERYTHING
    assert set(page.labels()) >= {"app", "main", "work", "alloc", "compute", "Parse"}
    assert page.driver.find_element(By.ID, "title").text == "Flame graph"
    assert "200 samples in 13 frames" in page.driver.find_element(By.ID, "strip").text
    assert "not recorded" in page.driver.find_element(By.ID, "fates").text


def test_the_fates_stand_in_the_foot(browser, draw):  # noqa: F811
    page = Page(browser, draw("p;f 9880\np;[truncated:bad_caller];g 100\np;[lost:ring_full] 20\n"))
    fates = page.driver.find_element(By.ID, "fates").text
    for text in ("complete 98.80 %", "truncated: bad_caller 1.00 %", "lost: ring_full 0.20 %"):
        assert text in fates


def test_no_samples_says_so(browser, draw):  # noqa: F811
    page = Page(browser, draw(""))
    assert "No samples." in page.driver.find_element(By.ID, "graph").text
    for key in ("/", "x", Keys.ENTER, Keys.ESCAPE, Keys.ARROW_UP, "0", "?", Keys.ESCAPE):
        page.press(key)


def test_it_fits_a_small_window(browser, draw):  # noqa: F811
    size = browser.get_window_size()
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        page = Page(browser, draw(PROFILE))
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= 390
        widest = page.blocks()["all"]
        assert widest["x"] + widest["width"] <= 390
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.set_window_size(size["width"], size["height"])
