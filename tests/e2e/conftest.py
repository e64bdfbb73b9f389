# SPDX-License-Identifier: Apache-2.0
"""Fixtures and rules for all end-to-end tests.

A test that profiles bears the mark `root`: without the privilege it is skipped, and says why (.ci/run
takes no skipped test). After each of them, nothing of hearth may be left in the kernel or as a process. `tests/run` gives
these the machine to themselves, and those with the mark `alone`, whose bounds are of time; the others run side by side, a file's by one worker. So do, with
each other, those that record and of whose files BESIDE_ANOTHER tells that what they look at is one target's, or only whether it is there.
"""

import os
import subprocess
from pathlib import Path

import pytest

import hearth


def pytest_configure(config):
    config.addinivalue_line("markers", "root: needs the privilege to profile")
    config.addinivalue_line("markers", "alone: its bounds are of time, which others would take from it")
    config.addinivalue_line("markers", "paired: it records, and another recording beside it changes nothing")
    config.addinivalue_line("markers", "xdist_group(name): one worker runs these, one after the other")


BESIDE_ANOTHER = {
    "test_doctor",
    "test_front",
    "test_names_rescan",
    "test_record_case",
    "test_record_changed_files",
    "test_record_containers",
    "test_record_debuginfod",
    "test_record_end",
    "test_record_fuse",
    "test_record_halves",
    "test_record_inlined",
    "test_record_jit",
    "test_record_labels",
    "test_record_names",
    "test_record_targets",
    "test_record_unnamed",
    "test_record_unwind",
    "test_record_verify",
    "test_record_worker",
    "test_record_wrong_use",
    "test_render_perf_data",
    "test_samples",
    "test_serve",
    "test_serve_page",
    "test_story",
    "test_top",
}

# Whoever is last has nobody beside it: these begin.
LONGEST = ["test_live_page", "test_svg_browser", "test_html_chart", "test_http_server", "test_html_samples"]


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in its own one
def pytest_collection_modifyitems(items):
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
        if item.path.stem in BESIDE_ANOTHER and item.get_closest_marker("root") and not item.get_closest_marker("alone"):
            item.add_marker(pytest.mark.paired)
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


def pytest_runtest_setup(item):
    if item.get_closest_marker("root") and os.geteuid() != 0:
        pytest.skip("profiling needs root")


@pytest.fixture(autouse=True)
def nothing_left_behind(request):
    if not request.node.get_closest_marker("root"):
        yield
        return
    left = hearth.LeftBehind()
    yield
    left.wait_for_nothing()


@pytest.fixture(scope="session")
def many_mappings(tmp_path_factory):
    """A program with more executable mappings than a snapshot has room for."""
    program = tmp_path_factory.mktemp("mappings") / "many_mappings"
    source = Path(__file__).with_name("many_mappings.c")
    subprocess.run(["cc", "-O2", "-fomit-frame-pointer", "-o", program, source], check=True)
    return program


@pytest.fixture(scope="session")
def growing_stack(tmp_path_factory):
    """A program whose stack pointer lies below its stack's mapping; it must not touch its frame before it uses it."""
    program = tmp_path_factory.mktemp("growing") / "growing_stack"
    source = Path(__file__).with_name("growing_stack.c")
    command = ["cc", "-O2", "-fomit-frame-pointer", "-fno-stack-clash-protection", "-o", program, source]
    subprocess.run(command, check=True)
    return program
