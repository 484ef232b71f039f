"""A hotspot map as one HTML file to keep, mail and print; it opens with no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Protocol

import folium
from branca.element import Element, MacroElement
from folium.template import Template

from geo.errors import Refusal
from layers.hotspots import HotspotMap
from layers.sheet_page import body, fill_of
from layers.styles import language, paint_of, theme

# A hundred-thousandth of a degree is a metre: finer than a printed line. Vertices that neighbours
# share are equal before and therefore after rounding.
DECIMALS = 5
# Nothing may be fetched, not even by a mistake of ours.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


class MissingOutline(Refusal):
    """Grids of a map came without a shape to draw."""

    code = "sheet.outline_missing"
    sentence = "{count} grids have no outline, for example {examples}."


class Outlines(Protocol):
    """What has shapes: a GeoDataFrame in EPSG:4490 degrees with a column `code`."""

    @property
    def __geo_interface__(self) -> dict[str, Any]: ...


def hotspot_sheet(
    hotspots: HotspotMap,
    outlines: Outlines | Mapping[str, Any],
    title: str,
    locale: str = "zh-CN",
) -> str:
    """Return a self-contained HTML page of the map, its legend, ranking, method and caveats.

    Parameters
    ----------
    hotspots
        The prepared map.
    outlines
        One polygon or multipolygon per grid in CGCS2000 degrees, property `code`; simplified
        together by the caller, if at all. Shapes of other codes are not drawn.
    title
        The heading.
    locale
        "zh-CN", or English for anything that starts with "en".

    Returns
    -------
    str
        HTML. The same input gives the same text; it holds no address that a browser would fetch.

    Raises
    ------
    MissingOutline
        If a grid of the map has no outline.
    """
    features = _features(hotspots, outlines)
    bounds = _bounds(features)
    page = folium.Figure(title=escape(title))
    _add_head(page)
    page.html.add_child(_Verbatim(body(hotspots, title, locale)), name="body")
    sheet = _OfflineMap(
        tiles=None, attribution_control=False, zoom_snap=0.05, zoom_delta=0.5, max_zoom=18
    )
    _named(sheet, "sheet")
    page.add_child(sheet)
    grids = _drawn(features, _fill_style(hotspots), "grids")
    grids.add_to(sheet)
    for name, style in theme()["outline"].items():
        codes = {row.code for row in hotspots.rows if row.outline == name}
        marked = [feature for feature in features if feature["id"] in codes]
        if marked:
            line = _line_style(style["colour"], style["width"])
            _drawn(marked, line, f"{name}_line").add_to(sheet)
            if style["core"]:
                core = _line_style(style["core"], style["core_width"])
                _drawn(marked, core, f"{name}_core").add_to(sheet)
    sheet.add_child(_Binding(grids.get_name(), bounds))
    return str(page.render()).replace("<html>", f'<html lang="{_lang(locale)}">', 1)


class _OfflineMap(folium.Map):  # type: ignore[misc]
    """A folium map that links to nobody's server: scripts and styles are in the page's head."""

    default_js: Sequence[tuple[str, str]] = []
    default_css: Sequence[tuple[str, str]] = []


class _Verbatim(Element):  # type: ignore[misc]
    """Text that is written as it is, whatever braces it holds."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class _Binding(MacroElement):  # type: ignore[misc]
    """The call that ties map, table and printer together."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "bindSheet({{ this._parent.get_name() }}, {{ this.grids }}, {{ this.bounds|tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, grids: str, bounds: list[list[float]]) -> None:
        super().__init__()
        self.grids, self.bounds = grids, bounds
        _named(self, "binding")


def _named(element: Any, name: str) -> None:
    # folium names elements by random numbers; a sheet is the same whenever it is made again.
    element._id = name


def _drawn(features: list[dict[str, Any]], style: Any, name: str) -> folium.GeoJson:
    shapes = {"type": "FeatureCollection", "features": features}
    layer = folium.GeoJson(shapes, style_function=style, control=False, smooth_factor=0.5)
    _named(layer, name)
    return layer


def _fill_style(hotspots: HotspotMap) -> Any:
    line = theme()["units"]["grid"]
    fills = {row.code: fill_of(paint_of(row.paint)) for row in hotspots.rows}
    return lambda feature: {
        "fillColor": fills[feature["id"]],
        "fillOpacity": 1,
        "color": line["colour"],
        "weight": line["width"] * 0.6,
    }


def _line_style(colour: str, width: float) -> Any:
    style = {"fill": False, "color": colour, "weight": width, "interactive": False}
    return lambda feature: style


def _features(hotspots: HotspotMap, outlines: Outlines | Mapping[str, Any]) -> list[dict[str, Any]]:
    given = outlines if isinstance(outlines, Mapping) else outlines.__geo_interface__
    shapes = {str(f["properties"]["code"]): f["geometry"] for f in given["features"]}
    missing = [row.code for row in hotspots.rows if not shapes.get(row.code)]
    if missing:
        raise MissingOutline(count=len(missing), examples=missing[:5])
    return [
        {
            "type": "Feature",
            "id": row.code,
            "properties": {},
            "geometry": {
                "type": shapes[row.code]["type"],
                "coordinates": _rounded(shapes[row.code]["coordinates"]),
            },
        }
        for row in hotspots.rows
    ]


def _rounded(coordinates: Any) -> Any:
    if isinstance(coordinates[0], (int, float)):
        return [round(float(value), DECIMALS) for value in coordinates[:2]]
    return [_rounded(part) for part in coordinates]


def _bounds(features: Sequence[Mapping[str, Any]]) -> list[list[float]]:
    at = [p for f in features for p in _positions(f["geometry"]["coordinates"])]
    lons, lats = zip(*at, strict=True)
    return [[min(lats), min(lons)], [max(lats), max(lons)]]


def _positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    if isinstance(coordinates[0], float):
        yield (coordinates[0], coordinates[1])
    else:
        for part in coordinates:
            yield from _positions(part)


def _lang(locale: str) -> str:
    return {"zh": "zh-CN", "en": "en"}[language(locale)]


@cache
def _shipped(name: str) -> str:
    return files(__package__).joinpath(*name.split("/")).read_text(encoding="utf-8")


@cache
def _leaflet() -> tuple[str, str]:
    """Return Leaflet's script and style without the addresses that a browser might follow."""
    licence = _shipped("vendor/leaflet/LICENSE").replace("*/", "")
    script = _shipped("vendor/leaflet/leaflet.js").split("//# sourceMappingURL")[0]
    script = script.replace('href="https://leafletjs.com" ', "")
    style = _shipped("vendor/leaflet/leaflet.css")
    kept = (line for line in style.splitlines() if "url(" not in line)
    return f"/*\n{licence}*/\n{script}", "\n".join(kept)


def _add_head(page: folium.Figure) -> None:
    script, style = _leaflet()
    colours = "".join(f"--{name}:{colour};" for name, colour in theme()["paper"].items())
    head = page.header
    parts = {
        "policy": f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        "leaflet_css": f"<style>{style}</style>",
        "sheet_css": f"<style>:root{{{colours}}}\n{_shipped('sheet.css')}</style>",
        "leaflet_js": f"<script>{script}</script>",
        "sheet_js": f"<script>{_shipped('sheet.js')}</script>",
    }
    for name, text in parts.items():
        head.add_child(_Verbatim(text), name=name)
