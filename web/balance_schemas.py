"""What requests may say about the limits of boundaries, and what the doors of balance answer."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from grids.boundary_rules import KINDS, SEVERITIES, SUBJECTS
from web.parse import UNIT_CODE, Strict, Whole

_EVERYWHERE = {"description": "Code of a unit; null: everywhere"}
_LIMIT = {"description": "null: no limit"}
_VERSION = {"description": "Of the area's limits as they were seen; 0 where there are none"}


class RuleBody(Strict):
    """A limit of one area."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    subject = fields.String(required=True, validate=validate.OneOf(list(SUBJECTS)))
    least = fields.Float(load_default=None, allow_none=True, metadata=_LIMIT)
    most = fields.Float(load_default=None, allow_none=True, metadata=_LIMIT)
    severity = fields.String(load_default="warning", validate=validate.OneOf(SEVERITIES))


class RulesWishBody(Strict):
    """Limits that an area might have."""

    territory_code = fields.String(
        required=True, allow_none=True, validate=UNIT_CODE, metadata=_EVERYWHERE
    )
    rules = fields.List(
        fields.Nested(RuleBody), required=True, validate=validate.Length(max=len(KINDS) * 10)
    )


class RulesBody(RulesWishBody):
    """All limits of one area; they take the place of those that it had."""

    version = Whole(required=True, metadata=_VERSION)


class Rule(Schema):
    """A limit that plans are checked against; that of the smallest area counts."""

    territory_code = fields.String(required=True, allow_none=True, metadata=_EVERYWHERE)
    territory_name = fields.String(required=True, allow_none=True)
    kind = fields.String(required=True)
    subject = fields.String(required=True)
    least = fields.Float(required=True, allow_none=True)
    most = fields.Float(required=True, allow_none=True)
    severity = fields.String(required=True)
    updated_at = fields.AwareDateTime(required=True, allow_none=True)
    updated_by = fields.String(required=True, allow_none=True)


class RulesOfArea(Schema):
    """An area with limits of its own."""

    territory_code = fields.String(required=True, allow_none=True, metadata=_EVERYWHERE)
    version = fields.Integer(required=True, metadata=_VERSION)


class Rules(Schema):
    """The limits that count in the viewer's territory."""

    rules = fields.List(fields.Nested(Rule), required=True)
    areas = fields.List(fields.Nested(RulesOfArea), required=True)


class Outside(Schema):
    """How many units in force lie outside a limit."""

    kind = fields.String(required=True)
    subject = fields.String(required=True)
    n_units = fields.Integer(required=True, metadata={"description": "Those it would count for"})
    n_outside = fields.Integer(required=True)


class RulesOutside(Schema):
    """What limits would say of the units in force; without widths and villages."""

    counts = fields.List(fields.Nested(Outside), required=True)


class Part(Schema):
    """A grid of a proposal."""

    part = fields.Integer(required=True)
    grid_code = fields.String(required=True, metadata={"description": "The code it would have"})
    name = fields.String(required=True)
    is_new = fields.Boolean(required=True)
    n_households = fields.Integer(required=True)
    area_m2 = fields.Float(required=True)
    compactness = fields.Float(
        required=True, metadata={"description": "4 pi area / perimeter^2: 1 for a circle"}
    )
    cell_ids = fields.List(
        fields.Integer(), required=True, metadata={"description": "Where cells stay whole"}
    )


class Excess(Schema):
    """A building or cell with more households than a grid should have."""

    at = fields.List(fields.Float(), required=True, allow_none=True)
    n_households = fields.Integer(required=True)
    over = fields.Float(required=True, metadata={"description": "Households above the mean"})
    mean = fields.Float(required=True, metadata={"description": "Of the grids around it"})


class Proposal(Schema):
    """How an area would be divided; nothing is written."""

    mode = fields.String(required=True)
    seed = fields.Integer(required=True)
    parts = fields.List(fields.Nested(Part), required=True)
    max_mean = fields.Float(required=True)
    min_mean = fields.Float(required=True)
    was_max_mean = fields.Float(required=True, metadata={"description": "Of the grids as they are"})
    ends = fields.List(fields.String(), required=True, metadata={"description": "Grids that end"})
    n_split_buildings = fields.Integer(required=True)
    n_across = fields.Integer(
        required=True, metadata={"description": "Grids that reach over a barrier all the same"}
    )
    excess = fields.List(fields.Nested(Excess), required=True)
    outlines = fields.Dict(
        required=True, metadata={"description": "GeoJSON feature collection, part by part"}
    )
