"""Names on a map that do not overlap: where each stands, and what becomes of those with no room.

Point-feature label placement is NP-hard (Marks and Shieber 1991), so this is a greedy search with
improvement, as Christensen, Marks and Shieber (1995) found good enough for maps: places inside a
unit's own outline first, which cannot be in each other's way; then a number instead of the name,
or the name across its border; then whoever got less than a name may move one neighbour aside; at
last a number outside, led to its unit by a line. What finds no place at all is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import shapely

from layers.print.label_board import Board, Site
from layers.print.lettering import Lettering, Measure, Wanted
from layers.print.paper import Box


def place(
    wanted: Sequence[Wanted],
    frame: Box,
    measure: Measure,
    *,
    above: Sequence[Wanted] = (),
    taken: Iterable[Box] = (),
) -> Lettering:
    """Return labels whose boxes are disjoint, inside the frame, and not across a leader.

    Parameters
    ----------
    wanted
        Units of one level; their outlines do not overlap.
    frame
        Of the map, in points.
    measure
        Returns the width of a text at a size, bold or not.
    above
        Larger units whose names lie over those of `wanted`, each somewhere on its outline.
    taken
        Boxes on the map that are not free.
    """
    board = Board(frame, measure, taken)
    sites = [Site.of(one, frame) for one in wanted]
    board.place_inside(sites)
    below = {site.wanted.key: site for site in sites}
    tight = np.array([site.pole for site in sites if site.wanted.key not in board.placed])
    for one in sorted(above, key=lambda one: -shapely.area(one.shape)):
        board.place_over(Site.of(one, frame), tight.reshape(-1, 2), below)
    by_size = sorted(sites, key=lambda site: -site.area)
    board.place_inside(by_size)
    # Numbers first: a name across a border must not take the only place of a unit beyond it.
    for site in reversed(by_size):
        board.place_number(site, led=False)
    for site in by_size:
        board.place_across(site)
    board.improve(by_size)
    for site in reversed(by_size):
        board.place_number(site, led=True)
    board.improve(by_size)
    keys = [one.key for one in (*above, *wanted)]
    return Lettering(
        [board.placed[key] for key in keys if key in board.placed],
        [key for key in keys if key not in board.placed],
    )
