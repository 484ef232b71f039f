"""Fixtures that every room's tests may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.chromium", "tests.database", "tests.factories"]

PROJECT = Path(__file__).parent.parent

# How long an example takes depends on who else is at work; speed is measured by the benchmarks.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data beside the project; the test is skipped where it is absent."""
    folder = Path(os.environ.get("WANGGE_REAL_DATA", PROJECT.parent / "shared" / "data" / "real"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set WANGGE_REAL_DATA")
    return folder
