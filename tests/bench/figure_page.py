# SPDX-License-Identifier: Apache-2.0
"""the page in headless Chromium: ready, redrawn, presented, and its size

Profiles of 107,000 and 411,000 frames, made here from a seed. Without motion, so that a zoom is one drawing. Script time is the CPU time of the main thread in scripts, the handler and the drawing, from
one key to the next (Chromium counts it; that of others on the machine is not in it); presented is the duration of its Event Timing, which is in steps of 8 ms and tells of nothing below 16.
"""

import random
import shutil
import statistics
import subprocess
import tempfile

import measuring
from rows import Row

SEED = 1
MINUTE = 60  # seconds
SEEN_MOST = 50
BARS = {107_000: (0.25, 8, 50, 0.8), 411_000: (0.5, 16, 80, 2.5)}  # s, ms, ms, MB
WORDS = "alloc apply batch bind cache clear commit copy decode drop edge emit fetch fill flush free grow hash init".split()

NOTE_EVENTS = """
window.durations = [];
new PerformanceObserver(list => {
    for (const entry of list.getEntries()) window.durations.push(entry.duration);
}).observe({ type: 'event', durationThreshold: 16 });
"""
MARK_HALF = """
const map = document.getElementById('cells');
const press = (key, shiftKey) => map.dispatchEvent(new KeyboardEvent('keydown', { key, shiftKey, bubbles: true }));
map.focus();
press('Home');
press('Home');
for (let column = 0; column < 30; column++) press('ArrowRight', true);
"""
TICK_FIRST = """
document.querySelector('#chips .lead').click();
document.querySelector('#thread-form input[type=checkbox]').click();
document.querySelector('#thread-form [type=submit]').focus();
"""
NEXT_FRAME = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));"


def call_graph(rng, functions=6000):
    """Who calls whom: few are called by many, names as long as those of C++, one in ten in the kernel."""
    names = []
    for number in range(functions):
        word = rng.choice(WORDS)
        kernel = f"do_{word}_{number}_[k]"
        native = f"{rng.choice(WORDS)}::{word}_view::operator()({word}_t const&, unsigned long)::{number}"
        names.append(kernel if rng.random() < 0.1 else native)
    callees = [
        [min(int(rng.paretovariate(0.55)) - 1, functions - 1) for _ in range(rng.randint(1, 7))] for _ in range(functions)
    ]
    return names, callees


def make_stacks(frames):
    """Stacks, leaf last, and how often each was seen: until so many different frames (nodes of the tree) are there."""
    rng = random.Random(SEED)
    names, callees = call_graph(rng)
    nodes, stacks = set(), {}
    while len(nodes) < frames:
        at, stack = min(int(rng.paretovariate(0.8)) - 1, len(names) - 1), [f"process{rng.randrange(10)}"]
        for _ in range(max(2, int(rng.gauss(27, 9)))):
            stack.append(names[at])
            at = callees[at][min(int(rng.expovariate(1.1)), len(callees[at]) - 1)]
        stack.append(names[rng.randrange(len(names))])
        for depth in range(1, len(stack) + 1):
            nodes.add(hash(tuple(stack[:depth])))
        stacks[";".join(stack)] = min(int(rng.paretovariate(1.05)), 100_000)
    return stacks


def write_folded(path, stacks):
    with path.open("w") as out:
        for stack, count in stacks.items():
            out.write(f"{stack} {count}\n")


def sample_text(stack, thread, time):
    """As perf script prints it."""
    process, *functions = stack.split(";")
    pid = 1000 + int(process.removeprefix("process")) * 37
    lines = [f"{process} {pid}/{pid + thread} [000] {time:.6f}: 1001001 cpu-clock: "]
    for name in reversed(functions):
        module = "[kernel.kallsyms]" if name.endswith("_[k]") else "/usr/lib/libapp.so"
        lines.append(f"\t4000 {name.removesuffix('_[k]')}+0x1 ({module})")
    return "\n".join(lines) + "\n\n"


def write_script(path, stacks):
    """The same stacks as samples of 40 threads in a minute: each as often as it was seen, but for the few hot ones."""
    rng = random.Random(SEED)
    times = [(rng.uniform(0, MINUTE), stack) for stack, count in stacks.items() for _ in range(min(count, SEEN_MOST))]
    with path.open("w") as out:
        for time, stack in sorted(times):
            out.write(sample_text(stack, rng.randrange(4), 1000 + time))
    return len(times)


class Browser:
    """Chromium, with what it measures of itself."""

    def __init__(self):
        import browser as e2e_browser  # selenium is there with the tests' packages

        self.folder = tempfile.mkdtemp(prefix="hearth-bench-browser-")
        self.driver = e2e_browser.start_browser(self.folder)
        self.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
        )
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": 1440, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        )

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ready_seconds(self, path):
        self.driver.get("about:blank")
        self.driver.get(f"file://{path}")
        ready = "const [mark] = performance.getEntriesByName('hearth-ready'); return mark ? mark.startTime : null"
        for _ in range(500):
            at = self.driver.execute_script(ready)
            if at is not None:
                self.settle()
                return at / 1000
            self.settle()
        raise measuring.Failed("the page was never ready")

    def settle(self):
        self.driver.execute_async_script(NEXT_FRAME)

    def script_seconds(self):
        metrics = self.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "ScriptDuration")

    def key(self, key, text=None):
        for kind in ("keyDown", "keyUp"):
            event = {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": {"Enter": 13, "Backspace": 8, "ArrowUp": 38, "Escape": 27}.get(key, 0)}
            if text and kind == "keyDown":
                event["text"] = text
            self.driver.execute_cdp_cmd("Input.dispatchKeyEvent", event)

    def measure_key(self, key, text=None):
        """Milliseconds of script, and until what it changed was presented."""
        self.driver.execute_script("window.durations.length = 0")
        own = self.script_seconds()
        self.settle()
        own = self.script_seconds() - own  # of asking
        before = self.script_seconds()
        self.key(key, text)
        self.settle()
        script = self.script_seconds() - before - own
        self.settle()
        presented = max(self.driver.execute_script("return window.durations") or [16])
        return max(0, script) * 1000, presented


def measure_actions(browser, times):
    """By action, the milliseconds of script and until presented, of each time."""
    seen = {"zoom": [], "reset": [], "search keystroke": []}
    browser.driver.execute_script(NOTE_EVENTS)
    for _ in range(times):
        for _ in range(4):
            browser.key("ArrowUp")
        seen["zoom"].append(browser.measure_key("Enter"))
        seen["reset"].append(browser.measure_key("0", "0"))
    browser.driver.execute_script("document.getElementById('query').focus()")
    for number in range(times):
        letter = "alloc_view"[number % 10]
        seen["search keystroke"].append(browser.measure_key(letter, letter))
        found = browser.driver.execute_script("return document.getElementById('found').textContent")
        if "match" not in found:
            raise measuring.Failed(f"the search found: {found!r}")
        if number % 10 == 9:
            for _ in range(10):
                browser.key("Backspace")
    return seen


def measure_choices(browser, times):
    """The same of a half of the time and of a process, chosen by keys and taken back."""
    seen = {"choose half of the time": [], "all of the time": [], "choose a process": [], "all processes": []}
    for _ in range(times):
        browser.driver.execute_script(MARK_HALF)
        seen["choose half of the time"].append(browser.measure_key("Enter"))
        seen["all of the time"].append(browser.measure_key("Escape"))
        browser.driver.execute_script("document.activeElement.blur()")
        browser.driver.execute_script(TICK_FIRST)
        seen["choose a process"].append(browser.measure_key("Enter", "\r"))
        browser.driver.execute_script("document.querySelector('span.chip button').focus()")
        seen["all processes"].append(browser.measure_key("Enter", "\r"))
    return seen


def action_rows(what, seen, bars):
    _, script_bar, presented_bar, _ = bars
    for action, pairs in seen.items():
        script, presented = (statistics.median(values) for values in zip(*pairs))
        yield Row(f"{what}: {action}, script", script, "ms", script_bar, note=f"median of {len(pairs)}")
        yield Row(f"{what}: {action}, presented", presented, "ms", presented_bar, note=f"median of {len(pairs)}")


def ready_row(browser, bench, what, page, bars):
    times = bench.seconds(7, 2)
    ready = [browser.ready_seconds(page) for _ in range(times)]
    return Row(f"{what}: ready", statistics.median(ready), "s", bars[0], note=f"median of {times}")


def draw(bench, profile):
    page = bench.path("page.html")
    subprocess.run([bench.binary, "render", profile, "-o", page], check=True, stderr=subprocess.DEVNULL)
    return page


def rows_of(browser, bench, frames, stacks):
    what, bars, profile = f"{frames // 1000:,} k frames", BARS[frames], bench.path("page.folded")
    write_folded(profile, stacks)
    page = draw(bench, profile)
    yield Row(f"{what}: file", page.stat().st_size / 1e6, "MB", bars[3])
    yield ready_row(browser, bench, what, page, bars)
    yield from action_rows(what, measure_actions(browser, bench.seconds(20, 3)), bars)


def rows_with_samples(browser, bench, frames, stacks):
    """The bars of a page without samples; of its file the bar is for what it is without them."""
    what, bars, profile = f"{frames // 1000:,} k frames with samples", BARS[frames], bench.path("page.script")
    samples = write_script(profile, stacks)
    page = draw(bench, profile)
    yield Row(f"{what}: file", page.stat().st_size / 1e6, "MB", note=f"{samples:,} samples of 40 threads in a minute")
    yield ready_row(browser, bench, what, page, bars)
    browser.driver.execute_script(NOTE_EVENTS)
    yield from action_rows(what, measure_choices(browser, bench.seconds(20, 3)), bars)
    browser.ready_seconds(f"{page}#?f=time%3A10-50")
    yield from action_rows(f"{what}, 40 s chosen", measure_actions(browser, bench.seconds(20, 3)), bars)


def measure(bench):
    browser = Browser()
    try:
        for frames in BARS:
            stacks = make_stacks(frames)
            yield from rows_of(browser, bench, frames, stacks)
            yield from rows_with_samples(browser, bench, frames, stacks)
    finally:
        browser.close()
