# SPDX-License-Identifier: Apache-2.0
"""The page in a browser, for tests: its profile, and what a user does with it and reads of it."""

import re

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import browser, draw_page, wait_until  # noqa: F401 (fixtures)

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
        chain = ActionChains(self.driver, duration=0)
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


def add_filter(page, kind, text=""):
    page.driver.find_element(By.CSS_SELECTOR, "#chips .add:not(.lead)").click()
    form = page.element("filter-form")
    form.find_element(By.CSS_SELECTOR, f"input[value={kind}]").click()
    if text:
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
