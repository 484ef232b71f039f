"""Units that are places: points of a GeoJSON, GeoPackage or another file of features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from geo.datum import parse_datum, to_cgcs2000_array
from geo.lattice import Geometries
from importers import sandbox
from importers.table import Value

CGCS2000 = "EPSG:4490"


def read_points(
    file: Path, *, layer: str | None = None, datum: str | None = None
) -> tuple[Geometries, dict[str, list[Value]]] | None:
    """Return points in CGCS2000 degrees and the columns beside them; None if they are not points.

    Parameters
    ----------
    datum
        What the coordinates are, where the file does not say it or is wrong.

    Raises
    ------
    UndeclaredDatum
        If neither the file nor the caller says what the coordinates are.
    TooHard
        As `importers.sandbox.run`.
    """
    found = sandbox.run(_read, str(file.resolve()), layer, what=f"reading {file.name}")
    if found is None:
        return None
    xy, known, columns = found
    if datum is not None or not known:
        xy = to_cgcs2000_array(xy, parse_datum(datum))
    return np.asarray(shapely.points(xy), dtype=np.object_), columns


def _read(path: str, layer: str | None) -> tuple[np.ndarray, bool, dict[str, list[Value]]] | None:
    import geopandas  # noqa: PLC0415  pandas takes half a second to import

    frame = geopandas.read_file(path, layer=layer) if layer else geopandas.read_file(path)
    if not len(frame) or not (frame.geom_type == "Point").all():
        return None
    known = frame.crs is not None
    if known and frame.crs.to_epsg() not in (4326, 4490):
        frame = frame.to_crs(CGCS2000)
    columns = {
        str(name): frame[name].astype(object).where(frame[name].notna(), None).tolist()
        for name in frame.columns
        if name != frame.geometry.name
    }
    return shapely.get_coordinates(frame.geometry.array), known, columns
