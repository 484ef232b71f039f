"""`wangge locate`: which grid answers for a position, or for each row of a file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from geo.borders import Borders
from geo.datum import parse_datum, to_cgcs2000
from geo.locator import Locator
from grids import assign
from grids import locate as places
from grids.history import AsAt
from importers.outlines import read_outlines
from importers.positions import read_positions
from importers.table import Table, as_text, read_table
from web import answers
from web.cli.coverage import NoSuchColumn, ids_of
from web.cli.database import transaction
from web.cli.history import as_at, past_of
from web.cli.output import Answer, WanggeCommand, give
from web.clock import now

LON_HEADINGS = ("lon", "longitude", "lng", "long", "x", "经度", "easting", "eastings")
LAT_HEADINGS = ("lat", "latitude", "y", "纬度", "northing", "northings")


@click.command(cls=WanggeCommand)
@click.argument("lon", type=float, required=False)
@click.argument("lat", type=float, required=False)
@click.option("--datum", help="wgs84, cgcs2000, gcj02, bd09 or EPSG:n.")
@click.option("--accuracy", type=float, help="Radius of the position's accuracy, metres.")
@click.option("--file", "source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", "target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--lon", "lon_column", help="Column of the longitude or easting.")
@click.option("--lat", "lat_column", help="Column of the latitude or northing.")
@click.option("--grids", type=click.Path(exists=True, path_type=Path), help="A polygon file.")
@click.option("--id", "id_column", help="Column with the ids of --grids.")
@click.option("--layer", help="Layer of --grids.")
@as_at
@give
def locate(
    answer: Answer,
    lon: float | None,
    lat: float | None,
    datum: str | None,
    accuracy: float | None,
    source: Path | None,
    target: Path | None,
    lon_column: str | None,
    lat_column: str | None,
    grids: Path | None,
    id_column: str | None,
    layer: str | None,
    on: AsAt | None,
) -> None:
    """Say which grid covers LON LAT, who answers there and why; or place every row of a file."""
    if source is not None:
        if target is None:
            raise click.UsageError("--file needs --out")
        if grids is not None and on is not None:
            raise click.UsageError("--on asks the county's own past: leave --grids out")
        rows = _Rows(source, lon_column, lat_column, datum)
        found = _by_file(rows, grids, layer, id_column) if grids else _by_county(rows, on)
        n_inside = rows.write(target, found)
        document = {"rows": len(rows.table), "inside": n_inside, "out": str(target)}
        answer.give(document, lambda c: c.print(f"{n_inside:,} of {len(rows.table):,} rows placed"))
        return
    if lon is None or lat is None:
        raise click.UsageError("give LON LAT, or --file")
    at = to_cgcs2000(lon, lat, parse_datum(datum))
    with transaction() as (conn, _):
        past = past_of(conn, on)
        placement = places.locate(conn, at, accuracy, past)
        given = assign.responsible(conn, placement, None, past.moment if past else now())
        answer.give(answers.where(conn, placement, given, past))


class _Rows:
    """The rows of a file with their positions."""

    def __init__(
        self, file: Path, lon_column: str | None, lat_column: str | None, datum: str | None
    ) -> None:
        self.table: Table = read_table(file, known=[*LON_HEADINGS, *LAT_HEADINGS])
        lon = self._heading(file, lon_column, LON_HEADINGS)
        lat = self._heading(file, lat_column, LAT_HEADINGS)
        found = read_positions(self.table.columns[lon], self.table.columns[lat], parse_datum(datum))
        self.xy: NDArray[np.float64] = found.xy

    def _heading(self, file: Path, named: str | None, usual: Sequence[str]) -> str:
        by_name = {heading.casefold(): heading for heading in self.table.headings}
        for name in [named] if named else usual:
            if name.casefold() in by_name:
                return by_name[name.casefold()]
        raise NoSuchColumn(
            file=file.name, column=named or usual[0], columns=", ".join(self.table.headings)
        )

    def write(self, target: Path, found: dict[str, Sequence[object]]) -> int:
        """Write the same rows in the same order with the found columns; return how many have one.

        The file appears whole or not at all.
        """
        partial = target.with_name(f".{target.name}.part")
        headings = [h for h in self.table.headings if h not in found]
        with partial.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow([*headings, *found])
            for i in range(len(self.table)):
                given = (as_text(self.table.columns[h][i]) for h in headings)
                writer.writerow([*given, *(column[i] for column in found.values())])
        partial.replace(target)
        return sum(bool(code) for code in next(iter(found.values())))


def _columns(
    grid: Sequence[object], subgroup: Sequence[object], border_m: NDArray[np.float64]
) -> dict[str, Sequence[object]]:
    return {
        "grid_code": ["" if code is None else code for code in grid],
        "subgroup_code": ["" if code is None else code for code in subgroup],
        "border_m": ["" if np.isnan(metres) else f"{metres:.2f}" for metres in border_m],
        "review": ["0" if code else "1" for code in grid],
    }


def _by_county(rows: _Rows, on: AsAt | None) -> dict[str, Sequence[object]]:
    with transaction() as (conn, _):
        found = places.locate_many(conn, rows.xy, past_of(conn, on))
    return _columns(list(found.grid_codes), list(found.subgroup_codes), found.border_m)


def _by_file(
    rows: _Rows, file: Path, layer: str | None, id_column: str | None
) -> dict[str, Sequence[object]]:
    """Place rows in a file's own polygons; where several cover a position the lowest id wins."""
    table = read_outlines(file, layer=layer)
    ids = ids_of(table, id_column, file)
    usable = [i for i in range(len(ids)) if table.outlines[i] is not None]
    usable.sort(key=lambda i: (len(ids[i]), ids[i]) if ids[i].isdigit() else (0, ids[i]))
    outlines = table.outlines[usable]
    at = Locator(outlines).locate(rows.xy)
    border_m = np.full(len(at), np.nan)
    border_m[at >= 0] = Borders(outlines).distance_m(rows.xy[at >= 0])
    grid = [ids[usable[k]] if k >= 0 else None for k in at]
    return _columns(grid, [None] * len(grid), border_m)
