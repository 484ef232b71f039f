"""What the doors answer about balance: proposals of grids, and the limits of boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
import shapely

from grids.boundary_rules import Rule, versions
from grids.plan_balance import Part, Proposal


def proposal(found: Proposal) -> dict[str, Any]:
    """Return a proposal; its outlines are a GeoJSON feature collection by number of part."""
    shapes = shapely.to_geojson([part.outline for part in found.parts])
    return {
        "mode": found.mode,
        "seed": found.seed,
        "parts": [_part(number, part) for number, part in enumerate(found.parts, 1)],
        "max_mean": found.max_mean,
        "min_mean": found.min_mean,
        "was_max_mean": found.was_max_mean,
        "ends": list(found.ends),
        "n_split_buildings": found.n_split_buildings,
        "n_across": found.n_across,
        "excess": [
            {
                "at": one.at,
                "n_households": round(one.n),
                "over": round(one.over, 1),
                "mean": round(one.mean, 1),
            }
            for one in found.excess
        ],
        "outlines": {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "id": number,
                    "geometry": orjson.Fragment(shape.encode()),
                    "properties": {"part": number, "grid_code": part.grid_code},
                }
                for number, (part, shape) in enumerate(zip(found.parts, shapes, strict=True), 1)
            ],
        },
    }


def _part(number: int, part: Part) -> dict[str, Any]:
    return {
        "part": number,
        "grid_code": part.grid_code,
        "name": part.name,
        "is_new": part.is_new,
        "n_households": part.n_households,
        "area_m2": part.area_m2,
        "compactness": part.compactness,
        "cell_ids": list(part.cell_ids),
    }


def rules(found: Sequence[Rule]) -> dict[str, Any]:
    """Return limits, and the version of each area's."""
    areas = versions(found)
    return {
        "rules": [rule(one) for one in found],
        "areas": [{"territory_code": code, "version": areas[code]} for code in areas],
    }


def rule(one: Rule) -> dict[str, Any]:
    """Return a limit."""
    said = asdict(one)
    del said["rule_id"]
    return said
