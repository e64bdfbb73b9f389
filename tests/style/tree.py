# SPDX-License-Identifier: Apache-2.0
"""What the style tests look at: the project's own files. Not git's list, which a tarball lacks and which
git refuses to root in another user's clone."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

NOT_OURS = {".git", ".output", "__pycache__", ".pytest_cache"}


def files(*endings, folder="."):
    """Paths relative to the root, sorted; all files without endings."""
    found = []
    for where, folders, names in os.walk(ROOT / folder):
        folders[:] = sorted(set(folders) - NOT_OURS)
        for name in sorted(names):
            if not endings or name.endswith(endings):
                found.append(Path(where, name).relative_to(ROOT))
    return found


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def make_variable(name):
    """As the Makefile has it, so that a test compiles with the build's own flags."""
    return subprocess.run(
        ["make", "--no-print-directory", "-s", f"--eval=show: ; @echo '$({name})'", "show"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    ).stdout.strip()
