# SPDX-License-Identifier: Apache-2.0
"""The page's modules by themselves, in node: tests/unit/web. (What they do in a browser: tests/e2e/test_html_*.py.)"""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = sorted((ROOT / "tests/unit/web").glob("*_test.js"))


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """A folder in which node takes them for modules, as a browser does."""
    folder = tmp_path_factory.mktemp("web")
    for path in [*(ROOT / "web").glob("*.js"), *(ROOT / "tests/unit/web").glob("*.js")]:
        shutil.copy(path, folder)
    (folder / "package.json").write_text('{ "type": "module" }')
    return folder


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_module(path, modules):
    done = subprocess.run(["node", "--test", path.name], cwd=modules, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_some():
    assert TESTS
