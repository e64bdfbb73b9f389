# SPDX-License-Identifier: Apache-2.0
"""A row of the table: a figure, its bar, and how many times the bar it is."""

from typing import NamedTuple, Optional


class Row(NamedTuple):
    what: str
    value: Optional[float]  # None: there is nothing to print but the note
    unit: str = ""
    bar: Optional[float] = None
    at_least: bool = False  # the bar is a floor, not a ceiling
    note: str = ""


WIDTHS = "  {:<43}{:>13}{:>14}{:>9}  {}"
HEADER = WIDTHS.format("", "value", "bar", "× bar", "").rstrip()


def in_words(number):
    """Four significant digits, and whole numbers from a thousand on."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def format_row(row):
    value = "" if row.value is None else f"{in_words(row.value)} {row.unit}"
    bar = ratio = ""
    if row.bar is not None:
        bar = f"{'≥' if row.at_least else '≤'} {in_words(row.bar)} {row.unit}"
        ratio = f"{row.value / row.bar:.3f}" if row.bar else ""
    return WIDTHS.format(row.what, value.strip(), bar.strip(), ratio, row.note).rstrip()
