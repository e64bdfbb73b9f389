# SPDX-License-Identifier: Apache-2.0
"""What a hostile profile must not do to the page."""

import re

from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from browser import browser, chromium, draw_page, errors  # noqa: F401 (fixtures)
from page import PROFILE, Page, page, total  # noqa: F401 (fixture)


GOLDEN = Path(__file__).resolve().parents[1] / "golden"


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
    assert hostile.driver.title == "in.folded · </title></script><script>window.hacked=1</script>"


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
    assert "class PageView {" in text
    path.write_text(text.replace("class PageView {", "class PageView { "))
    chromium.get(f"file://{path}")
    assert chromium.execute_script("return document.documentElement.dataset.ready") is None
    assert errors(chromium)
