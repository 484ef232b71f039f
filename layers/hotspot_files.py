"""A hotspot answer as rows of a table or features of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geo.lattice import Geometries
from layers import files
from layers.hotspot_picture import picture

PICTURE = ".png"
# What a spreadsheet has no room for.
_LEFT_OUT = ("weeks",)


def write(
    path: Path, answer: Mapping[str, Any], outlines: Mapping[str, Any], title: str, locale: str
) -> None:
    """Write an answer to a file; the extension decides: a picture, a table or features.

    Parameters
    ----------
    outlines
        Polygons by code in CGCS2000 degrees.

    Raises
    ------
    UnknownFormat
        If the extension is none of ours.
    """
    if path.name.lower().endswith(PICTURE):
        path.write_bytes(picture(answer, outlines, title, locale))
        return
    rows = answer["rows"] or answer.get("clusters") or answer.get("bands") or []
    shapes: Geometries | None = None
    if answer["rows"]:
        shapes = np.array([outlines[row["code"]] for row in rows], dtype=np.object_)
    files.write(path, columns(rows), shapes)


def columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return rows as columns; what holds fields of its own is spread out under its name."""
    flat = [dict(_spread(row)) for row in rows]
    names = dict.fromkeys(name for row in flat for name in row)
    return {name: [row.get(name) for row in flat] for name in names}


def _spread(row: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in row.items():
        if name in _LEFT_OUT:
            continue
        if isinstance(value, Mapping):
            yield from _spread(value, f"{before}{name}_")
        elif isinstance(value, list | tuple):
            yield f"{before}{name}", " ".join(str(one) for one in value)
        else:
            yield f"{before}{name}", value
