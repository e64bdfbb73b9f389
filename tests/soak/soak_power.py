# SPDX-License-Identifier: Apache-2.0
"""the store when power is lost, at many more moments than make check takes, each fault of the disk and of memory, and a writer that is killed

tests/unit/store_power_test.c, store_fault_test.c and store_test.c, whose writer has no BPF; whatever was said to be on disk has to be there.
"""

import measuring
import soaking
from rows import Row

STORES, QUICK_STORES = 120, 10  # 25 kills of each
CASES, QUICK_CASES = 10_000, 1_000
DEADLINE_SECONDS = 3600


def measure(soak):
    cases = QUICK_CASES if soak.quick else CASES
    stores = QUICK_STORES if soak.quick else STORES
    for name, note, variables in (
        ("store_power_test", f"{cases:,} moments and more", {"HEARTH_POWER_CASES": cases, "HEARTH_POWER_SEED": soak.seed}),
        ("store_test", f"{25 * stores:,} kills of a writer alone", {"HEARTH_KILLED_STORES": stores}),
        ("store_fault_test", "each call fails, once and for good", {}),
    ):
        passed, failed, text = soaking.run_unit_test(name, DEADLINE_SECONDS, **variables)
        if not passed + failed:
            raise measuring.Failed(f"{name} did not run: {text[-500:]}")
        yield Row(f"{name}: failed", failed, "", 0, note=f"of {passed + failed} tests; {note}")
