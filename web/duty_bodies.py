"""What requests may say about duties, requests to the admission list, recurring work and visits."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validate, validates_schema

from grids import tasks, visits
from grids.matter_requests import STATES
from grids.periods import PERIODS
from web.parse import MAX_TEXT, UNIT_CODE, Day, Strict

RANKS = ("primary", "deputy", "informant", "desk")
LEVELS = ("ordinary", "large", "major", "severe")
KEY = validate.Length(8, 80)
NOTE = validate.Length(max=MAX_TEXT)
REASON = validate.Length(2, 200)


class AreaQuery(Strict):
    """Which part of the viewer's territory; none: all of it."""

    area = fields.String(validate=UNIT_CODE)


class PeopleQuery(Strict):
    """A part of a name, or the beginning of a staff number."""

    q = fields.String(required=True, validate=validate.Length(1, 40))


class DutyBody(Strict):
    """A person on duty for a unit; `until` is the first day no longer served."""

    person_id = fields.UUID(required=True)
    unit_code = fields.String(required=True, validate=UNIT_CODE)
    rank = fields.String(required=True, validate=validate.OneOf(RANKS))
    since = Day(required=True)
    until = Day(load_default=None)

    @validates_schema
    def _in_order(self, data, **_):
        if data.get("until") and data["until"] <= data["since"]:
            raise ValidationError("not after the first day", "until")


class LastDayBody(Strict):
    """The last day of a duty."""

    last_day = Day(required=True)


class LeaveBody(Strict):
    """From when until just before when a person is away."""

    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True)
    reason = fields.String(load_default="", validate=validate.Length(max=200))

    @validates_schema
    def _in_order(self, data, **_):
        if "since" in data and "until" in data and data["until"] <= data["since"]:
            raise ValidationError("ends before it begins", "until")


class HandoverBody(Strict):
    """The last day of a person who leaves, why, and who takes over which unit."""

    last_day = Day(required=True)
    reason = fields.String(required=True, validate=REASON)
    successors = fields.Dict(
        keys=fields.String(validate=UNIT_CODE), values=fields.UUID(), load_default=dict
    )


class MatterBody(Strict):
    """An item as it would stand on the admission list, and why it should."""

    code = fields.String(required=True, validate=validate.Regexp(r"^[0-9A-Za-z_-]{1,40}$"))
    scheme = fields.String(load_default="county", validate=validate.Length(1, 60))
    name = fields.String(required=True, validate=validate.Length(1, 80))
    department = fields.String(required=True, validate=validate.Length(1, 80))
    level = fields.String(load_default="ordinary", validate=validate.OneOf(LEVELS))
    first_rank = fields.String(
        load_default="primary", validate=validate.OneOf(["primary", "informant"])
    )
    limit_hours = fields.Integer(required=True, strict=True, validate=validate.Range(1, 24 * 366))
    limit_clock = fields.String(load_default="working", validate=validate.OneOf(["working", "all"]))
    attempts = fields.String(load_default="3-2-1", validate=validate.Length(5, 11))
    temporary = fields.Boolean(load_default=False)
    since = Day(required=True)
    until = Day(load_default=None)
    reason = fields.String(required=True, validate=REASON)


class RequestsQuery(Strict):
    """Which requests."""

    state = fields.String(validate=validate.OneOf(STATES))


class DecisionBody(Strict):
    """The grid office's decision about a request."""

    approve = fields.Boolean(required=True)
    note = fields.String(load_default="", validate=NOTE)


class SeatBody(Strict):
    """A person at the desk of a department."""

    department = fields.String(required=True, validate=validate.Length(1, 80))
    person_id = fields.UUID(required=True)


class TaskRuleBody(Strict):
    """Work that recurs for each unit of a level in an area."""

    title = fields.String(required=True, validate=validate.Length(1, 120))
    note = fields.String(load_default="", validate=NOTE)
    kind = fields.String(required=True, validate=validate.OneOf(tasks.KINDS))
    territory_code = fields.String(required=True, validate=UNIT_CODE)
    level = fields.String(required=True, validate=validate.OneOf(tasks.LEVELS))
    period = fields.String(required=True, validate=validate.OneOf(PERIODS))
    since = Day(required=True)
    until = Day(load_default=None)


class TasksQuery(Strict):
    """Which tasks, and after which one the page begins."""

    mine = fields.Boolean(load_default=False)
    open = fields.Boolean(load_default=None)
    after = fields.String(
        load_default=None, validate=validate.Regexp(r"^\d{4}-\d\d-\d\d_\d{6,17}_[0-9a-f-]{36}$")
    )


class TaskDoneBody(Strict):
    """The result of a task, with the sender's key of this deed."""

    result = fields.String(required=True, validate=validate.Length(1, 400))
    key = fields.String(load_default=None, validate=KEY)


class VisitBody(Strict):
    """A visit to a household."""

    household_id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)
    result = fields.String(required=True, validate=validate.OneOf(visits.VISIT_RESULTS))
    key = fields.String(load_default=None, validate=KEY)
    task_id = fields.UUID(load_default=None)


class PatrolBody(Strict):
    """A patrol of a grid."""

    grid_code = fields.String(required=True, validate=UNIT_CODE)
    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True)
    result = fields.String(required=True, validate=validate.OneOf(visits.PATROL_RESULTS))
    key = fields.String(load_default=None, validate=KEY)
    task_id = fields.UUID(load_default=None)


class CoverageQuery(Strict):
    """The period, both days included, and the area."""

    since = Day(required=True)
    until = Day(required=True)
    area = fields.String(validate=UNIT_CODE)

    @validates_schema
    def _in_order(self, data, **_):
        if "since" in data and "until" in data and data["until"] < data["since"]:
            raise ValidationError("ends before it begins", "until")


class UnvisitedQuery(Strict):
    """The grid whose households are asked for."""

    grid = fields.String(required=True, validate=UNIT_CODE)
