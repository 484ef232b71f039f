"""A report in words: title, sentences, tables and notes, which every format writes the same."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from grids.kept_reports import KeptReport
from grids.local_time import CHINA
from layers.styles import LANGUAGES, language

DASH = "—"
_COUNTS = ("collected", "reported", "valid", "closed")
_CLOSED_AT = ("closed_grid", "closed_village", "closed_township", "closed_county")
_COLOURS = ("red", "yellow", "green")

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a report: who took it, on which day, under which serial number."""

    who: str
    on: date
    serial: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with units in its headings; numbers are numbers, what is not known is None.

    `decimals` has for each column how many decimals its numbers are shown with.
    """

    key: str
    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    decimals: tuple[int, ...]
    empty: str = ""

    def shown(self) -> list[list[str]]:
        """Return the rows as text."""
        return [
            [written(cell, n) for cell, n in zip(row, self.decimals, strict=True)]
            for row in self.rows
        ]


@dataclass(frozen=True, slots=True)
class Page:
    """All that a report says, in one language."""

    locale: str
    title: str
    name: str
    period: str
    known: str
    lead: tuple[str, ...]
    tables: tuple[Table, ...]
    notes_heading: str
    notes: tuple[str, ...]
    watermark: str
    made_at: datetime
    figures: Mapping[str, Any]


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    given = tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
    return {key: dict(zip(LANGUAGES, pair, strict=True)) for key, pair in given.items()}


def word(key: str, locale: str, **facts: object) -> str:
    """Return a wording in the locale's language, its facts filled in."""
    return _words()[key][language(locale)].format(**facts)


def written(cell: Cell, decimals: int) -> str:
    """Return a cell as text: a dash for what is not known, thousands apart."""
    if cell is None:
        return DASH
    return cell if isinstance(cell, str) else f"{cell:,.{decimals}f}"


def page_of(report: KeptReport, copy: Copy, locale: str) -> Page:
    """Return a report in words.

    Equal reports, copies and locales give equal pages: nothing else goes in.
    """
    figures = report.figures
    made = report.made_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    one_day = figures["days"] == 1
    tables = [
        _summary(figures, locale),
        *([_hot(figures, locale)] if figures["hot"] is not None else []),
        _alerts(figures, locale),
        *([_units(figures, locale)] if figures["units"] else []),
        *([_matters(figures, locale)] if figures["matters"] else []),
        *([_days(figures, locale)] if not one_day else []),
    ]
    notes = ["note_day", "note_small", "note_alerts", *(["note_hot"] if figures["hot"] else [])]
    return Page(
        locale=locale,
        title=word(report.kind, locale),
        name=figures["name"],
        period=word("one_day" if one_day else "period", locale, **figures),
        known=word("known" if report.final else "preliminary", locale, at=made),
        lead=tuple(_lead(figures, locale)),
        tables=tuple(tables),
        notes_heading=word("notes", locale),
        notes=tuple(word(note, locale) for note in notes),
        watermark=word(
            "watermark",
            locale,
            who=copy.who,
            on=copy.on.isoformat(),
            serial=copy.serial,
            digest=report.digest[:12],
        ),
        made_at=report.made_at,
        figures=figures,
    )


def _lead(figures: Mapping[str, Any], locale: str) -> list[str]:
    counts = figures["counts"]
    if not counts["collected"]:
        return [word("lead_quiet", locale)]
    share = _share(counts["closed"], counts["valid"])
    rate = DASH if share is None else f"{share:.1f}%"
    said = [word("lead", locale, name=figures["name"], rate=rate, **counts)]
    for name in ("before", "year"):
        base = figures[name]
        facts = {"n": base["n"], "change": _change_said(counts["valid"], base, locale)}
        said.append(word(f"lead_{name}", locale, **facts))
    said.append(word("lead_colours", locale, **figures["colours"]))
    for name in ("response", "closing"):
        spell = figures[name]
        if spell["n"]:
            facts = {
                "n": spell["n"],
                "median": _hours(spell["median_s"], locale),
                "mean": _hours(spell["mean_s"], locale),
            }
            said.append(word(f"lead_{name}", locale, **facts))
        elif name == "response":
            said.append(word("lead_no_response", locale))
    return said


def _change_said(n: int, base: Mapping[str, Any], locale: str) -> str:
    if base["why"]:
        months = "、".join(base["missing"])
        return word("not_comparable", locale, why=word(base["why"], locale, months=months))
    change = _change(n, base)
    if change is None:
        return word("no_base", locale)
    return word("change", locale, change=f"{change:+.1f}%")


def _hours(seconds: float, locale: str) -> str:
    return word("hours", locale, n=f"{seconds / 3600:.1f}")


def _share(part: int, whole: int) -> float | None:
    return part / whole * 100 if whole else None


def _change(n: int, base: Mapping[str, Any]) -> float | None:
    """Return the change in percent; None from nothing and where periods cannot be compared."""
    return (n / base["n"] - 1) * 100 if base["n"] and not base["why"] else None


def _table(
    key: str, locale: str, columns: Mapping[str, int], rows: Sequence[Sequence[Cell]], empty: str
) -> Table:
    return Table(
        key=key,
        heading=word(key, locale),
        columns=tuple(word(column, locale) for column in columns),
        rows=tuple(tuple(row) for row in rows),
        decimals=tuple(columns.values()),
        empty=word(empty, locale) if empty else "",
    )


def _summary(figures: Mapping[str, Any], locale: str) -> Table:
    counts = figures["counts"]
    rows: list[tuple[Cell, ...]] = [
        (word(name, locale), counts[name], word(f"define_{name}", locale)) for name in _COUNTS
    ]
    share = _share(counts["closed"], counts["valid"])
    rows.append(
        (
            word("closed_share", locale),
            None if share is None else round(share, 1),
            word("define_closed_share", locale),
        )
    )
    incidence = figures["incidence"]
    rows.append(
        (
            word("incidence", locale),
            None if incidence is None else round(incidence, 2),
            word("define_incidence", locale),
        )
    )
    rows += [(word(name, locale), counts[name], "") for name in _CLOSED_AT]
    rows += [
        (word(name, locale), figures["colours"][name], word("define_colours", locale))
        for name in _COLOURS
    ]
    return Table(
        "summary",
        word("summary", locale),
        (word("figure", locale), word("value", locale), word("definition", locale)),
        tuple(
            (name, f"{value:,}" if isinstance(value, int) else value, said)
            for name, value, said in rows
        ),
        (0, 2, 0),
    )


def _compared(line: Mapping[str, Any]) -> list[Cell]:
    """Return the cells of valid incidents with both comparisons."""
    valid, before, year = line["counts"]["valid"], line["before"], line["year"]
    return [valid, before["n"], _change(valid, before), year["n"], _change(valid, year)]


_COMPARED = {"valid": 0, "before": 0, "change_before": 1, "year": 0, "change_year": 1}


def _units(figures: Mapping[str, Any], locale: str) -> Table:
    columns = {
        "area": 0,
        "code": 0,
        "collected": 0,
        **_COMPARED,
        "closed": 0,
        "households": 0,
        "incidence": 2,
        **dict.fromkeys(_COLOURS, 0),
    }
    rows = [
        [
            one["name"] if one["inside"] else f"{one['name']}（{word('elsewhere', locale)}）",
            one["code"],
            one["counts"]["collected"],
            *_compared(one),
            one["counts"]["closed"],
            one["n_households"],
            one["incidence"],
            *(one["colours"][name] for name in _COLOURS),
        ]
        for one in figures["units"]
    ]
    return _table("units", locale, columns, rows, "")


def _matters(figures: Mapping[str, Any], locale: str) -> Table:
    rows = [[one["name"], *_compared(one), one["counts"]["closed"]] for one in figures["matters"]]
    return _table("matters", locale, {"matter": 0, **_COMPARED, "closed": 0}, rows, "")


def _days(figures: Mapping[str, Any], locale: str) -> Table:
    rows = [[day, n] for day, n in figures["daily"]]
    return _table("days", locale, {"day": 0, "valid": 0}, rows, "lead_quiet")


def _alerts(figures: Mapping[str, Any], locale: str) -> Table:
    columns = {"place": 0, "matter": 0, "state": 0, "window": 0, "observed": 0, "expected": 1}
    rows = [
        [
            one["place"],
            one["group"] or word("all_matters", locale),
            word(one["state"], locale),
            f"{one['since']} – {one['until']}",
            one["observed"],
            one["expected"],
            round(one["recurrence_days"]),
        ]
        for one in figures["alerts"]
    ]
    empty = "none_alerts" if figures["night"] else "no_scan"
    return _table("alerts", locale, columns | {"chance": 0}, rows, empty)


def _hot(figures: Mapping[str, Any], locale: str) -> Table:
    columns = {"grid": 0, "code": 0, "observed": 0, "expected": 1, "households": 0}
    rows = [
        [
            *(row[name] for name in ("name", "code", "observed", "expected", "households")),
            row["around"],
            row["q"],
        ]
        for row in figures["hot"]["rows"]
    ]
    return _table("hot", locale, columns | {"ratio": 2, "sure": 4}, rows, "none_hot")
