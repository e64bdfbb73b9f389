# SPDX-License-Identifier: Apache-2.0
"""hearth symbolize: share of random code addresses of real programs that peers give the same answer to

20,000 addresses in .text of each (symbol_files.py): the same function, file, line and chain of inlined calls as
llvm-symbolizer and addr2line have it. Where these two disagree with each other, hearth follows the decisions of
tests/e2e/symbolizers.py, which are printed with how often each was needed; any other answer counts as wrong.
"""

import collections

import measuring
import symbol_files
import symbolizers
from rows import Row

SHARE = 0.999


def measure(bench):
    count = bench.seconds(20_000, 2_000)
    needed = collections.Counter()
    for wanted in symbol_files.FILES:
        try:
            path = symbol_files.get(wanted)
        except symbol_files.Unavailable as error:
            yield Row(wanted.name, None, note=f"not to be had here: {error}")
            continue
        yield compare(bench, wanted, path, count, needed)
    for name, decision in symbolizers.DISAGREEMENTS.items():
        yield Row(f"peers disagree: {name}", needed[name], note=decision)


def compare(bench, wanted, path, count, needed):
    addresses = symbolizers.random_addresses(path, count)
    answers = list(zip(*(
        symbolizers.ask(command, addresses)
        for command in (
            symbolizers.hearth_command(bench.binary, path),
            symbolizers.llvm_command(path),
            symbolizers.addr2line_command(path),
        )
    )))  # fmt: skip
    good = [symbolizers.follows(*answer, wanted.has_gaps) for answer in answers]
    between_peers = collections.Counter(
        name for _, llvm, addr2line in answers if (name := symbolizers.disagreement(llvm, addr2line))
    )
    needed.update(between_peers)
    frames = sum(len(ours) for ours, _, _ in answers)
    note = (f"{wanted.about}, {symbol_files.debug_info_mb(path):.1f} MB of .debug_info; {frames:,} frames; peers "
            f"disagree with each other at {between_peers.total():,}")  # fmt: skip
    if not all(good):
        note += f"; wrong first at {addresses[good.index(False)]:#x}"
    return Row(f"{wanted.name}: same answers of {count:,}", sum(good) / count, "", SHARE, at_least=True, note=note)
