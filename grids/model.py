"""The values that domain functions take and return."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shapely.geometry import Polygon

_DIGITS = {"county": 6, "township": 9, "village": 12, "grid": 15, "subgroup": 17}


class Level(StrEnum):
    """A level of the county's division, by the number of digits in its codes."""

    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"
    GRID = "grid"
    SUBGROUP = "subgroup"

    @property
    def digits(self) -> int:
        """Return how many digits a code of this level has."""
        return _DIGITS[self.value]

    @property
    def parent(self) -> Level | None:
        """Return the level above; none above the county."""
        levels = list(Level)
        at = levels.index(self)
        return levels[at - 1] if at else None


def level_of(code: str) -> Level:
    """Return the level that a unit code belongs to.

    Raises
    ------
    ValueError
        If no level has codes of that length.
    """
    for level in Level:
        if len(code) == level.digits:
            return level
    raise ValueError(f"no unit code has {len(code)} digits")


class Role(StrEnum):
    """What a person is here for; what each may do is written in `grids.access`."""

    GRID_ADMIN = "grid_admin"
    LEADER = "leader"
    DISPATCHER = "dispatcher"
    WORKER = "worker"
    AUDITOR = "auditor"
    SYSADMIN = "sysadmin"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is looking: a person in one role over one territory.

    `scope` is the unit code whose descendants the viewer may see.
    """

    person_id: UUID | None
    name: str
    role: Role
    scope: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit in force or retired; `retired_at` is none while it is in force."""

    code: str
    level: Level
    kind: str
    name: str
    parent_code: str | None
    source_code: str | None
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rival:
    """A grid that the accuracy circle touches, and its share of the circle (0..1)."""

    grid_code: str
    share: float


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a position lies in the coverage in force.

    `grid_code` and `subgroup_code` cover the position (none: outside every grid, `proposal` is
    then the nearest one); `border_m` is the distance to the nearest border of that grid;
    `review` says that a person should look.
    """

    publication: int
    village_code: str | None
    grid_code: str | None
    subgroup_code: str | None
    border_m: float | None
    rivals: tuple[Rival, ...]
    review: bool
    proposal: str | None = None
    proposal_m: float | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """A person's answer for a unit. `rank` is primary, deputy, informant or desk."""

    person_id: UUID
    name: str
    phone_mask: str | None
    unit_code: str
    rank: str
    on_leave: bool = False
    open_incidents: int = 0


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who owns an incident and why.

    `reason` is a code with facts for the screens; `skipped` lists who came first but could not,
    each with its reason ("on_leave", "vacant").
    """

    unit_code: str
    rank: str
    person: Duty | None
    reason: str
    skipped: tuple[dict[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A grid or sub-group that a plan would create; its code is reserved from then on.

    `n_parts` pieces of land are signed for: more than one is an enclave or an island by decision.
    """

    code: str
    name: str
    kind: str = "base"
    initials: str = ""
    source_code: str | None = None
    n_parts: int = 1

    @property
    def level(self) -> Level:
        """Return the level that the code says."""
        return level_of(self.code)

    @property
    def parent_code(self) -> str:
        """Return the code of the unit above."""
        return self.code[: 12 if self.level is Level.GRID else 15]


@dataclass(frozen=True, slots=True)
class NewCell:
    """An atom that an import would put in force; `outline` is a polygon on the lattice."""

    village_code: str
    grid_code: str | None
    subgroup_code: str | None
    outline: Polygon
