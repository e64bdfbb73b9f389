# SPDX-License-Identifier: Apache-2.0
"""`make install` puts hearth where a system looks for it, and `make uninstall` leaves nothing of it but what was changed."""

import re
import subprocess
from pathlib import Path

import pytest

import hearth

pytestmark = pytest.mark.xdist_group("make")  # in one tree
DOCS = hearth.ROOT / "docs"


def make(goal, folder, *variables):
    done = subprocess.run(
        ["make", "--no-print-directory", goal, f"DESTDIR={folder}", *variables],
        cwd=hearth.ROOT, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def files_below(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


@pytest.fixture
def installed(tmp_path):
    make("install", tmp_path, "PREFIX=/usr")
    return tmp_path


def test_all_is_where_it_belongs(installed):
    manuals = {f"usr/share/man/man{page.suffix[1]}/{page.name}" for page in DOCS.glob("*.[15]")}
    assert "usr/share/man/man5/hearth.conf.5" in manuals
    assert files_below(installed) == manuals | {
        "usr/bin/hearth",
        "etc/hearth/hearth.conf",
        "usr/lib/systemd/system/hearth.service",
        "usr/share/bash-completion/completions/hearth",
        "usr/share/zsh/site-functions/_hearth",
        "usr/share/fish/vendor_completions.d/hearth.fish",
        *(f"usr/share/doc/hearth/{name}" for name in
          ("README.md", "LICENSE", "GPL-2.0-only.txt", "formats.md", "http.md", "page.md", "profile.schema.json", "hearth.conf")),
    }  # fmt: skip


def test_it_works_there(installed):
    told = subprocess.run([installed / "usr/bin/hearth", "--version"], capture_output=True, text=True)
    assert told.returncode == 0 and told.stdout.startswith("hearth ")
    for shell, path in (("bash", "bash-completion/completions/hearth"), ("zsh", "zsh/site-functions/_hearth"),
                        ("fish", "fish/vendor_completions.d/hearth.fish")):  # fmt: skip
        assert (installed / "usr/share" / path).read_text() == hearth.run("completion", shell).stdout
        assert subprocess.run([shell, "-n", installed / "usr/share" / path], capture_output=True).returncode == 0
    conf = installed / "etc/hearth/hearth.conf"
    commands = re.findall(r"^COMMAND\((\w+),", (hearth.ROOT / "profiler/commands.def").read_text(), re.MULTILINE)
    text = re.sub(r"^#(?=[\[a-z])", "", conf.read_text(), flags=re.MULTILINE)
    for tried in (conf.read_text(), text):
        conf.write_text(tried)
        for command in commands:
            assert hearth.run(command, "--config", conf, "--check-config") == (0, "", "")
    assert "ExecStart=/usr/bin/hearth serve\n" in (installed / "usr/lib/systemd/system/hearth.service").read_text()


def test_another_prefix(tmp_path):
    make("install", tmp_path, "PREFIX=/opt/hearth")
    unit = tmp_path / "opt/hearth/lib/systemd/system/hearth.service"
    assert "ExecStart=/opt/hearth/bin/hearth serve\n" in unit.read_text() and "@BINDIR" not in unit.read_text()


def test_uninstall_leaves_nothing(installed):
    make("uninstall", installed, "PREFIX=/usr")
    assert files_below(installed) == set()
    assert not [path for path in installed.rglob("*hearth*")], "a folder of its own is left"


def test_what_was_changed_stays(installed):
    conf = installed / "etc/hearth/hearth.conf"
    conf.write_text("[record]\nrate = 5\n")
    make("install", installed, "PREFIX=/usr")
    assert conf.read_text() == "[record]\nrate = 5\n"
    make("uninstall", installed, "PREFIX=/usr")
    assert files_below(installed) == {"etc/hearth/hearth.conf"}


def test_manuals_are_found_by_man(installed):
    """Each that another one refers to."""
    pages = list(DOCS.glob("*.[15]"))
    for page in pages:
        text = page.read_text().replace("\\-", "-")
        for name, section in re.findall(r"\.BR?[A-Z]? (hearth[\w.-]*) \(?\"?\(?([15])\)", text):
            assert Path(installed, f"usr/share/man/man{section}/{name}.{section}").exists(), f"{page.name}: {name}({section})"


def test_documents_are_found(installed):
    """Each that a manual page refers to."""
    referred = {name for page in DOCS.glob("*.[15]") for name in re.findall(r"\w+\.md\b", page.read_text())}
    assert {"formats.md", "http.md", "page.md"} <= referred
    assert not [name for name in referred if not (installed / "usr/share/doc/hearth" / name).exists()]
