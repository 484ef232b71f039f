"""`wangge coverage`: check and repair polygon files; no database is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np
import orjson
from rich.console import Console

from geo.errors import Refusal, UndeclaredDatum
from geo.lattice import Geometries
from geo.repair_account import Repair
from geo.repair_faces import FREE
from importers.outline_repair import check_outlines, repair_outlines
from importers.outlines import OutlineTable, read_outlines
from layers import files
from layers.repair_page import repair_page
from web.cli.output import REFUSED, Answer, WanggeGroup, give

FILE = click.Path(exists=True, path_type=Path)
DATUM_HELP = "wgs84, cgcs2000, gcj02, bd09 or EPSG:n, where the file does not say."


class NoSuchColumn(Refusal):
    """The file has no column of that name."""

    code = "file.no_column"
    sentence = "{file} has no column {column}. Columns: {columns}."


class NoOutlines(Refusal):
    """A file without a single readable outline."""

    code = "file.no_outlines"
    sentence = "No outline of {file} can be read; row {row}: {message}."


def ids_of(table: OutlineTable, column: str | None, file: Path) -> list[str]:
    """Return what the features are called: by a column, else by their row numbers.

    Raises
    ------
    NoSuchColumn
        If there is no such column.
    """
    if column is None:
        return [str(row) for row in table.rows]
    if column not in table.columns:
        raise NoSuchColumn(file=file.name, column=column, columns=", ".join(table.columns))
    return [str(value) for value in table.columns[column]]


def _frame(file: Path | None, datum: str | None) -> Geometries | None:
    """Return the outlines of the file to be covered, in the datum it names or else the other's."""
    if file is None:
        return None
    try:
        table = read_outlines(file)
    except UndeclaredDatum:
        table = read_outlines(file, datum=datum)
    _require_some(table, file)
    return table.outlines[[shape is not None for shape in table.outlines]]


def _require_some(table: OutlineTable, file: Path) -> None:
    if len(table.refusals) == len(table):
        first = table.refusals[0] if table.refusals else None
        raise NoOutlines(
            file=file.name,
            row=first.row if first else 1,
            message=first.message if first else "the file is empty",
        )


@click.group(cls=WanggeGroup)
def coverage() -> None:
    """Check and repair polygon files."""


@coverage.command()
@click.argument("file", type=FILE)
@click.option("--within", type=FILE, help="The outline that must be covered.")
@click.option("--id", "column", help="Column with the polygons' ids.")
@click.option("--tolerance", default=0.1, show_default=True, help="Faults are wider, metres.")
@click.option("--layer", help="Layer of a GeoPackage.")
@click.option("--datum", help=DATUM_HELP)
@give
def check(
    answer: Answer,
    file: Path,
    within: Path | None,
    column: str | None,
    tolerance: float,
    layer: str | None,
    datum: str | None,
) -> None:
    """Say whether FILE is an exact coverage, and where it is none; ends 1 on a fault."""
    table = read_outlines(file, layer=layer, datum=datum)
    report = check_outlines(
        table.outlines, ids_of(table, column, file), _frame(within, datum), tolerance
    )
    document = report.as_dict()

    def words(console: Console) -> None:
        console.print("[green]exact[/]" if report.exact else "[red]not exact[/]", end="  ")
        counts = ("n", "invalid", "overlaps", "gaps", "outside", "duplicates", "noise")
        console.print("  ".join(f"{name} {document[name]:,}" for name in counts))
        for fault in document["faults"][:30]:
            at = "{:.6f},{:.6f}".format(*fault["at"]) if fault["at"] else "nowhere"
            console.print(
                f"  {fault['kind']:<9} {fault['area_m2']:>14,.2f} m2 {fault['width_m']:>9,.2f} m  "
                f"{at}  {' '.join(fault['codes'][:4])}",
                markup=False,
            )

    answer.give(document, words)
    if report.faults:
        click.get_current_context().exit(REFUSED)


@coverage.command()
@click.argument("source", type=FILE, metavar="IN")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT")
@click.option("--within", type=FILE, help="The outline that must be covered.")
@click.option("--id", "column", help="Column with the polygons' ids.")
@click.option("--tolerance", type=float, help="How far vertices may move, metres; found if absent.")
@click.option(
    "--report",
    "report_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the account there: .html with pictures of before and after, else JSON.",
)
@click.option("--layer", help="Layer of a GeoPackage.")
@click.option("--datum", help=DATUM_HELP)
@click.option("--lang", default="zh-CN", show_default=True, help="Of an .html: zh-CN or en.")
@give
def repair(
    answer: Answer,
    source: Path,
    target: Path,
    within: Path | None,
    column: str | None,
    tolerance: float | None,
    report_file: Path | None,
    layer: str | None,
    datum: str | None,
    lang: str,
) -> None:
    """Make IN a proven coverage OUT in EPSG:4490, every input accounted for.

    OUT has one row for each input that has land, and one for each gap too wide to be closed, which
    are marked in the column `free`. Copies, what others cover, and what could not be read have no
    land; they are listed in the account with the reason.
    """
    files.extension(target)
    with answer.progress() as progress:
        progress(0, 3, "read")
        table = read_outlines(source, layer=layer, datum=datum)
        _require_some(table, source)
        ids = ids_of(table, column, source)
        frame = _frame(within, datum)
        progress(1, 3, "repair")
        read = [at for at, shape in enumerate(table.outlines) if shape is not None]
        given = table.outlines[read]
        done = repair_outlines(given, [ids[at] for at in read], frame, tolerance_m=tolerance)
        progress(2, 3, "write")
        _write(target, table, None if column else ids, read, done)
        progress(3, 3, "write")
    document = {
        **done.as_dict(),
        "n": len(table),
        "kept": len(read) - len(done.lost),
        "unreadable": [
            {"id": ids[bad.row - 1], "row": bad.row, "code": bad.code, "message": bad.message}
            for bad in table.refusals
        ],
        "out": str(target),
    }
    if report_file is not None:
        if report_file.suffix.lower() == ".html":
            page = repair_page(given, done, document["unreadable"], source.name, lang)
            report_file.write_text(page, encoding="utf-8")
        else:
            report_file.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str))
        document["report"] = str(report_file)
    answer.give(document, lambda console: _say(console, document))


def _write(
    target: Path, table: OutlineTable, ids: list[str] | None, read: list[int], done: Repair
) -> None:
    """Write the outlines with land under their own attributes, then the free land.

    `ids` become a column `row` where no column of the file names the outlines.
    """
    outlines = done.outlines()
    with_land = [at for at, outline in enumerate(outlines) if outline is not None]
    free = done.cells[done.owner == FREE]
    shapes = np.empty(len(with_land) + len(free), dtype=np.object_)
    shapes[:] = [*(outlines[at] for at in with_land), *free]
    named: dict[str, Any] = {} if ids is None else {"row": ids}
    columns = {
        heading: [*(values[read[at]] for at in with_land), *[None] * len(free)]
        for heading, values in {**named, **table.columns}.items()
        if heading != "free"
    }
    columns["free"] = [False] * len(with_land) + [True] * len(free)
    files.write(target, columns, shapes)


def _say(console: Console, document: dict[str, Any]) -> None:
    console.print(
        f"{document['n']:,} polygons in, {document['cells']:,} cells out, "
        f"{'[green]proven[/]' if document['exact'] else '[red]not proven[/]'}; "
        f"snapped within {document['snap_m']:g} m, moved at most {document['moved_m']:g} m"
    )
    console.print(
        f"kept {document['kept']:,}, mended {len(document['mended'])}, "
        f"copies {len(document['duplicates'])}, without land {len(document['lost'])}, "
        f"unreadable {len(document['unreadable'])}, free cells {document['free']}"
    )
