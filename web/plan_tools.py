"""The tools of boundary work as a request names them: what each may say, and the step it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Request
from marshmallow import EXCLUDE, Schema, fields, validate
from sqlalchemy import Connection

from grids import plan_balance, plan_balance_area, plans
from grids.model import Viewer
from grids.plans import Outcome
from web import plan_bodies as bodies
from web.door import StrictParser


@dataclass(frozen=True)
class Tool:
    """A tool: the schema of its body, whose fields are the arguments of the function."""

    body: type[bodies.PlanVersionBody]
    make: Callable[..., Outcome]


def _balance(
    conn: Connection, viewer: Viewer, plan_id: UUID, *, version: int, **wish: Any
) -> Outcome:
    asked = plan_balance_area.Wish(**wish)
    return plan_balance.balance(conn, viewer, plan_id, asked, version=version)


TOOLS: Mapping[str, Tool] = {
    "assign": Tool(bodies.AssignBody, plans.assign_cells),
    "found": Tool(bodies.FoundBody, plans.found_grid),
    "merge": Tool(bodies.MergeBody, plans.merge_grids),
    "split": Tool(bodies.SplitBody, plans.split_grid),
    "reshape": Tool(bodies.ReshapeBody, plans.reshape_border),
    "move": Tool(bodies.MoveBody, plans.move_border),
    "nibble": Tool(bodies.NibbleBody, plans.nibble_land),
    "draw": Tool(bodies.DrawBody, plans.draw_grid),
    "balance": Tool(bodies.BalanceBody, _balance),
    "sign": Tool(bodies.SignBody, plans.sign_parts),
    "rename": Tool(bodies.RenameBody, plans.rename_unit),
}

# What the description of the API says of a step: one schema for each tool.
REQUEST = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "oneOf": [tool.body for tool in TOOLS.values()],
                "discriminator": {
                    "propertyName": "tool",
                    "mapping": {
                        name: f"#/components/schemas/{tool.body.__name__}"
                        for name, tool in TOOLS.items()
                    },
                },
            }
        }
    },
}


@dataclass(frozen=True)
class Wish:
    """A step that a request asks for; `said` are the fields of its tool as they came."""

    tool: str
    said: Mapping[str, Any]
    version: int
    values: Mapping[str, Any]

    def make(self, conn: Connection, viewer: Viewer, plan_id: UUID) -> Outcome:
        """Make the step and return what it left; raises as the tool's function does."""
        tool = TOOLS[self.tool]
        return tool.make(conn, viewer, plan_id, version=self.version, **self.values)


class UnknownToolBody(bodies.PlanVersionBody):
    """A step of no tool: only that is said to be wrong."""

    class Meta:
        """The other fields are those of a tool that nobody knows."""

        unknown = EXCLUDE

    tool = fields.String(required=True, validate=validate.OneOf(sorted(TOOLS)))


def wish(request: Request, loaded: Mapping[str, Any]) -> Wish:
    """Return the step that a request asks for, whose body was loaded by the tool's schema."""
    values = {name: value for name, value in loaded.items() if name not in ("tool", "version")}
    said = {k: v for k, v in request.get_json().items() if k not in ("tool", "version", "loose")}
    return Wish(loaded["tool"], said, loaded["version"], values)


def _schema(request: Request) -> Schema:
    said = request.get_json(silent=True)
    tool = said.get("tool") if isinstance(said, dict) else None
    return TOOLS[tool].body() if isinstance(tool, str) and tool in TOOLS else UnknownToolBody()


# Reads the body of a step by the schema of its tool and hands it to the view.
arguments = StrictParser().use_args(_schema, location="json")
