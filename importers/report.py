"""What an import did with every row: taken, unchanged or refused, and nothing else."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import xlsxwriter

from geo.errors import Refusal
from grids.spreadsheet import disarmed
from importers.row_problems import HeldBack

PROBLEM_HEADING = "问题"

HELD_BACK = HeldBack.code
"""Code of rows that have no fault of their own, in a file that is taken whole or not at all."""


@dataclass(frozen=True, slots=True)
class RefusedField:
    """One thing that is wrong with one row; `row` counts from 1 as the file's reader does.

    `field` is none when the whole row is meant. What is wrong with a whole file is no row of a
    report: it is raised as a refusal.
    """

    row: int
    field: str | None
    problem: Refusal
    file: str | None = None

    @property
    def code(self) -> str:
        """The stable code of what is wrong."""
        return self.problem.code

    @property
    def message(self) -> str:
        """What is wrong, in English."""
        return self.problem.message

    def as_dict(self) -> dict[str, Any]:
        """Return `{"row", "field", "code", "message"}`, with `file` when there are several."""
        answer: dict[str, Any] = {
            "row": self.row,
            "field": self.field,
            "code": self.code,
            "message": self.message,
        }
        return answer if self.file is None else {**answer, "file": self.file}

    def as_told(self) -> dict[str, Any]:
        """Return `as_dict` with the sentence and its facts besides, to be said in any language."""
        told = {"sentence": self.problem.sentence, "facts": self.problem.facts}
        return {**self.as_dict(), **told}


Say = Callable[[Sequence[RefusedField]], str]
"""Words what is wrong with one row."""


def said_in_english(faults: Sequence[RefusedField]) -> str:
    """Return what is wrong with one row in English, each fault led by its field."""
    return "; ".join(f"{one.field}: {one.message}" if one.field else one.message for one in faults)


@dataclass(slots=True)
class ImportReport:
    """The account of one import.

    Importers count `read`, `taken` and `unchanged` as they go and call `refuse` for the rest; a
    row refused for three reasons is one refused row. `repaired` (shapes mended) and `unplaced`
    (positions outside every grid) say something about rows that were taken.

    Attributes
    ----------
    kind
        What was imported: `households`, `grids` and so on.
    file
        Name of the file being read when several are imported together; row numbers are its own.
    refusals
        What is wrong, in the order found.
    notes
        What the reader should know besides: `{"code", ...facts}`.
    """

    kind: str
    read: int = 0
    taken: int = 0
    unchanged: int = 0
    repaired: int = 0
    unplaced: int = 0
    file: str | None = None
    refusals: list[RefusedField] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    _given: dict[tuple[str | None, int], dict[str, Any]] = field(default_factory=dict, repr=False)

    def refuse(
        self,
        row: int,
        field: str | None,
        problem: Refusal,
        given: Mapping[str, Any] | None = None,
    ) -> None:
        """Refuse a row and say why.

        Parameters
        ----------
        row
            Its number in the file.
        field
            Our name of the field at fault.
        problem
            What is wrong: one of `importers.row_problems`, or a refusal of the domain.
        given
            The row as it stood in the file, heading to value, for `write_rejects`.
        """
        self.refusals.append(RefusedField(row, field, problem, self.file))
        kept = self._given.setdefault((self.file, row), {})
        kept.update(given or {})

    def note(self, code: str, **facts: Any) -> None:
        """Add something the reader should know that is no refusal."""
        self.notes.append({"code": code, **facts})

    @classmethod
    def together(cls, kind: str, reports: Mapping[str, ImportReport]) -> ImportReport:
        """Return one account of several files, `reports` by file name; rows name their file."""
        whole = cls(kind)
        for file, one in reports.items():
            for name in ("read", "taken", "unchanged", "repaired", "unplaced"):
                setattr(whole, name, getattr(whole, name) + getattr(one, name))
            whole.refusals += [replace(refusal, file=file) for refusal in one.refusals]
            whole.notes += [{**note, "file": file} for note in one.notes]
            whole._given |= {(file, row): given for (_, row), given in one._given.items()}
        return whole

    @property
    def refused(self) -> int:
        """Return how many rows were refused."""
        return len(self._given)

    def is_refused(self, row: int) -> bool:
        """Return whether a row of the present file was refused."""
        return (self.file, row) in self._given

    def as_dict(self) -> dict[str, Any]:
        """Return the report as the command line and the screens show it.

        Raises
        ------
        AssertionError
            If a row was lost: `read` is not `taken + unchanged + refused`.
        """
        accounted = self.taken + self.unchanged + self.refused
        assert self.read == accounted, f"{self.read} rows read, {accounted} accounted for"
        return {
            "read": self.read,
            "taken": self.taken,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "repaired": self.repaired,
            "unplaced": self.unplaced,
            "refusals": [refusal.as_dict() for refusal in self.refusals],
            "kind": self.kind,
            "notes": self.notes,
        }

    def write_rejects(self, path: Path, say: Say = said_in_english) -> int:
        """Write the refused rows as they were given, with a last column 问题, to mend and resend.

        Parameters
        ----------
        path
            Ends in `.xlsx`, or else becomes a CSV file in UTF-8 with a byte order mark. Texts that
            a spreadsheet would run as a formula are disarmed.
        say
            Words what is wrong with one row.

        Returns
        -------
        int
            How many rows were written.
        """
        headings: dict[str, None] = {}
        for given in self._given.values():
            headings.update(dict.fromkeys(given))
        columns = [*headings, PROBLEM_HEADING]
        faults: dict[tuple[str | None, int], list[RefusedField]] = {key: [] for key in self._given}
        for refusal in self.refusals:
            faults[refusal.file, refusal.row].append(refusal)
        rows = [
            [*(given.get(heading) for heading in headings), say(faults[key])]
            for key, given in self._given.items()
        ]
        if path.suffix.lower() == ".xlsx":
            _write_xlsx(path, columns, rows)
        else:
            _write_csv(path, columns, rows)
        return len(rows)


def _write_csv(path: Path, columns: list[str], rows: list[list[Any]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(disarmed(heading) for heading in columns)
        writer.writerows([disarmed(value) for value in row] for row in rows)


def _write_xlsx(path: Path, columns: list[str], rows: list[list[Any]]) -> None:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([columns, *rows]):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write_string(number, column, str(value))
