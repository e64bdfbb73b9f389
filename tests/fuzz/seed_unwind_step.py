#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the cases of tests/replay/ in the form that unwind_step_fuzz.c reads: `tests/fuzz/seed_unwind_step.py FOLDER`.

Seeds, not copies: memory and code beyond what that form has room for are left out.
"""

import re
import struct
import sys
from pathlib import Path

CASES = Path(__file__).resolve().parents[1] / "replay"

# As in unwind_step_fuzz.c; names in the order of bpf/unwind_rule.h.
STACK_BASES = [0x7FFD00000000, 0x7F0000000000, 0xC000000000]
STACK_PAGES, MAPPINGS, MISSING, ANONYMOUS, VDSO = 32, 24, 13, 14, 15
SMALL, STACK, CODE, STACK_BYTES, WHOLE = 0, 1, 3, 5, 7
CFA = "no_cfi not_expressible root sp fp register sp_deref fp_deref plt signal fp_switch go_stack go_saved".split()
RA = "above offset register base_same base_saved".split()
FP = "same offset at_fp unknown".split()
REGISTERS = "rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 pc".split()
PAGE, FILLER = 4096, 0xF111F111F111F111


def read_case(path):
    """Lines by their first word, each a list of its further words."""
    lines = {}
    for line in path.read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            lines.setdefault(words[0], []).append(words[1:])
    return lines


class Seed:
    def __init__(self, case):
        self.case = case
        pages = sorted(int(page, 16) for (page,) in case.get("page", []))
        self.stacks = []  # the first page of each
        for page in pages:
            if not self.stacks or page >= self.stacks[-1] + STACK_PAGES * PAGE:
                self.stacks.append(page)
        self.stacks = self.stacks[: len(STACK_BASES)]
        self.pages = pages
        self.mappings = [
            (int(start, 16), int(end, 16), name, int(offset, 16))
            for start, end, name, offset, *_ in case.get("mapping", [])[:MAPPINGS]
        ]
        self.modules = {}
        for number, (name, kind) in enumerate(case.get("module", [])):
            special = {"missing": MISSING, "anonymous": ANONYMOUS, "vdso": VDSO}
            self.modules[name] = special.get(kind, number % MISSING)

    def in_stack(self, address):
        for number, start in enumerate(self.stacks):
            if start <= address < start + STACK_PAGES * PAGE:
                return number, address - start
        return None

    def shift(self, start, end, name, offset):
        """A mapping of the form is 512 KiB at most, a file 1 MiB: code is moved down by whole pages, per mapping."""
        met = [int(frame[1], 16) for frame in self.case.get("frame", []) if frame[0] == name]
        met = [at for at in met if offset <= at < offset + end - start]
        return (min(met, default=offset) - offset) & -PAGE

    def value(self, address):
        stack = self.in_stack(address)
        if stack and stack[1] % 8 == 0:
            return struct.pack("<BH", STACK | stack[0] << 3, stack[1] // 8)
        if stack and stack[1] < 65536:
            return struct.pack("<BH", STACK_BYTES | stack[0] << 3, stack[1])
        for number, mapping in enumerate(self.mappings):
            at = address - mapping[0] - self.shift(*mapping)
            if mapping[0] <= address < mapping[1] and 0 <= at < 65536:
                return struct.pack("<BH", CODE | number << 3, at)
        if address < 32768:
            return struct.pack("<Bh", SMALL, address)
        return struct.pack("<BQ", WHOLE, address)

    def registers(self):
        values = {name: int(value, 16) for name, value in self.case.get("register", [])}
        return b"".join(self.value(values.get(name, FILLER)) for name in REGISTERS)

    def code(self):
        bytes_of_mappings = b""
        for number, mapping in enumerate(self.mappings):
            # A file for each mapping, since each has moved by another distance.
            kind = self.modules[mapping[2]]
            module = kind if kind >= MISSING else number % MISSING
            bytes_of_mappings += struct.pack("<BB", module | 7 << 5, 0)
        return struct.pack("<B", len(self.mappings)) + bytes_of_mappings

    def rows(self):
        rules, rows = [], []
        for name, start, end, cfa, cfa_offset, ra, fp, fp_offset, extra, detail in self.case.get("row", []):
            rule = struct.pack("<BBBBBiii", 7, CFA.index(cfa), RA.index(ra), FP.index(fp), int(detail), *map(int, (cfa_offset, extra, fp_offset)))
            if rule not in rules:
                rules.append(rule)
            for number, mapping in enumerate(self.mappings):
                at = int(start, 16) - mapping[3] - self.shift(*mapping)
                if mapping[2] == name and 0 <= at < 1 << 24 and rules.index(rule) < 64:
                    kind = self.modules[name]
                    module = kind if kind >= MISSING else number % MISSING
                    length = min(int(end, 16) - int(start, 16), 65535)
                    rows.append(struct.pack("<BBHBH", module, rules.index(rule), at & 0xFFFF, at >> 16, length))
        return struct.pack("<BB", len(rules[:64]), len(rows[:255])) + b"".join(rules[:64]) + b"".join(rows[:255])

    def memory(self):
        masks, words = [0] * len(STACK_BASES), b""
        for page in self.pages:
            stack = self.in_stack(page)
            if stack:
                masks[stack[0]] |= 1 << stack[1] // PAGE
        for start, *values in self.case.get("words", []):
            for number, value in enumerate(values):
                stack = self.in_stack(int(start, 16) + 8 * number)
                if stack:
                    words += struct.pack("<H", stack[0] << 14 | stack[1] // 8) + self.value(int(value, 16))
        return struct.pack("<III", *masks) + words

    def bytes(self):
        head = struct.pack("<BBH", "leaf" in self.case, 0, 0) + self.value(0)
        return head + self.registers() + self.code() + self.rows() + self.memory()


def main(folder):
    for path in sorted(CASES.glob("*.case")):
        Path(folder, path.stem).write_bytes(Seed(read_case(path)).bytes())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(re.sub(r"\n.*", "", __doc__, flags=re.DOTALL))
    main(sys.argv[1])
