"""Outlines of strangers judged and repaired in a child process, so that a tangle harms nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.coverage import InvalidFrame
from geo.coverage_report import CoverageReport
from geo.faults import check
from geo.lattice import SCALE, Geometries, snap
from geo.repair import repair
from geo.repair_account import Repair
from geo.repair_mend import mend
from importers import sandbox

_VERTICES_A_SECOND = 2_000


def check_outlines(
    outlines: Geometries, ids: Sequence[object], within: Geometries | None, tolerance_m: float
) -> CoverageReport:
    """Return what `geo.faults.check` finds; `within` are the parts of the outline to be covered.

    Raises
    ------
    InvalidFrame
        If there is no valid outline to check against.
    TooHard
        If the outlines are too tangled.
    """
    return sandbox.run(
        _check,
        outlines,
        tuple(ids),
        within,
        tolerance_m,
        what="checking the outlines",
        cpu_s=_seconds(outlines),
    )


def repair_outlines(
    outlines: Geometries,
    ids: Sequence[Any],
    within: Geometries | None = None,
    **settings: Any,
) -> Repair:
    """Return what `geo.repair.repair` makes of outlines.

    Parameters
    ----------
    within
        The parts of the outline to be covered, valid or not.
    settings
        As `geo.repair.repair` takes them.

    Raises
    ------
    InvalidFrame
        If nothing is left of the outline to be covered.
    TooHard
        If the outlines are too tangled.
    Unrepairable
        If no coverage came of them.
    """
    return sandbox.run(
        _repair,
        outlines,
        tuple(ids),
        within,
        settings,
        what="fitting the outlines together",
        cpu_s=_seconds(outlines),
    )


def _check(
    outlines: Geometries, ids: tuple[object, ...], within: Geometries | None, tolerance_m: float
) -> CoverageReport:
    if within is None:
        return check(outlines, ids, None, tolerance_m)
    for part in within[~shapely.is_valid(within)]:
        raise InvalidFrame(reason=shapely.is_valid_reason(part))
    return check(outlines, ids, shapely.union_all(within), tolerance_m)


def _repair(
    outlines: Geometries,
    ids: tuple[Any, ...],
    within: Geometries | None,
    settings: dict[str, Any],
) -> Repair:
    if within is None:
        return repair(outlines, ids, **settings)
    whole, _ = mend(within)
    # On the lattice, so that parts which differ by less leave no slivers between them.
    frame = snap([shapely.union_all(whole, grid_size=1 / SCALE)])[0]
    if frame.is_empty:
        raise InvalidFrame(reason="nothing is left of it")
    return repair(outlines, ids, frame=frame, **settings)


def _seconds(outlines: Geometries) -> int:
    given = np.array([shape for shape in outlines if isinstance(shape, BaseGeometry)], np.object_)
    n_vertices = int(shapely.get_num_coordinates(given).sum()) if len(given) else 0
    return sandbox.CPU_S + n_vertices // _VERTICES_A_SECOND
