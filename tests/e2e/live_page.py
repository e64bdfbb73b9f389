# SPDX-License-Identifier: Apache-2.0
"""The page of hearth serve in a browser, for tests: what a user does with it and reads of it."""

import re
from urllib.parse import unquote

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from browser import browser, wait_until  # noqa: F401 (fixtures)
from fake_api import MACHINE, FakeApi, Samples
from page import Page


class LivePage(Page):
    def __init__(self, driver, api, path="/", theme="light"):
        self.driver, self.api = driver, api
        self.media(theme)
        self.open(path)

    def open(self, path):
        self.driver.get("about:blank")
        self.driver.get(self.api.url + path)
        self.wait_until_ready()

    def address(self):
        search, fragment = self.driver.execute_script("return [location.search, location.hash]")
        return search, fragment

    def bands(self):
        return self.driver.execute_script("return Array.from(document.querySelectorAll('#bands > *'), band => band.textContent)")

    def band(self, name):
        return self.driver.find_element(By.XPATH, f"//span[@id='bands']/button[span/text()='{name}']")

    def choose(self, name, value):
        Select(self.element(name)).select_by_value(value)

    def choose_in(self, form, value):
        select = self.element(form).find_element(By.TAG_NAME, "select")
        wait_until(self.driver, lambda: value in [option.get_attribute("value") for option in Select(select).options], "labels")
        Select(select).select_by_value(value)

    def open_view(self, name):
        self.driver.find_element(By.CSS_SELECTOR, f"[data-view={name}]").click()

    def add_filter(self, kind, text):
        self.driver.find_element(By.CSS_SELECTOR, "#chips .add:not(.lead)").click()
        form = self.element("filter-form")
        form.find_element(By.CSS_SELECTOR, f"input[value={kind}]").click()
        form.find_element(By.CSS_SELECTOR, "input[type=text]").send_keys(text)
        form.find_element(By.XPATH, ".//button[text()='Add']").click()
        self.settle()

    def drag(self, start, end, on="plot", across=True, key=None):
        """From one part of the width to another."""
        element = self.element(on)
        width, height = element.rect["width"], element.rect["height"]
        chain = ActionChains(self.driver, duration=0)
        if key:
            chain.key_down(key)
        chain.move_to_element_with_offset(element, round(width * (start - 0.5)), 0 if across else round(height * 0.4)).click_and_hold()
        chain.move_to_element_with_offset(element, round(width * (end - 0.5)), 0 if across else round(-height * 0.4)).release()
        if key:
            chain.key_up(key)
        chain.perform()

    def samples(self):
        """What is drawn, as the strip at the foot tells it of the root; None: nothing is."""
        found = re.search(r"([0-9,]+) samples?", self.text("detail"))
        return int(found[1].replace(",", "")) if found else None

    def wait_for_ticks(self, ticks):
        wait_until(self.driver, lambda: self.samples() == round(ticks), f"{ticks} samples, and not {self.samples()}")

    def wait_for_samples(self, start, end, where=""):
        """Those of a span, in seconds, are drawn, up to what a pixel of a drag is."""
        samples = Samples(self.api, {"from": [f"@{start}"], "to": [f"@{end}"], **({"where": [where]} if where else {})})
        ticks = sum(samples.ticks(comm) for comm in samples.comms)
        near = 3 * sum(max(MACHINE[comm]["busy"](s) for s in (0, 130)) for comm in samples.comms)

        def asked():
            params = self.api.asked("profile")[-1]
            times = [float(params[key][0][1:]) for key in ("from", "to")]
            return abs(times[0] - start) <= 2 and abs(times[1] - end) <= 2 and [unquote(w) for w in params.get("where", [])] == ([where] if where else [])

        def drawn():
            return asked() and self.samples() is not None and abs(self.samples() - ticks) <= near

        wait_until(self.driver, drawn, f"{ticks} samples of {start} to {end}, and not {self.samples()}; asked was {self.api.asked('profile')[-1]}")

    def is_dark(self):
        return self.driver.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches")

    def scrolled(self):
        return self.driver.execute_script("return document.getElementById('graph').scrollTop")


@pytest.fixture
def api():
    server = FakeApi()
    yield server
    server.close()


@pytest.fixture
def live(api, browser):  # noqa: F811
    return LivePage(browser, api)
