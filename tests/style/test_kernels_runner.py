# SPDX-License-Identifier: Apache-2.0
"""tests/kernels/run counts right, and takes the packages that it should: without a network and without booting."""

import importlib.util
import io
import sys
from importlib.machinery import SourceFileLoader

import pytest
import tree

sys.path.insert(0, str(tree.ROOT / "tests/kernels"))

import boot  # noqa: E402
import facts  # noqa: E402
import packages  # noqa: E402


def load_runner():
    loader = SourceFileLoader("kernels_runner", str(tree.ROOT / "tests/kernels/run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("kernels_runner", loader))
    loader.exec_module(module)
    return module


RUNNER = load_runner()


def fails(_):
    raise AssertionError("one line\nand another")


def breaks(guest):
    return guest.nothing


def test_what_fails_or_breaks_is_a_failure(capsys):
    counts = RUNNER.judge(object(), {"good": lambda guest: None, "bad": fails, "broken": breaks})
    assert counts == (1, 2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["ok 1 - good", "not ok 2 - bad", "# AssertionError: one line"]
    assert all(line.startswith(("ok", "not ok", "# ")) for line in lines)


@pytest.mark.parametrize("wanted", [facts.FACTS, facts.WHERE_TOO_OLD], ids=["supported", "too old"])
def test_without_results_no_fact_holds(wanted, tmp_path, capsys):
    assert RUNNER.judge(facts.Guest(tmp_path), wanted) == (0, len(wanted))


def test_a_kernel_that_cannot_be_had_is_a_failure(monkeypatch, capsys):
    def unavailable(*_):
        raise packages.Unavailable("no such suite")

    monkeypatch.setattr(packages, "fetch", unavailable)
    arguments = type("Arguments", (), {"keep": False, "refresh": False})
    assert RUNNER.try_kernel(packages.KERNELS[0], None, arguments) == (0, 1)
    assert "not ok 1 - 6.1 boots\n# no such suite" in capsys.readouterr().out


class FakeSuite(packages.Suite):
    def __init__(self, names):
        self.options, self.folder, self.names = [], None, names


def test_the_oldest_kernel_is_so_by_number(monkeypatch):
    monkeypatch.setattr(
        packages, "run", lambda *_, folder: "a-6.12.43-b\na-6.12.9-b\na-6.12.117-b\na-6.12.1-dbg\n"
    )
    assert FakeSuite([]).oldest(r"a-6\.12\.\d+-b") == "a-6.12.9-b"
    assert FakeSuite([]).oldest("c") is None


def test_archive_is_made_of_whole_words():
    to = io.BytesIO()
    archive = boot.Archive(to)
    archive.add_file("/one/two/file", b"content")
    archive.end()
    headers = to.getvalue().split(b"070701")[1:]
    names = [header[13 * 8 :].split(b"\0")[0] for header in headers]
    assert names == [b"one", b"one/two", b"one/two/file", b"TRAILER!!!"]
    assert all((6 + len(header)) % 4 == 0 for header in headers)


def test_every_case_that_facts_judge_is_run():
    script = tree.read("tests/kernels/guest_init.sh")
    for case in facts.RECORDED:
        assert f"record {case} " in script or f"run {case} " in script, case
