# SPDX-License-Identifier: Apache-2.0
"""What axe-core finds of WCAG 2.2 A and AA in a page."""

import pytest

from fetched_tools import npm_package

AXE = ("axe-core", "4.14.1")
RUN = """
const [rules, done] = arguments, tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
axe.run({ runOnly: rules ? { type: 'rule', values: rules } : { type: 'tag', values: tags }, resultTypes: ['violations'], preload: false }).then(({ violations }) => done(violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(node => node.html.slice(0, 160)).join(' | ')}`)), error => done([String(error)]));
"""


@pytest.fixture(scope="module")
def axe():
    return (npm_package(*AXE) / "axe.min.js").read_text()


def check(live, axe, state):
    if not live.driver.execute_script("return Boolean(window.axe)"):
        live.driver.execute_script(axe)
    live.settle()
    found = live.driver.execute_async_script(RUN, ["color-contrast"] if live.is_dark() else None)  # the rest is as in the light
    assert not found, f"{state}: " + "\n".join(found)
