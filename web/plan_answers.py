"""What the doors answer about plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import shapely
from flask_babel import gettext
from sqlalchemy import Connection

from grids import plans
from grids.model import Viewer
from grids.overlay import Overlay
from grids.plan_approval import approval, is_author
from grids.plan_arcs import PlanArc
from grids.plan_check import SENTENCES
from grids.plans import Fault, Outcome, Plan, Sketch, Step
from web.words import sentence


def row(plan: Plan) -> dict[str, Any]:
    """Return a plan as lists show it."""
    return {
        "plan_id": plan.plan_id,
        "title": plan.title,
        "state": plan.state,
        "source": plan.source,
        "base_publication": plan.base_publication,
        "version": plan.version,
        "owner": plan.owner_name,
        "n_changed": plan.n_changed,
        "updated_at": plan.updated_at,
        "village_codes": list(plan.village_codes),
    }


def plan(conn: Connection, viewer: Viewer, draft: Plan) -> dict[str, Any]:
    """Return a plan with its steps."""
    made = plans.steps_of(conn, draft)
    asked = approval(conn, draft)
    return {
        **row(draft),
        "bbox": draft.bbox,
        "open_incidents": draft.open_incidents,
        "note": draft.note,
        "effective_from": draft.effective_from,
        "submitted_at": draft.submitted_at,
        "approval": {
            "needed": asked.needed,
            "by": asked.by,
            "at": asked.at,
            "own": is_author(conn, viewer, draft),
        },
        "steps": [step(one) for one in made],
        "can_undo": draft.is_open and any(not one.undone for one in made),
        "can_redo": plans.can_redo(conn, draft),
    }


def step(one: Step) -> dict[str, Any]:
    """Return a step; the client words it from its tool and facts."""
    return {
        "seq": one.seq,
        "tool": one.tool,
        "params": one.params,
        "at": one.at,
        "by": one.by_name,
        "undone": one.undone,
        "can_undo": one.can_undo,
    }


def sketch(one: Sketch) -> dict[str, Any]:
    """Return a refused drawing with its fault in the reader's language."""
    return {
        "sketch_id": one.sketch_id,
        "tool": one.tool,
        "params": one.params,
        "code": one.code,
        "message": sentence(one.sentence, one.facts),
        "facts": one.facts,
        "by": one.by_name,
        "made_at": one.at,
    }


def cells(found: Overlay) -> dict[str, Any]:
    """Return cells of a plan's coverage as a GeoJSON feature collection."""
    shapes = shapely.to_geojson(found.outline)
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": int(found.cell_id[k]),
                "geometry": orjson.Fragment(shapes[k].encode()),
                "properties": {
                    "cell_id": int(found.cell_id[k]),
                    "village_code": found.village[k],
                    "grid_code": found.grid[k],
                    "grid_name": _name(found, found.grid[k]),
                    "subgroup_code": found.subgroup[k],
                    "subgroup_name": _name(found, found.subgroup[k]),
                    "n_households": int(found.n_households[k]),
                    "area_m2": round(float(found.area_m2[k]), 1),
                    "changed": bool(found.changed[k]),
                    "version": int(found.version[k]),
                },
            }
            for k in range(len(found.cell_id))
        ],
    }


def _name(found: Overlay, code: str | None) -> str | None:
    return found.names[code].name if code in found.names else None


def arcs(found: Sequence[PlanArc]) -> bytes:
    """Return borders as the text of a GeoJSON feature collection of lines."""
    shapes = shapely.to_geojson([one.line for one in found])
    return orjson.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "id": one.arc_id,
                    "geometry": orjson.Fragment(shape.encode()),
                    "properties": {
                        "arc_id": one.arc_id,
                        "start": one.start,
                        "end": one.end,
                        "left": one.left,
                        "right": one.right,
                        "left_grid": one.left_grid,
                        "right_grid": one.right_grid,
                        "kind": one.kind,
                        "locked": one.locked,
                    },
                }
                for one, shape in zip(found, shapes, strict=True)
            ],
        }
    )


def outcome(conn: Connection, viewer: Viewer, done: Outcome) -> dict[str, Any]:
    """Return what a step left: the plan, the cells that changed, and the faults there are now."""
    return {"plan": plan(conn, viewer, done.plan), **change(conn, viewer, done)}


def change(conn: Connection, viewer: Viewer, done: Outcome) -> dict[str, Any]:
    """Return what a step changes, and the faults that there are then."""
    return {
        "changed": cells(done.changed),
        "gone": list(done.gone),
        "faults": [fault(one) for one in plans.check(conn, viewer, done.plan.plan_id)],
    }


def fault(one: Fault) -> dict[str, Any]:
    """Return a fault with its sentence in the reader's language."""
    facts = {**one.facts, "unit": gettext(", ").join(one.units)}
    return {**one.as_dict(), "message": sentence(SENTENCES[one.code], facts)}
