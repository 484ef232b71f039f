"""What a plan would change for people: homes, workers, vacancies, balance.

Everything is counted from `plan_moves`, the database function that publishing itself obeys, so
the preview is the result.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from grids import drafts
from grids.db import statement
from grids.incident_choices import AskedIncident, asked
from grids.model import Viewer


@dataclass(frozen=True, slots=True)
class Move:
    """How many things go from one unit to another; none stands for no grid."""

    from_code: str | None
    to_code: str | None
    n: int


@dataclass(frozen=True, slots=True)
class WorkerChange:
    """Households that a person on duty gains and loses with a unit."""

    person_id: UUID
    person: str
    rank: str
    unit_code: str
    gains: int
    loses: int


@dataclass(frozen=True, slots=True)
class GridBalance:
    """Households of a grid before and after; a grid that ends has none after."""

    grid_code: str
    name: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Impact:
    """What publishing a plan would do.

    Attributes
    ----------
    households, cameras
        Who gets another home: between grids where the grid changes, else between sub-groups.
    incidents_move, incidents_stay
        Open incidents that go with the land, and those that the plan leaves with their owner.
    open_incidents, asked
        The plan's rule for open incidents; under "ask" each of them, with what was chosen.
    workers
        Who is on duty for a grid or sub-group that gains or loses households.
    vacancies
        Grids of the plan without a primary worker today: their village desk would answer.
    balance
        The grids that the plan touches.
    """

    households: tuple[Move, ...]
    cameras: tuple[Move, ...]
    incidents_move: int
    incidents_stay: int
    open_incidents: str
    asked: tuple[AskedIncident, ...]
    workers: tuple[WorkerChange, ...]
    vacancies: tuple[str, ...]
    balance: tuple[GridBalance, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of the HTTP answer."""
        return {
            "households": _moved(self.households),
            "cameras": _moved(self.cameras),
            "incidents": {"moved": self.incidents_move, "stay": self.incidents_stay},
            "open_incidents": self.open_incidents,
            "asked": [asdict(one) | {"incident_id": str(one.incident_id)} for one in self.asked],
            "workers": [asdict(w) | {"person_id": str(w.person_id)} for w in self.workers],
            "vacancies": list(self.vacancies),
            "balance": [asdict(b) for b in self.balance],
        }


def impact(conn: Connection, viewer: Viewer, plan_id: UUID) -> Impact:
    """Return what publishing the plan now would do.

    Raises
    ------
    Forbidden, NotFound
        As `drafts.get`.
    """
    plan = drafts.get(conn, viewer, plan_id)
    key = {"plan_id": plan_id}
    moves = conn.execute(statement("moves", "rehome"), key).all()
    per_kind: dict[str, Counter[tuple[str | None, str | None]]] = {}
    gains: Counter[str] = Counter()
    loses: Counter[str] = Counter()
    for row in moves:
        in_grid = row.from_grid != row.to_grid
        pair = (row.from_grid, row.to_grid) if in_grid else (row.from_subgroup, row.to_subgroup)
        per_kind.setdefault(row.kind, Counter())[pair] += row.n
        if row.kind == "household":
            for count, former, later in ((loses, 0, 1), (gains, 1, 0)):
                for level in ((row.from_grid, row.to_grid), (row.from_subgroup, row.to_subgroup)):
                    code, other = level[former], level[later]
                    if code is not None and code != other:
                        count[code] += row.n
    touched = conn.execute(statement("touched_grids", "rehome"), key).all()
    on_duty = conn.execute(
        statement("duties", "rehome"), {"codes": sorted(gains.keys() | loses.keys())}
    ).all()
    return Impact(
        households=_moves(per_kind.get("household", Counter())),
        cameras=_moves(per_kind.get("camera", Counter())),
        incidents_move=per_kind.get("incident", Counter()).total(),
        incidents_stay=sum(
            per_kind.get(kind, Counter()).total() for kind in ("incident_stays", "incident_kept")
        ),
        open_incidents=plan.open_incidents,
        asked=tuple(asked(conn, plan_id)) if plan.open_incidents == "ask" else (),
        workers=tuple(
            WorkerChange(
                d.person_id, d.name, d.rank, d.unit_code, gains[d.unit_code], loses[d.unit_code]
            )
            for d in on_duty
        ),
        vacancies=tuple(t.code for t in touched if t.stays and not t.has_primary),
        balance=tuple(
            GridBalance(
                t.code, t.name, t.n_households, t.n_households + gains[t.code] - loses[t.code]
            )
            for t in touched
        ),
    )


def _moves(pairs: Counter[tuple[str | None, str | None]]) -> tuple[Move, ...]:
    return tuple(Move(former, later, n) for (former, later), n in pairs.most_common())


def _moved(moves: tuple[Move, ...]) -> dict[str, Any]:
    return {
        "n": sum(move.n for move in moves),
        "moved": [{"from": m.from_code, "to": m.to_code, "n": m.n} for m in moves],
    }
