"""What requests may say about incidents, their supervision, the calendar and the rules."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validate, validates_schema

from grids import colours, deadlines, holidays, supervisions
from grids.incident_report import LEVELS
from grids.incident_view import QUEUES
from grids.working_days import CLOCKS
from web.parse import MAX_TEXT, UNIT_CODE, Day, Longitude, Strict, Whole

STEP_ACTION = validate.Regexp(r"^[a-z_]{1,20}$")
MATTER = validate.Length(1, 40)
NOTE = validate.Length(max=MAX_TEXT)
KEY = validate.Length(8, 80)
ACCURACY_M = validate.Range(0, 100_000)
MOST_HOURS = 24 * 366
MOST_MERGED = 100


class FilterQuery(Strict):
    """Which incidents."""

    step = fields.String(validate=STEP_ACTION)
    review = fields.Boolean()
    mine = fields.Boolean()
    overdue = fields.Boolean()
    at_risk = fields.Boolean()
    counted = fields.Boolean()
    supervised = fields.Boolean()
    unanswered = fields.Boolean()
    unanswered_hours = fields.Float(validate=validate.Range(0, MOST_HOURS))
    colour = fields.String(validate=validate.OneOf(colours.COLOURS))
    handling_level = fields.String(validate=validate.OneOf(deadlines.STAGES[1:]))
    queue = fields.String(validate=validate.OneOf(QUEUES))
    matter = fields.String(validate=MATTER)
    department = fields.String(validate=validate.Length(1, 80))
    my_department = fields.Boolean()
    since = Day()
    until = Day()
    unit = fields.String(validate=UNIT_CODE)


class IncidentsQuery(FilterQuery):
    """Which incidents, page by page."""

    after = fields.String(validate=validate.Length(max=200))


class _Spot(Strict):
    """A position with its datum, or the code of a unit."""

    lon = Longitude()
    lat = Longitude()
    datum = fields.String(load_default=None)
    accuracy_m = fields.Float(validate=ACCURACY_M)
    unit_code = fields.String(validate=UNIT_CODE)

    @validates_schema
    def _both_or_neither(self, data, **_):
        if ("lon" in data) != ("lat" in data):
            raise ValidationError("give both or neither", "lat" if "lon" in data else "lon")


class IncidentBody(_Spot):
    """A report of something that happened."""

    matter_code = fields.String(required=True, validate=MATTER)
    summary = fields.String(required=True, validate=validate.Length(1, MAX_TEXT))
    place = fields.String(load_default="", validate=validate.Length(max=200))
    occurred_at = fields.AwareDateTime()
    level = fields.String(validate=validate.Length(max=20))
    source = fields.String(load_default="desk", validate=validate.Length(1, 60))
    external_id = fields.String(validate=validate.Length(1, 120))
    reporter_name = fields.String(load_default="", validate=validate.Length(max=40))
    reporter_phone = fields.String(load_default="", validate=validate.Regexp(r"^[0-9+ -]{0,20}$"))


class SimilarQuery(Strict):
    """A place, a matter and a moment (none: now)."""

    lon = Longitude(required=True)
    lat = Longitude(required=True)
    datum = fields.String(load_default=None)
    matter = fields.String(validate=MATTER)
    at = fields.AwareDateTime()
    but = fields.UUID()


class StepBody(Strict):
    """An action on an incident, and what it needs."""

    action = fields.String(required=True, validate=STEP_ACTION)
    note = fields.String(load_default="", validate=NOTE)
    version = Whole(required=True)
    key = fields.String(load_default=None, validate=KEY)
    result = fields.String(load_default=None, validate=validate.Length(1, 20))
    person_id = fields.UUID(load_default=None)
    unit_code = fields.String(load_default=None, validate=UNIT_CODE)
    until = Day(load_default=None)
    how = fields.String(load_default=None, validate=validate.Length(1, 20))
    of = fields.UUID(load_default=None)
    others = fields.List(
        fields.UUID(),
        data_key="with",
        load_default=(),
        validate=validate.Length(max=MOST_MERGED),
    )
    summary = fields.String(load_default=None, validate=validate.Length(1, MAX_TEXT))
    matter_code = fields.String(load_default=None, validate=MATTER)


class AssigneeBody(Strict):
    """Who shall own an incident, and why."""

    person_id = fields.UUID()
    unit_code = fields.String(validate=UNIT_CODE)
    reason = fields.String(required=True, validate=validate.Length(2, 200))
    version = Whole(required=True)

    @validates_schema
    def _one_of_them(self, data, **_):
        if ("person_id" in data) == ("unit_code" in data):
            raise ValidationError("give a person or a unit", "person_id")


class PositionBody(_Spot):
    """Where an incident is moved to; a preview changes nothing."""

    version = Whole(required=True)
    preview = fields.Boolean(load_default=False)
    reassign = fields.Boolean(load_default=False)
    note = fields.String(load_default="", validate=NOTE)


class SupervisionBody(Strict):
    """A supervision sheet."""

    kind = fields.String(required=True, validate=validate.OneOf(supervisions.KINDS))
    note = fields.String(required=True, validate=validate.Length(1, MAX_TEXT))
    due_at = fields.AwareDateTime(load_default=None)
    to_unit = fields.String(load_default=None, validate=UNIT_CODE)
    key = fields.String(load_default=None, validate=KEY)


class SupervisionsQuery(Strict):
    """Which sheets; none: those that are not struck off."""

    state = fields.String(validate=validate.OneOf(("overdue", *supervisions.STATES)))


class SheetNoteBody(Strict):
    """What is said."""

    note = fields.String(required=True, validate=validate.Length(1, MAX_TEXT))


class YearQuery(Strict):
    """Which year of the calendar."""

    year = fields.Integer(required=True, validate=validate.Range(2000, 2100))


class _Day(Strict):
    day = Day(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(holidays.KINDS))
    name = fields.String(load_default="", validate=validate.Length(max=40))


class CalendarBody(YearQuery):
    """All listed days of a year."""

    days = fields.List(fields.Nested(_Day), required=True, validate=validate.Length(max=366))


class _Limit(Strict):
    stage = fields.String(required=True, validate=validate.OneOf(deadlines.STAGES))
    hours = fields.Float(required=True, allow_nan=False)
    clock = fields.String(required=True, validate=validate.OneOf(CLOCKS))
    matter_code = fields.String(load_default=None, allow_none=True, validate=MATTER)
    level = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(LEVELS))


class _ColourRule(Strict):
    code = fields.String(required=True, validate=validate.OneOf(colours.RULES))
    colour = fields.String(required=True, validate=validate.OneOf(colours.GRAVE))
    threshold = fields.Float(load_default=None, allow_none=True, allow_nan=False)
    in_use = fields.Boolean(load_default=True)


class IncidentRulesBody(Strict):
    """All limits of the county, the rules of colour that shall change, or both."""

    limits = fields.List(fields.Nested(_Limit), validate=validate.Length(max=5000))
    colours = fields.List(fields.Nested(_ColourRule), validate=validate.Length(max=50))
