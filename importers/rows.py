"""The part that every table import shares: columns found, rows checked, coordinates read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from geo.datum import parse_datum
from geo.errors import Refusal
from grids import intake
from grids.local_time import CHINA
from grids.model import Viewer
from importers import row_problems
from importers.fields import known_headings, match, translate
from importers.options import ImportOptions
from importers.positions import Positions, read_positions
from importers.report import ImportReport
from importers.row_problems import RowProblem
from importers.table import Table, Value, as_text, is_spoiled_code, read_table


def open_batch(conn: Connection, viewer: Viewer, kind: str, file: Path, datum: str | None) -> UUID:
    """Begin the account of a file's import, under its name and SHA-256, and return its key."""
    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").digest()
    return intake.open_batch(
        conn, viewer, kind=kind, file_name=file.name, sha256=sha256, datum=datum
    )


@dataclass(slots=True)
class Rows:
    """The rows of a file under our field names, with the report that accounts for them.

    A field without a column reads as empty.
    """

    kind: str
    table: Table
    columns: dict[str, str]
    options: ImportOptions
    report: ImportReport

    @classmethod
    def read(cls, kind: str, path: Path, options: ImportOptions, report: ImportReport) -> Rows:
        """Read a file's rows and count them as read.

        Raises
        ------
        UnreadableTable, UnknownField, MissingField
            If the file is no table, or a field has no column.
        """
        table = read_table(
            path,
            encoding=options.encoding,
            sheet=options.layer,
            known=[*known_headings(kind), *options.declared.fields.values()],
        )
        columns = match(kind, table.headings, options.declared)
        report.read += len(table)
        return cls(kind, table, columns, options, report)

    def __len__(self) -> int:
        return len(self.table)

    def has(self, name: str) -> bool:
        """Tell whether a field has a column."""
        return name in self.columns

    def values(self, name: str) -> list[Value]:
        """Return a field's cells as they stand in the file."""
        heading = self.columns.get(name)
        return [None] * len(self) if heading is None else self.table.columns[heading]

    def text(self, name: str) -> list[str]:
        """Return a field's cells as trimmed text, translated to our words."""
        if name not in self.columns:
            return [""] * len(self)
        words: dict[str, str] = {}
        found = self.table.text(self.columns[name])
        for value in set(found):
            words[value] = translate(self.kind, name, value, self.options.declared)
        return [words[value] for value in found]

    def refuse(self, i: int, name: str | None, problem: Refusal) -> None:
        """Refuse row `i` (counted from 0) of the table."""
        given = {h: as_text(self.table.columns[h][i]) for h in self.table.headings}
        self.report.refuse(self.table.row_numbers[i], name, problem, given)

    def refused(self, i: int) -> bool:
        """Tell whether row `i` was refused."""
        return self.report.is_refused(self.table.row_numbers[i])

    def check(self, name: str, problem_of: Callable[[str], Refusal | None]) -> list[str]:
        """Return a field's text and refuse the rows for which `problem_of` finds a problem."""
        found = self.text(name)
        known: dict[str, Refusal | None] = {}
        for i, value in enumerate(found):
            if value not in known:
                known[value] = problem_of(value)
            problem = known[value]
            if problem is not None:
                self.refuse(i, name, problem)
        return found

    def check_code(self, name: str) -> list[str]:
        """Return a field of codes and refuse those that a spreadsheet has spoiled."""
        for i, value in enumerate(self.values(name)):
            if is_spoiled_code(value):
                self.refuse(i, name, row_problems.SpoiledCode())
        return self.text(name)

    def check_key(self, name: str) -> list[str]:
        """Return a field that names its row; refuse rows without one and later repetitions."""
        found = self.check_code(name)
        first: dict[str, int] = {}
        for i, value in enumerate(found):
            if value == "":
                self.refuse(i, name, row_problems.Empty(field=name))
            elif value in first:
                at = self.table.row_numbers[first[value]]
                problem = row_problems.FieldRepeated(field=name, given=value, at=at)
                self.refuse(i, name, problem)
            else:
                first[value] = i
        return found

    def check_choice(self, name: str, choices: Sequence[str], default: str) -> list[str]:
        """Return a field of few words; empty becomes `default`, another word is refused."""
        listed = ", ".join(choices)

        def problem_of(value: str) -> RowProblem | None:
            known = value == "" or value in choices
            return None if known else row_problems.NotAChoice(given=value, choices=listed)

        return [value or default for value in self.check(name, problem_of)]

    def check_number(
        self, name: str, low: float, high: float, *, whole: bool = False
    ) -> list[float | None]:
        """Return a field of numbers (whole ones, if so asked) within [low, high]; empty is none."""

        def problem_of(value: str) -> RowProblem | None:
            if value == "":
                return None
            try:
                number = float(value)
            except ValueError:
                return row_problems.NotANumber(given=value)
            if not low <= number <= high:
                return row_problems.OutOfRange(given=value, low=low, high=high)
            return row_problems.NotWhole(given=value) if whole and number % 1 else None

        found = self.check(name, problem_of)
        return [
            None if value == "" or self.refused(i) else float(value)
            for i, value in enumerate(found)
        ]

    def precisions(self, name: str) -> list[str]:
        """Return how exactly each time of a field is known: "time", "day" or "month"."""
        return [precision_of(value) for value in self.values(name)]

    def check_time(self, name: str) -> list[datetime | None]:
        """Return a field of times as aware datetimes; without an offset it is China's time."""
        return [self._time(name, i, value) for i, value in enumerate(self.values(name))]

    def _time(self, name: str, i: int, value: Value) -> datetime | None:
        try:
            return parse_time(value)
        except ValueError:
            self.refuse(i, name, row_problems.NotATime(given=as_text(value)))
            return None

    def positions(self) -> Positions | None:
        """Return the rows' positions in CGCS2000; none when the file has no coordinates.

        Rows whose coordinates cannot be read are refused; rows without any are not.

        Raises
        ------
        UndeclaredDatum, UnsupportedDatum
            If the file has coordinates and no usable datum was declared.
        """
        xs, ys = self.values("lon"), self.values("lat")
        if not any(as_text(x) or as_text(y) for x, y in zip(xs, ys, strict=True)):
            return None
        found = read_positions(xs, ys, parse_datum(self.options.datum))
        for i, problem in enumerate(found.problems):
            if problem == "missing" and not (as_text(xs[i]) or as_text(ys[i])):
                continue
            if problem:
                self.refuse(i, "lon", row_problems.CoordinatesUnusable(reason=problem))
        return found


_DAY = re.compile(
    r"(?P<year>\d{4})[-/.年](?P<month>\d{1,2})(?:[-/.月](?P<day>\d{1,2})?日?)?"
    r"(?:[T\s]+(?P<hour>\d{1,2})(?P<rest>:\d{2}.*))?"
)


def _padded(text: str) -> str:
    """Return a day as spreadsheets write it, 2025/3/5 9:05 or 2025年3月5日, in ISO 8601."""
    found = _DAY.fullmatch(text)
    if found is None:
        return text
    day = f"{found['year']}-{found['month']:0>2}-{found['day'] or 1:0>2}"
    return f"{day}T{found['hour']:0>2}{found['rest']}" if found["hour"] else day


def precision_of(value: Value) -> str:
    """Return how exactly a cell says a time: "time", "day" or "month".

    A spreadsheet's day is a time of midnight, and so is what a table of days was exported with.
    """
    if isinstance(value, datetime):
        return "time" if value.timetz().replace(tzinfo=None) != time() else "day"
    if isinstance(value, date):
        return "day"
    found = _DAY.fullmatch(as_text(value))
    if found is None or found["hour"]:
        return "time"
    return "day" if found["day"] else "month"


def parse_time(value: Value) -> datetime | None:
    """Return an aware time from a cell; a month alone is its first day.

    Raises
    ------
    ValueError
        If the text is none.
    """
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime(value.year, value.month, value.day)
    else:
        text = as_text(value)
        if text == "":
            return None
        found = datetime.fromisoformat(_padded(text))
    return found if found.tzinfo else found.replace(tzinfo=CHINA)
