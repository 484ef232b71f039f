"""Tables of rows from CSV and XLSX files, with the row numbers a person sees in them."""

from __future__ import annotations

import csv
import gzip
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice, zip_longest
from pathlib import Path

import python_calamine

from geo.errors import Refusal

Value = str | float | int | bool | date | datetime | None

MAX_BYTES = 512 << 20
MAX_COLUMNS = 512
# A heading row is looked for among the first rows: files begin with titles and notes.
HEADING_WITHIN = 10
# Excel keeps 15 digits of a number: a longer code typed as a number is already destroyed.
EXACT_DIGITS = 15


class UnreadableTable(Refusal):
    """A file that is no table we can read."""

    code = "table.unreadable"
    sentence = "{file} cannot be read as a table: {reason}"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a file as columns.

    `headings` in file order; `columns[heading][i]` belongs to `row_numbers[i]`, the number that a
    spreadsheet shows for that row (headings count). Blank rows are left out.
    """

    headings: tuple[str, ...]
    columns: dict[str, list[Value]]
    row_numbers: list[int]
    encoding: str | None = None
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.row_numbers)

    def text(self, heading: str) -> list[str]:
        """Return a column as trimmed text in NFKC form (full-width digits become digits)."""
        column = self.columns[heading]
        # Values that are equal read the same, whatever their types: True, 1 and 1.0 are "1".
        words = {value: as_text(value) for value in set(column)}
        return [words[value] for value in column]


def as_text(value: Value) -> str:
    """Return a cell as trimmed text; whole numbers lose their `.0`, nothing is an empty text."""
    if isinstance(value, str):
        # Ideographs outside the basic plane must survive: NFKC leaves them; it folds full-width
        # forms.
        return (value if value.isascii() else unicodedata.normalize("NFKC", value)).strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def is_spoiled_code(value: Value) -> bool:
    """Tell whether a code was typed as a number too long for a spreadsheet to keep."""
    return isinstance(value, int | float) and abs(value) >= 10**EXACT_DIGITS


def decode(raw: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return text and the encoding used: the one given, else UTF-8, else GB18030.

    GB18030 holds GBK and GB 2312 and every Unicode character; bytes that are none of these are
    read as CP1252, which has a meaning for nearly every byte.

    Raises
    ------
    UnicodeDecodeError, LookupError
        If a given encoding does not fit.
    """
    if encoding:
        return raw.decode(encoding), encoding
    for candidate in ("utf-8-sig", "gb18030", "cp1252"):
        try:
            return raw.decode(candidate), candidate
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1"), "latin-1"


def read_table(
    path: Path,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    known: Sequence[str] = (),
) -> Table:
    """Return the rows of a CSV (also gzipped) or XLSX file.

    Parameters
    ----------
    encoding
        Of a CSV; found by trying when not given.
    sheet
        Of an XLSX; the first when not given.
    known
        Headings that tell the heading row from title rows above it; without a match the first
        row with two filled cells is the heading row.

    Raises
    ------
    UnreadableTable
        If the file is too large, of another kind, or has no heading row.
    """
    name = path.name.lower()
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableTable(file=path.name, reason="it is larger than 512 MiB")
    if name.endswith((".xlsx", ".xlsm", ".ods")):
        return _from_workbook(path, sheet, known)
    if name.endswith((".csv", ".csv.gz", ".txt", ".tsv")):
        return _from_csv(path, encoding, known)
    raise UnreadableTable(file=path.name, reason="give .csv, .csv.gz or .xlsx")


def _from_workbook(path: Path, sheet: str | None, known: Sequence[str]) -> Table:
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        page = book.get_sheet_by_name(sheet) if sheet else book.get_sheet_by_index(0)
        rows = page.to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise UnreadableTable(file=path.name, reason=str(error)) from error
    cleaned: list[list[Value]] = [
        [None if cell == "" else cell for cell in row]
        for row in rows  # type: ignore[misc]
    ]
    return _table(path, cleaned, known, None)


def _read_bytes(path: Path) -> bytes:
    if path.suffix.lower() != ".gz":
        return path.read_bytes()
    with gzip.open(path) as packed:
        raw = packed.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise UnreadableTable(file=path.name, reason="it unpacks to more than 512 MiB")
    return raw


def _from_csv(path: Path, encoding: str | None, known: Sequence[str]) -> Table:
    try:
        text, used = decode(_read_bytes(path), encoding)
    except (UnicodeDecodeError, LookupError, OSError, EOFError) as error:
        raise UnreadableTable(file=path.name, reason=str(error)) from error
    first = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",\t;", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows: list[list[Value]] = [[cell or None for cell in row] for row in reader]
    except csv.Error as error:
        raise UnreadableTable(file=path.name, reason=str(error)) from error
    return _table(path, rows, known, used)


def _heading_row(rows: list[list[Value]], known: Sequence[str]) -> int | None:
    names = {as_text(name).casefold() for name in known}
    filled = [
        (i, sum(cell is not None for cell in row)) for i, row in enumerate(rows[:HEADING_WITHIN])
    ]
    matches = [
        (sum(as_text(cell).casefold() in names for cell in row), -i)
        for i, row in enumerate(rows[:HEADING_WITHIN])
    ]
    if matches and max(matches)[0] >= min(2, len(names) or 1) and names:
        return -max(matches)[1]
    return next((i for i, n in filled if n >= 2), next((i for i, n in filled if n), None))


def _table(
    path: Path, rows: list[list[Value]], known: Sequence[str], encoding: str | None
) -> Table:
    at = _heading_row(rows, known)
    if at is None:
        raise UnreadableTable(file=path.name, reason="it has no heading row")
    headings: list[str] = []
    for position, cell in enumerate(rows[at]):
        heading = as_text(cell) or f"column {position + 1}"
        while heading in headings:
            heading += "'"
        headings.append(heading)
    while headings and rows[at][len(headings) - 1] is None:
        headings.pop()
    if len(headings) > MAX_COLUMNS:
        raise UnreadableTable(file=path.name, reason=f"more than {MAX_COLUMNS} columns")
    kept = [
        (number, row)
        for number, row in enumerate(rows[at + 1 :], start=at + 2)
        if any(cell is not None for cell in row)
    ]
    # The headings lead, so that every one has a column however short the rows are.
    across = zip_longest(headings, *(row for _, row in kept))
    columns: dict[str, list[Value]] = {
        str(heading): cells for heading, *cells in islice(across, len(headings))
    }
    return Table(tuple(headings), columns, [number for number, _ in kept], encoding)
