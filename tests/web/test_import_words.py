"""What `wangge import` says on a terminal about files with thousands of faults."""

from __future__ import annotations

from rich.console import Console

from importers.report import HELD_BACK, ImportReport
from web.cli.imports import account


def said(report, dry_run=False):
    console = Console(width=400, record=True, quiet=False, file=None, force_terminal=False)
    with console.capture() as captured:
        account(report, dry_run)(console)
    return captured.get()


def test_rows_without_a_fault_of_their_own_are_one_line():
    report = ImportReport("grids", read=2110)
    for row in range(1, 2110):
        report.refuse(row, None, HELD_BACK, "Not taken.")
    report.refuse(2110, "code", "row.repeated", "It stands in row 874 already.")
    lines = said(report).splitlines()
    assert len(lines) == 3
    assert "row 2110" in lines[1]
    assert "2,109 rows" in lines[2]


def test_long_lists_are_counted_and_their_first_entries_shown():
    report = ImportReport("grids")
    units = [{"id": f"g{k}", "moved_m": k / 2} for k in range(5700)]
    report.note("coverage.moved", n=5700, units=units)
    for row in range(40):
        report.note("outline.mended", row=row, reason="Self-intersection")
    report.note("published", publication=1)
    lines = said(report, dry_run=True).splitlines()
    assert "dry run" in lines[0]
    assert "units 5,700 (g0 0.0; g1 0.5; g2 1.0; ...)" in lines[1]
    assert "37 more outline.mended" in lines[5]
    assert lines[6] == "  note published: publication 1"
