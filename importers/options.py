"""What a sender says about the files of one import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from geo.lattice import Geometries
from geo.repair_account import Repair
from grids.secrets import KeyRing
from importers.fields import Declared

# report(done, total, stage)
Progress = Callable[[int, int, str], None]


# shown(outlines as they were given, what repair made of them)
ShowRepair = Callable[[Geometries, Repair], None]


def no_progress(done: int, total: int, stage: str) -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Settings of one import.

    Attributes
    ----------
    datum
        As declared: `wgs84`, `cgcs2000`, `gcj02`, `bd09` or `EPSG:n`; none when not declared.
    declared
        Which heading is which field, and what values mean.
    level
        Level of the units in the file, where the kind leaves it open.
    codes
        `national`: the file's codes are ours; `assign`: we number, theirs are kept beside.
    plan_name
        Title of the plan that outlines enter as.
    source
        Name of the sender for rows that do not name one.
    keys
        Encrypts telephone numbers; a file that has some is refused without it.
    tolerance_m
        Misfit of edges to snap, in metres; none for the usual one.
    new_matters
        Make admission items of the kinds of incidents that the list does not have.
    show_repair
        Called with each repair of grids or sub-groups, for whoever draws a picture of it.
    """

    datum: str | None = None
    declared: Declared = field(default_factory=Declared)
    level: str | None = None
    codes: Literal["national", "assign"] = "national"
    layer: str | None = None
    encoding: str | None = None
    plan_name: str | None = None
    source: str | None = None
    keys: KeyRing | None = None
    tolerance_m: float | None = None
    new_matters: bool = False
    show_repair: ShowRepair | None = None
