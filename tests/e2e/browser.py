# SPDX-License-Identifier: Apache-2.0
"""A real Chromium for tests of what hearth draws.

`browser` is one headless browser for all tests of a module; after each test its log must hold no script
error. `draw` makes an SVG, and `draw_page` a page, out of folded stacks with the hearth that was built.
"""

import os
import shutil
import subprocess
import tempfile

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

import hearth

DRIVER = "/usr/bin/chromedriver"
WAIT_SECONDS = 20  # for what takes milliseconds on an idle machine

SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,900",
)


def start_browser(profile_folder, preferences=None):
    options = Options()
    for switch in SWITCHES:
        options.add_argument(switch)
    options.add_argument(f"--user-data-dir={profile_folder}")
    options.add_experimental_option("prefs", preferences or {})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service(DRIVER), options=options)


@pytest.fixture(scope="module")
def chromium():
    folder = tempfile.mkdtemp(prefix="hearth-browser-")
    driver = start_browser(folder)
    yield driver
    driver.quit()
    shutil.rmtree(folder, ignore_errors=True)


def errors(driver):
    return [e["message"] for e in driver.get_log("browser") if e["level"] == "SEVERE"]


@pytest.fixture
def browser(chromium):
    """The browser with an empty page and scripts on; a script error fails the test."""
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    chromium.get("about:blank")
    chromium.get_log("browser")  # what came before is not this test's
    yield chromium
    found = errors(chromium)
    assert not found, found


def wait_until(driver, condition, what):
    """Waits for an event in the page, never for time to pass."""
    return WebDriverWait(driver, WAIT_SECONDS, poll_frequency=0.02).until(
        lambda _: condition(), message=what
    )


def draw_as(ending, folder, folded, options):
    source, target = folder / "in.folded", folder / f"out.{ending}"
    source.write_bytes(folded if isinstance(folded, bytes) else folded.encode())
    binary = os.environ.get("HEARTH_BINARY", hearth.BINARY)
    subprocess.run([binary, "render", source, "-o", target, *options], check=True, timeout=60)
    return target


@pytest.fixture
def draw(tmp_path):
    """draw(folded text or bytes, option ...) gives the path of an SVG."""
    return lambda folded, *options: draw_as("svg", tmp_path, folded, options)


@pytest.fixture
def draw_page(tmp_path):
    """The same as a page."""
    return lambda folded, *options: draw_as("html", tmp_path, folded, options)
