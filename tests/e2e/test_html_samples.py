# SPDX-License-Identifier: Apache-2.0
"""Processes, threads and time in the page, where a profile tells them."""

import json
import random
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from urllib.parse import quote

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import hearth
from browser import browser, chromium, draw_page, wait_until  # noqa: F401 (fixtures)
from page import PROFILE, Page, add_filter, total

SPEEDSCOPE = "https://www.speedscope.app/file-format-schema.json"
SVG = "{http://www.w3.org/2000/svg}"


def sample(comm, ids, time, function):
    return f"{comm} {ids} [000] {1000 + time:.6f}: 1 cpu-clock: \n\t 4000 {function}+0x1 (/usr/lib/libapp.so)\n\t 5000 main+0x1 (/usr/bin/app)\n\n"


def script():
    """150 samples in 12 s: of one process a thread that always works, and one from 4 to 6 s; of another one from 8 to 9 s."""
    samples = [(tenth / 10, "app", "10/10", "work") for tenth in range(120)]
    samples += [(4 + tenth / 10, "worker", "10/11", "crunch") for tenth in range(20)]
    samples += [(8 + tenth / 10, "other", "20/20", "serve") for tenth in range(10)]
    return "".join(sample(comm, ids, time, function) for time, comm, ids, function in sorted(samples))


@pytest.fixture
def timed(browser, draw_page):  # noqa: F811
    return Page(browser, draw_page(script()))


def chips_of(page):
    """Those that can be taken away."""
    return page.driver.execute_script("return Array.from(document.querySelectorAll('span.chip'), chip => chip.textContent)")


def functions(page):
    page.driver.find_element(By.CSS_SELECTOR, "[data-view=table]").click()
    page.settle()
    names = page.driver.execute_script("return Array.from(document.querySelectorAll('#table td button'), name => name.textContent)")
    page.driver.find_element(By.CSS_SELECTOR, "[data-view=flame]").click()
    page.settle()
    return set(names)


def told(page):
    return page.text("time-words")


def on_map(page, second, part, columns=12):
    """From the middle of the map: pixels to a place of a column (a second), so high in it."""
    box = page.element("cells").rect
    return round((second + 0.5) / columns * box["width"] - box["width"] / 2), round(box["height"] / 2 - part * box["height"])


def drag(page, start, end):
    cells = page.element("cells")
    chain = ActionChains(page.driver, duration=0).move_to_element_with_offset(cells, *on_map(page, *start)).click_and_hold()
    chain.move_to_element_with_offset(cells, *on_map(page, *end)).release().perform()
    page.settle()


def heat(page, second, part):
    """The colour of the map there."""
    return tuple(
        page.driver.execute_script(
            "const map = document.getElementById('heat');"
            "return Array.from(map.getContext('2d').getImageData((arguments[0] + .5) / 12 * map.width,"
            " (1 - arguments[1]) * map.height, 1, 1).data)",
            second,
            part,
        )
    )


def choose_threads(page, *labels):
    page.driver.find_element(By.CSS_SELECTOR, "#chips .lead").click()
    form = page.element("thread-form")
    for button in form.find_elements(By.CSS_SELECTOR, "[aria-expanded=false]"):
        button.click()
    for label in labels:
        form.find_element(By.XPATH, f".//label[@title='{label}']/input").click()
    form.find_element(By.XPATH, ".//button[text()='Show']").click()
    page.settle()


# --- where there are none -------------------------------------------------------------------------------


def test_a_profile_that_tells_no_samples_has_no_picker_and_no_timeline(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(PROFILE), "#?f=time%3A1-2%0Aprocess%3Aapp%201")
    assert not page.element("time").is_displayed()
    assert page.driver.execute_script("return document.querySelectorAll('#chips .chip').length") == 1  # to add a filter
    assert page.text("chips") == "+ filter"
    page.press("p", "w")
    assert not page.element("thread-form").is_displayed()
    assert total(page) == "200"


def test_one_thread_has_a_timeline_and_no_picker(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("".join(sample("app", "10/10", second, "work") for second in range(20))))
    assert page.element("time").is_displayed()
    assert not page.driver.find_elements(By.CSS_SELECTOR, "#chips .lead")


def test_threads_without_times_have_a_picker_and_no_timeline(browser, draw_page, tmp_path):  # noqa: F811
    source, profile = tmp_path / "in.script", tmp_path / "in.pb.gz"
    source.write_text(script())
    subprocess.run([hearth.BINARY, "render", source, "-o", profile], check=True, timeout=60)
    page = Page(browser, draw_page(profile.read_bytes()))
    assert not page.element("time").is_displayed()
    choose_threads(page, "worker 10/11")
    assert total(page) == "20"


# --- processes and threads ------------------------------------------------------------------------------


def test_a_process_and_a_thread_are_chosen(timed):
    choose_threads(timed, "other 20")
    assert chips_of(timed) == ["processother 20×"] and total(timed) == "10"
    choose_threads(timed, "worker 10/11")
    assert chips_of(timed) == ["processother 20×", "threadworker 10/11×"] and total(timed) == "30"
    assert functions(timed) == {"serve", "crunch", "main"}
    timed.driver.find_element(By.CSS_SELECTOR, "span.chip button").click()
    timed.settle()
    assert total(timed) == "20"
    timed.driver.back()
    wait_until(timed.driver, lambda: len(chips_of(timed)) == 2, "both after back")


def test_the_list_tells_shares_and_finds_by_name_and_id(timed):
    timed.press("p")
    rows = "return Array.from(document.querySelectorAll('#thread-form .row label'), row => row.textContent)"
    assert timed.driver.execute_script(rows) == ["app 1093.3 %", "other 206.7 %"]
    timed.press("11")
    assert timed.driver.execute_script(rows) == ["app 1093.3 %"]
    timed.press(Keys.BACKSPACE, Keys.BACKSPACE, "oth", Keys.ENTER)
    assert not timed.element("thread-form").is_displayed() and chips_of(timed) == ["processother 20×"]
    timed.press("p")
    timed.driver.find_element(By.XPATH, "//dialog[@id='thread-form']//button[text()='All']").click()
    timed.settle()
    assert not chips_of(timed) and total(timed) == "150"


def test_what_became_another_program_is_named_so_and_found_by_each_name(browser, draw_page):  # noqa: F811
    samples = [sample("bash", "10/10", 0, "fork")] + [sample("python3", "10/10", second, "work") for second in (1, 2)]
    page = Page(browser, draw_page("".join(samples) + sample("other", "20/20", 3, "work")))
    rows = "return Array.from(document.querySelectorAll('#thread-form .row label'), row => row.textContent)"
    page.press("p")
    for name in ("bash", "python"):
        page.press(name)
        assert page.driver.execute_script(rows) == ["python3 1075.0 %"]
        page.press(*[Keys.BACKSPACE] * len(name))
    page.press("bash", Keys.ENTER)
    assert chips_of(page) == ["processpython3 10×"]
    page.driver.find_element(By.CSS_SELECTOR, "[data-view=chart]").click()
    page.settle()
    words = "return Array.from(document.querySelectorAll('#chart-twin [role=treeitem]'), item => item.textContent)"
    assert [word for word in page.driver.execute_script(words) if "thread python3 10/10" in word]


def test_the_list_goes_by_keys(timed):
    timed.press("p")
    timed.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, " ", Keys.ARROW_UP, Keys.ARROW_UP, Keys.ESCAPE)
    assert not timed.element("thread-form").is_displayed() and not chips_of(timed)
    timed.press("p")
    timed.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, " ", Keys.ENTER)
    assert chips_of(timed) == ["processother 20×"]


def test_a_thread_among_hundreds_is_found(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page("".join(sample("app", f"10/{1000 + thread}", thread / 100, "work") for thread in range(205))))
    page.press("p")
    form = page.element("thread-form")
    form.find_element(By.CSS_SELECTOR, "[aria-expanded=false]").click()
    assert "5 more threads: search for them." in form.text
    for thread in 1203, 1204:
        query = page.driver.find_element(By.CSS_SELECTOR, "#thread-form [type=text]")
        query.clear()
        query.send_keys(f"{thread}")
        form.find_element(By.XPATH, f".//label[@title='app 10/{thread}']/input").click()
        assert "more threads" not in form.text
    form.find_element(By.XPATH, ".//button[text()='Show']").click()
    page.settle()
    assert total(page) == "2"


def test_a_process_that_is_not_there_leaves_nothing(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(script()), "#?f=process%3Aelse%203")
    assert "Nothing is left." in page.text("empty") and chips_of(page) == ["processelse 3×"]


# --- time -----------------------------------------------------------------------------------------------


def test_the_timeline_says_what_a_cell_is(timed):
    assert told(timed) == "11.92 s · a column is 1 s, a cell 20 ms"
    assert timed.driver.execute_script("return document.querySelector('#time-axis').textContent").startswith("0 s1 s2 s")
    empty, one, two = heat(timed, 2, 0.05), heat(timed, 2, 0.01), heat(timed, 4, 0.01)
    assert empty[3] == 0 and one[3] == two[3] == 255 and one != two


def test_a_drag_draws_the_samples_of_its_time(timed):
    drag(timed, (4, 0.01), (5, 0.99))
    assert told(timed) == "4.00 s – 6.00 s · 2.00 s selected"
    assert chips_of(timed) == ["time4.00 – 6.00 s×"] and total(timed) == "40"
    assert "f=time%3A4.00-6.00" in timed.fragment()
    drag(timed, (10, 0.5), (8, 0.5))  # backwards: from the middle of the ninth second to that of the eleventh
    assert total(timed) == "26"
    timed.driver.back()
    wait_until(timed.driver, lambda: chips_of(timed) == ["time4.00 – 6.00 s×"], "the first span after back")
    ActionChains(timed.driver, duration=0).double_click(timed.element("cells")).perform()
    timed.settle()
    assert not chips_of(timed) and total(timed) == "150"
    assert told(timed).startswith("11.92 s ·")


def test_a_click_is_a_second(timed):
    ActionChains(timed.driver, duration=0).move_to_element_with_offset(timed.element("cells"), *on_map(timed, 8, 0.3)).click().perform()
    timed.settle()
    assert chips_of(timed) == ["time8.00 – 9.00 s×"] and total(timed) == "20"


def test_time_is_chosen_by_keys(timed):
    timed.press("w")
    timed.press(Keys.HOME, *[Keys.ARROW_RIGHT] * 4)
    assert told(timed) == "4.00 s – 4.02 s · 2 samples"
    shifted = ActionChains(timed.driver).key_down(Keys.SHIFT).send_keys(Keys.ARROW_RIGHT, Keys.ARROW_DOWN).key_up(Keys.SHIFT)
    shifted.perform()
    assert told(timed) == "4.00 s – 5.00 s · 1.00 s selected" and not chips_of(timed)
    timed.press(Keys.ENTER)
    assert chips_of(timed) == ["time4.00 – 5.00 s×"] and total(timed) == "20"
    timed.press("w")
    timed.press(Keys.ESCAPE)
    assert not chips_of(timed) and total(timed) == "150"


def test_a_chosen_view_can_be_sent(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(script()), "#/app?f=process%3Aapp%2010%0Atime%3A5.00-9.00%0Aignore%3Anowhere")
    assert chips_of(page) == ["processapp 10×", "time5.00 – 9.00 s×", "ignorenowhere×"]
    assert page.crumb() == ["all", "app"] and "total 40 samples" in page.detail()
    assert total(page) == "50"


def test_the_map_follows_threads_filters_and_the_search(timed):
    both, alone = heat(timed, 4, 0.01), heat(timed, 8, 0.01)
    choose_threads(timed, "other 20")
    assert heat(timed, 4, 0.01)[3] == 0 and heat(timed, 8, 0.01)[3] == 255
    timed.driver.find_element(By.CSS_SELECTOR, "span.chip button").click()
    add_filter(timed, "focus", "crunch")
    assert heat(timed, 2, 0.01)[3] == 0 and heat(timed, 4, 0.01)[3] == 255
    timed.driver.find_element(By.CSS_SELECTOR, "span.chip button").click()
    timed.search("serve")
    assert heat(timed, 4, 0.01) == both and heat(timed, 8, 0.01) != alone
    red, green, blue = heat(timed, 8, 0.01)[:3]
    assert blue > green  # the colour of matches


def test_picture_and_paper_tell_what_was_chosen(timed):
    choose_threads(timed, "app 10")
    drag(timed, (4, 0.01), (5, 0.99))
    timed.driver.execute_script(
        "window.saved = []; URL.createObjectURL = blob => { blob.text().then(text => window.saved.push(text)); return ''; };"
        "HTMLAnchorElement.prototype.click = function () {};"
        "document.getElementById('save').click();"
    )
    wait_until(timed.driver, lambda: timed.driver.execute_script("return window.saved.length") == 1, "it is saved")
    root = ElementTree.fromstring(timed.driver.execute_script("return window.saved[0]").split("?>", 1)[1])
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert texts[-1] == "process app 10 · time 4.00 – 6.00 s"
    assert float(root.get("height")) >= max(float(element.get("y")) for element in root.iter(f"{SVG}text"))
    timed.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        shown = [chip.text for chip in timed.driver.find_elements(By.CSS_SELECTOR, ".chip") if chip.is_displayed()]
        assert shown == ["process\napp 10", "time\n4.00 – 6.00 s"]
        assert timed.element("heat").is_displayed()
    finally:
        timed.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_threads_have_hostile_names(browser, draw_page):  # noqa: F811
    text = sample("<img/src=x>", "10/10", 0, "f") + sample("</script><b>", "11/11", 1, "g") * 2
    page = Page(browser, draw_page(text))
    before = page.driver.execute_script("return document.querySelectorAll('img, b').length")
    page.press("p")
    assert "<img/src=x> 10" in page.text("thread-form") and "</script><b> 11" in page.text("thread-form")
    assert page.driver.execute_script("return document.querySelectorAll('img, b').length") == before


@pytest.mark.parametrize("size", [(390, 844), (1024, 768)], ids=str)
def test_it_fits_a_small_window_and_a_finger_chooses(size, browser, draw_page):  # noqa: F811
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 2, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 1})
    try:
        page = Page(browser, draw_page(script()))
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= size[0]
        assert page.element("graph").rect["height"] > 80
        box = page.element("cells").rect
        height = box["y"] + box["height"] / 2

        def touch(kind, second):
            points = [{"x": box["x"] + (second + 0.5) / 12 * box["width"], "y": height, "id": 1}]
            browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if second else []})

        touch("touchStart", 4)
        for second in (4.5, 5, 6):
            touch("touchMove", second)
        touch("touchEnd", 0)
        wait_until(page.driver, lambda: re.fullmatch(r"time4\.\d\d – 6\.\d\d s×", "".join(chips_of(page))), "a span is chosen")
        page.driver.find_element(By.CSS_SELECTOR, "#chips .lead").click()
        form = page.element("thread-form").rect
        assert form["x"] >= 0 and form["x"] + form["width"] <= size[0] and form["y"] + form["height"] <= size[1]
    finally:
        browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


# --- fates ----------------------------------------------------------------------------------------------


def with_fates():
    """What speedscope's format carries of a recording: of two threads 8 stacks that are whole, 3 that are not, and a lost tick."""
    names = ["app", "f", "[truncated:bad_caller]", "[lost:late]"]
    whole, cut, lost = [0, 1], [0, 2, 1], [0, 3]
    threads = {"app (pid 10) (tid 10)": [whole] * 5 + [cut], "worker (pid 10) (tid 11)": [whole] * 3 + [cut, cut, lost]}
    profiles = [
        {"type": "sampled", "name": name, "unit": "none", "startValue": 0, "endValue": 6, "samples": stacks, "weights": [1] * 6}
        for name, stacks in threads.items()
    ]
    return json.dumps({"$schema": SPEEDSCOPE, "shared": {"frames": [{"name": name} for name in names]}, "profiles": profiles})


def test_the_fates_are_those_of_what_is_drawn(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(with_fates()))
    assert page.text("fates-text") == "66.67 % complete"
    assert "of what is drawn" not in page.text("fates-reasons")
    choose_threads(page, "worker 10/11")
    assert page.text("fates-text") == "50.00 % complete"
    reasons = page.text("fates-reasons")
    assert "truncated: bad caller33.33 %2" in reasons and "lost: late16.67 %1" in reasons
    assert "This is of what is drawn; of all 66.67 % are complete." in reasons
    widths = page.driver.execute_script("return Array.from(document.querySelectorAll('#fates-split i'), part => [part.className, part.style.width])")
    assert widths == [["complete", "50%"], ["truncated", "33.3333%"], ["lost", "16.6667%"]]
    add_filter(page, "focus", "nowhere")
    assert page.text("fates-text") == "no samples" and not page.element("fates-split").is_displayed()
    page.driver.back()
    page.driver.back()
    wait_until(page.driver, lambda: page.text("fates-text") == "66.67 % complete", "all again")
    assert page.element("fates-split").is_displayed()


# --- what is drawn of a choice ----------------------------------------------------------------------------

DRAWN = """
const seen = Array.from(document.querySelectorAll('.frames')).filter(canvas => canvas.checkVisibility()).map(canvas => canvas.toDataURL());
return [...seen, ...['table', 'tree', 'found'].map(id => document.getElementById(id).textContent)];
"""
COUNT_DRAWINGS = """
window.drawings = 0;
const fill = CanvasRenderingContext2D.prototype.fillRect;
CanvasRenderingContext2D.prototype.fillRect = function (x, y, width, height) {
    if (this.canvas.id === 'frames' && width === this.canvas.clientWidth && height === this.canvas.clientHeight) window.drawings++;
    return fill.call(this, x, y, width, height);
};
"""


def many_samples(count=4000):
    """In 12 s, none at the edge of a slot, of three threads: so many stacks that most are narrower than a pixel."""
    rng = random.Random(1)
    for number in range(count):
        thread = rng.choice(["10/10", "10/11", "20/20"])
        stack = [f"f{min(int(rng.paretovariate(0.4)), 300)}" for _ in range(rng.randint(1, 8))]
        yield number * 12 / count // 0.02 * 0.02 + 0.01, thread, stack


def many_script(samples):
    def text(time, thread, stack):
        frames = "".join(f"\t 4000 {name}+0x1 (/usr/lib/libapp.so)\n" for name in [*stack, "main"])
        return f"app {thread} [000] {1000 + time:.6f}: 1 cpu-clock: \n{frames}\n"

    return "".join(text(*each) for each in samples)


@pytest.mark.parametrize("view", ["", "v=icicle", "v=callers", "v=table", "v=tree", "s=f1", "c=share"])
@pytest.mark.parametrize(
    "chosen, is_meant",
    [
        ("time:3.00-9.00", lambda time, thread: 3 < time < 9),
        ("time:3.02-3.04", lambda time, thread: 3.02 < time < 3.04),
        ("thread:app 10/11", lambda time, thread: thread == "10/11"),
        ("process:app 10\ntime:1.00-2.00\ntime:1.50-9.00", lambda time, thread: thread != "20/20" and 1.5 < time < 2),
    ],
    ids=["time", "a slot", "thread", "process and time"],
)
def test_a_choice_is_what_a_profile_of_only_its_samples_is(chosen, is_meant, view, browser, draw_page):  # noqa: F811
    samples = list(many_samples())
    drawn = []
    # So wide that the chips have room beside what there is without them.
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1600, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    for kept, filters in (samples, chosen), ([each for each in samples if is_meant(*each[:2])], ""):
        page = Page(browser, draw_page(many_script(kept)), "#?" + "&".join(filter(None, [filters and "f=" + quote(filters), view])))
        drawn.append(page.driver.execute_script(DRAWN))
        browser.get("about:blank")  # both have one address
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert drawn[0] == drawn[1]


def test_what_is_chosen_is_drawn_once(browser, draw_page):  # noqa: F811
    """Also where it is less deep, so that the graph is scrolled to its root."""
    deep = "".join(f"app 10/10 [000] {1000 + second}.0: 1 cpu-clock: \n" + "\t 4000 f+0x1 (/a)\n" * (100 - second) + "\n" for second in range(20))
    page = Page(browser, draw_page(deep), "")
    page.driver.execute_script(COUNT_DRAWINGS)
    page.press("w", Keys.HOME, *[Keys.ARROW_RIGHT] * 3, Keys.ENTER)
    page.settle()
    assert len(chips_of(page)) == 1
    assert page.driver.execute_script("return window.drawings") == 1


# --- colour -----------------------------------------------------------------------------------------------


def choose_colour(page, choice):
    page.driver.execute_script(
        "const choice = document.getElementById('colour'); choice.value = arguments[0]; choice.dispatchEvent(new Event('change'))", choice
    )
    page.settle()


def legend(page):
    return page.driver.execute_script("return Array.from(document.querySelectorAll('#legend span'), item => item.textContent)")


def test_frames_are_coloured_by_thread(timed):
    """By ticks: app 0-120: main 0-120: work; other 120-130: main: serve; worker 130-150: main: crunch."""
    places = [(3, 60), (3, 125), (3, 140), (2, 60), (2, 140)]
    work, serve, crunch, main, below = (timed.pixel(*place, span=150) for place in places)
    assert main == below  # they are one function
    choose_colour(timed, "thread")
    assert "c=thread" in timed.fragment()
    assert legend(timed) == ["app 10/10", "worker 10/11", "other 20/20", "several"]
    work, serve, crunch, main, below = (timed.pixel(*place, span=150) for place in places)
    assert len({work, serve, crunch}) == 3 and main == work and below == crunch
    choose_threads(timed, "worker 10/11")
    assert legend(timed) == ["worker 10/11", "several"]
    assert timed.pixel(3, 10, span=20) == work  # the first colour is that of the first thread
    timed.driver.get("about:blank")
    timed.driver.back()
    timed.wait_until_ready()
    assert legend(timed) == ["worker 10/11", "several"]


def test_what_threads_share_has_no_colour_of_one(browser, draw_page):  # noqa: F811
    text = "".join(sample("app", f"10/{10 + n % 2}", n, "work" if n % 4 < 2 else "shared") for n in range(20) if n != 0)
    page = Page(browser, draw_page(text))
    choose_colour(page, "thread")
    page.hover(0, 5, span=19)
    shared = page.pixel(3, 2, span=19)
    red, green, blue = shared
    assert max(red, green, blue) - min(red, green, blue) < 20  # grey


def test_without_threads_there_is_no_such_colour(browser, draw_page):  # noqa: F811
    page = Page(browser, draw_page(PROFILE), "#?c=thread")
    options = "return Array.from(document.getElementById('colour').options, option => option.value)"
    assert page.driver.execute_script(options) == ["kind", "module", "name", "share"]
    assert page.driver.execute_script("return document.getElementById('colour').value") == "kind"
