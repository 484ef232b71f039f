"""What requests may say about the life of plans: conflicts, leases, approval, publishing."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from web.parse import MAX_TEXT, UNIT_CODE, Strict, Whole
from web.plan_bodies import MAX_CELLS, MAX_VILLAGES, PlanVersionBody

MAX_CHOICES = 2000


class CellChoice(Strict):
    """Which version of a cell is kept."""

    cell_id = Whole(required=True)
    keep = fields.String(required=True, validate=validate.OneOf(["mine", "theirs"]))


class ResolveBody(PlanVersionBody):
    """Decisions on conflicts; of a group all cells, and alike."""

    choices = fields.List(
        fields.Nested(CellChoice), required=True, validate=validate.Length(1, MAX_CELLS)
    )


class LeaseBody(Strict):
    """The villages that the sender is editing."""

    village_codes = fields.List(
        fields.String(validate=UNIT_CODE), required=True, validate=validate.Length(0, MAX_VILLAGES)
    )


class NoteBody(PlanVersionBody):
    """The version seen, and what is to be said about it."""

    note = fields.String(load_default="", validate=validate.Length(max=MAX_TEXT))


class PublishBody(PlanVersionBody):
    """Publishing: the version seen, a memo, and from when if not from now on."""

    memo = fields.String(load_default="", validate=validate.Length(max=MAX_TEXT))
    effective_from = fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        metadata={"description": "A moment to come; without it the plan comes into force now."},
    )


class IncidentChoice(Strict):
    """What becomes of an open incident."""

    incident_id = fields.UUID(required=True)
    do = fields.String(required=True, validate=validate.OneOf(["stay", "move"]))


class IncidentChoicesBody(PlanVersionBody):
    """What becomes of open incidents."""

    choices = fields.List(
        fields.Nested(IncidentChoice), required=True, validate=validate.Length(1, MAX_CHOICES)
    )


class PublicationsQuery(Schema):
    """A page of publications: those before this number."""

    after = fields.Integer(validate=validate.Range(1, 2**31 - 1))


class RestoreBody(Strict):
    """How the plan is to be called, and what it is to restore."""

    title = fields.String(validate=validate.Length(1, 120))
    area = fields.String(
        validate=UNIT_CODE,
        metadata={"description": "A village or above; without it the viewer's territory."},
    )


class ApprovalAreaBody(Strict):
    """A territory, and whether plans there need a second person."""

    territory_code = fields.String(required=True, validate=UNIT_CODE)
    needed = fields.Boolean(required=True)
