"""Requests of Open311 GeoReport v2, made reports of ours.

The standard's `lat` and `long` are WGS84. It knows no key for sending twice, so the same request of
the same client on the same day of China is the same report, whatever the connection did meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

import orjson

from geo.datum import Datum
from grids import reporters
from grids.errors import BadValue
from grids.incidents import IncidentReport
from grids.local_time import local_day
from grids.secrets import KeyRing
from importers.messages import Feed
from importers.positions import parse_number

LONGEST_DESCRIPTION = 4000


def read(
    feed: Feed, said: Mapping[str, str], keys: KeyRing, now: datetime, *, key: str | None = None
) -> IncidentReport:
    """Return the report that a request makes; its `service_code` is the matter's code.

    Where it is: `lat` and `long` in WGS84, else `address_id` as the code of a unit, and
    `address_string` in words.

    Parameters
    ----------
    said
        The arguments of `POST requests` but for the client's key.
    key
        The client's own key of this request, if it has one.

    Raises
    ------
    BadValue
        Naming the argument that is missing or cannot be read.
    """
    lon, lat = _number(said, "long"), _number(said, "lat")
    if (lon is None) != (lat is None):
        raise BadValue(field="long" if lon is None else "lat", given="", reason="empty")
    place, unit = said.get("address_string", "").strip(), said.get("address_id", "").strip()
    if lon is None and not place and not unit:
        reason = "no lat and long, address_string or address_id"
        raise BadValue(field="lat", given="", reason=reason)
    description = said.get("description", "").strip()
    if len(description) > LONGEST_DESCRIPTION:
        reason = f"longer than {LONGEST_DESCRIPTION} characters"
        raise BadValue(field="description", given=description[:40], reason=reason)
    name = " ".join(filter(None, (said.get(part, "") for part in ("first_name", "last_name"))))
    return IncidentReport(
        source=feed.source,
        external_id=key or _own_key(said, now),
        matter_code=said["service_code"],
        summary=description or place or said["service_code"],
        place=place,
        x=lon,
        y=lat,
        datum=None if lon is None else Datum.WGS84.value,
        unit_code=unit or None,
        channel="open311",
        reporter=reporters.sealed(name, said.get("phone", ""), keys),
    )


def _number(said: Mapping[str, str], name: str) -> float | None:
    given = said.get(name, "").strip()
    if not given:
        return None
    number = parse_number(given)
    if number is None:
        raise BadValue(field=name, given=given[:40], reason="no number")
    return number


def _own_key(said: Mapping[str, str], now: datetime) -> str:
    day = local_day(now).isoformat()
    whole = orjson.dumps({"day": day, "said": dict(said)}, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(whole).hexdigest()[:40]
