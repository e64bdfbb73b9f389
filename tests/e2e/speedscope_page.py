# SPDX-License-Identifier: Apache-2.0
"""speedscope's own page, from its npm package, in a browser: what it reads in a file that hearth wrote."""

import base64
import json
import re
from urllib.parse import quote

from browser import wait_until
from fetched_tools import npm_package

VERSION = "1.25.0"

# Its table of functions, each with its total and its own: text, not a canvas.
ROWS = """
return [...document.querySelectorAll("tr")].map(row => [...row.querySelectorAll("td")].map(cell => cell.textContent.trim()))
    .filter(cells => cells.length >= 3);
"""
UNITS = {"": 1, "ns": 0, "µs": 1}  # counts are shown as such or as microseconds; of nanoseconds there is only 0


def count(cell):
    """60 of "60 (48%)" or "60.00µs (48%)"."""
    number, unit = re.match(r"([\d,.]+)(\D*) \(", cell).groups()
    return float(number.replace(",", "")) * UNITS[unit]


def functions(driver, path, work):
    """{name: (total, self)} as the page shows them of the first profile in a file."""
    page = npm_package("speedscope", VERSION) / "dist/release/index.html"
    script = work / "profile.js"
    text = base64.b64encode(path.read_bytes()).decode()
    script.write_text(f"speedscope.loadFileFromBase64({json.dumps(path.name)}, {json.dumps(text)})")
    driver.get("about:blank")  # else a change of the fragment alone would load nothing
    driver.get(f"file://{page}#view=sandwich&localProfilePath={quote(str(script).lstrip('/'))}")
    rows = wait_until(driver, lambda: driver.execute_script(ROWS), "speedscope shows its table")
    return {name: (count(total), count(own)) for total, own, name in rows}
