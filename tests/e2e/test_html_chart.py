# SPDX-License-Identifier: Apache-2.0
"""The flame chart of the page: samples along time, where a profile tells times."""

import itertools
import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import hearth
from browser import browser, chromium, draw_page, wait_until  # noqa: F401 (fixtures)
from page import PROFILE, ROW, SIDE, Page, add_filter

TABS = "return Array.from(document.querySelectorAll('[role=tab]'), tab => tab.textContent)"
SAVE = (
    "window.saved = []; URL.createObjectURL = blob => { blob.text().then(text => window.saved.push(text)); return ''; };"
    "HTMLAnchorElement.prototype.click = function () {};"
    "document.getElementById('save').click();"
)


def sample(time, ids, *stack):
    frames = "".join(f"\t 4000 {name}+0x1 (/usr/lib/libapp.so)\n" for name in reversed(stack))
    return f"app {ids} [000] {1000 + time:.6f}: 1 cpu-clock: \n{frames}\n"


def script():
    """By ticks, a tenth of a second each: thread 10 from 0 on: main 0-100: work 0-30 (alloc 10-20), idle 30-50, itself 50-60, work 60-100; thread 11 from 2 s on:
    main 100-120: work."""
    inner = ["work"] * 10 + ["work;alloc"] * 10 + ["work"] * 10 + ["idle"] * 20 + [""] * 10 + ["work"] * 40
    samples = [(tick / 10, "10/10", "main", *filter(None, stack.split(";"))) for tick, stack in enumerate(inner)]
    samples += [(2.05 + tick / 10, "10/11", "main", "work") for tick in range(20)]
    return "".join(sample(*each) for each in sorted(samples))


class Chart(Page):
    """The page with its chart in sight."""

    def at(self, depth, tick, left=0, span=120):
        box = self.driver.execute_script(
            "const box = document.getElementById('chart-sheet').getBoundingClientRect(), graph = document.getElementById('chart-graph');"
            "return [box.width, box.height, document.getElementById('chart-stage').clientHeight - graph.scrollTop]"
        )
        x, y = SIDE + (tick + 0.5 - left) / span * (box[0] - 2 * SIDE), box[2] - SIDE - (depth + 0.5) * ROW
        chain = ActionChains(self.driver, duration=0)
        return chain.move_to_element_with_offset(self.element("chart-sheet"), int(x - box[0] / 2), int(y - box[1] / 2))

    def told(self, depth, tick, **view):
        self.at(depth, tick, **view).perform()
        return self.detail()

    def name(self, depth, tick, **view):
        """Of the block there; "" where none is."""
        self.at(0, tick, **view).perform()
        self.at(depth, tick, **view).perform()
        return self.driver.execute_script(
            "return document.getElementById('chart-graph').classList.contains('over-frame') ?"
            " document.querySelector('#detail .name').textContent : ''"
        )

    def zoom(self, depth, tick, **view):
        self.at(depth, tick, **view).click().perform()
        self.settle()

    def names(self, depth, every=10):
        return [self.name(depth, tick) for tick in range(5, 120, every)]


@pytest.fixture
def chart(browser, draw_page):  # noqa: F811
    return Chart(browser, draw_page(script(), "--flamechart"))


def test_without_times_there_is_none(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(PROFILE, "--flamechart"), "#?v=chart")
    assert page.driver.execute_script(TABS) == ["Flame", "Icicle", "Callers / callees", "Table", "Tree"]
    assert page.view() == "Flame"


def test_with_times_it_is_beside_the_others(browser, draw_page):  # noqa: F811
    page = Chart(browser, draw_page(script()))
    assert page.driver.execute_script(TABS) == ["Flame", "Icicle", "Chart", "Callers / callees", "Table", "Tree"]
    assert page.view() == "Flame" and not page.element("chart").is_displayed()
    page.driver.find_element(By.CSS_SELECTOR, "[data-view=chart]").click()
    page.settle()
    assert page.view() == "Chart" and "v=chart" in page.fragment()
    assert page.name(3, 35) == "idle" and "in steps of 20 ms" in page.told(0, 5)


def test_a_page_whose_filters_leave_nothing_is_shown_with_the_chart_as_its_view(browser, draw_page):  # noqa: F811
    page = Chart(browser, draw_page(script(), "--flamechart"), "#?f=focus%3Anowhere&s=work")
    assert page.element("empty").is_displayed() and "Nothing is left." in page.element("empty").text
    page.driver.get(page.driver.current_url.split("#")[0] + "#?s=work")
    page.driver.refresh()
    page.wait_until_ready()
    assert page.view() == "Chart" and "match" in page.found()


def order(page):
    return [name for name, _ in itertools.groupby(page.names(3, every=8))]


def test_a_firefox_profile_has_times(browser, draw_page, tmp_path):  # noqa: F811
    source, profile = tmp_path / "in.script", tmp_path / "in.firefox.json"
    source.write_text(script())
    subprocess.run([hearth.BINARY, "render", source, "-o", profile], check=True, timeout=60)
    page = Chart(browser, draw_page(profile.read_bytes(), "--flamechart"))
    assert page.view() == "Chart" and order(page) == ["work", "idle", "", "work"]


def test_a_cpuprofile_has_times(browser, draw_page):  # noqa: F811
    names = {1: "(root)", 2: "top", 3: "main", 4: "work", 5: "idle"}
    children = {1: [2], 2: [3], 3: [4, 5]}
    call = {"scriptId": "1", "url": "a.js", "lineNumber": 1, "columnNumber": 0}
    nodes = [{"id": i, "callFrame": {"functionName": name, **call}, "children": children.get(i, [])} for i, name in names.items()]
    samples = [4] * 4 + [5] * 4 + [3] * 2 + [4] * 4
    profile = {"nodes": nodes, "startTime": 1000000, "endTime": 1140000, "samples": samples, "timeDeltas": [0] + [10000] * 13}
    page = Chart(browser, draw_page(json.dumps(profile), "--flamechart"))
    assert page.view() == "Chart" and order(page) == ["work", "idle", "", "work"]


def test_stacks_stand_in_the_order_of_their_times(chart):
    assert chart.view() == "Chart" and "v=" not in chart.fragment()
    assert chart.names(2) == ["main"] * 12
    assert chart.names(3) == ["work"] * 3 + ["idle"] * 2 + [""] + ["work"] * 6
    assert chart.names(4) == ["", "alloc"] + [""] * 10
    assert re.match(r"work *total *30 samples.*at *0.000 s – 2.900 s *thread *app 10/10", chart.told(3, 5))
    assert "app 10/11" in chart.told(3, 115)


def test_a_thread_begins_anew(chart):
    assert chart.name(1, 99) == chart.name(1, 101) == "app"
    assert "100 samples" in chart.told(1, 99) and "20 samples" in chart.told(1, 101)


def test_zoom_crumb_back_and_address(chart):
    chart.zoom(3, 70)
    assert chart.crumb() == ["all", "app", "main", "work"] and "#/app/main/work~2" in chart.fragment()
    assert chart.name(3, 62, left=60, span=40) == "work" and "40 samples" in chart.told(3, 62, left=60, span=40)
    fragment = chart.fragment()
    chart.press(Keys.ESCAPE)
    assert chart.crumb() == ["all"]
    chart.driver.back()
    wait_until(chart.driver, lambda: len(chart.crumb()) == 4, "zoomed again after back")
    chart.driver.get("about:blank")
    chart.driver.back()
    chart.wait_until_ready()
    assert chart.fragment() == fragment and chart.crumb() == ["all", "app", "main", "work"] and "40 samples" in chart.detail()


def test_arrows_move_the_focus(chart):
    chart.zoom(0, 5)
    chart.press(Keys.ARROW_UP, Keys.ARROW_UP, Keys.ARROW_UP, Keys.HOME)
    assert chart.focused() == "work"
    chart.press(Keys.ARROW_RIGHT)
    assert chart.focused() == "idle"
    chart.press(Keys.ARROW_RIGHT)
    assert re.match("work, total 40 samples.* at 6.000 s – 9.900 s, thread app 10/10", chart.driver.execute_script("return document.activeElement.textContent"))


def test_search_counts_what_the_chart_has(chart):
    chart.search("work")
    assert chart.found() == "3 matches, 75.0 % of samples"
    chart.press(Keys.ENTER, Keys.ENTER)
    assert chart.found().startswith("2 of 3") and chart.view() == "Chart"
    chart.driver.find_element(By.CSS_SELECTOR, "[data-view=flame]").click()
    chart.settle()
    assert chart.found() == "1 match, 75.0 % of samples"
    chart.driver.find_element(By.CSS_SELECTOR, "[data-view=chart]").click()
    chart.settle()
    assert chart.found() == "2 of 3 matches, 75.0 % of samples"
    chart.search("idle")
    assert chart.found() == "1 match, 16.7 % of samples"


def test_it_follows_choices_and_filters(chart):
    add_filter(chart, "hide", "idle")
    assert chart.names(3) == ["work"] * 3 + [""] * 3 + ["work"] * 6
    add_filter(chart, "ignore", "alloc")
    assert chart.name(3, 5, span=110) == "work" and "20 samples" in chart.told(3, 5, span=110)
    chart.driver.get(chart.driver.current_url.split("#")[0] + "#?f=thread%3Aapp%2010%2F11")
    chart.driver.refresh()
    chart.wait_until_ready()
    assert chart.view() == "Chart" and "20 samples" in chart.told(0, 5, span=20) and "of all 16.7 %" in chart.detail()


def test_with_the_option_it_knows_the_order_within_a_slot(browser, draw_page):  # noqa: F811
    text = "".join(sample(tick / 1000, "10/10", "main", "work" if tick % 2 else "idle") for tick in range(8)) + sample(11, "10/10", "main")
    found = []
    for options in ["--flamechart"], []:
        browser.get("about:blank")  # both have one address
        found.append(Chart(browser, draw_page(text, *options), "#?v=chart&s=work").found())
    exact, coarse = found
    assert exact.startswith("4 matches") and coarse.startswith("1 match,")


def test_it_is_saved_and_printed(chart):
    chart.driver.execute_script(SAVE)
    wait_until(chart.driver, lambda: chart.driver.execute_script("return window.saved.length") == 1, "it is saved")
    root = ElementTree.fromstring(chart.driver.execute_script("return window.saved[0]").split("?>", 1)[1])
    names = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert names.count("work") == 3 and names.count("main") == 2 and {"app 10/10", "app 10/11"} < set(names)
    chart.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert chart.element("chart-frames").is_displayed()
    finally:
        chart.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_threads_have_their_colours(chart):
    pixel = (
        "const canvas = document.getElementById('chart-frames'), x = Math.round(arguments[0] * canvas.width);"
        "return Array.from(canvas.getContext('2d').getImageData(x, canvas.height - arguments[1], 1, 1).data).slice(0, 3)"
    )
    places = [(0.2, 4), (0.7, 4), (0.95, 4)]
    colours = [chart.driver.execute_script(pixel, x, round(SIDE + (depth - 0.2) * ROW)) for x, depth in places]
    assert colours[0] == colours[1] == colours[2]
    chart.driver.execute_script("const choice = document.getElementById('colour'); choice.value = 'thread'; choice.dispatchEvent(new Event('change'))")
    chart.settle()
    colours = [chart.driver.execute_script(pixel, x, round(SIDE + (depth - 0.2) * ROW)) for x, depth in places]
    assert colours[0] == colours[1] != colours[2]


def evented(name, *blocks):
    """A thread of speedscope's: (frame, from, to) in milliseconds on the frame 0, one behind the other."""
    events = [("O", 0, 0)]
    for frame, begin, end in blocks:
        events += [("O", frame, begin), ("C", frame, end)]
    events.append(("C", 0, blocks[-1][2]))
    told = [{"type": kind, "frame": frame, "at": at} for kind, frame, at in events]
    return {"type": "evented", "name": name, "unit": "milliseconds", "startValue": 0, "endValue": told[-1]["at"], "events": told}


def test_speedscopes_profiles_are_threads_along_time(browser, draw_page):  # noqa: F811
    """Weights are time, so that the chart has their lengths."""
    frames = [{"name": name} for name in ("main", "draw", "load")]
    profiles = [evented("render", (1, 0, 600), (1, 700, 1200)), evented("loader", (2, 1000, 1400))]
    text = json.dumps({"$schema": "https://www.speedscope.app/file-format-schema.json", "shared": {"frames": frames}, "profiles": profiles})
    page = Chart(browser, draw_page(text, "--flamechart"))
    assert page.view() == "Chart" and page.text("origin") == "in.folded2.60 s of time"
    for at, thread, name, length in [(1200, "loader", "load", "400.0 ms"), (1700, "render", "draw", "600.0 ms"), (2400, "render", "draw", "500.0 ms")]:
        assert page.name(2, at, span=2600) == name and f"thread {thread}" in page.told(1, at, span=2600)
        assert f"total {length}" in page.told(2, at, span=2600)


def test_a_chart_of_what_has_no_time_says_so(browser, draw_page):  # noqa: F811
    untimed = "app 10/10 [000] cpu-clock: \n\t 4000 late+0x1 (/usr/lib/libapp.so)\n\n"
    page = Page(browser, draw_page(script() + untimed), "#?v=chart")
    assert page.element("chart").is_displayed() and not page.element("empty").is_displayed()
    add_filter(page, "focus", "late")
    assert page.element("empty").text.startswith("Nothing here has a time.\nThe chart is along time") and not page.element("chart").is_displayed()
    page.press("i")
    assert not page.element("empty").is_displayed() and "total 1 sample" in page.detail()
    page.driver.back()
    page.settle()
    assert page.element("chart").is_displayed()
