"""What requests about the board, its alerts and its reports may say."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validate, validates_schema

from grids.board_measures import COLOURS, MEASURES
from layers.hotspot_question import METHODS
from web.parse import MAX_TEXT, UNIT_CODE, Day, Strict

LONGEST_DAYS = 3 * 366


class BoardQuery(Strict):
    """Period, area, matter and comparison of a board; days are inclusive."""

    since = Day(required=True)
    until = Day(required=True)
    area = fields.String(validate=UNIT_CODE)
    matter = fields.String(validate=validate.Length(1, 40))
    compare = fields.String(load_default="year", validate=validate.OneOf(["year", "before"]))

    @validates_schema
    def _in_order(self, data, **_):
        if "since" in data and "until" in data:
            if data["until"] < data["since"]:
                raise ValidationError("ends before it begins", "until")
            if (data["until"] - data["since"]).days >= LONGEST_DAYS:
                raise ValidationError("is longer than three years", "until")


class BoardRowsQuery(Strict):
    """A number of the board; colours are those of now and have no period."""

    measure = fields.String(required=True, validate=validate.OneOf([*MEASURES, *COLOURS]))
    since = Day()
    until = Day()
    area = fields.String(validate=UNIT_CODE)
    matter = fields.String(validate=validate.Length(1, 40))
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 10_000))

    @validates_schema
    def _has_period(self, data, **_):
        if data.get("measure") in MEASURES and not {"since", "until"} <= set(data):
            raise ValidationError("give the period", "since")


class AlertsQuery(Strict):
    """Which alerts: those still going on, or all of the last year."""

    all = fields.Boolean(load_default=False)


class AcknowledgeBody(Strict):
    """What was decided about an alert."""

    note = fields.String(required=True, validate=validate.Length(2, MAX_TEXT))


class ReportQuery(Strict):
    """The last day of a report, its area and the language of its words."""

    on = Day(required=True)
    area = fields.String(validate=UNIT_CODE)
    lang = fields.String(validate=validate.OneOf(["zh", "en"]))


class ReportsQuery(Strict):
    """How many kept reports to list."""

    limit = fields.Integer(load_default=30, validate=validate.Range(1, 500))


class WallKey(Strict):
    """The key of a wall, given once; the other fields are the screen's own."""

    key = fields.String(validate=validate.Length(20, 100))
    slide = fields.String(validate=validate.Length(max=20))
    still = fields.String(validate=validate.Length(max=1))
    lang = fields.String(validate=validate.OneOf(["zh", "en"]))
    area = fields.String(validate=UNIT_CODE)


class WallQuery(Strict):
    """The area that a wall shows; none: its whole territory."""

    area = fields.String(validate=UNIT_CODE)


class WallMapQuery(WallQuery):
    """The same of one of a wall's hotspot maps."""

    method = fields.String(required=True, validate=validate.OneOf(METHODS))
