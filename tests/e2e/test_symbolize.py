# SPDX-License-Identifier: Apache-2.0
"""hearth symbolize says of real programs what addr2line and llvm-symbolizer say, and takes their place."""

import json
import os
import random
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEARTH = ROOT / ".output" / "hearth"

ADDRESSES = 2000
AGREED = 0.999

CPP = """
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


def code_of(program):
    """Where .text lies: (address, size)."""
    shown = subprocess.run(["readelf", "-SW", program], check=True, capture_output=True, text=True).stdout
    found = re.search(r"\] \.text +PROGBITS +(\w+) \w+ (\w+)", shown)
    return int(found[1], 16), int(found[2], 16)


def ask(command, addresses):
    """{address: [(function, file:line), ...]}, innermost first, of a tool that prints addresses ahead."""
    text = "".join(f"{address:#x}\n" for address in addresses)
    ended = subprocess.run(command, input=text, check=True, capture_output=True, text=True)
    answers = []
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
    return function, os.path.normpath(path), "?" if line in ("0", "?") else line


def without_variant(function):
    """What a symbol has and the entry of the function has not: .part.0, .isra.0, .cold; and which of a C++
    constructor's or destructor's symbols it is. hearth gives the name that DWARF has."""
    function = re.sub(r"(\.(part|isra|constprop|cold|localalias|lto_priv|llvm|\d+)\b)+\.?\d*", "", function)
    return re.sub(r"(?<=[CD])[0-5](?=E)", "n", function)


def agree(ours, theirs):
    """The same chain, place by place. Of code without DWARF the symbol counts: addr2line adds the name of an object file."""
    if len(ours) != len(theirs):
        return False
    if theirs[-1][2] == ours[-1][2] == "?" and len(ours) == 1:
        return without_variant(ours[0][0]) == without_variant(theirs[0][0])
    return all(
        without_variant(our[0]) == without_variant(their[0]) and our[1:] == their[1:]
        for our, their in zip(ours, theirs)
    )


def compare(program):
    """Where two peers disagree with each other, one of them is enough: addr2line gives inlined functions without a
    linkage name that of the symbol around them, llvm-symbolizer prefers symbols to DWARF for the outermost."""
    start, size = code_of(program)
    chosen = random.Random(1)
    addresses = [start + chosen.randrange(size) for _ in range(ADDRESSES)]
    ours = ask([HEARTH, "symbolize", "-a", "--no-demangle", "-e", program], addresses)
    peers = [
        ask(["addr2line", "-afpi", "-e", program], addresses),
        ask(["llvm-symbolizer", "--output-style=GNU", "-afpi", "--no-demangle", "-e", program], addresses),
    ]
    wrong = [
        (hex(address), our, [peer[i] for peer in peers])
        for i, (address, our) in enumerate(zip(addresses, ours))
        if not any(agree(our, peer[i]) for peer in peers)
    ]
    assert len(wrong) <= (1 - AGREED) * ADDRESSES, wrong[:3]
    return ours


@pytest.fixture(scope="module")
def cpp_program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("symbolize")
    (folder / "words.cpp").write_text(CPP)

    def build(*options):
        program = folder / "-".join(["words", *(option.strip("-=") for option in options)])
        subprocess.run(["g++", "-std=c++17", "-o", program, folder / "words.cpp", *options], check=True)
        return program

    return build


def test_c_as_peers_have_it():
    assert any(len(frames) > 1 for frames in compare(HEARTH))


@pytest.mark.parametrize("options", [["-O2", "-g"], ["-O3", "-gdwarf-4"], ["-O0", "-g"]], ids=" ".join)
def test_cpp_with_templates_as_peers_have_it(cpp_program, options):
    frames = compare(cpp_program(*options))
    assert max(map(len, frames)) > (3 if "-O0" not in options else 0)


def test_clang_as_peers_have_it(tmp_path):
    (tmp_path / "words.cpp").write_text(CPP)
    program = tmp_path / "words"
    subprocess.run(["clang++", "-std=c++17", "-O2", "-g", "-o", program, tmp_path / "words.cpp"], check=True)
    compare(program)


# --- the command --------------------------------------------------------------------------------------


def symbolize(*arguments, **options):
    return subprocess.run([HEARTH, "symbolize", *map(str, arguments)], capture_output=True, text=True, **options)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    (folder / "a.c").write_text("int twice(int x)\n{\n\treturn 2 * x;\n}\nint main(void)\n{\n\treturn twice(0);\n}\n")
    subprocess.run(["cc", "-g", "-O0", "-o", "a", "a.c"], cwd=folder, check=True)
    symbols = subprocess.run(["nm", folder / "a"], check=True, capture_output=True, text=True).stdout
    return folder / "a", re.search(r"(\w+) T twice", symbols)[1]


def test_text_is_that_of_addr2line(small):
    program, address = small
    peer = subprocess.run(
        ["addr2line", "-fpiC", "-e", program, address, "0"], check=True, capture_output=True, text=True
    ).stdout
    assert peer.splitlines()[1] == "?? ??:0"
    for arguments in (["-e", program, address, "0"], ["-fpiC", "-e", program, f"0x{address}", "0x0"]):
        assert symbolize(*arguments).stdout == peer
    assert symbolize("-e", program, input=f"{address}\n0\n").stdout == peer
    assert symbolize("-ase", program, address).stdout == f"0x{address}: twice at a.c:2\n"


def test_json(small):
    program, address = small
    known, unknown = json.loads(symbolize("-e", program, "--json", address, "0").stdout)
    assert known == {
        "address": hex(int(address, 16)),
        "frames": [{"function": "twice", "file": str(program.parent / "a.c"), "line": 2}],
    }
    assert unknown == {"address": "0x0", "frames": []}
    assert json.loads(symbolize("-e", program, "--json", input="").stdout) == []


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["1234"], "-e FILE"),
        (["-e", "/no/such/file", "1"], "/no/such/file"),
        (["-e", __file__, "1"], "not an ELF file"),
        (["-e", str(HEARTH), "main"], "no address"),
        (["-e", str(HEARTH), "11112222333344445"], "no address"),
        (["-e", "/", "1"], "not an ELF file"),
    ],
    ids=str,
)
def test_wrong_use_is_one_line(arguments, said):
    ended = symbolize(*arguments)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert said in ended.stderr


def test_dwarf_that_cannot_be_read_is_said(small, tmp_path):
    program, address = small
    section, broken = tmp_path / "section", tmp_path / "broken"
    # A header of compression that states 1 TiB.
    section.write_bytes((1).to_bytes(8, "little") + (1 << 40).to_bytes(8, "little") + (1).to_bytes(8, "little") + b"x")
    subprocess.run(
        ["objcopy", f"--update-section=.debug_info={section}", program, broken], check=True, capture_output=True
    )
    image = bytearray(broken.read_bytes())
    set_compressed(image, b".debug_info\0")
    broken.write_bytes(image)
    ended = symbolize("-e", broken, address)
    assert ended.returncode == 0 and "larger than the limits" in ended.stderr
    assert ended.stdout == "twice at ??:?\n"


def set_compressed(image, name):
    """Sets SHF_COMPRESSED in the header of the section with that name."""
    table = int.from_bytes(image[0x28:0x30], "little")
    size, count, names = (int.from_bytes(image[at : at + 2], "little") for at in (0x3A, 0x3C, 0x3E))
    strings = int.from_bytes(image[table + names * size + 0x18 :][:8], "little")
    for header in range(table, table + count * size, size):
        at = strings + int.from_bytes(image[header : header + 4], "little")
        if image[at : at + len(name)] == name:
            image[header + 9] |= 0x800 >> 8
