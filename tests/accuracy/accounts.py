# SPDX-License-Identifier: Apache-2.0
"""What became of the ticks of a recording, the table of it, and the bars that it must pass."""

import re
from typing import Dict, NamedTuple, Optional

STEADY_BAR = 0.999  # complete, of the ticks that fired
STORM_BAR = 0.99  # complete, of the ticks that fired in a task with a user half
AGREEMENT_BAR = 0.9999  # with libunwind, where both claim a proven root


class Account(NamedTuple):
    name: str
    fired: int
    complete: int
    truncated: Dict[str, int]
    lost: Dict[str, int]  # without "late", which did not fire
    late: int
    no_user_half: Dict[str, int]  # part of `complete`
    compared: Optional[int] = None  # with libunwind
    agreed: Optional[int] = None

    @property
    def share(self):
        return self.complete / self.fired if self.fired else 0

    @property
    def share_with_user_half(self):
        """Of the ticks in a task with an mm and 64-bit user registers of its own."""
        absent = sum(self.no_user_half.values())
        fired = self.fired - absent - self.truncated["compat_task"]
        return (self.complete - absent) / fired if fired else 0


def account(name, stats, verified):
    """Of a recording's statistics, and of those of a second one with --verify."""
    ticks, verify = stats["ticks"], verified["verify"]
    lost = dict(ticks["lost"])
    late = lost.pop("late")
    return Account(
        name, ticks["due"] - late, ticks["complete"], ticks["truncated"], lost, late, ticks["no_user_half"],
        verify["compared"], verify["agreed"],
    )  # fmt: skip


def disagreements(said):
    """Of what a recording with --verify said, the lines about each disagreement."""
    found = re.findall(r"^(?:disagreement about|  by rows:|  by libunwind:|and \d+ ticks with further).*", said, re.MULTILINE)
    return [line for line in found if line]


def add(name, accounts):
    """One account of several."""

    def reasons(field):
        sums = {}
        for one in accounts:
            for reason, ticks in getattr(one, field).items():
                sums[reason] = sums.get(reason, 0) + ticks
        return sums

    def total(field):
        known = [getattr(one, field) for one in accounts if getattr(one, field) is not None]
        return sum(known) if known else None

    return Account(
        name, total("fired"), total("complete"), reasons("truncated"), reasons("lost"), total("late"),
        reasons("no_user_half"), total("compared"), total("agreed"),
    )  # fmt: skip


# --- the table --------------------------------------------------------------------------------------

COLUMNS = "{:<22}{:>7} {:>9}  {:<44} {:<16} {}"
HEADER = COLUMNS.format("program", "ticks", "complete", "truncated", "lost", "libunwind").rstrip()


def in_words(reasons):
    """Reasons with ticks, most first."""
    told = sorted(((ticks, reason) for reason, ticks in reasons.items() if ticks), reverse=True)
    return ", ".join(f"{reason} {ticks}" for ticks, reason in told) or "-"


def format_row(one):
    agreement = "-" if not one.compared else f"{one.agreed} of {one.compared} ({one.agreed / one.compared:.4%})"
    lost = {"late": one.late, **one.lost}
    return COLUMNS.format(
        one.name, one.fired, f"{one.share:.3%}", in_words(one.truncated), in_words(lost), agreement
    ).rstrip()


# --- the bars ---------------------------------------------------------------------------------------


def judge(what, value, bar):
    """Prints a bar and says whether it is met."""
    met = value >= bar
    print(f"{'met   ' if met else 'MISSED'} {what}: {value:.4%}, at least {bar:.2%}")
    return met
