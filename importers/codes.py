"""Codes of units: checked against the national structure, or given by us.

A national code is 6 digits for the county (GB/T 2260), 3 more for the township (GB/T 10114), 3 for
the village (statistical division codes), 3 for the grid and 2 for the sub-group. Ranges inside the
last digits tell kinds of units, but villages with codes of another kind exist: they are noted and
never refused.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from grids.model import Level
from grids.numbering import CodesUsedUp, next_codes
from grids.schema import unit
from importers import row_problems
from importers.row_problems import RowProblem

_PROVINCE_RUNS = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))
PROVINCES = frozenset(n for first, last in _PROVINCE_RUNS for n in range(first, last + 1))
ASSIGNED_COUNTY = "900001"
"""Begins with no province's number, so it can never be taken for a national code."""

_STATISTICAL_DIGITS = 12
_RUNS = {Level.TOWNSHIP: range(101, 1000), Level.VILLAGE: range(201, 1000)}


def national_code(given: str, level: Level) -> str:
    """Return a code of a level as we keep it: statistical codes lose the zeros at their end.

    `530524101000` is township 530524101; a code of another length comes back as it is.
    """
    padded = len(given) == _STATISTICAL_DIGITS and level.digits < _STATISTICAL_DIGITS
    if padded and set(given[level.digits :]) == {"0"}:
        return given[: level.digits]
    return given


def problem_of(code: str, level: Level) -> RowProblem | None:
    """Return what keeps a text from being a national code of a level, if anything does."""
    if not code:
        return row_problems.NoCode()
    if not (code.isascii() and code.isdigit()):
        return row_problems.NotDigits(given=code)
    if len(code) != level.digits:
        return row_problems.WrongLength(
            given=code, digits=len(code), unit_level=level.value, needed=level.digits
        )
    if int(code[:2]) not in PROVINCES:
        return row_problems.NoProvince(given=code, province=code[:2])
    above = level.parent.digits if level.parent else 2
    if int(code[above:]) == 0:
        return row_problems.NamesNoUnit(given=code, unit_level=level.value)
    return None


def oddity_of(code: str, level: Level) -> str | None:
    """Return what is unusual about a valid national code, if anything is."""
    number = int(code[-3:]) if level in (Level.TOWNSHIP, Level.VILLAGE) else None
    if number is None or 1 <= number < 600:
        return None
    return f"{number:03d} is no usual number of a {level.value} (001 to 599)"


def new_codes(
    conn: Connection, parent: str, level: Level, n: int, *, kind: str = "base"
) -> list[str]:
    """Return n codes of ours under a parent: the lowest that were never used.

    Raises
    ------
    CodesUsedUp
        If fewer than n are left.
    """
    if level not in _RUNS:
        return next_codes(conn, parent, n, kind=kind)
    used = set(conn.execute(select(unit.c.code).where(unit.c.parent_code == parent)).scalars())
    run = _RUNS[level]
    free = [code for number in run if (code := f"{parent}{number:03d}") not in used]
    if len(free) < n:
        raise CodesUsedUp(parent=parent, wanted=n, left=len(free), of=len(run))
    return free[:n]
