"""What requests may say: each field with its kind and its limits, refused by name when it errs."""

from __future__ import annotations

from datetime import date

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

MAX_TEXT = 2000
PAGE = 50
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
# A count by unit and day is held in memory while it is tested.
LONGEST_STUDY_DAYS = 10 * 366

UNIT_CODE = validate.Regexp(r"^[0-9]{6,17}$")


class Strict(Schema):
    """A schema that refuses fields it does not know."""

    class Meta:
        """Unknown fields are an error, not noise."""

        unknown = RAISE


class Longitude(fields.Float):
    """A finite x in whatever datum is declared."""

    def __init__(self, **given):
        super().__init__(allow_nan=False, **given)


class Whole(fields.Integer):
    """A whole number that JSON can carry both ways and a database can compare."""

    def __init__(self, **given):
        super().__init__(strict=True, validate=validate.Range(-(2**53), 2**53), **given)


class Day(fields.Date):
    """A day that has days before and after it, a year earlier and a lunar one too."""

    def __init__(self, **given):
        super().__init__(validate=_require_known, **given)


def _require_known(day: date) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError(f"is not between {FIRST_DAY} and {LAST_DAY}")


class WhereQuery(Strict):
    """A position with its datum and, when known, the radius in metres of its accuracy."""

    lon = Longitude(required=True)
    lat = Longitude(required=True)
    datum = fields.String(load_default=None)
    accuracy_m = fields.Float(validate=validate.Range(0, 100_000))
    matter = fields.String(validate=validate.Length(max=40))
    on = fields.String(validate=validate.Length(1, 40))


class UnitsQuery(Strict):
    """The parent whose children are asked for."""

    parent = fields.String(validate=UNIT_CODE)


class SearchQuery(Strict):
    """What is looked for."""

    q = fields.String(required=True, validate=validate.Length(1, 80))


class RegisterQuery(Strict):
    """What lies in a unit, page by page."""

    grid = fields.String(required=True, validate=UNIT_CODE)
    after = fields.String(validate=validate.Length(max=80))


class RevealBody(Strict):
    """Why a telephone number has to be seen."""

    reason = fields.String(required=True, validate=validate.Length(4, 200))


class HotspotsQuery(Strict):
    """Period, matter, area and method of a hotspot map; days are inclusive."""

    since = Day(required=True)
    until = Day(required=True)
    matter = fields.String(validate=validate.Length(1, 40))
    area = fields.String(validate=UNIT_CODE)
    method = fields.String(load_default="excess", validate=validate.OneOf(["excess", "gi"]))

    @validates_schema
    def _in_order(self, data, **_):
        if ("since" in data) != ("until" in data):
            raise ValidationError("give both days or none", "since")
        if "since" in data and "until" in data:
            if data["until"] < data["since"]:
                raise ValidationError("ends before it begins", "until")
            if (data["until"] - data["since"]).days >= LONGEST_STUDY_DAYS:
                raise ValidationError("is longer than ten years", "until")


class PrintQuery(Strict):
    """Which publication a printed map shows (none: the one in force), and in which language."""

    on = fields.Integer(load_default=None, validate=validate.Range(1, 2**31 - 1))
    lang = fields.String(validate=validate.OneOf(["zh", "en"]))


class WallQuery(PrintQuery):
    """The paper of a wall map as well."""

    paper = fields.String(load_default="A0", validate=validate.OneOf(["A0", "A1", "A3"]))
