"""`wangge simplify`: a coverage simplified together for a map scale, still proven."""

from __future__ import annotations

from pathlib import Path

import click
import shapely

from geo.coverage import prove
from geo.lattice import snap
from geo.simplify import simplify as simplify_together
from importers.outlines import read_outlines
from layers import files
from web.cli.output import Answer, WanggeCommand, give


@click.command(cls=WanggeCommand)
@click.argument("source", type=click.Path(exists=True, path_type=Path), metavar="IN")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT")
@click.option("--zoom", type=click.IntRange(0, 20), required=True, help="Web map zoom.")
@click.option("--layer", help="Layer of a GeoPackage.")
@click.option("--datum", help="wgs84, cgcs2000, gcj02, bd09 or EPSG:n, if the file does not say.")
@give
def simplify(
    answer: Answer, source: Path, target: Path, zoom: int, layer: str | None, datum: str | None
) -> None:
    """Simplify IN for a zoom so that neighbours keep the same border, and write OUT."""
    files.extension(target)
    table = read_outlines(source, layer=layer, datum=datum)
    before = snap(table.outlines)
    after = simplify_together(before, zoom)
    files.write(target, table.columns, after)
    document = {
        "n": len(after),
        "zoom": zoom,
        "vertices_before": int(shapely.get_num_coordinates(before).sum()),
        "vertices_after": int(shapely.get_num_coordinates(after).sum()),
        "exact": prove(after).exact,
        "out": str(target),
    }
    answer.give(document)
