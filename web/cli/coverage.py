"""`wangge coverage`: check and repair polygon files; no database is needed."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import orjson
import shapely
from rich.console import Console
from shapely.geometry.base import BaseGeometry

from geo.errors import Refusal
from geo.faults import check as check_polygons
from geo.repair import repair as repair_outlines
from importers.outlines import OutlineTable, read_outlines
from layers import files
from web.cli.output import REFUSED, Answer, WanggeGroup, give

FILE = click.Path(exists=True, path_type=Path)
DATUM_HELP = "wgs84, cgcs2000, gcj02, bd09 or EPSG:n, where the file does not say."


class NoSuchColumn(Refusal):
    """The file has no column of that name."""

    code = "file.no_column"
    sentence = "{file} has no column {column}. Columns: {columns}."


class RefusedFeatures(Refusal):
    """Features that could not be read stand in the way of a repair."""

    code = "file.bad_features"
    sentence = "{n} features of {file} cannot be read; the first: row {row}: {message}"


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


def _frame(file: Path | None, datum: str | None) -> BaseGeometry | None:
    if file is None:
        return None
    return shapely.union_all(
        [shape for shape in read_outlines(file, datum=datum).outlines if shape]
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
    report = check_polygons(
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
@click.option("--report", "report_file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--layer", help="Layer of a GeoPackage.")
@click.option("--datum", help=DATUM_HELP)
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
) -> None:
    """Make IN a proven coverage OUT in EPSG:4490, every input accounted for."""
    files.extension(target)
    table = read_outlines(source, layer=layer, datum=datum)
    if table.refusals:
        first = table.refusals[0]
        raise RefusedFeatures(
            n=len(table.refusals), file=source.name, row=first.row, message=first.message
        )
    ids = ids_of(table, column, source)
    with answer.progress() as progress:
        done = repair_outlines(
            table.outlines,
            ids,
            frame=_frame(within, datum),
            tolerance_m=tolerance,
            progress=progress,
        )
    shapes = [shape if shape is not None else shapely.Polygon() for shape in done.outlines()]
    free = done.cells[done.owner == -1]
    outlines = np.empty(len(shapes) + len(free), dtype=np.object_)
    outlines[:] = [*shapes, *free]
    blank = [None] * len(free)
    columns = {
        heading: [*values, *blank] for heading, values in table.columns.items() if heading != "free"
    }
    if column is None:
        columns = {"row": [*ids, *blank], **columns}
    columns["free"] = [False] * len(shapes) + [True] * len(free)
    files.write(target, columns, outlines)
    document = {**done.as_dict(), "out": str(target)}
    if report_file is not None:
        report_file.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str))

    def words(console: Console) -> None:
        console.print(
            f"{document['n']:,} polygons in, {document['cells']:,} cells out, "
            f"{'[green]proven[/]' if document['exact'] else '[red]not proven[/]'}; "
            f"snapped within {document['snap_m']:g} m, moved at most {document['moved_m']:g} m"
        )
        console.print(
            f"mended {len(document['mended'])}, duplicates {len(document['duplicates'])},"
            f" lost {len(document['lost'])}, free cells {document['free']}"
        )

    answer.give(document, words)
