"""What the doors answer about the life of plans, described for the readers of the API."""

from __future__ import annotations

from marshmallow import Schema, fields

from web.plan_schemas import CellFeature, Impact


class Author(Schema):
    """Who published what is in conflict."""

    publication = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    person = fields.String(required=True, allow_none=True)
    memo = fields.String(required=True)


class Conflict(Schema):
    """A cell that the plan and another publication changed in different ways."""

    group = fields.Integer(
        required=True, metadata={"description": "Cells of one group are decided alike"}
    )
    cell_id = fields.Integer(required=True)
    unit = fields.String(required=True)
    name = fields.String(required=True)
    at = fields.List(fields.Float(), required=True, metadata={"description": "[lon, lat]"})
    base = fields.Nested(CellFeature, required=True, allow_none=True)
    theirs = fields.Nested(CellFeature, required=True, allow_none=True)
    mine = fields.Nested(CellFeature, required=True, allow_none=True)
    by = fields.Nested(Author, required=True, allow_none=True)


class Conflicts(Schema):
    """What a person has to decide before the plan can be published."""

    conflicts = fields.List(fields.Nested(Conflict), required=True)
    rebased = fields.Boolean(
        required=True,
        metadata={"description": "Nothing to decide: what there was merges by itself"},
    )


class Lease(Schema):
    """Somebody else who is editing a village."""

    person_id = fields.UUID(required=True)
    person = fields.String(required=True)
    plan_id = fields.UUID(required=True)
    plan_title = fields.String(required=True)
    village_code = fields.String(required=True)
    village_name = fields.String(required=True)
    until = fields.AwareDateTime(required=True)


class Presence(Schema):
    """Until when the sender's own leases last, and who else is there."""

    until = fields.AwareDateTime(required=True, allow_none=True)
    others = fields.List(fields.Nested(Lease), required=True)


class Published(Schema):
    """What became of publishing."""

    publication = fields.Integer(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True, allow_none=True)
    scheduled_for = fields.AwareDateTime(required=True, allow_none=True)
    impact = fields.Nested(Impact, required=True)


class Publication(Schema):
    """One state of the county's coverage."""

    number = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    by = fields.String(required=True, allow_none=True)
    memo = fields.String(required=True)
    n_changed = fields.Integer(required=True)
    plan_id = fields.UUID(required=True, allow_none=True)


class Publications(Schema):
    """Publications, the newest first."""

    publications = fields.List(fields.Nested(Publication), required=True)


class ApprovalArea(Schema):
    """A territory where no plan comes into force without a second person."""

    territory_code = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
    person = fields.String(required=True, allow_none=True)


class ApprovalAreas(Schema):
    """Where a second person is asked for."""

    areas = fields.List(fields.Nested(ApprovalArea), required=True)
