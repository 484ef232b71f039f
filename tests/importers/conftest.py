"""Fixtures for the tests of importers."""

from __future__ import annotations

import os

import pytest

from importers import sandbox


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
