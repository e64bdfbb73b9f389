# SPDX-License-Identifier: Apache-2.0
"""Who names the kernel's code: the kernel itself, by a BPF program; where that cannot be asked, /proc/kallsyms."""

import errno
import json
import re
import subprocess
from pathlib import Path

import pytest

import hearth
import recording

pytestmark = pytest.mark.root

RATE = 999
WORK = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=400000"]

ASKED = Path(__file__).with_name("kernel_asked.c").read_text()


def record(folder, *before, **options):
    """(stacks of WORK, statistics)."""
    out, stats = folder / "out.folded", folder / "stats.json"
    command = [*before, hearth.BINARY, "record", "-F", RATE, "-o", out, "--stats", stats, "--", *WORK]
    with hearth.Child(*command, **options) as recorder:
        ended = recorder.end()
    assert ended.returncode == 0, ended
    stacks = [stack for stack in hearth.fired(hearth.read_folded(out)) if stack.process == "dd"]
    return stacks, json.loads(stats.read_text())


def share_with(stacks, frame):
    within = [stack for stack in stacks if any(map(hearth.is_kernel, stack.frames))]
    assert hearth.ticks(within) > 50
    return hearth.ticks(within, lambda stack: frame in stack.frames) / hearth.ticks(within)


def hidden_addresses(folder):
    """What runs a command for which /proc/kallsyms shows zeros, as with kernel.kptr_restrict=2."""
    hidden = Path(folder, "kallsyms")
    hidden.write_text(re.sub("(?m)^[0-9a-f]+", lambda found: "0" * len(found[0]), Path("/proc/kallsyms").read_text()))
    return ["unshare", "--mount", "sh", "-c", f'mount --bind {hidden} /proc/kallsyms && exec "$@"', "sh"]


@pytest.mark.parametrize("refused", ["ANSWER", "UNLOADED"])
@pytest.mark.parametrize("error", [errno.EPERM, errno.ENOMEM], ids=errno.errorcode.get)
def test_where_the_kernel_refuses_names_are_read_from_kallsyms(refused, error, tmp_path):
    """Memory for BPF programs has limits of its own: that of the recording need not be short."""
    with recording.preloaded(ASKED) as options:
        stacks, _ = record(tmp_path, **options(**{refused: str(error)}))
        assert share_with(stacks, "do_syscall_64_[k]") > 0.5
        stacks, _ = record(tmp_path, *hidden_addresses(tmp_path), **options(**{refused: str(error)}))
    assert share_with(stacks, "[kernel]_[k]") == 1


def test_the_kernel_names_what_kallsyms_hides(tmp_path):
    hidden = hidden_addresses(tmp_path)
    stacks, _ = record(tmp_path, *hidden)
    told = subprocess.run([*hidden, hearth.BINARY, "doctor", "--json"], stdout=subprocess.PIPE, check=True).stdout
    assert share_with(stacks, "do_syscall_64_[k]") > 0.5
    assert share_with(stacks, "[kernel]_[k]") < 0.1
    names = next(check for check in json.loads(told) if check["check"] == "kernel names")
    assert (names["verdict"], names["mend"]) == ("good", None), names


def test_statistics_have_what_asking_the_kernel_took(tmp_path):
    with recording.preloaded(ASKED) as options:
        _, stats = record(tmp_path, **options(WORK_MS="80"))
    kernel = next(module for module in stats["naming"]["modules"] if module["module"] == "kernel")
    assert kernel["cpu_ns"] > 80e6, kernel
