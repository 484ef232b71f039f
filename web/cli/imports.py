"""`wangge import`: take in files, with an account of every row."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from importers.doors import KINDS, take_in
from importers.fields import declare
from importers.options import ImportOptions
from importers.report import HELD_BACK, ImportReport
from web.cli.database import transaction
from web.cli.output import REFUSED, Answer, WanggeCommand, give
from web.config import phone_keys

_SHOWN = 3  # of notes of one kind, and of a list in a note


class DryRun(Exception):
    """Everything was tried and nothing is to be kept."""


def _code(note: dict[str, Any]) -> str:
    return str(note["code"])


def _said(fact: object) -> str:
    """Return a fact of a note in a few words: how many a list has, and the first of them."""
    if isinstance(fact, dict):
        return " ".join(str(_said(v)) for v in fact.values() if v not in (None, [], ""))
    if isinstance(fact, list) and fact and isinstance(fact[0], dict):
        first = "; ".join(_said(one) for one in fact[:_SHOWN])
        return f"{len(fact):,} ({first}{'; ...' if len(fact) > _SHOWN else ''})"
    if isinstance(fact, list):
        return " ".join(map(str, fact))
    return f"{fact:,}" if isinstance(fact, int) and not isinstance(fact, bool) else str(fact)


def account(report: ImportReport, dry_run: bool) -> Callable[[Console], None]:
    """Return what prints an account of an import: kinds of notes in brief, faults row by row."""

    def words(console: Console) -> None:
        counted = report.as_dict()
        numbers = "  ".join(
            f"{name} {counted[name]:,}"
            for name in ("read", "taken", "unchanged", "refused", "repaired", "unplaced")
        )
        console.print(f"{report.kind}: {numbers}{'  (dry run: nothing kept)' if dry_run else ''}")
        for code, notes in groupby(sorted(report.notes, key=_code), key=_code):
            alike = list(notes)
            for note in alike[:_SHOWN]:
                facts = ", ".join(f"{k} {_said(v)}" for k, v in note.items() if k != "code")
                console.print(f"  note {code}: {facts}", markup=False)
            if len(alike) > _SHOWN:
                console.print(f"  ... and {len(alike) - _SHOWN:,} more {code}; --json has all")
        at_fault = [one for one in report.refusals if one.code != HELD_BACK]
        for refusal in at_fault[:20]:
            console.print(
                f"  row {refusal.row}  {refusal.field or ''}  {refusal.code}  {refusal.message}",
                markup=False,
            )
        if len(at_fault) > 20:
            console.print(f"  ... and {len(at_fault) - 20} more; --rejects FILE has all")
        n_held_back = len(report.refusals) - len(at_fault)
        if n_held_back:
            console.print(f"  {n_held_back:,} rows without a fault of their own wait for these.")

    return words


@click.command(name="import", cls=WanggeCommand)
@click.argument("kind", type=click.Choice(sorted(KINDS)))
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=True, path_type=Path),
    metavar="FILE...",
)
@click.option(
    "--level",
    type=click.Choice(["county", "township", "village"]),
    help="Level of the units in the file.",
)
@click.option("--datum", help="wgs84, cgcs2000, gcj02, bd09 or EPSG:n.")
@click.option(
    "--codes",
    type=click.Choice(["national", "assign"]),
    default="national",
    show_default=True,
    help="Whether the file's codes are ours, or we number.",
)
@click.option("--field", "pairs", multiple=True, metavar="OURS=THEIRS", help="Name a column.")
@click.option(
    "--columns",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML naming columns and values.",
)
@click.option("--layer", help="Layer of a GeoPackage, sheet of a workbook.")
@click.option("--encoding", help="Encoding of a CSV or Shapefile.")
@click.option("--plan", "plan_name", help="Title of the plan that outlines enter as.")
@click.option("--source", help="Name of the sender, for rows that do not name one.")
@click.option("--tolerance", "tolerance_m", type=float, help="Edge misfit to snap, metres.")
@click.option(
    "--new-matters",
    is_flag=True,
    help="Make admission items of the kinds of incidents that the list does not have.",
)
@click.option("--dry-run", is_flag=True, help="Try everything, keep nothing.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write refused rows here, each with its problem (.csv or .xlsx).",
)
@give
def import_file(
    answer: Answer,
    kind: str,
    files: tuple[Path, ...],
    level: str | None,
    datum: str | None,
    codes: str,
    pairs: tuple[str, ...],
    columns: Path | None,
    layer: str | None,
    encoding: str | None,
    plan_name: str | None,
    source: str | None,
    tolerance_m: float | None,
    new_matters: bool,
    dry_run: bool,
    rejects: Path | None,
) -> None:
    """Take in FILEs of one KIND in one transaction and account for every row.

    Refused rows are in the report; it ends 1 when nothing but refusals came of it.
    """
    options = ImportOptions(
        datum=datum,
        declared=declare(pairs, columns),
        level=level,
        codes="assign" if codes == "assign" else "national",
        layer=layer,
        encoding=encoding,
        plan_name=plan_name,
        source=source,
        tolerance_m=tolerance_m,
        new_matters=new_matters,
        keys=phone_keys(),
    )
    report: ImportReport | None = None
    try:
        with transaction() as (conn, viewer), answer.progress() as progress:
            report = take_in(conn, viewer, kind, files, options, progress)
            if dry_run:
                raise DryRun
    except DryRun:
        pass
    assert report is not None
    if rejects is not None:
        report.write_rejects(rejects)
    document = report.as_dict()
    if dry_run:
        document["dry_run"] = True
    nothing = report.refused > 0 and report.taken + report.unchanged == 0
    if nothing:
        document["error"] = {
            "code": "import.refused",
            "message": f"Nothing was taken: {report.refused} of {report.read} rows are refused.",
        }
    answer.give(document, account(report, dry_run))
    if nothing:
        click.get_current_context().exit(REFUSED)
