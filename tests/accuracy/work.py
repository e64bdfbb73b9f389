# SPDX-License-Identifier: Apache-2.0
"""What is recorded for a row of the table, and the recording of it."""

import json
import sys
import threading
from pathlib import Path
from typing import Callable, List, NamedTuple, Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import hearth as e2e  # noqa: E402

DEADLINE_SECONDS = 60
RATE_HZ = 999


class Work(NamedTuple):
    """The command that `hearth record` starts, and what sets it to work from outside until it ends it."""

    command: List[str]
    drive: Optional[Callable[[], None]] = None
    folder: Optional[Path] = None  # where it runs


class Failed(Exception):
    """A row could not be recorded: why."""


class Driver(threading.Thread):
    """Runs a work's `drive` beside the recording; it has a deadline of its own."""

    def __init__(self, drive):
        super().__init__(daemon=True)
        self.drive, self.failure = drive, None

    def run(self):
        try:
            self.drive()
        except Exception as error:  # whatever it is, it is told where the recording ends
            self.failure = error


def record(binary, work, folder, options):
    """The statistics of a recording of that work, and what it said; `folder` keeps both and the folded stacks."""
    stats, folded = folder / "stats.json", folder / "out.folded"
    driver = Driver(work.drive) if work.drive else None
    if driver:
        driver.start()
    command = [binary, "record", "-F", RATE_HZ, "--pass-status", *options]
    command += ["--stats", stats, "-o", folded, "--", *work.command]
    with e2e.Child(*command, stdin=e2e.subprocess.DEVNULL, cwd=work.folder) as child:
        ended = child.end(4 * DEADLINE_SECONDS)
    if driver:
        driver.join()
        if driver.failure:
            raise Failed(f"its load: {driver.failure}")
    if ended.returncode:
        raise Failed(f"status {ended.returncode}: {ended.stderr.strip()[-500:]}")
    told = json.loads(stats.read_text())
    e2e.check_accounts(e2e.read_folded(folded), told)
    (folder / "said.txt").write_text(ended.stderr)
    return told, ended.stderr
