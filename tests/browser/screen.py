"""How a test waits for a screen and points at a place on its map."""

from __future__ import annotations

import math
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

TILE = 512


def settled(page: Page, *, with_map: bool = True) -> None:
    """Wait until nothing is being loaded and the map, if there is one, has come to rest."""
    if with_map:
        page.wait_for_selector("[data-map][data-ready][data-idle]")
    expect(page.locator(".note.loading")).to_have_count(0)


def the_map(page: Page) -> Locator:
    """The map's canvas."""
    return page.locator("[data-map] canvas")


def spot(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Return where a place lies on the page now, in CSS pixels; the address says the view."""
    settled(page)
    zoom, centre_lat, centre_lon = (
        float(part) for part in parse_qs(urlsplit(page.url).query)["view"][0].split("/")
    )
    box = page.locator("[data-map]").bounding_box()
    x, y = _mercator(lon, lat)
    x0, y0 = _mercator(centre_lon, centre_lat)
    scale = TILE * 2**zoom
    return (
        box["x"] + box["width"] / 2 + (x - x0) * scale,
        box["y"] + box["height"] / 2 + (y - y0) * scale,
    )


def _mercator(lon: float, lat: float) -> tuple[float, float]:
    y = math.asinh(math.tan(math.radians(lat)))
    return (lon + 180) / 360, (1 - y / math.pi) / 2
