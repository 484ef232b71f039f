"""The files of the invented county, written by seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from importers.demo import county, events, homes, people, rounds
from importers.demo.words import FOLDER
from importers.options import Progress, no_progress

CALENDARS = FOLDER.parent / "calendar"


@dataclass(frozen=True, slots=True)
class DemoFile:
    """A file to take in: its kind, the level of its units, the datum of its coordinates."""

    kind: str
    path: Path
    level: str | None = None
    datum: str | None = None


def build(
    folder: Path,
    scale: str,
    *,
    seed: int,
    n_incidents: int,
    today: date,
    progress: Progress = no_progress,
) -> list[DemoFile]:
    """Write the files of an invented county and return them in the order they are taken in.

    The same arguments give the same files. Beside them stands `truth.json` with the hotspots that
    were planted.

    Parameters
    ----------
    scale
        A name in `county.SCALES`.
    n_incidents
        How many incidents are expected in the two years before `today`, besides the planted ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = county.SCALES[scale]
    progress(0, 4, "draw")
    drawn = county.draw(size, seed)
    outlines = county.write(drawn, folder)
    progress(1, 4, "draw")
    lived = homes.draw(drawn, size.households, seed)
    register = homes.write_households(drawn, lived, folder, seed)
    cameras = homes.write_cameras(drawn, lived, folder, seed)
    progress(2, 4, "draw")
    staff = people.write(drawn, folder, seed, today)
    progress(3, 4, "draw")
    happened = events.write(drawn, lived, folder, n=n_incidents, seed=seed, today=today)
    progress(4, 4, "draw")
    visits = rounds.write(register, staff["duties"], folder, seed, today)
    levels = ("county", "township", "village")
    return [
        *(DemoFile("units", outlines[level], level=level) for level in levels),
        DemoFile("grids", outlines["grid"], datum="EPSG:4490"),
        DemoFile("subgroups", outlines["subgroup"], datum="EPSG:4490"),
        DemoFile("people", staff["people"]),
        DemoFile("duties", staff["duties"]),
        DemoFile("matters", FOLDER / "matters.csv"),
        *(DemoFile("holidays", path) for path in sorted(CALENDARS.glob("*.csv"))),
        DemoFile("households", register, datum="cgcs2000"),
        DemoFile("visits", visits),
        *(DemoFile("cameras", path, datum=datum) for datum, path in sorted(cameras.items())),
        *(DemoFile("incidents", path, datum=datum) for datum, path in sorted(happened.items())),
    ]
