"""Which column of a file is which field of ours: by known headings, or as the sender declares.

The headings known for each kind stand in `columns/<kind>.toml`, one table a field:

    [class]
    required = true
    headings = ["家庭类别", "class"]
    [class.values]
    "一般家庭" = "ordinary"

A sender's own TOML (`--columns`) has the same values under `[values.<field>]` and
`[fields] ours = "theirs"`; `--field ours=theirs` on the command line wins over both.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from geo.errors import Refusal
from importers.table import as_text

FOLDER = Path(__file__).parent / "columns"


class UnknownField(Refusal):
    """A declared field is none of this kind's, or its heading is not in the file."""

    code = "import.field_unknown"
    sentence = "{field}={heading}: {reason}. Fields: {fields}. Headings of the file: {headings}."


class MissingField(Refusal):
    """A field that cannot be done without has no column."""

    code = "import.field_missing"
    sentence = (
        "No column for {field}: name it with --field {field}=HEADING. "
        "Headings of the file: {headings}."
    )


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a kind: the headings it is known by and the words its values are known by."""

    name: str
    required: bool = False
    headings: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Declared:
    """What the sender says of a file's columns.

    `fields` are our field -> heading, `values` what a field's words mean, by field; the fields
    `without` have no column, whatever the headings look like.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    without: frozenset[str] = frozenset()


def _fold(heading: str) -> str:
    return as_text(heading).casefold().replace(" ", "").replace("_", "")


@cache
def fields_of(kind: str) -> dict[str, Field]:
    """Return the fields of a kind by name."""
    tables = tomllib.loads((FOLDER / f"{kind}.toml").read_text("utf-8"))
    return {
        name: Field(
            name,
            bool(table.get("required", False)),
            (name, *table.get("headings", ())),
            table.get("values", {}),
        )
        for name, table in tables.items()
    }


def known_headings(kind: str) -> list[str]:
    """Return every heading that this kind understands."""
    return [heading for known in fields_of(kind).values() for heading in known.headings]


def declare(pairs: Sequence[str] = (), columns: Path | None = None) -> Declared:
    """Return what `ours=theirs` pairs and a columns TOML say together; pairs win.

    Raises
    ------
    UnknownField
        If a pair has no `=`.
    """
    said = tomllib.loads(columns.read_text("utf-8")) if columns else {}
    fields = dict(said.get("fields", {}))
    for pair in pairs:
        ours, sign, theirs = pair.partition("=")
        if not sign or not ours or not theirs:
            raise UnknownField(
                field=pair, heading="", reason="write ours=theirs", fields="", headings=""
            )
        fields[ours.strip()] = theirs.strip()
    return Declared(fields, said.get("values", {}))


def match(kind: str, headings: Sequence[str], declared: Declared | None = None) -> dict[str, str]:
    """Return our field -> heading of the file, for every field that has a column.

    Raises
    ------
    UnknownField
        If a declared field or heading does not exist.
    MissingField
        If a required field has no column.
    """
    found = propose(kind, headings, declared)
    for name, one in fields_of(kind).items():
        if one.required and name not in found:
            raise MissingField(field=name, headings=", ".join(headings))
    return found


def propose(kind: str, headings: Sequence[str], declared: Declared | None = None) -> dict[str, str]:
    """Return our field -> heading as `match` does, required fields without a column left out.

    Raises
    ------
    UnknownField
        If a declared field or heading does not exist.
    """
    declared = declared or Declared()
    known = fields_of(kind)
    by_fold = {_fold(heading): heading for heading in reversed(headings)}
    found: dict[str, str] = {}
    for ours, theirs in declared.fields.items():
        facts = {
            "field": ours,
            "heading": theirs,
            "fields": ", ".join(known),
            "headings": ", ".join(headings),
        }
        if ours not in known:
            raise UnknownField(reason=f"{kind} have no field {ours}", **facts)
        if _fold(theirs) not in by_fold:
            raise UnknownField(reason="the file has no such heading", **facts)
        found[ours] = by_fold[_fold(theirs)]
    taken = set(found.values())
    for name, one in known.items():
        if name in found or name in declared.without:
            continue
        heading = next(
            (
                by_fold[_fold(h)]
                for h in one.headings
                if _fold(h) in by_fold and by_fold[_fold(h)] not in taken
            ),
            None,
        )
        if heading is not None:
            found[name] = heading
            taken.add(heading)
    return found


def translate(kind: str, name: str, value: str, declared: Declared | None = None) -> str:
    """Return our word for a value of a field; a value without a translation stays as it is."""
    theirs = (declared or Declared()).values.get(name, {})
    return theirs.get(value, fields_of(kind)[name].values.get(value, value))
