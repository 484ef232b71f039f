"""Fixtures for the tests of importers."""

from __future__ import annotations

import pytest

from importers import sandbox


@pytest.fixture
def in_process(monkeypatch):
    """Work without a child, which is slow to start; what is safe or not is tested with one."""

    def run(function, *args, **limits):
        return function(*args)

    monkeypatch.setattr(sandbox, "run", run)
