"""People who work here, their duties and absences."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import Range

from grids import access, intake, schema
from grids.model import Viewer
from grids.secrets import mask_phone
from importers.households import NoKeys
from importers.options import ImportOptions, Progress, no_progress
from importers.report import ImportReport
from importers.rows import CHINA, Rows, file_hash

RANKS = ("primary", "deputy", "informant", "desk")


def _known_units(conn: Connection, codes: list[str]) -> set[str]:
    rows = conn.execute(
        select(schema.unit.c.code).where(schema.unit.c.code.in_(sorted({c for c in codes if c})))
    )
    return set(rows.scalars())


def _check_units(rows: Rows, conn: Connection) -> list[str]:
    codes = rows.check_code("unit_code")
    known = _known_units(conn, codes)
    for i, code in enumerate(codes):
        if code not in known:
            said = f"There is no unit {code}." if code else "unit_code is empty."
            rows.refuse(i, "unit_code", "unit.unknown", said)
    return codes


def import_people(
    conn: Connection,
    viewer: Viewer,
    file: Path,
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in people and return the account of every row.

    A person is known by the sender's key (staff number). Telephone numbers are encrypted.

    Raises
    ------
    Forbidden
        If the viewer may not import.
    NoKeys
        If there are telephone numbers and no key.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    report = ImportReport("people")
    rows = Rows.read("people", file, options, report)
    progress(0, 2, "people")
    names, phones = rows.text("name"), rows.text("phone")
    keys_of = rows.check_key("key")
    for i, name in enumerate(names):
        if not name:
            rows.refuse(i, "name", "value.missing", "name is empty.")
    codes = _check_units(rows, conn)
    if any(phones) and options.keys is None:
        raise NoKeys(file=file.name)
    merged = [
        (
            keys_of[i],
            names[i],
            options.keys.encrypt(phones[i]) if options.keys and phones[i] else None,
            mask_phone(phones[i]) if phones[i] else None,
            False,
            codes[i],
        )
        for i in range(len(rows))
        if not rows.refused(i)
    ]
    progress(1, 2, "people")
    batch_id = intake.open_batch(
        conn, viewer, kind="people", file_name=file.name, sha256=file_hash(file), datum=None
    )
    if merged:
        report.taken = intake.save_people(
            conn, merged, phones=dict(zip(keys_of, phones, strict=True)), keys=options.keys
        )
    report.unchanged = len(merged) - report.taken
    intake.close_batch(conn, batch_id, report.as_dict())
    progress(2, 2, "people")
    return report


def import_duties(
    conn: Connection,
    viewer: Viewer,
    file: Path,
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in who answers for which unit, from when to when, with absences.

    `to` is the last day of duty. A duty that overlaps one we have of the same person, unit and
    rank is left unchanged; a second primary of a unit at the same time is refused.

    Raises
    ------
    Forbidden
        If the viewer may not import.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    report = ImportReport("duties")
    rows = Rows.read("duties", file, options, report)
    progress(0, 2, "duties")
    staff_keys = rows.check_code("key")
    person_of = dict(
        conn.execute(
            select(schema.person.c.source_key, schema.person.c.person_id).where(
                schema.person.c.source_key.in_(sorted({k for k in staff_keys if k}))
            )
        ).tuples()
    )
    for i, key in enumerate(staff_keys):
        if key not in person_of:
            rows.refuse(i, "key", "person.unknown", f"There is no person {key}: import people.")
    codes = _check_units(rows, conn)
    ranks = rows.check_choice("rank", RANKS, "")
    for i, rank in enumerate(ranks):
        if not rank:
            rows.refuse(i, "rank", "value.missing", "rank is empty.")
    days = {name: rows.check_time(name) for name in ("from", "to", "leave_from", "leave_to")}
    held = _Held(conn)
    duties, leaves = [], []
    for i in range(len(rows)):
        if rows.refused(i):
            continue
        start, end = _day(days["from"][i]) or date(2000, 1, 1), _day(days["to"][i])
        if end is not None and end < start:
            rows.refuse(i, "to", "value.bad", "The duty ends before it begins.")
            continue
        valid = Range(start, end + timedelta(days=1) if end else None)
        person_id = person_of[staff_keys[i]]
        if held.same(person_id, codes[i], ranks[i], valid):
            report.unchanged += 1
        elif ranks[i] == "primary" and held.primary(codes[i], valid):
            rows.refuse(
                i,
                "unit_code",
                "duty.second_primary",
                f"{codes[i]} has a primary worker in this time already.",
            )
            continue
        else:
            held.add(person_id, codes[i], ranks[i], valid)
            duties.append((person_id, codes[i], ranks[i], valid))
            report.taken += 1
        away, back = days["leave_from"][i], days["leave_to"][i]
        if away and back and back >= away:
            leaves.append((person_id, away, back + timedelta(days=1)))
    progress(1, 2, "duties")
    _insert_duties(conn, duties)
    _insert_leaves(conn, leaves)
    batch_id = intake.open_batch(
        conn, viewer, kind="duties", file_name=file.name, sha256=file_hash(file), datum=None
    )
    intake.close_batch(conn, batch_id, report.as_dict())
    progress(2, 2, "duties")
    return report


class _Held:
    """The duties that stand, and those of this file taken so far."""

    def __init__(self, conn: Connection) -> None:
        self._of: dict[tuple[object, str, str], list[Range[date]]] = {}
        self._primary: dict[str, list[Range[date]]] = {}
        duty = schema.duty.c
        for row in conn.execute(select(duty.person_id, duty.unit_code, duty.rank, duty.valid)):
            self.add(*row)

    def add(self, person_id: object, unit: str, rank: str, valid: Range[date]) -> None:
        self._of.setdefault((person_id, unit, rank), []).append(valid)
        if rank == "primary":
            self._primary.setdefault(unit, []).append(valid)

    def same(self, person_id: object, unit: str, rank: str, valid: Range[date]) -> bool:
        return any(valid.overlaps(r) for r in self._of.get((person_id, unit, rank), ()))

    def primary(self, unit: str, valid: Range[date]) -> bool:
        return any(valid.overlaps(r) for r in self._primary.get(unit, ()))


def _day(at: datetime | None) -> date | None:
    return at.astimezone(CHINA).date() if at else None


def _insert_duties(conn: Connection, duties: list[tuple[object, str, str, Range[date]]]) -> None:
    intake.copy_rows(
        conn,
        "duty",
        ("person_id", "unit_code", "rank", "valid"),
        ((p, u, r, _range_text(v)) for p, u, r, v in duties),
    )


def _range_text(valid: Range[date]) -> str:
    return f"[{valid.lower},{valid.upper or ''})"


def _insert_leaves(conn: Connection, leaves: list[tuple[object, datetime, datetime]]) -> None:
    """Insert absences; one that overlaps an absence we have is the same absence."""
    for person_id, away, back in leaves:
        conn.execute(
            text(
                "INSERT INTO leave (person_id, during) SELECT :person, tstzrange(:away, :back)"
                " WHERE NOT EXISTS (SELECT FROM leave WHERE person_id = :person"
                " AND during && tstzrange(:away, :back))"
            ),
            {"person": person_id, "away": away, "back": back},
        )
