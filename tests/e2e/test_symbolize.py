# SPDX-License-Identifier: Apache-2.0
"""hearth symbolize says of real programs what addr2line and llvm-symbolizer say, and takes their place."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import symbolizers

ROOT = Path(__file__).resolve().parents[2]
HEARTH = ROOT / ".output" / "hearth"

ADDRESSES = 2000
AGREED = 0.999

def compare(program):
    addresses = symbolizers.random_addresses(program, ADDRESSES)
    ours, llvm, addr2line = (
        symbolizers.ask(command, addresses)
        for command in (
            symbolizers.hearth_command(HEARTH, program),
            symbolizers.llvm_command(program),
            symbolizers.addr2line_command(program),
        )
    )
    wrong = [
        (hex(address), *answers)
        for address, *answers in zip(addresses, ours, llvm, addr2line)
        if not symbolizers.follows(*answers)
    ]
    assert len(wrong) <= (1 - AGREED) * ADDRESSES, wrong[:3]
    return ours


@pytest.fixture(scope="module")
def cpp_program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("symbolize")
    return lambda *options: symbolizers.build_words(folder, "g++", *options)


def test_c_as_peers_have_it():
    assert any(len(frames) > 1 for frames in compare(HEARTH))


@pytest.mark.parametrize("options", [["-O2", "-g"], ["-O3", "-gdwarf-4"], ["-O0", "-g"]], ids=" ".join)
def test_cpp_with_templates_as_peers_have_it(cpp_program, options):
    frames = compare(cpp_program(*options))
    assert max(map(len, frames)) > (3 if "-O0" not in options else 0)


def test_clang_as_peers_have_it(tmp_path):
    compare(symbolizers.build_words(tmp_path, "clang++", "-O2", "-g"))


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


def test_options_are_those_of_addr2line(small, tmp_path):
    program, address = small
    words = ["-f", "-p", "-i", "--demangle", "-R", "-b", "elf64-x86-64", address, "-e", program, "0"]
    peer = subprocess.run(["addr2line", *words], check=True, capture_output=True, text=True).stdout
    assert symbolize(*words).stdout == peer
    assert symbolize("-H").stdout == symbolize("--help").stdout != ""
    for option in ("-v", "-V", "--version"):
        assert re.fullmatch(r"hearth [0-9.]+\n", symbolize(option).stdout)


def section_of(program, name):
    headers = subprocess.run(["readelf", "-SW", program], check=True, capture_output=True, text=True).stdout
    return [int(number, 16) for number in re.search(rf" {re.escape(name)} +\w+ +(\w+) \w+ (\w+)", headers).groups()]


@pytest.mark.parametrize("options", ["-fpiC", "-afpiC"])
def test_offsets_in_a_section(small, options):
    program, address = small
    start, size = section_of(program, ".text")
    words = [options, "-j", ".text", "-e", program, f"{int(address, 16) - start:x}", f"{size:x}", address, "f" * 16]
    peer = subprocess.run(["addr2line", *words], check=True, capture_output=True, text=True).stdout
    assert "twice at " in peer and peer.count("?? ??:0") == 3
    assert symbolize(*words).stdout == peer
    known = json.loads(symbolize("--json", "--section=.text", *words[3:6]).stdout)[0]
    assert (known["address"], known["frames"][0]["function"]) == (f"0x{words[5]}", "twice")


def test_sections_of_what_is_not_linked_are_refused(tmp_path):
    (tmp_path / "a.c").write_text("int a(void) { return 1; }\nint b(void) { return 2; }\n")
    subprocess.run(["cc", "-g", "-ffunction-sections", "-c", "a.c"], cwd=tmp_path, check=True)
    ended = symbolize("-j", ".text.b", "-e", tmp_path / "a.o", "0")
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1) and "not linked" in ended.stderr


def test_words_from_files(small, tmp_path):
    program, address = small
    inner, outer, loop = (tmp_path / name for name in ("inner", "outer", "loop"))
    inner.write_text(f"{address}\n '0'")
    outer.write_text(f"-e '{program}' -fpi\n@{inner}\n")
    loop.write_text(f"@{loop}")
    expected = symbolize("-e", program, address, "0").stdout
    assert symbolize(f"@{outer}").stdout == expected != ""
    inner.write_text(" \n")
    assert symbolize(f"@{outer}", "0").stdout == "?? ??:0\n"
    for content, said in ((f"@{loop}", "cannot read options"), ("1\0 2", "no text")):
        loop.write_bytes(content.encode())
        ended = symbolize("-e", program, f"@{loop}")
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1) and said in ended.stderr


def test_json(small):
    program, address = small
    known, unknown = json.loads(symbolize("-e", program, "--json", address, "0").stdout)
    assert known == {
        "address": hex(int(address, 16)),
        "frames": [{"function": "twice", "file": str(program.parent / "a.c"), "line": 2}],
    }
    assert unknown == {"address": "0x0", "frames": []}
    assert json.loads(symbolize("-e", program, "--json", input="").stdout) == []


@pytest.mark.parametrize("debug", ["-g", "-g0"])
@pytest.mark.parametrize(
    "mode, shown",
    [
        ([], "int code::twice<int>(int, char const*)"),
        (["-C"], "int code::twice<int>(int, char const*)"),
        (["--demangle"], "int code::twice<int>(int, char const*)"),
        (["--no-demangle", "--demangle=auto"], "int code::twice<int>(int, char const*)"),
        (["--demangle=gnu-v3"], "int code::twice<int>(int, char const*)"),
        (["--demangle", "full"], "int code::twice<int>(int, char const*)"),
        (["--demangle=short"], "code::twice<int>"),
        (["--demangle", "short"], "code::twice<int>"),
        (["--demangle", "none"], "_ZN4code5twiceIiEET_S1_PKc"),
        (["--no-demangle"], "_ZN4code5twiceIiEET_S1_PKc"),
    ],
    ids=str,
)
def test_demangling(tmp_path, mode, shown, debug):
    source = tmp_path / "a.cpp"
    source.write_text(
        "namespace code { template <class T> T twice(T x, const char *) { return 2 * x; } }\n"
        "int main() { return code::twice(0, \"\"); }\n"
    )
    program = tmp_path / "a"
    subprocess.run(["g++", "-O0", debug, "-o", program, source], check=True)
    symbols = subprocess.run(["nm", program], check=True, capture_output=True, text=True).stdout
    address = re.search(r"(\w+) W _ZN4code", symbols)[1]
    assert symbolize(*mode, "-e", program, address).stdout.startswith(f"{shown} at ")


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["1234"], "-e FILE"),
        (["-e", "/no/such/file", "1"], "/no/such/file"),
        (["-e", __file__, "1"], "not an ELF file"),
        (["-e", str(HEARTH), "main"], "no address"),
        (["-e", str(HEARTH), "11112222333344445"], "no address"),
        (["-e", "/", "1"], "not an ELF file"),
        (["--demangle=long", "-e", str(HEARTH), "1"], "one of full, short, none"),
        (["--demangle=gnat", "-e", str(HEARTH), "1"], "that language"),
        (["-e", str(HEARTH), "--demangle", "long"], "long is no address"),
        (["-b", "pe-i386", "-e", str(HEARTH), "1"], "only ELF"),
        (["-r", "-e", str(HEARTH), "1"], "always a limit"),
        (["-j", ".nope", "-e", str(HEARTH), "1"], "no section .nope"),
        (["-j", ".text", "-e", "/no/such/file", "1"], "/no/such/file"),
        (["-j"], "needs an argument"),
        (["--symbols", "/no/such/folder", "-e", str(HEARTH), "1"], "--symbols /no/such/folder: No such file"),
        (["-e", str(HEARTH), "@/no/such/file"], "@/no/such/file is no address"),
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
