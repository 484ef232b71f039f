"""Sources whose positions all lie off in one direction: noticed at night, told to administrators.

An undeclared GCJ-02 puts every report of a neighbour's system some hundred metres off, several
grids away, and each of them looks sound. Held against the homes of the county they do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.crs import MetricFrame
from geo.datum import Datum, Epsg, parse_datum, to_cgcs2000_array
from geo.shift import Shift, find_shift
from grids import notices
from grids.db import statement

DAYS = 30
# More do not make it surer.
MOST = 600
# How far a shift may lie from what a mistaken datum makes: positions and homes are not one point.
_ALIKE_M = 60.0
_WINDS = ("n", "ne", "e", "se", "s", "sw", "w", "nw")


@dataclass(frozen=True, slots=True)
class ShiftedSource:
    """A source, the datum it declares, its shift, and the datum that would explain it.

    `cause` is none where no datum does: a wrong anchor, or reports that lie off homes by nature.
    """

    source: str
    datum: str
    shift: Shift
    cause: Datum | None

    def facts(self) -> dict[str, object]:
        """Return what administrators are told."""
        return {
            "source": self.source,
            "datum": self.datum,
            "n": self.shift.n,
            "metres": int(round(self.shift.distance_m, -1)),
            "wind": _WINDS[round(self.shift.bearing / 45) % 8],
            "near_percent": round(100 * self.shift.near_given),
            "moved_percent": round(100 * self.shift.near_moved),
            "cause": self.cause.value if self.cause else "unknown",
        }


def watch(conn: Connection, now: datetime) -> list[ShiftedSource]:
    """Tell administrators of the sources that are shifted, and return those told of now.

    They are told of a source once in `DAYS`; see `find`.
    """
    since = now - timedelta(days=DAYS)
    told = {tuple(row) for row in conn.execute(statement("told", "shifts"), {"since": since})}
    fresh = [one for one in find(conn, now) if (one.source, one.datum) not in told]
    if fresh:
        people = conn.execute(statement("administrators", "shifts"), {"now": now}).scalars().all()
        for one in fresh:
            for person_id in people:
                notices.post(conn, person_id, "source.shifted", one.facts(), now)
    return fresh


def find(conn: Connection, now: datetime) -> list[ShiftedSource]:
    """Return the sources whose positions of the last `DAYS` lie off the county's homes.

    What is looked at is what was given, read by the datum that the source declares: a pin that
    somebody moved tells nothing about its source. See `geo.shift.find_shift` for the method.
    """
    homes = np.array([tuple(row) for row in conn.execute(statement("homes", "shifts"))], np.float64)
    if len(homes) == 0:
        return []
    frame = MetricFrame.at(float(homes[:, 0].mean()))
    known = frame.project_xy(homes)
    asked = {"since": now - timedelta(days=DAYS), "most": MOST}
    rows = conn.execute(statement("reported", "shifts"), asked).all()
    found = []
    for (source, datum), group in groupby(rows, key=lambda row: (row.source, row.given_datum)):
        given = np.array([(row.given_x, row.given_y) for row in group], np.float64)
        declared = parse_datum(datum)
        shift = find_shift(_metres(frame, given, declared), known)
        if shift is not None:
            found.append(ShiftedSource(source, datum, shift, _cause(frame, given, declared, shift)))
    return found


def _cause(
    frame: MetricFrame, given: NDArray[np.float64], declared: Datum | Epsg, shift: Shift
) -> Datum | None:
    """Return the datum by which the positions would lie where they belong."""
    if isinstance(declared, Epsg):
        return None
    read = _metres(frame, given, declared)
    others: Sequence[Datum] = (Datum.WGS84, Datum.GCJ02, Datum.BD09)
    for other in others:
        off = np.nanmedian(read - _metres(frame, given, other), axis=0)
        if np.hypot(off[0] - shift.east_m, off[1] - shift.north_m) <= _ALIKE_M:
            return other
    return None


def _metres(
    frame: MetricFrame, given: NDArray[np.float64], datum: Datum | Epsg
) -> NDArray[np.float64]:
    return frame.project_xy(to_cgcs2000_array(given, datum))
