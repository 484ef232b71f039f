"""Maps on paper: the card of a grid, a township's map book, the county on A0."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine
from layers.print.book import map_book
from layers.print.card import grid_card
from layers.print.imprint import Imprint
from layers.print.wall import wall_map
from tests.benchmarks.county_database import COUNTY, county_urls
from tests.benchmarks.harness import Bench, Count
from web.clock import now

LARGEST = text(
    "SELECT left(code, 9) FROM unit WHERE level = 'grid'"
    " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
)


def benches() -> Iterator[Bench | Count]:
    """Yield what is measured; all on one connection, as a request would."""
    owner, _ = county_urls()
    imprint = Imprint("zh-CN", now(), "http://10.20.0.5:8000")
    who = everyone()
    with begin(make_engine(owner), EVERYWHERE) as conn:
        township = conn.execute(LARGEST).scalar_one()
        grid = f"{township}001001"
        yield Bench(
            "card of a grid",
            lambda: grid_card(conn, who, grid, imprint),
            at_most_s=0.3,
        )
        yield Bench(
            "map book of the largest township",
            lambda: map_book(conn, who, township, imprint),
            at_most_s=10,
            rounds=3,
        )
        yield Bench(
            "wall map, A0, 2,110 grids, 10,386 sub-groups",
            lambda: wall_map(conn, who, COUNTY, imprint, paper="A0"),
            at_most_s=5,
            rounds=3,
        )
        for paper in ("A0", "A1"):
            yield Count(
                f"units without a place on the county's {paper}",
                lambda paper=paper: len(wall_map(conn, who, COUNTY, imprint, paper=paper).unplaced),
            )
        yield Count(
            "whole 10 MB in the county's A0",
            lambda: len(wall_map(conn, who, COUNTY, imprint, paper="A0").pdf) // 10_000_000,
        )
