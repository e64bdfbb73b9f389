# SPDX-License-Identifier: Apache-2.0
"""The page over a `hearth serve` that records: a real load is seen, found, chosen, followed and taken away as a file."""

import urllib.request
from types import SimpleNamespace

import pytest
from selenium.webdriver.common.by import By

import hearth
import serving
from browser import browser, chromium, wait_until  # noqa: F401 (fixtures)
from live_page import LivePage

pytestmark = pytest.mark.root

LOAD = "shares_70_30"


@pytest.fixture
def serve(tmp_path):
    with serving.serving(tmp_path / "store", "--rate", "99") as serve, hearth.Child(*hearth.sample(LOAD, 600)) as load:
        serving.wait_for(tmp_path / "store", lambda stack: "seventy" in stack.frames, "the load's function", "--where", f"comm={LOAD}")
        yield SimpleNamespace(url=serve.wait_for(r"(http://\S+?)/? shows it")[1].rstrip("/"), load=load)


@pytest.fixture
def live(serve, browser):  # noqa: F811
    return LivePage(browser, serve)


def only_the_load(live):
    wait_until(live.driver, lambda: LOAD in live.bands(), "the load among the bands")
    live.band(LOAD).click()
    wait_until(live.driver, lambda: live.address()[0] == f"?where=comm%3D{LOAD}", "the load chosen")
    wait_until(live.driver, lambda: live.samples(), "its samples")


def rows(live):
    return live.driver.execute_script("return Array.from(document.querySelectorAll('#table tbody tr'), row => row.cells[2].textContent)")


def test_the_load_is_seen_chosen_and_named(live):
    only_the_load(live)
    live.open_view("table")
    wait_until(live.driver, lambda: {"seventy", "thirty"} <= set(rows(live)), "its functions in the table")
    live.open_view("flame")
    live.search("seventy")
    assert "%" in live.found()


def test_live_follows_what_is_recorded(live):
    only_the_load(live)
    before = live.samples()
    wait_until(live.driver, lambda: live.samples() > before, "samples that came since")
    assert "complete" in live.text("card") + live.driver.find_element(By.TAG_NAME, "body").text
    live.driver.back()
    wait_until(live.driver, lambda: live.address()[0] == "", "all of it again")


def test_what_is_seen_can_be_had_as_a_file(live, serve):
    only_the_load(live)
    live.press("s")
    links = live.driver.execute_script("return Array.from(document.querySelectorAll('#download-menu a'), link => link.getAttribute('href'))")
    assert len(links) >= 8
    for path in links:
        with urllib.request.urlopen(serve.url + path, timeout=hearth.DEADLINE_SECONDS) as answer:
            assert answer.read(1), path


def test_when_the_load_was_is_in_the_heat_map(live):
    only_the_load(live)
    live.open_view("heat")
    wait_until(live.driver, lambda: "a column is" in live.text("heat-box"), "the heat map")
