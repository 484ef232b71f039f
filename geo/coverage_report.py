"""What a check of a coverage found, in the shape of `wangge coverage check`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["invalid", "duplicate", "overlap", "gap", "outside"]


@dataclass(frozen=True)
class Fault:
    """A place where the polygons are no coverage.

    Attributes
    ----------
    kind
        `invalid`, `duplicate`, `overlap`, `gap` or `outside`.
    codes
        The polygons concerned; for a gap those around it.
    area_m2, width_m
        Size, the width being that of the greatest inscribed circle; 0 for an invalid polygon.
    at
        Longitude and latitude of a place in it; None for a polygon without coordinates.
    """

    kind: Kind
    codes: tuple[str, ...]
    area_m2: float
    width_m: float
    at: tuple[float, float] | None

    def as_dict(self) -> dict[str, Any]:
        """Return the fault as in the answer of `wangge coverage check`."""
        return {
            "kind": self.kind,
            "codes": list(self.codes),
            "area_m2": round(self.area_m2, 3),
            "width_m": round(self.width_m, 3),
            "at": None if self.at is None else list(self.at),
        }


@dataclass(frozen=True)
class CoverageReport:
    """What `check` found.

    Attributes
    ----------
    n
        Number of features.
    exact
        The proof on the coordinates as they are: all valid, every edge with its partner, the
        rest exactly the outline.
    duplicates
        Features that repeat an earlier one.
    noise
        Polygons with edges that have no partner although no fault lies there: they differ from
        their neighbour, or from the outline, by less than the tolerance.
    faults
        Largest first within their kind.
    """

    n: int
    exact: bool
    duplicates: int
    noise: int
    faults: tuple[Fault, ...]

    def count(self, kind: Kind) -> int:
        """Return the number of faults of a kind."""
        return sum(fault.kind == kind for fault in self.faults)

    def as_dict(self) -> dict[str, Any]:
        """Return the answer of `wangge coverage check`."""
        return {
            "n": self.n,
            "exact": self.exact,
            "invalid": self.count("invalid"),
            "overlaps": self.count("overlap"),
            "gaps": self.count("gap"),
            "outside": self.count("outside"),
            "duplicates": self.duplicates,
            "noise": self.noise,
            "faults": [fault.as_dict() for fault in self.faults],
        }
