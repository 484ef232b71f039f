"""The proof as the database itself makes it, and what it said when."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row

from grids.db import statement
from grids.model import Level

Cause = Literal["night", "restore", "asked"]

_MOST_FAULTS_KEPT = 100


@dataclass(frozen=True, slots=True)
class ProofRun:
    """What the SQL proof of all levels said.

    Attributes
    ----------
    publication
        The one that was in force; none before the first boundaries.
    n_faults
        Edges and cells that keep the coverage from being exact; 0 is proven.
    faults
        The first hundred: `fault`, `unit`, `cell_id`, `at` [lon, lat].
    """

    at: datetime
    cause: str
    publication: int | None
    n_faults: int
    faults: tuple[dict[str, Any], ...]
    seconds: float

    @property
    def exact(self) -> bool:
        """Return whether every level was exact."""
        return self.n_faults == 0


def run(conn: Connection, cause: Cause) -> ProofRun:
    """Prove what is in force on all levels by plain SQL, write down the result and return it.

    It takes seconds on a whole county. Only the owner role can do this.
    """
    begun = time.perf_counter()
    levels = [level.value for level in Level]
    rows = conn.execute(statement("residue", "publications"), {"levels": levels}).all()
    faults = [
        {"fault": r.fault, "unit": r.unit_code, "cell_id": r.cell_id, "at": [r.lon, r.lat]}
        for r in rows[:_MOST_FAULTS_KEPT]
    ]
    made = conn.execute(
        statement("keep_proof", "publications"),
        {
            "cause": cause,
            "n_faults": len(rows),
            "faults": json.dumps(faults),
            "seconds": time.perf_counter() - begun,
        },
    ).one()
    return _run(made)


def last(conn: Connection) -> ProofRun | None:
    """Return the latest proof, none before the first."""
    row = conn.execute(statement("last_proof", "publications")).one_or_none()
    return None if row is None else _run(row)


def _run(row: Row[Any]) -> ProofRun:
    return ProofRun(
        row.at, row.cause, row.publication, row.n_faults, tuple(row.faults), row.seconds
    )
