# SPDX-License-Identifier: Apache-2.0
"""hearth symbolize and its peers, asked for the same addresses, and what counts as the same answer."""

import os
import random
import re
import subprocess
from typing import List, NamedTuple

# Templates within templates, and calls that are inlined through them.
WORDS_CPP = """
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <vector>
int main(int argc, char **argv)
{
	std::map<std::string, std::vector<int>> numbers;
	std::regex word("([a-z]+)=([0-9]+)");
	for (int i = 1; i < argc; i++) {
		std::smatch match;
		std::string text = argv[i];
		if (std::regex_match(text, match, word))
			numbers[match[1]].push_back(std::stoi(match[2]));
	}
	for (auto &[name, list] : numbers) {
		std::sort(list.begin(), list.end(), [](int a, int b) { return a > b; });
		std::printf("%s %d\\n", name.c_str(), list[0]);
	}
	return 0;
}
"""


def build_words(folder, compiler, *options):
    """The program above, with these options."""
    source, program = folder / "words.cpp", folder / "-".join(["words", *(option.strip("-=") for option in options)])
    source.write_text(WORDS_CPP)
    subprocess.run([compiler, "-std=c++17", "-o", program, source, *options], check=True)
    return program


# --- asking -----------------------------------------------------------------------------------------


def hearth_command(hearth, program):
    return [hearth, "symbolize", "-a", "--no-demangle", "-e", program]


def addr2line_command(program):
    return ["addr2line", "-afpi", "-e", program]


def llvm_command(program):
    return ["llvm-symbolizer", "--output-style=GNU", "-afpi", "--no-demangle", "-e", program]


class Frame(NamedTuple):
    function: str
    file: str
    line: str  # "?": unknown


def code_of(program):
    """Where .text lies: (address, size)."""
    shown = subprocess.run(["readelf", "-SW", program], check=True, capture_output=True, text=True).stdout
    found = re.search(r"\] \.text +PROGBITS +(\w+) \w+ (\w+)", shown)
    return int(found[1], 16), int(found[2], 16)


def random_addresses(program, count):
    """The same ones each time."""
    start, size = code_of(program)
    chosen = random.Random(1)
    return [start + chosen.randrange(size) for _ in range(count)]


def ask(command, addresses):
    """[[Frame, ...], ...], innermost first, of a tool that prints addresses ahead."""
    text = "".join(f"{address:#x}\n" for address in addresses)
    ended = subprocess.run(command, input=text, check=True, capture_output=True, text=True)
    answers: List[List[Frame]] = []
    for line in ended.stdout.splitlines():
        first = re.match(r"0x[0-9a-f]+: (.*)", line)
        if first:
            answers.append([])
        answers[-1].append(read_frame(first[1] if first else line.removeprefix(" (inlined by) ")))
    assert len(answers) == len(addresses), command
    return answers


def read_frame(text):
    text = re.sub(r" \(discriminator \d+\)$", "", text)
    found = re.fullmatch(r"(.*?)(?: at)? (\S*?):(\d+|\?)", text)
    assert found, text
    function, path, line = found.groups()
    return Frame(function, os.path.normpath(path), "?" if line in ("0", "?") else line)


# --- comparing --------------------------------------------------------------------------------------

# What the peers disagree with each other about, and whom hearth follows.
DISAGREEMENTS = {
    "gap": "one names code between functions. It belongs to none: unknown, as llvm-symbolizer has it; but a Go "
           "program's own table has no gaps, and names it as addr2line does",
    "depth": "the chains differ in length: as llvm-symbolizer. addr2line ends at the first unit that it takes for the "
             "address's, and reads no ranges in a form of DWARF 5 that Go's are in",
    "outermost": "another name for the whole function. The entry of the function decides: its linkage name, where "
                 "llvm-symbolizer prefers one of the symbols there (aliases, folded functions); without one, the symbol, "
                 "where addr2line prefers the bare name",
    "inlined": "another name for an inlined function: its linkage name, as llvm-symbolizer has it; addr2line knows only "
               "the bare one",
    "file": "another file: as llvm-symbolizer. addr2line takes the unit's own for some that are included",
    "line": "another line: as llvm-symbolizer, for the reasons of depth",
}  # fmt: skip


def without_variant(function):
    """What a symbol has and the entry of the function has not: .part.0, .isra.0, .cold, the version; and which of a C++
    constructor's or destructor's symbols it is. hearth gives the name that DWARF has."""
    function = re.sub(r"(\.(part|isra|constprop|cold|localalias|lto_priv|llvm|abi0|\d+)\b)+\.?\d*", "", function)
    return re.sub(r"(?<=[CD])[0-5](?=E)", "n", re.sub(r"(?<=\w)@.*", "", function))


def functions_of(frames):
    return [without_variant(frame.function) for frame in frames]


def agree_on_places(ours, theirs):
    """Of code without DWARF peers add the name of a source or object file, which symbol tables have."""
    if all(len(frames) == 1 and frames[0].line == "?" for frames in (ours, theirs)):
        return True
    return [frame[1:] for frame in ours] == [frame[1:] for frame in theirs]


def disagreement(llvm, addr2line):
    """What two answers differ in first: a key of DISAGREEMENTS; None: in nothing."""
    names = functions_of(llvm), functions_of(addr2line)
    if names[0] != names[1] and ["??"] in names:
        return "gap"
    if len(llvm) != len(addr2line):
        return "depth"
    if names[0] != names[1]:
        return "outermost" if names[0][:-1] == names[1][:-1] else "inlined"
    if agree_on_places(llvm, addr2line):
        return None
    return "file" if [frame.line for frame in llvm] == [frame.line for frame in addr2line] else "line"


def follows(ours, llvm, addr2line, has_gaps=True):
    """Is this the same answer, and where the peers disagree, one by the decisions above?"""
    if has_gaps and disagreement(llvm, addr2line) == "gap":
        return functions_of(ours) == ["??"]
    return functions_of(ours) in (functions_of(llvm), functions_of(addr2line)) and agree_on_places(ours, llvm)
