# SPDX-License-Identifier: Apache-2.0
"""each bit of a small slice flipped: what is read is what was there, or the damage is told and the other windows are there

tests/unit/store_damage_test.c, which takes each seventh bit in make check.
"""

import measuring
import soaking
from rows import Row

DEADLINE_SECONDS = 3600
QUICK_STEP = 5


def measure(soak):
    step = QUICK_STEP if soak.quick else 1
    passed, failed, text = soaking.run_unit_test("store_damage_test", DEADLINE_SECONDS, HEARTH_BIT_STEP=step)
    told = [line.lstrip("# ") for line in text.splitlines() if "bits of" in line]
    if not told:
        raise measuring.Failed(f"store_damage_test did not flip any: {text[-500:]}")
    yield Row("store_damage_test: failed", failed, "", 0, note=told[0])
