# SPDX-License-Identifier: Apache-2.0
"""What became of the ticks of a recording, the table of it, and the bars that it must pass."""

import re
from typing import Dict, NamedTuple

STEADY_BAR = 0.999  # complete, of the ticks that fired
STORM_BAR = 0.99  # complete, of the ticks that fired in a task with a user half
AGREEMENT_BAR = 0.9999  # with libunwind, where both claim a proven root
NAMED_BAR = 0.99  # of the user frames of programs that ship a symbol table
COMPARED_BAR = 0.90  # of the ticks with a user half, those for which both claim one: else the agreement says little


class Account(NamedTuple):
    name: str
    fired: int
    complete: int
    truncated: Dict[str, int]
    lost: Dict[str, int]  # without "late", which did not fire
    late: int
    no_user_half: Dict[str, int]  # part of `complete`
    # Of the second recording, with libunwind: the ticks that fired in a task with a user half, and of those
    verified: int
    compared: int
    agreed: int
    user_frames: int  # once for each tick that one is in
    unnamed: Dict[str, int]  # of these: without a name, by reason

    @property
    def share(self):
        return self.complete / self.fired if self.fired else 0

    @property
    def share_with_user_half(self):
        fired = fired_with_user_half(self.fired, self.no_user_half, self.truncated)
        return (self.complete - sum(self.no_user_half.values())) / fired if fired else 0

    @property
    def share_named(self):
        return 1 - sum(self.unnamed.values()) / self.user_frames if self.user_frames else 0

    @property
    def share_compared(self):
        return self.compared / self.verified if self.verified else 0

    @property
    def share_agreed(self):
        return self.agreed / self.compared if self.compared else 0


def fired_with_user_half(fired, no_user_half, truncated):
    """The ticks in a task with an mm and 64-bit user registers of its own."""
    return fired - sum(no_user_half.values()) - truncated["compat_task"]


def unnamed_by_reason(names):
    """Of a recording's statistics: modules beyond those that it tells of are "others"."""
    reasons = {}
    for module in names["modules"]:
        reasons[module["reason"]] = reasons.get(module["reason"], 0) + module["frames"]
    return {**reasons, "others": names["without_name"] - sum(reasons.values())}


def account(name, stats, verified):
    """Of a recording's statistics, and of those of a second one with --verify."""
    ticks, again, verify = stats["ticks"], verified["ticks"], verified["verify"]
    lost = dict(ticks["lost"])
    late = lost.pop("late")
    return Account(
        name, ticks["due"] - late, ticks["complete"], ticks["truncated"], lost, late, ticks["no_user_half"],
        fired_with_user_half(again["due"] - again["lost"]["late"], again["no_user_half"], again["truncated"]),
        verify["compared"], verify["agreed"],
        stats["names"]["user_frames"], unnamed_by_reason(stats["names"]),
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
        return sum(getattr(one, field) for one in accounts)

    return Account(
        name, total("fired"), total("complete"), reasons("truncated"), reasons("lost"), total("late"),
        reasons("no_user_half"), total("verified"), total("compared"), total("agreed"),
        total("user_frames"), reasons("unnamed"),
    )  # fmt: skip


# --- the table --------------------------------------------------------------------------------------

COLUMNS = "{:<22}{:>7} {:>9}  {:<44} {:<16} {}"
HEADER = COLUMNS.format("program", "ticks", "complete", "truncated", "lost", "libunwind").rstrip()


def in_words(reasons):
    """Reasons with ticks, most first."""
    told = sorted(((ticks, reason) for reason, ticks in reasons.items() if ticks), reverse=True)
    return ", ".join(f"{reason} {ticks}" for ticks, reason in told) or "-"


def format_row(one):
    agreement = f"{one.agreed} of {one.compared} ({one.share_agreed:.4%}), {one.share_compared:.1%} compared"
    lost = {"late": one.late, **one.lost}
    return COLUMNS.format(
        one.name, one.fired, f"{one.share:.3%}", in_words(one.truncated), in_words(lost),
        agreement if one.compared else "-",
    ).rstrip()


def format_names(one):
    return f"{one.name}: {one.share_named:.3%} of {one.user_frames} user frames have a name; others: {in_words(one.unnamed)}"


# --- the bars ---------------------------------------------------------------------------------------


def judge(what, value, bar):
    """Prints a bar and says whether it is met."""
    met = value >= bar
    print(f"{'met   ' if met else 'MISSED'} {what}: {value:.4%}, at least {bar:.2%}")
    return met
