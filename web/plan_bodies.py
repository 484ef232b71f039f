"""What requests may say about boundary plans: fields with their limits, a schema for each tool."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema
from webargs.fields import DelimitedList

from grids.drafts import POLICIES
from grids.plan_balance_area import MODES, MOST_TRIES
from web.parse import UNIT_CODE, Longitude, Strict, Whole

MAX_VERTICES = 5000
MAX_CELLS = 5000
MAX_ARCS = 200
MAX_VILLAGES = 50

_GRID_CODE = validate.Regexp(r"^[0-9]{15}$")
_LOOSE = validate.Regexp(r"^(refuse|keep|[0-9]{15})$")
_POSITIONS = "Positions [longitude, latitude] in CGCS2000 degrees"


def _says(description: str) -> dict[str, str]:
    return {"description": description}


class ToolName(fields.String):
    """Which tool a body is for."""

    def __init__(self, name: str) -> None:
        super().__init__(required=True, validate=validate.OneOf([name]))


class Places(fields.List):
    """Positions [longitude, latitude] in CGCS2000 degrees."""

    def __init__(self, least: int, description: str) -> None:
        super().__init__(
            fields.List(Longitude(), validate=validate.Length(2, 2)),
            required=True,
            validate=validate.Length(least, MAX_VERTICES),
            metadata=_says(f"{description} {_POSITIONS}."),
        )


class GridCode(fields.String):
    """The code of a grid."""

    def __init__(self, **given: Any) -> None:
        super().__init__(required=True, validate=_GRID_CODE, **given)


class Name(fields.String):
    """What a unit is called."""

    def __init__(self, **given: Any) -> None:
        super().__init__(validate=validate.Length(1, 60), **given)


class Loose(fields.String):
    """What becomes of land that a step would cut off from its grid."""

    def __init__(self) -> None:
        super().__init__(
            load_default="refuse",
            validate=_LOOSE,
            metadata=_says(
                "What becomes of land that would be cut off from its grid: refuse the step, keep"
                " it as a piece to be signed for, or the code of the grid that takes it."
            ),
        )


class Kind(fields.String):
    """What sort of grid a new one is."""

    def __init__(self) -> None:
        super().__init__(
            load_default="base",
            validate=validate.OneOf(["base", "micro", "exclusive"]),
            metadata=_says("Exclusive grids (an organ, a park, a school) are numbered from 901."),
        )


class CellIds(fields.List):
    """Numbers of cells."""

    def __init__(self) -> None:
        super().__init__(
            Whole(),
            required=True,
            validate=validate.Length(1, MAX_CELLS),
            metadata=_says("Numbers of cells, as GET .../cells gives them."),
        )


class Area(fields.Field):
    """A unit code, or several codes of grids."""

    def __init__(self) -> None:
        says = "Code of a village or grid, or codes of grids of one village."
        either = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
        super().__init__(required=True, metadata=_says(says) | {"oneOf": either})

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str | list[str]:
        codes = [value] if isinstance(value, str) else value
        if not isinstance(codes, list) or not 0 < len(codes) <= MAX_CELLS:
            raise ValidationError("a code or a list of codes")
        for code in codes:
            if not isinstance(code, str):
                raise ValidationError("a code or a list of codes")
            UNIT_CODE(code)
        return value


class PlanBody(Strict):
    """A new plan."""

    title = fields.String(required=True, validate=validate.Length(1, 120))
    open_incidents = fields.String(
        load_default="unaccepted",
        validate=validate.OneOf(POLICIES),
        metadata=_says("What happens to open incidents in land that changes hands."),
    )


class CellsQuery(Strict):
    """The part of a draft to draw: villages, or the village of a grid."""

    village = fields.List(fields.String(validate=UNIT_CODE), load_default=list)
    grid = fields.String(validate=UNIT_CODE)


class ArcsQuery(Strict):
    """The neighbourhood whose borders are asked for: villages, a box, or both."""

    village = fields.List(
        fields.String(validate=UNIT_CODE),
        load_default=list,
        validate=validate.Length(max=MAX_VILLAGES),
    )
    bbox = DelimitedList(
        Longitude(),
        validate=validate.Length(4, 4),
        metadata=_says("West, south, east, north in CGCS2000 degrees."),
    )


class PlanVersionBody(Strict):
    """The version of the plan that the sender has seen."""

    version = Whole(required=True, metadata=_says("The version of the plan that was seen."))


class AssignBody(PlanVersionBody):
    """Give cells to another grid of their village."""

    tool = ToolName("assign")
    cell_ids = CellIds()
    grid_code = fields.String(
        required=True,
        allow_none=True,
        validate=_GRID_CODE,
        metadata=_says("The grid that gains; null makes free land."),
    )
    loose = Loose()


class FoundBody(PlanVersionBody):
    """Make a new grid out of cells of one village."""

    tool = ToolName("found")
    cell_ids = CellIds()
    name = Name(required=True)
    kind = Kind()
    loose = Loose()


class MergeBody(PlanVersionBody):
    """Give the whole of one grid to another of its village."""

    tool = ToolName("merge")
    grid_from = GridCode(data_key="from")
    grid_into = GridCode(data_key="into")
    loose = Loose()


class SplitBody(PlanVersionBody):
    """Cut a grid along a line."""

    tool = ToolName("split")
    grid_code = GridCode()
    line = Places(2, "The cut, from border to border.")
    name = Name(metadata=_says("Of the new grid; by default the old name with a number."))


class ReshapeBody(PlanVersionBody):
    """Put the border between two grids on a line."""

    tool = ToolName("reshape")
    grid_a = GridCode()
    grid_b = GridCode()
    line = Places(2, "The new border, which leaves the old one and comes back to it.")
    loose = Loose()


class ArcBody(Strict):
    """A piece of a border as it is and as it is to be."""

    before = Places(2, "An arc, or a piece of one, vertex by vertex as it is now.")
    after = Places(2, "What it is to be.")


class MoveBody(PlanVersionBody):
    """Move borders: a vertex, a piece, or a node with all arcs that meet in it."""

    tool = ToolName("move")
    arcs = fields.List(fields.Nested(ArcBody), required=True, validate=validate.Length(1, MAX_ARCS))
    loose = Loose()


class NibbleBody(PlanVersionBody):
    """Give the land inside a ring to a grid, as far as it lies in its village."""

    tool = ToolName("nibble")
    grid_code = GridCode()
    ring = Places(3, "The outer edge of the land.")
    loose = Loose()


class DrawBody(PlanVersionBody):
    """Make a new grid out of the free land inside a ring."""

    tool = ToolName("draw")
    ring = Places(3, "The outer edge of the grid; what is not free is left out.")
    name = Name(required=True)
    kind = Kind()


class SignBody(PlanVersionBody):
    """Sign that a unit may lie in this many pieces."""

    tool = ToolName("sign")
    unit_code = fields.String(required=True, validate=UNIT_CODE)
    n_parts = fields.Integer(required=True, strict=True, validate=validate.Range(1, 99))


class RenameBody(PlanVersionBody):
    """Give a unit that the plan makes another name."""

    tool = ToolName("rename")
    unit_code = fields.String(required=True, validate=UNIT_CODE)
    name = Name(required=True)


class BalanceWishBody(Strict):
    """How an area shall be divided into grids of about equal households."""

    area = Area()
    parts = fields.Integer(
        strict=True, validate=validate.Range(1, 900), metadata=_says("How many grids; or:")
    )
    households = fields.Integer(
        strict=True,
        validate=validate.Range(1, 100_000),
        metadata=_says("About how many in each grid; this or the number of parts."),
    )
    mode = fields.String(
        load_default="buildings",
        validate=validate.OneOf(MODES),
        metadata=_says(
            "cells: whole sub-groups; buildings: lines between buildings; lines: these simplified."
        ),
    )
    tries = fields.Integer(
        strict=True,
        load_default=1,
        validate=validate.Range(1, MOST_TRIES),
        metadata=_says("How many divisions are made; the best one is proposed."),
    )
    seed = fields.Integer(
        strict=True,
        load_default=0,
        validate=validate.Range(0, 2**31),
        metadata=_says("The same seed gives the same answer."),
    )
    barriers = fields.List(
        Places(2, "A line that grids should not reach across."),
        load_default=list,
        validate=validate.Length(max=MAX_ARCS),
    )

    @validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        if ("parts" in data) == ("households" in data):
            raise ValidationError("give the number of parts or of households", "parts")


class BalanceBody(BalanceWishBody, PlanVersionBody):
    """Divide a village or grids into grids of about equal households."""

    tool = ToolName("balance")
