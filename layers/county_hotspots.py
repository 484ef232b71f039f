"""The hotspot map of what was reported in the units in force, cut to a viewer's territory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import shapely
from sqlalchemy import Connection

from geo.lattice import Geometries
from geo.simplify import NotACoverage, simplify
from grids import admission
from grids.model import Level, Viewer
from layers.county_counts import Counted, Recent, count, named
from layers.hotspot_methods import drawn_by
from layers.hotspots import GridRow, HotspotMap, hotspot_map
from layers.styles import word

__all__ = ["Counted", "assess", "count", "read", "sheet", "sheet_of"]

# A sheet is drawn for a screen or page about this wide; what is finer cannot be seen.
SHEET_PX = 2048

_maps: Recent[HotspotMap] = Recent(64)


def assess(counted: Counted) -> HotspotMap:
    """Return the map of counted reports; the last few are kept in the process, by version.

    Redrawn grids are painted "not_comparable" and not judged; notes say how many there are, and how
    many reports belong to grids that are no longer in force.

    Raises
    ------
    UnusableCounts
        If no grid has enough households.
    """
    return _maps.get(counted.version, lambda: _assessed(counted))


def read(
    conn: Connection,
    viewer: Viewer,
    since: date,
    until: date,
    *,
    matter: str | None = None,
    area: str | None = None,
    levels: Sequence[str] = (),
    sources: Sequence[str] = (),
    by: Level = Level.GRID,
) -> HotspotMap:
    """Return the hotspot map of a window; parameters and refusals are those of `count`.

    `matter` of the answer is the code that was asked for, empty for all together.
    """
    return assess(
        count(
            conn,
            viewer,
            since,
            until,
            matter=matter,
            area=area,
            levels=levels,
            sources=sources,
            by=by,
        )
    )


def sheet(
    conn: Connection,
    viewer: Viewer,
    since: date,
    until: date,
    *,
    matter: str | None = None,
    area: str | None = None,
    method: str = "excess",
    locale: str = "zh-CN",
) -> str:
    """Return the hotspot map of a window as one HTML page that opens with no network.

    Outlines are simplified together for a printed page, so that neighbours keep one border.

    Raises
    ------
    As `count`; NoSuchMethod.
    """
    counted = count(conn, viewer, since, until, matter=matter, area=area)
    return sheet_of(conn, viewer, counted, area=area, method=method, locale=locale)()


def sheet_of(
    conn: Connection,
    viewer: Viewer,
    counted: Counted,
    *,
    area: str | None = None,
    method: str = "excess",
    locale: str = "zh-CN",
) -> Callable[[], str]:
    """Return what writes the sheet of counted reports; it needs the database no more.

    Raises
    ------
    NoSuchMethod
        If there is no such method.
    """
    hotspots = drawn_by(assess(counted), method)
    matter = counted.matter
    matter_name = admission.get(conn, matter).name if matter else word("sheet.all_matters", locale)
    place = named(conn, area or viewer.scope) or word("sheet.everywhere", locale)
    title = word("sheet.title", locale, place=place)

    def write() -> str:
        from layers.sheet import hotspot_sheet  # noqa: PLC0415  folium takes a second to import

        shapes = features(counted.ground.codes, drawable(counted.ground.outlines))
        return hotspot_sheet(replace(hotspots, matter=matter_name), shapes, title, locale)

    return write


def drawable(outlines: Geometries) -> Geometries:
    """Return outlines with no more detail than a sheet shows, neighbours with equal borders.

    What is no exact coverage is returned as it is: simplified one by one it would tear.
    """
    west, _, east, _ = shapely.total_bounds(outlines).tolist()
    zoom = math.log2(SHEET_PX / 256 * 360 / max(east - west, 1e-6))
    try:
        return simplify(outlines, min(zoom, 18.0))
    except NotACoverage:
        return outlines


def features(codes: tuple[str, ...], outlines: Geometries) -> dict[str, Any]:
    """Return outlines as GeoJSON features with the property `code`."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"code": code},
                "geometry": shapely.geometry.mapping(s),
            }
            for code, s in zip(codes, outlines, strict=True)
        ],
    }


def _assessed(counted: Counted) -> HotspotMap:
    hotspots = hotspot_map(
        counted.ground.codes,
        counted.names,
        counted.observed,
        counted.households,
        counted.ground.pairs,
        window=counted.window,
        matter=counted.matter,
        publication=counted.publication,
        data_version=counted.version,
    )
    return _marked(hotspots, counted)


def _marked(hotspots: HotspotMap, counted: Counted) -> HotspotMap:
    notes = list(hotspots.notes)
    if counted.redrawn:
        codes = sorted(counted.redrawn)
        notes.append(("hotspots.not_comparable", {"count": len(codes), "codes": codes}))
    if counted.n_recounted:
        notes.append(("hotspots.recounted", {"grids": counted.n_recounted}))
    if counted.n_former:
        facts = {"grids": counted.n_former, "observed": counted.former}
        notes.append(("hotspots.former", facts))
    rows = tuple(_unjudged(row) if row.code in counted.redrawn else row for row in hotspots.rows)
    return replace(hotspots, rows=rows, notes=tuple(notes))


def _unjudged(row: GridRow) -> GridRow:
    """Return the row of a redrawn grid: its counts are another ground's, so nothing is claimed.

    One whose figures are withheld stays withheld.
    """
    flags = (*row.flags, "not_comparable")
    if row.paint == "suppressed":
        return replace(row, flags=flags)
    return replace(row, flags=flags, paint="not_comparable", outline=None, gi_bin=0, rank=None)
