"""A repair as one HTML file with pictures of before and after; it fetches nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import MetricFrame
from geo.lattice import Geometries
from geo.repair_account import Repair
from geo.repair_faces import FREE
from layers.styles import LANGUAGES, language

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
LISTED, PICTURED = 200, 24

_WIDE_PX, _SMALL_PX = 1000, 245
_STYLE = """
body{font:14px/1.5 system-ui,sans-serif;color:#1b2733}
body{margin:2rem auto;max-width:1040px;padding:0 1rem}
svg{background:#f7f8fa;border:1px solid #ccd4dc;max-width:100%;height:auto}
path{fill:none;stroke-width:1;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.b{stroke:#b3261e}.a{stroke:#1f5fa8}.f{fill:#f5d76e;fill-opacity:.7;stroke:#8a6d00}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:start;padding:.15rem .6rem;border-bottom:1px solid #e3e8ed}
.pairs{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}figcaption{font-size:12px}
.ok{color:#1a6b34}.bad{color:#b3261e}
"""


def repair_page(
    before: Geometries,
    done: Repair,
    unreadable: Sequence[Mapping[str, Any]],
    name: str,
    locale: str = "zh-CN",
) -> str:
    """Return a self-contained HTML page of what a repair was given and what it made of it.

    Parameters
    ----------
    before
        The outlines as they were given to the repair, in CGCS2000 degrees.
    unreadable
        Features that could not be given to it: `{"id", "row", "code", "message"}`.
    name
        Of the file.
    locale
        "zh-CN", or English for anything that starts with "en".
    """
    account = done.as_dict()
    sheet = _Sheet(before, done)

    def say(key: str, **facts: object) -> str:
        return escape(_words()[key][LANGUAGES.index(language(locale))].format(**facts))

    proof = say("proven") if account["exact"] else say("unproven")
    copy_of = {row["id"]: row["of"] for row in account["duplicates"]}
    lost = [
        (who, say("of", id=copy_of[who]) if who in copy_of else say("covered"))
        for who in account["lost"]
    ]
    title = say("title", file=name)
    places, changes = account["places"], account["changes"]
    pictured = done.places[:PICTURED]
    n_in = account["n"] + len(unreadable)
    kept = account["n"] - len(account["lost"])
    body = [
        f"<h1>{title}</h1>",
        f'<p class="{"ok" if account["exact"] else "bad"}"><strong>{proof}</strong></p>',
        f"<p>{say('counts', n=n_in, kept=kept, cells=account['cells'], free=account['free'])}<br>"
        f"{say('moved', snap=account['snap_m'], moved=account['moved_m'])}<br>"
        f"{say('faces', overlaps=account['n_overlaps'], gaps=account['n_gaps'])}</p>",
        f"<h2>{say('whole')}</h2>",
        sheet.whole(title),
    ]
    if pictured:
        body += [f"<h2>{say('widest', n=len(pictured))}</h2>", '<div class="pairs">']
        for place in pictured:
            codes = ", ".join(escape(str(done.ids[who])) for who in place.claimants)
            taker = say("free") if place.given_to == FREE else escape(str(done.ids[place.given_to]))
            caption = f"{say(place.kind)} {place.width_m:.1f} m {codes} → {taker}"
            body += [
                f"<figure>{sheet.around(place.at, place.width_m, after=False, label=say('before'))}"
                f" {sheet.around(place.at, place.width_m, after=True, label=say('after'))}"
                f"<figcaption>{caption}</figcaption></figure>"
            ]
        body.append("</div>")
    listed = places[:LISTED]
    body += [
        f"<h2>{say('places', n=len(places), listed=len(listed))}</h2>",
        _table(
            [say(key) for key in ("kind", "codes", "given_to", "area", "width", "at")],
            (
                (
                    say(row["kind"]),
                    _codes(row["codes"]),
                    say("free") if row["given_to"] is None else escape(str(row["given_to"])),
                    f"{row['area_m2']:,.1f}",
                    f"{row['width_m']:,.2f}",
                    "{}, {}".format(*row["at"]),
                )
                for row in listed
            ),
        ),
    ]
    moved = sorted(changes, key=lambda row: -row["moved_m"])[:LISTED]
    body += [
        f"<h2>{say('changes', n=len(changes), listed=len(moved))}</h2>",
        _table(
            [say(key) for key in ("codes", "distance", "changed")],
            (
                (escape(str(row["id"])), f"{row['moved_m']:,.2f}", f"{row['changed_m2']:,.1f}")
                for row in moved
            ),
        ),
    ]
    for key, rows in (
        ("mended", [(row["id"], escape(row["reason"])) for row in account["mended"]]),
        ("lost", lost),
        ("unreadable", [(row["id"], escape(str(row["message"]))) for row in unreadable]),
    ):
        body.append(f"<h2>{say(key)}</h2>")
        told = _table([], ((escape(str(who)), why) for who, why in rows))
        body.append(told if rows else f"<p>{say('none')}</p>")
    tongue = "zh-CN" if language(locale) == "zh" else "en"
    return (
        f'<!doctype html><html lang="{tongue}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        + "\n".join(body)
        + "</body></html>\n"
    )


class _Sheet:
    """Drawings of one repair, in the metres of its zone."""

    def __init__(self, before: Geometries, done: Repair) -> None:
        west, _, east, _ = shapely.total_bounds(done.cells)
        self._frame = MetricFrame.at(float(west + east) / 2)
        self._before = self._frame.project(before)
        self._after = self._frame.project(done.cells)
        self._free = done.owner == FREE
        self._trees = shapely.STRtree(self._before), shapely.STRtree(self._after)

    def whole(self, label: str) -> str:
        west, south, east, north = shapely.total_bounds(self._after)
        pixel = max(east - west, north - south) / _WIDE_PX
        before = shapely.simplify(self._before, pixel / 2, preserve_topology=False)
        after = shapely.coverage_simplify(self._after, pixel)
        return _svg(
            (west, south, east, north),
            _WIDE_PX,
            label,
            [("b", before), ("a", after[~self._free]), ("f", after[self._free])],
        )

    def around(self, at: tuple[float, float], width_m: float, *, after: bool, label: str) -> str:
        (x, y) = self._frame.project_xy(np.array([at]))[0].tolist()
        reach = max(3 * width_m, 15.0)
        window = (x - reach, y - reach, x + reach, y + reach)
        near = self._trees[after].query(shapely.box(*window))
        shapes = (self._after if after else self._before)[near]
        # What is invalid as it was drawn cannot be cut as an area; its lines can.
        lines = shapely.clip_by_rect(shapely.boundary(shapes), *window)
        free = self._free[near] if after else np.zeros(len(near), dtype=np.bool_)
        land = shapely.clip_by_rect(shapes[free], *window)
        return _svg(window, _SMALL_PX, label, [("f", land), ("a" if after else "b", lines)])


def _svg(
    window: tuple[float, float, float, float],
    size_px: int,
    label: str,
    drawn: Iterable[tuple[str, Geometries]],
) -> str:
    west, south, east, north = window
    scale = size_px / max(east - west, north - south)
    width, height = (east - west) * scale, (north - south) * scale
    paths = "".join(
        f'<path class="{kind}" d="{_path(shapes, west, north, scale)}"/>'
        for kind, shapes in drawn
        if len(shapes)
    )
    return (
        f'<svg role="img" aria-label="{label}" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.1f} {height:.1f}">{paths}</svg>'
    )


def _path(shapes: Geometries, west: float, north: float, scale: float) -> str:
    parts = shapely.get_parts(shapely.get_parts(shapes[~shapely.is_missing(shapes)]))
    rings = shapely.get_rings(parts[shapely.get_type_id(parts) == 3])
    lines = np.concatenate((rings, parts[shapely.get_dimensions(parts) == 1]))
    xy, line = shapely.get_coordinates(lines, return_index=True)
    pixels = ((xy - (west, north)) * (scale, -scale)).round(1)
    starts: NDArray[np.bool_] = np.diff(line, prepend=-1) > 0
    return "".join(
        f"{'M' if start else 'L'}{x:g} {y:g}"
        for start, (x, y) in zip(starts.tolist(), pixels.tolist(), strict=True)
    )


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f"<table>{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"
    )


def _codes(codes: Sequence[object]) -> str:
    return escape(", ".join(map(str, codes)))


@cache
def _words() -> Mapping[str, Sequence[str]]:
    text = files(__package__).joinpath("repair_words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
