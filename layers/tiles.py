"""Vector tiles: unit outlines for everybody who is signed in, points inside a territory only.

A tile is bytes of the Mapbox Vector Tile format. Unit tiles depend on the publication alone, so
the number in their address is the cache's only rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, TextClause, text

from geo.errors import Refusal
from grids.db import statement
from grids.display import ZOOMS

FOLDER = Path(__file__).parent / "sql"
MAX_ZOOM = 18
# Below these zooms a level is a smear; the client's styles start at the same figures.
FIRST_ZOOM = {"county": 0, "township": 0, "village": 8, "grid": 8, "subgroup": 12}
# Personal places are drawn only where a viewer looks at a street, not at a county.
FIRST_POINT_ZOOM = {"households": 15, "cameras": 13, "incidents": 6}
FIRST_SINGLE_INCIDENT = 14

_NEWEST = 2**31 - 1


class NoSuchTile(Refusal):
    """A tile address outside the pyramid or below the layer's first zoom."""

    code = "tile.none"
    sentence = "There is no tile {layer}/{z}/{x}/{y}."


def require_address(layer: str, z: int, x: int, y: int) -> None:
    """Refuse an address outside the pyramid before any query runs.

    Raises
    ------
    NoSuchTile
        If zoom, column or row do not exist.
    """
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise NoSuchTile(layer=layer, z=z, x=x, y=y)


def display_zoom(z: int) -> int:
    """Return the zoom whose simplified outlines serve tiles of zoom `z`."""
    return min((zoom for zoom in ZOOMS if zoom >= z), default=ZOOMS[-1])


@dataclass(frozen=True, slots=True)
class UnitsTile:
    """A tile of unit outlines, uncompressed, and the publication that it shows."""

    publication: int | None
    plain: bytes


def units_tile(
    conn: Connection, z: int, x: int, y: int, publication: int | None = None, *, scope: str = ""
) -> UnitsTile:
    """Return the tile of unit outlines and label points of a publication.

    Layers are named by level (`grid`) and hold the outlines with code, name and kind; `grid_label`
    holds one point for each unit, in the one tile that it lies in. Below its first zoom a level is
    missing; without a publication the tile is empty.

    Parameters
    ----------
    publication
        A number of the past shows the county as it was drawn then, under the names of then, or as
        its outlines are where drawings were not kept yet; none, or a number still to come, what is
        in force.
    scope
        Only units of this territory, and those that it lies in; of everywhere if it is empty.

    Raises
    ------
    NoSuchTile
        If the address does not exist.
    """
    require_address("units", z, x, y)
    given = {
        "z": z,
        "x": x,
        "y": y,
        "zoom": display_zoom(z),
        "levels": [level for level, first in FIRST_ZOOM.items() if z >= first],
        "publication": _NEWEST if publication is None else publication,
        "scope": scope,
    }
    row = conn.execute(_units("units"), given).one()
    if row.publication is None or given["publication"] >= row.publication:
        return UnitsTile(row.publication, bytes(row.tile or b""))
    past = conn.execute(_units("past_units"), given).one()
    return UnitsTile(publication, bytes(past.tile or b""))


@cache
def _units(near: str) -> TextClause:
    """Return the query of a unit tile: which units are near, and what is drawn of them."""
    parts = (statement(name, "tiles", FOLDER).text.rstrip() for name in (near, "in_layers"))
    return text(",\n".join(parts))


def points_tile(conn: Connection, layer: str, scope: str, z: int, x: int, y: int) -> bytes:
    """Return a tile of households, cameras or open incidents inside the territory `scope`.

    Incidents below zoom 14 are counts per field of a 8 x 8 raster, never single places.

    Raises
    ------
    NoSuchTile
        If the address does not exist or lies below the layer's first zoom.
    """
    require_address(layer, z, x, y)
    if layer not in FIRST_POINT_ZOOM or z < FIRST_POINT_ZOOM[layer]:
        raise NoSuchTile(layer=layer, z=z, x=x, y=y)
    clustered = layer == "incidents" and z < FIRST_SINGLE_INCIDENT
    name = "incident_clusters" if clustered else layer
    given = {"z": z, "x": x, "y": y, "scope": scope}
    return bytes(conn.execute(statement(name, "tiles", FOLDER), given).scalar() or b"")
