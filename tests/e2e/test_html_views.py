# SPDX-License-Identifier: Apache-2.0
"""What the page shows besides the graph, and how: theme, addresses, menus, tables, colours, copies, pictures, paper."""

import re
import xml.etree.ElementTree as ElementTree

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import browser, chromium, draw_page, wait_until  # noqa: F401 (fixtures)
from pprof_encoder import Frame, encode
from page import PROFILE, Page, chips, page, table_rows, total  # noqa: F401 (fixture)


# --- theme ----------------------------------------------------------------------------------------------


def test_the_theme_follows_the_system_until_it_is_chosen(page):  # noqa: F811
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


def test_a_view_can_be_sent(page):  # noqa: F811
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


def test_the_menu_of_the_right_button(page):  # noqa: F811
    page.move_to(4, 110).context_click().perform()
    assert page.element("menu").is_displayed()
    page.press(Keys.ESCAPE)
    assert not page.element("menu").is_displayed() and page.focused() == "compute"
    page.move_to(4, 110).context_click().perform()
    page.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    assert chips(page) == ["ignore/^compute$/×"]


def test_a_name_and_a_stack_are_copied(page):  # noqa: F811
    said = """
        window.copied = [];
        navigator.clipboard.writeText = text => { window.copied.push(text); return Promise.resolve(); };"""
    page.driver.execute_script(said)
    page.hover(4, 110)
    page.press("y")
    page.move_to(4, 110).context_click().perform()
    page.press(Keys.END, Keys.ENTER)
    assert page.driver.execute_script("return window.copied") == ["compute", "all\napp\nmain\nwork\ncompute"]


def test_the_table_counts_recursion_once(page):  # noqa: F811
    page.driver.find_element(By.CSS_SELECTOR, "[data-view=table]").click()
    rows = {row[2]: row[:2] for row in table_rows(page)}
    assert rows["alloc"] == ["7035.0 %", "7035.0 %"]
    assert rows["main"] == ["105.0 %", "15075.0 %"]
    assert [row[2] for row in table_rows(page)][:3] == ["alloc", "compute", "Parse"]
    page.driver.find_element(By.XPATH, "//div[@id='table']//th//button[text()='Function']").click()
    assert [row[2] for row in table_rows(page)][:3] == ["Parse", "alloc", "compute"]
    page.search("alloc")
    assert [row[2] for row in table_rows(page)] == ["alloc"]


def test_the_table_has_processes_that_took_something_themselves(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("app 3\napp;main 1\nsh;run 2\n"), "#?v=table")  # noqa: F811
    rows = [(row[2], row[0]) for row in table_rows(page)]
    assert rows == [("app", "350.0 %"), ("run", "233.3 %"), ("main", "116.7 %")]
    page.driver.find_element(By.XPATH, "//div[@id='table']//td//button[text()='app']").click()
    page.settle()
    assert page.crumb() == ["app"]


def test_callers_and_callees_of_a_function(page):  # noqa: F811
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


# alloc lies on alloc: 20 of its 70 samples are in the inner one, and of its own are all 70.
def test_callers_and_callees_say_what_the_table_says(page):  # noqa: F811
    page.driver.find_element(By.CSS_SELECTOR, "[data-view=table]").click()
    page.driver.find_element(By.XPATH, "//div[@id='table']//td//button[text()='alloc']").click()
    page.settle()
    assert page.detail().startswith(
        "alloctotal 70 samples · 35.0 %self 70 samples · 35.0 %in 3 places 35.0 %Focus"
    )
    words = page.driver.execute_script(
        "return ['callers', 'callees'].map(id => Array.from("
        "document.querySelectorAll(`#${id}-twin [role=treeitem]`), item => item.textContent))"
    )
    assert words[0] == [
        "alloc, total 70 samples · 35.0 %, self 70 samples · 35.0 %, in 3 places 35.0 %",
        "idle, total 30 samples · 15.0 %, of view 42.9 %",
        "work, total 40 samples · 20.0 %, of view 57.1 %",
    ]
    assert words[1][1] == "grow, total 20 samples · 10.0 %, self 0 samples · 0.0 %, of view 28.6 %"


def test_the_strip_is_of_the_view_that_is_seen(page):  # noqa: F811
    def choose(view):
        page.driver.find_element(By.CSS_SELECTOR, f"[data-view={view}]").click()
        page.settle()

    whole = page.detail()
    for view in ("table", "tree", "flame", "icicle"):
        choose("callers")
        assert page.detail().startswith("alloctotal 70 samples")
        choose(view)
        assert page.detail() == whole, view


def test_c_asks_for_callers_and_enter_goes_on_to_a_caller(page):  # noqa: F811
    page.hover(4, 110)
    page.press("c")
    assert page.view() == "Callers / callees" and page.crumb() == ["compute"]
    page.driver.execute_script("document.querySelector('#callers-twin [tabindex=\"0\"]').focus()")
    page.press(Keys.ARROW_UP, Keys.ENTER)
    assert page.crumb() == ["work"]
    assert page.detail().startswith("worktotal 100 samples")


def test_the_tree_opens_by_keys(page):  # noqa: F811
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


def test_colours_by_choice(page):  # noqa: F811
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


def test_the_colour_of_the_own_share_has_a_legend(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(PROFILE), "#?c=share")
    words = "return Array.from(document.querySelectorAll('#legend span'), item => item.textContent)"
    assert page.driver.execute_script(words) == ["nothing", "little", "35.0 %"] and page.element("legend").is_displayed()


def test_the_table_tells_no_module_where_none_is_known(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("p;plain 1\np;other_[k] 1\n"), "#?v=table")
    assert {row[2]: row[3] for row in table_rows(page)} == {"plain": "", "other": "kernel"}


def test_the_strip_tells_file_and_module_of_a_zoomed_frame(browser, draw_page):  # noqa: F811
    frame = Frame("encoding/json.(*decodeState).value", "gow", file="/usr/lib/go-1.19/src/encoding/json/decode.go", line=352)
    path = draw_page(encode([((Frame("main"), frame, frame), 2), ((Frame("main"), frame), 2)]))
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 1440, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    try:
        page = Page(browser, path)
        page.click(2, 2, span=4)
        assert page.detail().startswith(frame.name) and "of view" in page.detail() and "in 2 places" in page.detail()
        facts = page.element("detail").find_element(By.CSS_SELECTOR, ".facts")
        for text in ("file", "in gow"):
            part = facts.find_element(By.XPATH, f"./span[starts-with(normalize-space(), '{text}')]")
            assert part.rect["y"] < facts.rect["y"] + facts.rect["height"], text
        shown = facts.find_element(By.CSS_SELECTOR, ".file")
        assert shown.text == "file …/json/decode.go" and shown.get_attribute("title") == frame.file
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_header_reaches_both_edges(browser, draw_page):  # noqa: F811
    path = draw_page(PROFILE)
    for width in (720, 900, 1200):
        metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        try:
            last = Page(browser, path).element("help-button").rect
            assert width - 24 < last["x"] + last["width"] < width, width
        finally:
            browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_legend_names_the_kinds_that_are_there(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("p;a;b_[k];c_[j] 1\n"))
    assert page.driver.execute_script(
        "return Array.from(document.querySelectorAll('#legend span'), item => item.textContent)"
    ) == ["native", "kernel", "jit"]
    assert not Page(browser, draw_page("p;a::b;c 1\n", "--colors=java")).text("legend")


SVG = "{http://www.w3.org/2000/svg}"


def saved(page):
    """The name and the root of the SVG that the button saves."""
    page.driver.execute_script(
        "window.saved = []; const make = URL.createObjectURL;"
        "URL.createObjectURL = blob => { blob.text().then(text => window.saved.push(text)); return make(blob); };"
        "HTMLAnchorElement.prototype.click = function () { window.saved.push(this.download); };"
        "document.getElementById('save').click();"
    )
    wait_until(page.driver, lambda: page.driver.execute_script("return window.saved.length") == 2, "it is saved")
    name, text = page.driver.execute_script("return window.saved")
    return name, ElementTree.fromstring(text.split("?>", 1)[1])


def test_the_view_is_saved_as_an_svg(page):  # noqa: F811
    page.click(3, 90)
    page.search("alloc")
    name, root = saved(page)
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert name == "in.folded-flame.svg" and root.find(f"{SVG}title").text == "in.folded · Flame graph"
    assert set(texts) >= {"all", "app", "main", "work", "alloc", "compute"} and "idle" not in texts
    assert set(texts) >= {"Flame graph", "in.folded · 200 samples", "Flame: work · alloc: 3 matches, 35.0 % of samples", "not a recording of hearth’s"}
    titles = [rect.find(f"{SVG}title").text for rect in root.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]
    assert "compute, total 60 samples · 30.0 %, self 60 samples · 30.0 %, of view 60.0 %" in titles
    lowest = max(float(element.get("y")) for element in root if element.get("y"))
    assert lowest < float(root.get("height"))


def test_a_saved_view_has_the_fates(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("p;a 90\np;[truncated:no_root];b 9\np;[lost:full] 1\n"), "#?v=icicle")
    name, root = saved(page)
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert name == "in.folded-icicle.svg"
    assert texts[-1] == "complete 90.00 % · truncated: no root 9.00 % · lost: full 1.00 %"
    bar = [float(rect.get("width")) for rect in root.findall(f"{SVG}rect") if rect.get("height") == "6"]
    assert bar == [135, 13.5, 1.5]


def test_names_of_which_little_is_left_are_not_begun(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("".join(f"p;{'abcdefghijklmnop' * (1 + i % 2)}{i} {10 * i}\n" for i in range(1, 40)) + "p;xyz 300\n"))
    texts = [element.text for element in saved(page)[1].iter(f"{SVG}text")]
    cut = [text for text in texts if "…" in text]
    assert cut and min(map(len, cut)) >= 6 and "xyz" in texts


def test_print_is_light_and_without_controls(page):  # noqa: F811
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not page.element("search").is_displayed() and not page.element("tabs").is_displayed()
        assert page.element("frames").is_displayed() and page.element("fates-text").is_displayed()
        assert page.element("legend").is_displayed() and not page.element("colour").is_displayed()
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
