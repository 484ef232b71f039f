"""What a start of the program does not wait for."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Each takes a tenth of a second to a second to import, and most processes never use it.
SLOW = ("docx", "folium", "geopandas", "pandas", "pypinyin", "scipy.optimize", "scipy.stats")


@pytest.mark.parametrize("module", ["web.app", "web.cli.hotspots", "web.cli.work"])
def test_packages_of_single_pages_are_imported_when_the_page_is_asked_for(module):
    assert imported_with(module, *SLOW) == []


def test_the_list_of_commands_needs_neither_database_nor_arrays():
    assert imported_with("web.cli", "numpy", "sqlalchemy", "flask", "shapely") == []


def imported_with(module: str, *others: str) -> list[str]:
    """Return which of these a new process has imported with a module."""
    told = f"import sys, {module}; print(*(n for n in {others} if n in sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=120
    )
    return run.stdout.split()
