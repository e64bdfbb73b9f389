# SPDX-License-Identifier: Apache-2.0
"""the page of hearth serve, from the navigation to what is first seen, and to the chart and the flame graph

In headless Chromium, over a store of a day of a busy machine (figure store; of --quick an hour and a half) that ends now, answered by the front of hearth serve (tests/e2e/front_serve.c). What is asked for is a quarter of an hour, as the page opens on. Each load is a navigation from
an empty page. Cold: nothing is in the browser's cache, and of the 15 minutes that are asked for nothing is in the server's, for they are others each time. Warm: the browser has the page's files, and the server has
answered the same questions. "Drawn" is when the frame that shows it was handed on, not when it was begun.
"""

import subprocess
import time

import measuring
from figure_page import Browser
from rows import Row

SERVER = measuring.e2e.OUTPUT / "e2e/front_serve"
WRITER = measuring.ROOT / ".output/bench/store_bench"
DAY_WINDOWS, SOME_WINDOWS = 8640, 540
WINDOW_SECONDS = 10
SIGHT_SECONDS = 900
CPUS, BUSY = 16, 100
PAINT_MS = 300
LOADS = 40

# When what an attribute of the document tells of was presented.
NOTE_DRAWN = """
window.drawn = {};
const note = name => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => { window.drawn[name] ??= performance.now(); };
    channel.port2.postMessage(0);
});
new MutationObserver(() => {
    for (const name of ['charted', 'ready']) if (document.documentElement?.dataset[name]) note(name);
}).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-charted', 'data-ready'] });
"""
READ_TIMES = """
const [paint] = performance.getEntriesByName('first-contentful-paint');
return paint && window.drawn?.charted && window.drawn.ready ? [paint.startTime, window.drawn.charted, window.drawn.ready] : null;
"""
WHAT = ("first contentful paint", "CPU over time drawn", "flame graph drawn")
BARS = (PAINT_MS, None, None)


def share(values, part):
    values = sorted(values)
    return values[min(int(len(values) * part), len(values) - 1)]


def load(driver, url):
    """Milliseconds of each of WHAT."""
    driver.get("about:blank")
    driver.get(url)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        times = driver.execute_script(READ_TIMES)
        if times:
            return times
        time.sleep(0.01)
    raise measuring.Failed(f"{url} was never drawn")


def quarter_hour(url, end):
    return f"{url}?range={(end - SIGHT_SECONDS) * 1000}-{end * 1000}"


def cold_loads(driver, url, end, count):
    for number in range(count):
        driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        yield load(driver, quarter_hour(url, end - 60 * (number + 1)))


def warm_loads(driver, url, end, count):
    load(driver, quarter_hour(url, end))
    for _ in range(count):
        yield load(driver, quarter_hour(url, end))


def rows_of(how, loads):
    for what, bar, values in zip(WHAT, BARS, zip(*loads)):
        yield Row(f"{how}: {what}, p99", share(values, 0.99), "ms", bar, note=f"median {share(values, 0.5):.0f} of {len(values)}")


def measure_loads(bench, url, end):
    browser, count = Browser(), bench.seconds(LOADS, 20)
    try:
        browser.driver.execute_cdp_cmd("Network.enable", {})
        browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": NOTE_DRAWN})
        load(browser.driver, quarter_hour(url, end))  # the browser's and the server's own first time
        yield from rows_of("cold", list(cold_loads(browser.driver, url, end, count)))
        yield from rows_of("warm", list(warm_loads(browser.driver, url, end, count)))
    finally:
        browser.close()


def measure(bench):
    end, windows, store = int(time.time()) // WINDOW_SECONDS * WINDOW_SECONDS, bench.seconds(DAY_WINDOWS, SOME_WINDOWS), bench.path("paint-store")
    measuring.run([WRITER, "write", store, windows, CPUS, BUSY, end], 3600)
    process = subprocess.Popen([SERVER, "127.0.0.1:0", store], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        words = process.stdout.readline().split()
        if not words:
            raise measuring.Failed("the server did not start")
        yield from measure_loads(bench, words[1], end)
        process.stdin.close()
        process.wait(timeout=60)
    finally:
        process.kill()
        process.wait()
