"""Messages of neighbour systems, read by what a feed declares of its names, datum, times and words.

A feed is declared by a TOML; `feeds/*.toml` are examples, and `web.cli.feed` registers a county's
own. Names may lead into a message: `position.point.0` is the first of a list.

    name = "12345 hotline"
    source = "hotline-12345"
    datum = "gcj02"
    [fields]
    external_id = "orderNo"
    summary = ["title", "content"]
    lon = "location.lng"
    ...
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from sqlalchemy import Connection

from geo.datum import parse_datum
from geo.errors import Refusal
from grids import feeds, incidents, reporters
from grids.errors import BadValue
from grids.feeds import Registered
from grids.incidents import IncidentReport, Receipt
from grids.local_time import CHINA
from grids.secrets import KeyRing
from importers import foreign_matters
from importers.positions import parse_number
from importers.table import as_text

MOST_ITEMS = 200
"""Messages that are taken in together."""
DEEPEST = 32
"""Levels of lists and objects in a message."""
OPEN311 = "open311"
"""The standard of feeds whose names need no declaration."""

_FIELDS = frozenset(
    {
        *("external_id", "summary", "place", "lon", "lat", "datum", "accuracy_m", "matter"),
        *("level", "unit_code", "occurred_at", "reported_at", "reporter_name", "reporter_phone"),
    }
)
_NEEDED = ("external_id", "summary")
# Formats of times that count from 1970: how many make a second.
_UNIX = {"unix": 1, "unix_ms": 1000}
_KEYS = frozenset(
    {
        *("name", "source", "channel", "datum", "items", "matter", "standard"),
        *("fields", "time", "matters", "levels", "datums"),
    }
)


class BadFeed(Refusal):
    """What a feed declares of itself does not fit."""

    code = "feed.bad"
    sentence = "{field}: {reason}"


class BadMessage(Refusal):
    """A message has not the form that its feed declares."""

    code = "feed.message"
    sentence = "The message does not fit the feed: {reason}"


@dataclass(frozen=True, slots=True)
class Feed:
    """How the messages of a sender are read.

    Parameters
    ----------
    source
        Who sends: with the sender's key it tells reports apart.
    datum
        Of every message; none where each says its own under `fields["datum"]`.
    items
        The path to the list inside a message; empty: the message itself is one, or a list.
    fields
        Our field -> paths into an item; several texts are put together, one a line.
    time_format
        `iso`, `unix`, `unix_ms`, or as `datetime.strptime` has it; times that say no zone are of
        `zone`.
    matters, levels, datums
        Their words -> ours. `matter` is for words that say nothing else; empty: those are refused.
    """

    code: str
    name: str
    source: str
    channel: str
    datum: str | None
    items: tuple[str, ...] = ()
    fields: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    time_format: str = "iso"
    zone: ZoneInfo = CHINA
    matter: str = ""
    matters: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    datums: Mapping[str, str] = field(default_factory=dict)
    standard: str = ""

    @classmethod
    def declared(cls, code: str, said: Mapping[str, Any]) -> Feed:
        """Return the feed that a TOML declares.

        Raises
        ------
        BadFeed
            Naming what is unknown, missing or of the wrong kind.
        UndeclaredDatum, UnsupportedDatum
            If there are positions and no usable datum is declared, for all or for each.
        """
        unknown = sorted(set(said) - _KEYS)
        if unknown:
            raise BadFeed(field=unknown[0], reason=f"unknown; known are {', '.join(sorted(_KEYS))}")
        standard = _text(said, "standard")
        if standard not in ("", OPEN311):
            raise BadFeed(field="standard", reason=f"{standard!r} is none of: {OPEN311}")
        fields = {name: _paths(name, given) for name, given in _table(said, "fields").items()}
        for name in _NEEDED:
            if not standard and name not in fields:
                raise BadFeed(field=f"fields.{name}", reason="missing")
        datum = _text(said, "datum") or None
        datums = _words(said, "datums")
        located = bool(standard) or "lon" in fields or "lat" in fields
        if (datum is not None or located) and "datum" not in fields:
            parse_datum(datum)
        for one in datums.values():
            parse_datum(one)
        time = _table(said, "time")
        return cls(
            code=code,
            name=_text(said, "name") or code,
            source=_text(said, "source") or code,
            channel=_text(said, "channel") or "feed",
            datum=datum,
            items=_path(_text(said, "items")),
            fields=fields,
            time_format=str(time.get("format", "iso")),
            zone=_zone(str(time.get("zone", CHINA.key))),
            matter=_text(said, "matter"),
            matters=_words(said, "matters"),
            levels=_words(said, "levels"),
            datums=datums,
            standard=standard,
        )

    @classmethod
    def registered(cls, row: Registered) -> Feed:
        """Return a feed as it is registered."""
        return cls.declared(row.code, row.mapping)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item: a receipt (new or known), or the refusal."""

    external_id: str | None
    receipt: Receipt | None = None
    created: bool = False
    refusal: Refusal | None = None


# Messages --------------------------------------------------------------------------------------


def items(feed: Feed, body: object) -> list[Any]:
    """Return the items of a message, in its order.

    Raises
    ------
    BadMessage
        If it has not the declared form, is nested too deep, or holds more than 200 items.
    """
    _require_shallow(body)
    found = _at(body, feed.items) if feed.items else body
    if feed.items and not isinstance(found, list):
        raise BadMessage(reason=f"{'.'.join(feed.items)} is no list")
    listed = found if isinstance(found, list) else [found]
    if len(listed) > MOST_ITEMS:
        raise BadMessage(reason=f"{len(listed)} items; at most {MOST_ITEMS} are taken together")
    return listed


def read(feed: Feed, item: object, keys: KeyRing) -> IncidentReport:
    """Return the report that an item makes; its matter is still the sender's word.

    The caller's telephone number is sealed with `keys`.

    Raises
    ------
    BadMessage, BadValue
        If the item is no object, or a value cannot be read.
    """
    if not isinstance(item, dict):
        raise BadMessage(reason="an item is no object")
    said = _Item(feed, item)
    x, y = said.number("lon"), said.number("lat")
    datum = said.text("datum")
    word, level = said.text("matter"), said.text("level")
    return IncidentReport(
        source=feed.source,
        external_id=said.text("external_id"),
        matter_code=feed.matters.get(word, word),
        summary=said.text("summary"),
        place=said.text("place"),
        x=x,
        y=y,
        datum=None if x is None else feed.datums.get(datum, datum) or feed.datum,
        accuracy_m=said.number("accuracy_m"),
        unit_code=said.text("unit_code") or None,
        occurred_at=said.time("occurred_at"),
        reported_at=said.time("reported_at"),
        level=feed.levels.get(level, level) or None,
        channel=feed.channel,
        reporter=reporters.sealed(said.text("reporter_name"), said.text("reporter_phone"), keys),
    )


def take_in(
    conn: Connection, feed: Feed, body: object, keys: KeyRing, now: datetime
) -> list[Outcome]:
    """Take in the items of a message and return what became of each, in their order.

    An item that is refused leaves nothing behind and does not stop the others. What was sent is
    kept beside the incident, encrypted. Fields that the feed does not declare are kept and compared
    by nobody: an item is the same as before if all that we read of it is.

    Raises
    ------
    BadMessage
        If the message as a whole does not fit; nothing of it is taken then.
    NothingPublished
        Before the first boundaries.
    """
    return [_take_one(conn, feed, item, keys, now) for item in items(feed, body)]


def _take_one(conn: Connection, feed: Feed, item: object, keys: KeyRing, now: datetime) -> Outcome:
    external_id = None
    try:
        said = read(feed, item, keys)
        external_id = said.external_id
        report = _with_matter(conn, feed, said)
        with conn.begin_nested():
            receipt, created = receive(conn, feed, report, item, keys, now)
    except Refusal as refusal:
        return Outcome(external_id, refusal=refusal)
    return Outcome(external_id, receipt, created)


def receive(
    conn: Connection,
    feed: Feed,
    report: IncidentReport,
    given: object,
    keys: KeyRing,
    now: datetime,
) -> tuple[Receipt, bool]:
    """Take in a feed's report and keep, sealed, what it was made of; answers and refuses as
    `incidents.receive`.
    """
    receipt, created = incidents.receive(conn, None, report, now)
    if created:
        feeds.keep_given(
            conn,
            feed.code,
            receipt.incident_id,
            orjson.dumps(given).decode(),
            keys,
            territory=receipt.territory_code,
            now=now,
        )
    return receipt, created


def _with_matter(conn: Connection, feed: Feed, said: IncidentReport) -> IncidentReport:
    """Return the report with an item of the admission list instead of the sender's word."""
    found = foreign_matters.find(conn, feed.source, [said.matter_code])
    known = found.get(said.matter_code)
    code = known.code if known else feed.matter or said.matter_code
    return replace(said, matter_code=code)


# Values ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Item:
    """An item under our names."""

    feed: Feed
    item: dict[str, Any]

    def values(self, name: str) -> Iterator[Any]:
        for path in self.feed.fields.get(name, ()):
            value = _at(self.item, path)
            if isinstance(value, dict | list):
                raise BadValue(field=name, given=".".join(path), reason="a single value is needed")
            yield value

    def text(self, name: str) -> str:
        """Return the texts of a field, one a line; what is absent or null says nothing."""
        said = (as_text(value) for value in self.values(name))
        found = "\n".join(text for text in said if text)
        if "\0" in found:
            raise BadValue(field=name, given="", reason="holds a NUL character")
        return found

    def number(self, name: str) -> float | None:
        """Return a number, also one written as text."""
        given = self.text(name)
        if given == "":
            return None
        number = parse_number(given)
        if number is None:
            raise BadValue(field=name, given=given[:40], reason="no number")
        return number

    def time(self, name: str) -> datetime | None:
        """Return an aware time by the feed's format."""
        given = self.text(name)
        if given == "":
            return None
        form, zone = self.feed.time_format, self.feed.zone
        try:
            if form in _UNIX:
                return datetime.fromtimestamp(float(given) / _UNIX[form], UTC)
            found = (
                datetime.fromisoformat(given) if form == "iso" else datetime.strptime(given, form)
            )
        except (ValueError, OverflowError, OSError):
            raise BadValue(field=name, given=given[:40], reason=f"no time as {form}") from None
        return found if found.tzinfo else found.replace(tzinfo=zone)


def _at(value: object, path: tuple[str, ...]) -> Any:
    """Return what a path leads to; nothing where it leads nowhere."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _require_shallow(body: object) -> None:
    """Let pass what is nested at most `DEEPEST` deep."""
    level, depth = [body], 0
    while level:
        if depth > DEEPEST:
            raise BadMessage(reason=f"nested deeper than {DEEPEST} levels")
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        depth += 1


# Declarations ------------------------------------------------------------------------------------


def _text(said: Mapping[str, Any], name: str) -> str:
    given = said.get(name, "")
    if not isinstance(given, str):
        raise BadFeed(field=name, reason="a text is needed")
    return given.strip()


def _table(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    given = said.get(name, {})
    if not isinstance(given, dict):
        raise BadFeed(field=name, reason="a table is needed")
    return given


def _words(said: Mapping[str, Any], name: str) -> dict[str, str]:
    return {str(theirs): str(ours) for theirs, ours in _table(said, name).items()}


def _path(given: str) -> tuple[str, ...]:
    return tuple(given.split(".")) if given else ()


def _paths(name: str, given: object) -> tuple[tuple[str, ...], ...]:
    if name not in _FIELDS:
        known = ", ".join(sorted(_FIELDS))
        raise BadFeed(field=f"fields.{name}", reason=f"unknown; known are {known}")
    listed = given if isinstance(given, list) else [given]
    names = [one for one in listed if isinstance(one, str) and one]
    if not names or len(names) != len(listed):
        raise BadFeed(field=f"fields.{name}", reason="a name or a list of names is needed")
    return tuple(_path(one) for one in names)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadFeed(field="time.zone", reason=f"there is no zone {name!r}") from None
