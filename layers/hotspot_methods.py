"""Which test a hotspot map is drawn by, and its rows as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from geo.errors import Refusal
from layers.hotspots import GridRow, HotspotMap

METHODS = ("excess", "gi")

# Gi* classes are corrected for multiple testing: 99 % is q <= 0.01, 95 % is q <= 0.05, which is
# what the two outlines stand for.
_OUTLINE_OF_BIN = {3: "double", 2: "solid"}

_OF_AROUND = ("observed", "expected", "ratio", "low", "high", "p", "q")


class NoSuchMethod(Refusal):
    """A method that hotspot maps are not drawn by."""

    code = "hotspots.method"
    sentence = "There is no method {method}. Give one of: {methods}."


def require_method(method: str) -> None:
    """Let pass the name of a method.

    Raises
    ------
    NoSuchMethod
        Naming those that exist.
    """
    if method not in METHODS:
        raise NoSuchMethod(method=method, methods=", ".join(METHODS))


def drawn_by(hotspots: HotspotMap, method: str) -> HotspotMap:
    """Return the map with outlines, ranks and counts of a method; colours stay the rates' own.

    Under "gi" the outline is Gi*'s class of 99 or 95 %, and grids rank by its z, ties by code.

    Raises
    ------
    NoSuchMethod
        If there is none of this name.
    """
    require_method(method)
    if method == "excess":
        return hotspots
    judged = [row for row in hotspots.rows if row.rank is not None]
    order = sorted(judged, key=lambda row: (-(row.gi_z or 0.0), row.code))
    ranks = {row.code: rank for rank, row in enumerate(order, start=1)}
    rows = tuple(
        replace(row, rank=ranks[row.code], outline=_OUTLINE_OF_BIN.get(row.gi_bin or 0))
        if row.code in ranks
        else row
        for row in hotspots.rows
    )
    counts = {**hotspots.counts, "outlined": sum(row.outline is not None for row in rows)}
    notes = tuple(
        (code, {**facts, "outlined": counts["outlined"]} if "outlined" in facts else facts)
        for code, facts in hotspots.notes
        if code != "hotspots.neighbourhood"
    )
    notes = (*notes, ("hotspots.by_gi", {}))
    return replace(hotspots, rows=rows, counts=counts, notes=notes)


def table(hotspots: HotspotMap) -> dict[str, Sequence[Any]]:
    """Return the rows as columns, in the order of the map; withheld figures are None.

    Columns beginning with `around_` speak of a grid with its neighbours.
    """
    plain = [name for name in GridRow.__slots__ if name not in ("around", "flags")]
    rows = hotspots.rows
    columns: dict[str, Sequence[Any]] = {
        name: [getattr(row, name) for row in rows] for name in plain
    }
    for name in _OF_AROUND:
        columns[f"around_{name}"] = [getattr(row.around, name, None) for row in rows]
    columns["flags"] = [" ".join(row.flags) for row in rows]
    return columns
