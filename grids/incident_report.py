"""A report of something that happened, as its sender gives it, and what is asked of it."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import orjson

from geo.datum import Datum, Epsg, parse_datum
from grids.admission import Matter
from grids.errors import BadValue, GridsError, TooLong, require_choice
from grids.local_time import local_day
from grids.locate import check_accuracy

LEVELS = ("ordinary", "large", "major", "severe")
SCALES = ("individual", "group", "mass")
# How exactly it is known when something happened.
PRECISIONS = ("time", "day", "month")

LONGEST_TEXT = 4000
LONGEST_KEY = 200
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# Numbers may come out of arrays.
_CANONICAL = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY
# Clocks of senders go wrong by this much without a reason to refuse what they say.
_CLOCK_ERROR = timedelta(days=1)


class KeyReused(GridsError):
    """Another report came with a key that was used before."""

    code = "incident.key_reused"
    sentence = "{source} has already sent another report with the key {external_id}."


class MatterNotAdmitted(GridsError):
    """A matter that may not be given to the grids: it is not on the admission list of that day."""

    code = "matter.not_admitted"
    sentence = (
        "Matter {matter} is not on the admission list: {reason}. Choose an item of the list, or "
        "let its department apply to the grid office for it."
    )


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reported, where that is known, and has to be answered before the incident ends.

    Parameters
    ----------
    phone_cipher, phone_mask
        The telephone number as `secrets.KeyRing.encrypt` and `secrets.mask_phone` make it.
    person_id
        A worker who reported; none for somebody from outside.
    """

    name: str = ""
    phone_cipher: bytes | None = None
    phone_mask: str | None = None
    person_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class IncidentReport:
    """What a sender says happened.

    Parameters
    ----------
    source, external_id
        Who sends it and the sender's key: the same key is the same report.
    matter_code, summary, place
        What it is about, in words, and where in words.
    x, y, datum, accuracy_m
        Where in numbers, as given; a position without a declared datum is refused.
    unit_code
        Where by the code of a unit, for those who know no position; a position goes first.
    occurred_at, reported_at
        Aware times; when it is not said, it was reported now, and happened then.
    occurred_precision
        How exactly it is known when it happened: of a "day" or "month", `occurred_at` is the first
        moment, which says nothing of the hour or day.
    level, scale, channel
        A level of none is that of the matter.
    closed_at
        For what has ended elsewhere: it is taken in as closed and nobody is asked to do anything.
    reporter
        Who has to be answered.
    """

    source: str
    external_id: str
    matter_code: str
    summary: str
    place: str = ""
    x: float | None = None
    y: float | None = None
    datum: str | None = None
    accuracy_m: float | None = None
    unit_code: str | None = None
    occurred_at: datetime | None = None
    occurred_precision: str = "time"
    reported_at: datetime | None = None
    level: str | None = None
    scale: str = "individual"
    channel: str = "desk"
    closed_at: datetime | None = None
    reporter: Reporter | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells reports apart."""
        return self.source, self.external_id

    @property
    def has_position(self) -> bool:
        """Return whether there are coordinates."""
        return self.x is not None and self.y is not None

    def digest(self) -> bytes:
        """Return a hash over all that was said: equal for the same report sent again.

        A report without a reporter has the hash that it had before reporters were kept. How
        exactly its time is known is no part of it, as that was not always told.
        """
        left_out = ("reporter", "occurred_precision")
        said = {name: getattr(self, name) for name in self.__slots__ if name not in left_out}
        if self.reporter is not None:
            # What is enciphered differs each time.
            said["reporter"] = [self.reporter.name, self.reporter.phone_mask]
        return hashlib.sha256(orjson.dumps(said, option=_CANONICAL)).digest()

    def times(self, now: datetime) -> tuple[datetime, datetime]:
        """Return when it happened and when it was reported."""
        reported_at = self.reported_at or now
        return self.occurred_at or reported_at, reported_at


def check(
    report: IncidentReport, matter: Matter | None, units: Container[str], now: datetime
) -> Datum | Epsg | None:
    """Let pass a report that can be taken in and return the datum of its position.

    Parameters
    ----------
    matter
        The item of the admission list with the report's code, if there is one.
    units
        Codes of the units in force.

    Raises
    ------
    BadValue
        Naming the field and what is wrong with it.
    MatterNotAdmitted
        If the matter is not on the admission list: unknown, ended before the report, or to come.
    UndeclaredDatum, UnsupportedDatum
        If there is a position and no datum that can be brought to CGCS2000.
    """
    for field, most in (("source", LONGEST_KEY), ("external_id", LONGEST_KEY)):
        _text(field, getattr(report, field), most, needed=True)
    _text("summary", report.summary, LONGEST_TEXT, needed=True)
    _text("place", report.place, LONGEST_TEXT)
    _text("channel", report.channel, LONGEST_KEY)
    if report.reporter:
        _text("reporter_name", report.reporter.name, LONGEST_KEY)
    if matter is None:
        raise MatterNotAdmitted(matter=report.matter_code, reason="unknown to the list")
    require_choice("level", report.level or matter.level, LEVELS)
    require_choice("scale", report.scale, SCALES)
    require_choice("occurred_precision", report.occurred_precision, PRECISIONS)
    occurred_at, reported_at = report.times(now)
    _time("reported_at", reported_at, now)
    _time("occurred_at", occurred_at, now)
    if report.closed_at:
        _time("closed_at", report.closed_at, now)
    _require_admitted(matter, local_day(reported_at), local_day(now))
    if report.unit_code is not None and report.unit_code not in units:
        raise BadValue(field="unit_code", given=report.unit_code, reason="no unit in force")
    if (report.x is None) != (report.y is None):
        raise BadValue(field="x", given=report.x, reason="both coordinates or none")
    check_accuracy(report.accuracy_m)
    return parse_datum(report.datum) if report.has_position else None


def _require_admitted(matter: Matter, reported_on: date, today: date) -> None:
    """Let pass what was on the list when it was reported, or has come to be on it since.

    A ledger of years past is sorted by the list of today.
    """
    if matter.until is not None and reported_on >= matter.until:
        raise MatterNotAdmitted(matter=matter.code, reason="its time on the list is over")
    if matter.since is not None and max(reported_on, today) < matter.since:
        raise MatterNotAdmitted(matter=matter.code, reason="its time on the list has not come")


def _text(field: str, given: str, most: int, *, needed: bool = False) -> None:
    if needed and not given.strip():
        raise BadValue(field=field, given=given, reason="empty")
    if len(given) > most:
        raise TooLong(field=field, given=given, most=most)
    if "\0" in given:
        raise BadValue(field=field, given=given[:40], reason="holds a NUL character")


def _time(field: str, given: datetime, now: datetime) -> None:
    if given.tzinfo is None:
        raise BadValue(field=field, given=given.isoformat(), reason="says no time zone")
    if not _EARLIEST <= given <= now + _CLOCK_ERROR:
        raise BadValue(field=field, given=given.isoformat(), reason="before 2000 or in the future")
