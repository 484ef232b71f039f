"""What the doors answer about boundary plans, described for the readers of the API."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields


def _says(description: str) -> dict[str, Any]:
    return {"metadata": {"description": description}}


class PlanRow(Schema):
    """A plan as lists show it."""

    plan_id = fields.UUID(required=True)
    title = fields.String(required=True)
    state = fields.String(
        required=True, **_says("draft, submitted, approved, scheduled, published or withdrawn")
    )
    source = fields.String(required=True, **_says("studio, import, command or api"))
    base_publication = fields.Integer(
        required=True, allow_none=True, **_says("What was in force when the plan was opened")
    )
    version = fields.Integer(required=True, **_says("Grows with every step, undo and redo"))
    owner = fields.String(required=True, allow_none=True)
    n_changed = fields.Integer(required=True, **_says("Cells that the plan changes"))
    updated_at = fields.AwareDateTime(required=True)
    village_codes = fields.List(fields.String(), required=True)


class Step(Schema):
    """A step of a plan."""

    seq = fields.Integer(required=True)
    tool = fields.String(required=True)
    params = fields.Dict(required=True, **_says("What the step was asked to do"))
    at = fields.AwareDateTime(required=True)
    by = fields.String(required=True, allow_none=True)
    undone = fields.Boolean(required=True, **_says("Taken back; redo may do it again"))
    can_undo = fields.Boolean(
        required=True, **_says("No later step changed the same cells: it can be taken back alone")
    )


class Approval(Schema):
    """Whether a plan needs a second person, and who approved it as it is now."""

    needed = fields.Boolean(required=True)
    by = fields.String(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True, allow_none=True)
    own = fields.Boolean(
        required=True, **_says("The sender owns the plan or made a step: another has to approve")
    )


class Plan(PlanRow):
    """A plan with its steps."""

    bbox = fields.List(
        fields.Float(), required=True, allow_none=True, **_says("West, south, east, north")
    )
    open_incidents = fields.String(required=True, **_says("unaccepted, stay, move or ask"))
    note = fields.String(required=True, **_says("What was said when it was handed in or sent back"))
    effective_from = fields.AwareDateTime(
        required=True, allow_none=True, **_says("When it comes into force, once it is scheduled")
    )
    submitted_at = fields.AwareDateTime(required=True, allow_none=True)
    approval = fields.Nested(Approval, required=True)
    steps = fields.List(fields.Nested(Step), required=True, **_says("The first one first"))
    can_undo = fields.Boolean(required=True)
    can_redo = fields.Boolean(required=True)


class Plans(Schema):
    """Plans."""

    plans = fields.List(fields.Nested(PlanRow), required=True)


class Fault(Schema):
    """Something to mend (error) or to weigh (warning)."""

    code = fields.String(required=True, **_says("Stable: rely on this one"))
    severity = fields.String(required=True, **_says("error stops publishing, warning does not"))
    message = fields.String(required=True, **_says("In the reader's language"))
    units = fields.List(fields.String(), required=True)
    at = fields.List(fields.Float(), required=True, allow_none=True, **_says("[lon, lat]"))
    bbox = fields.List(
        fields.Float(), required=True, allow_none=True, **_says("west, south, east, north")
    )
    legacy = fields.Boolean(
        required=True, **_says("It was so before the plan, which makes it no worse")
    )
    facts = fields.Dict(required=True)


class Checked(Schema):
    """What is wrong with a plan."""

    ok = fields.Boolean(required=True, **_says("Nothing stands in the way of publishing"))
    faults = fields.List(fields.Nested(Fault), required=True)


class CellFacts(Schema):
    """A cell of a plan's coverage."""

    cell_id = fields.Integer(required=True)
    village_code = fields.String(required=True)
    grid_code = fields.String(required=True, allow_none=True, **_says("null: free land"))
    grid_name = fields.String(required=True, allow_none=True)
    subgroup_code = fields.String(required=True, allow_none=True, **_says("null: undivided"))
    subgroup_name = fields.String(required=True, allow_none=True)
    n_households = fields.Integer(required=True)
    area_m2 = fields.Float(required=True)
    changed = fields.Boolean(required=True, **_says("The plan changes or makes it"))
    version = fields.Integer(required=True, **_says("How often the plan changed it"))


class CellFeature(Schema):
    """A cell as a GeoJSON polygon."""

    type = fields.Constant("Feature", required=True)
    id = fields.Integer(required=True)
    geometry = fields.Dict(required=True, **_says("A Polygon in CGCS2000 degrees"))
    properties = fields.Nested(CellFacts, required=True)


class Cells(Schema):
    """Cells as a GeoJSON feature collection."""

    type = fields.Constant("FeatureCollection", required=True)
    features = fields.List(fields.Nested(CellFeature), required=True)


class Preview(Schema):
    """What a step would leave."""

    changed = fields.Nested(Cells, required=True, **_says("The cells that the step touches"))
    gone = fields.List(fields.Integer(), required=True, **_says("Cells that there are no more"))
    faults = fields.List(fields.Nested(Fault), required=True, **_says("Of the whole plan"))


class Change(Preview):
    """What a step, undo or redo left."""

    plan = fields.Nested(Plan, required=True)


class ArcFacts(Schema):
    """A border between two cells."""

    arc_id = fields.String(
        required=True, **_says("The same as long as both cells and the line between them are")
    )
    start = fields.String(required=True, **_says("Node: x,y in 1e-7 degrees"))
    end = fields.String(required=True, **_says("Node: x,y in 1e-7 degrees"))
    left = fields.Integer(required=True, **_says("The cell on the left"))
    right = fields.Integer(required=True, allow_none=True, **_says("null: outside"))
    left_grid = fields.String(required=True, allow_none=True)
    right_grid = fields.String(required=True, allow_none=True)
    kind = fields.String(
        required=True, **_says("What it divides: subgroup, grid, village, or county (the outside)")
    )
    locked = fields.Boolean(required=True, **_says("What lies beyond is not the viewer's"))


class ArcFeature(Schema):
    """A border as a GeoJSON line."""

    type = fields.Constant("Feature", required=True)
    id = fields.String(required=True)
    geometry = fields.Dict(required=True, **_says("A LineString in CGCS2000 degrees"))
    properties = fields.Nested(ArcFacts, required=True)


class Arcs(Schema):
    """Borders as a GeoJSON feature collection."""

    type = fields.Constant("FeatureCollection", required=True)
    features = fields.List(fields.Nested(ArcFeature), required=True)


class Sketch(Schema):
    """A drawing that could not become a step."""

    sketch_id = fields.UUID(required=True)
    tool = fields.String(required=True)
    params = fields.Dict(required=True, **_says("The fields of the tool's body"))
    code = fields.String(required=True, **_says("Why it was refused; stable"))
    message = fields.String(required=True, **_says("In the reader's language"))
    facts = fields.Dict(required=True, **_says("Of the refusal, `at` among them where it has one"))
    by = fields.String(required=True, allow_none=True)
    made_at = fields.AwareDateTime(required=True)


class Sketches(Schema):
    """Refused drawings."""

    sketches = fields.List(fields.Nested(Sketch), required=True)


class Moved(Schema):
    """How many go from one unit to another."""

    from_ = fields.String(data_key="from", required=True, allow_none=True)
    to = fields.String(required=True, allow_none=True)
    n = fields.Integer(required=True)


class Moves(Schema):
    """What gets another home."""

    n = fields.Integer(required=True)
    moved = fields.List(fields.Nested(Moved), required=True)


class WorkerChange(Schema):
    """Households that a person on duty gains and loses with a unit."""

    person_id = fields.UUID(required=True)
    person = fields.String(required=True)
    rank = fields.String(required=True)
    unit_code = fields.String(required=True)
    gains = fields.Integer(required=True)
    loses = fields.Integer(required=True)


class Balance(Schema):
    """Households of a grid before and after."""

    grid_code = fields.String(required=True)
    name = fields.String(required=True)
    before = fields.Integer(required=True)
    after = fields.Integer(required=True)


class AskedIncident(Schema):
    """An open incident that would change hands, and what becomes of it."""

    incident_id = fields.UUID(required=True)
    number = fields.String(required=True)
    matter_code = fields.String(required=True)
    summary = fields.String(required=True)
    place = fields.String(required=True)
    step = fields.String(required=True)
    owner = fields.String(required=True, allow_none=True)
    from_code = fields.String(required=True, allow_none=True)
    to_code = fields.String(required=True, allow_none=True)
    at = fields.List(fields.Float(), required=True, **_says("[lon, lat]"))
    moves = fields.Boolean(required=True, **_says("What publishing would do now"))
    chosen = fields.Boolean(required=True, **_says("Somebody chose; else the common rule"))


class Impact(Schema):
    """What publishing a plan would do."""

    households = fields.Nested(Moves, required=True)
    cameras = fields.Nested(Moves, required=True)
    incidents = fields.Dict(required=True, **_says("Open ones: how many move and how many stay"))
    open_incidents = fields.String(required=True, **_says("unaccepted, stay, move or ask"))
    asked = fields.List(
        fields.Nested(AskedIncident), required=True, **_says("Under ask: each of them")
    )
    workers = fields.List(fields.Nested(WorkerChange), required=True)
    vacancies = fields.List(fields.String(), required=True, **_says("Grids without a worker"))
    balance = fields.List(fields.Nested(Balance), required=True)
