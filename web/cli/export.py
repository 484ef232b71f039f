"""`wangge export`: units, households, cameras or incidents to a file."""

from __future__ import annotations

from pathlib import Path

import click

from grids.history import AsAt
from grids.incidents import Filter
from layers import exports, ledger
from layers import files as writers
from web.cli.database import transaction
from web.cli.history import as_at, past_of
from web.cli.output import Answer, WanggeCommand, give
from web.clock import now

LEDGER_FORMATS = (".xlsx", ".csv")


@click.command(cls=WanggeCommand)
@click.argument("kind", type=click.Choice(sorted(exports.KINDS)))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@as_at
@click.option("--area", help="Code of a unit; default: everything.")
@give
def export(answer: Answer, kind: str, file: Path, on: AsAt | None, area: str | None) -> None:
    """Write KIND to FILE; the extension is the format.

    gpkg, geojson, shp.zip, kml, xlsx, csv, parquet. Telephone numbers stay masked. Incidents as
    xlsx or csv are the county's ledger, in its column names.
    """
    extension = writers.extension(file)
    is_ledger = kind == "incidents" and extension in LEDGER_FORMATS and on is None
    with transaction() as (conn, viewer):
        if is_ledger:
            table = ledger.read(conn, viewer, Filter(unit=area), now())
        else:
            table = exports.read(conn, viewer, kind, area=area, past=past_of(conn, on))
    writers.write(file, table.columns, table.shapes)
    answer.give(
        {"kind": kind, "rows": len(table), "file": str(file)},
        lambda c: c.print(f"{len(table):,} {kind} written to {file}"),
    )
