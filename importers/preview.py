"""What an import of outlines would do, tried to the end and taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, select

from geo.errors import Refusal
from grids.model import Level, Viewer
from grids.schema import unit, unit_frame, unit_outline
from importers.doors import OUTLINES
from importers.options import ImportOptions, Progress, no_progress
from importers.report import ImportReport

_LEVELS = {"grids": Level.GRID, "subgroups": Level.SUBGROUP}


@dataclass(frozen=True, slots=True)
class NamedUnit:
    """A unit as a list shows it."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """The difference that an import would make, and its account; all of it fit for JSON.

    Attributes
    ----------
    kind, level
        What would be imported.
    added, changed, renamed, removed
        Units that would come, get another outline, get another name, and go. A code that the
        import would assign may turn out another when it is run.
    n_untouched
        Units of the level that would stay as they are.
    report
        As `ImportReport.as_dict`; the notes tell what repair mended, moved, cut and closed.
        None when the import would be refused as a whole.
    refusal
        Why it would be, `{"code", "message", "sentence", ...facts}`; the sentence has the facts'
        names in braces.
    """

    kind: str
    level: str
    added: tuple[NamedUnit, ...]
    changed: tuple[NamedUnit, ...]
    renamed: tuple[NamedUnit, ...]
    removed: tuple[NamedUnit, ...]
    n_untouched: int
    report: dict[str, Any] | None
    refusal: dict[str, Any] | None

    def as_dict(self) -> dict[str, Any]:
        """Return the preview ready for JSON."""
        return asdict(self)


def preview(
    conn: Connection,
    viewer: Viewer,
    kind: str,
    files: Sequence[Path],
    options: ImportOptions,
    progress: Progress = no_progress,
    *,
    keep: Callable[[ImportReport], None] | None = None,
) -> ImportPreview:
    """Return what the import of units, grids or sub-groups would change; nothing is kept.

    The import runs as it would in earnest, proof and publication included, inside a savepoint
    that is rolled back.

    Parameters
    ----------
    keep
        Called with the account itself, which knows the refused rows as they were given.

    Raises
    ------
    KeyError
        For a kind that has no outlines.
    """
    level = _LEVELS.get(kind) or Level(options.level or Level.COUNTY)
    take = OUTLINES[kind]
    before = _units(conn, level)
    report: dict[str, Any] | None = None
    refusal: dict[str, Any] | None = None
    trial = conn.begin_nested()
    try:
        account = take(conn, viewer, files, options, progress)
        report = account.as_dict()
        if keep is not None:
            keep(account)
        after = _units(conn, level)
    except Refusal as refused:
        refusal, after = refused.as_dict() | {"sentence": refused.sentence}, before
    finally:
        trial.rollback()
    both = [code for code in after if code in before]
    changed = [code for code in both if after[code].outline != before[code].outline]
    renamed = [code for code in both if after[code].name != before[code].name]
    return ImportPreview(
        kind=kind,
        level=level.value,
        added=_named(after, [code for code in after if code not in before]),
        changed=_named(after, changed),
        renamed=_named(after, renamed),
        removed=_named(before, [code for code in before if code not in after]),
        n_untouched=len(set(both) - {*changed, *renamed}),
        report=report,
        refusal=refusal,
    )


class _Unit(NamedTuple):
    name: str
    outline: bytes | None


def _units(conn: Connection, level: Level) -> dict[str, _Unit]:
    """Return the units of a level that are in force, by code; the outline as WKB."""
    land = unit_outline if level in _LEVELS.values() else unit_frame
    drawn = land.c.unit_code == unit.c.code
    if land is unit_outline:
        drawn = and_(drawn, func.upper_inf(unit_outline.c.valid))
    rows = conn.execute(
        select(unit.c.code, unit.c.name, func.ST_AsBinary(land.c.outline).label("outline"))
        .select_from(unit.outerjoin(land, drawn))
        .where(unit.c.level == level.value, func.upper_inf(unit.c.valid))
        .order_by(unit.c.code)
    )
    return {
        str(row.code): _Unit(row.name, None if row.outline is None else bytes(row.outline))
        for row in rows
    }


def _named(units: dict[str, _Unit], codes: Sequence[str]) -> tuple[NamedUnit, ...]:
    return tuple(NamedUnit(code, units[code].name) for code in codes)
