"""The words of a sheet: heading, legend, ranking, caveats, and what is said of a grid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from layers.hotspots import GridRow, HotspotMap
from layers.styles import language, paint_of, theme, word

MIN_LISTED, MAX_LISTED = 20, 200
LEAD = ("hotspots.counted", "hotspots.whole")


def body(hotspots: HotspotMap, title: str, locale: str) -> str:
    """Return the page's HTML besides the map."""
    return "\n".join(
        (
            f'<a class="skip" href="#ranking">{_said("sheet.skip", locale)}</a>',
            _patterns(),
            _heading(hotspots, title, locale),
            _legend(locale),
            f'<aside class="list" id="ranking" tabindex="-1">{_ranking(hotspots, locale)}'
            f"{_caveats(hotspots, locale)}</aside>",
            _tips(hotspots, locale),
        )
    )


def _said(code: str, locale: str, **facts: object) -> str:
    return escape(word(code, locale, **facts))


def _patterns() -> str:
    unjudged = theme()["unjudged"]
    few, held, redrawn = (unjudged[k] for k in ("too_few", "suppressed", "not_comparable"))
    size = 'width="6" height="6"'
    dotted = "".join(_dots(entry) for entry in theme()["ratio"]["classes"] if "dots" in entry)
    return (
        f'<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>{dotted}'
        f'<pattern id="{few["pattern"]}" {size} patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect {size} fill="{few["colour"]}"/>'
        f'<rect width="2" height="6" fill="{few["hatch"]}"/></pattern>'
        f'<pattern id="{held["pattern"]}" {size} patternUnits="userSpaceOnUse">'
        f'<rect {size} fill="{held["colour"]}"/>'
        f'<circle cx="3" cy="3" r=".8" fill="{held["hatch"]}"/></pattern>'
        f'<pattern id="{redrawn["pattern"]}" {size} patternUnits="userSpaceOnUse">'
        f'<rect {size} fill="{redrawn["colour"]}"/>'
        f'<path d="M0 3H6M3 0V6" stroke="{redrawn["hatch"]}" stroke-width=".5"/></pattern>'
        "</defs></svg>"
    )


def _dots(entry: Mapping[str, Any]) -> str:
    """Return the pattern of a class that is told from its opposite without its colour."""
    style = theme()["dots"][entry["dots"]]
    gap, ink = style["gap"], f'r="{style["radius"]}" fill="{style["colour"]}"'
    places = [(x, y) for x in (0, gap) for y in (0, gap)] + [(gap / 2, gap / 2)]
    dots = "".join(f'<circle cx="{x}" cy="{y}" {ink}/>' for x, y in places)
    size = f'width="{gap}" height="{gap}"'
    return (
        f'<pattern id="dots-{entry["key"]}" {size} patternUnits="userSpaceOnUse">'
        f'<rect {size} fill="{entry["colour"]}"/>{dots}</pattern>'
    )


def fill_of(paint: Mapping[str, Any]) -> str:
    """Return the SVG fill of a theme entry: its colour, or the page's own pattern."""
    pattern = f"dots-{paint['key']}" if "dots" in paint else paint.get("pattern")
    return f"url(#{pattern})" if pattern else str(paint["colour"])


def _heading(hotspots: HotspotMap, title: str, locale: str) -> str:
    window = hotspots.window
    period = _said("sheet.period", locale, since=window.since, until=window.until, days=window.days)
    # Boundaries of a file bear no number.
    source = _said(
        "sheet.source" if hotspots.publication else "sheet.data",
        locale,
        publication=hotspots.publication,
        version=hotspots.data_version,
    )
    lead = "　".join(_said(code, locale, **facts) for code, facts in hotspots.notes if code in LEAD)
    return (
        f'<header class="head"><h1>{escape(title)}</h1>'
        f"<p>{_said('sheet.matter', locale, matter=hotspots.matter)}</p><p>{period}</p>"
        f'<p>{source}</p><p class="lead">{lead}</p></header>'
    )


def _legend(locale: str) -> str:
    tongue = language(locale)
    classes = [*theme()["ratio"]["classes"][::-1], *theme()["unjudged"].values()]
    fills = "".join(
        f"<li>{_swatch(entry)}<span class='sign'>{entry['sign']}</span>{escape(entry[tongue])}</li>"
        for entry in classes
    )
    lines = "".join(
        f"<li>{_stroke(style)}{escape(style[tongue])}</li>" for style in theme()["outline"].values()
    )
    return (
        f'<section class="legend"><h2>{_said("sheet.ratio", locale)}</h2><ul>{fills}</ul>'
        f"<h2>{_said('sheet.certainty', locale)}</h2><ul>{lines}</ul></section>"
    )


def _swatch(entry: Mapping[str, Any]) -> str:
    edge = theme()["units"]["grid"]["colour"]
    return (
        '<svg width="26" height="15" aria-hidden="true">'
        f'<rect x=".5" y=".5" width="25" height="14" fill="{fill_of(entry)}" stroke="{edge}"/>'
        "</svg>"
    )


def _stroke(style: Mapping[str, Any]) -> str:
    def line(colour: str, width: float) -> str:
        return f'<path d="M1 7.5h24" stroke="{colour}" stroke-width="{width}"/>'

    core = line(style["core"], style["core_width"]) if style["core"] else ""
    outer = line(style["colour"], style["width"])
    return f'<svg width="26" height="15" aria-hidden="true">{outer}{core}</svg>'


def _ranking(hotspots: HotspotMap, locale: str) -> str:
    outlined = hotspots.counts["outlined"]
    listed = hotspots.ranking()[: min(max(outlined, MIN_LISTED), MAX_LISTED)]
    none = "" if outlined else f'<p class="none">{_said("sheet.none", locale)}</p>'
    heads = "".join(
        f"<th scope='col'>{_said(f'sheet.{code}', locale)}</th>"
        for code in ("rank", "grid", "rate", "around", "mark")
    )
    rows = "".join(_table_row(row) for row in listed)
    return (
        f"<h2>{_said('sheet.ranking', locale)}</h2>{none}"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _table_row(row: GridRow) -> str:
    around, lines = row.around, theme()["outline"]
    ratio = (
        f"<b>{_figure(around.ratio)}</b><small>{_figure(around.low)}–{_figure(around.high)}</small>"
        if around
        else "–"
    )
    rate = "" if row.paint == "too_few" else _figure(row.rate)
    return (
        f'<tr tabindex="0" data-code="{escape(row.code)}"><td>{row.rank}</td>'
        f"<td>{escape(row.name)}<small>{escape(row.code)}</small></td>"
        f"<td>{rate} {_swatch(paint_of(row.paint))}</td><td>{ratio}</td>"
        f"<td>{_stroke(lines[row.outline]) if row.outline else '·'}</td></tr>"
    )


def _caveats(hotspots: HotspotMap, locale: str) -> str:
    lines = "".join(
        f"<li>{_said(code, locale, **facts)}</li>"
        for code, facts in hotspots.notes
        if code not in LEAD
    )
    return (
        f'<section class="notes"><h2>{_said("sheet.method", locale)}</h2><ul>{lines}</ul></section>'
    )


def _tips(hotspots: HotspotMap, locale: str) -> str:
    tips = {row.code: tip_lines(row, locale) for row in hotspots.rows}
    # "<" would end the element it stands in.
    text = json.dumps(tips, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="tips">{text}</script>'


def tip_lines(row: GridRow, locale: str) -> list[str]:
    """Return what is said of a grid, line by line, as plain text; the first line is its name."""
    lines = [f"{row.name}  {row.code}"]
    if "suppressed" in row.flags:
        code = "no_denominator" if "no_denominator" in row.flags else "suppressed"
        return [*lines, word(f"hotspots.{code}", locale)]
    lines.append(
        word(
            "sheet.tip_count",
            locale,
            observed=row.observed,
            households=row.households,
            expected=_figure(row.expected),
        )
    )
    if row.ratio_low is None:
        lines.append(word("hotspots.no_variation", locale))
    elif "too_few" not in row.flags:
        lines.append(
            word(
                "sheet.tip_rate",
                locale,
                rate=_figure(row.rate),
                ratio=_figure(row.ratio),
                low=_figure(row.ratio_low),
                high=_figure(row.ratio_high),
            )
        )
    around = row.around
    if around is not None:
        lines.append(
            word(
                "sheet.tip_around",
                locale,
                observed=around.observed,
                expected=_figure(around.expected),
                ratio=_figure(around.ratio),
                low=_figure(around.low),
                high=_figure(around.high),
                q=_q(around.q),
            )
        )
        lines.append(_finding(row, locale))
    if "island" in row.flags:
        lines.append(word("hotspots.island", locale))
    if "not_comparable" in row.flags:
        lines.append(word("hotspots.redrawn", locale))
    return lines


def _finding(row: GridRow, locale: str) -> str:
    detectable = row.around.minimum_detectable_ratio if row.around else None
    if row.outline:
        return word("hotspots.higher", locale)
    if "too_few" in row.flags:
        if detectable is None:
            return word("hotspots.too_few_at_all", locale)
        return word("hotspots.too_few", locale, ratio=_figure(detectable))
    sentence = word("hotspots.not_different", locale)
    if detectable is None:
        return sentence
    return f"{sentence} · {word('sheet.tip_power', locale, ratio=_figure(detectable))}"


def _figure(value: float | None) -> str:
    """Return a number as people read it: two digits after the point below 10, one below 100."""
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _q(q: float | None) -> str:
    return "–" if q is None else "<0.001" if q < 0.001 else f"{q:.3f}"
