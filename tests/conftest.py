"""Fixtures that every room's tests may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from importers import sandbox

pytest_plugins = ["tests.chromium", "tests.database", "tests.factories"]

PROJECT = Path(__file__).parent.parent

# How long an example takes depends on who else is at work; speed is measured by the benchmarks.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def in_process(monkeypatch):
    """Work without a child, which is slow to start; what is safe or not is tested with one.

    What the child would have set for GDAL in its own environment is taken back.
    """
    before = dict(os.environ)

    def run(function, *args, **limits):
        return function(*args)

    monkeypatch.setattr(sandbox, "run", run)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data beside the project; the test is skipped where it is absent."""
    folder = Path(os.environ.get("WANGGE_REAL_DATA", PROJECT.parent / "shared" / "data" / "real"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set WANGGE_REAL_DATA")
    return folder
