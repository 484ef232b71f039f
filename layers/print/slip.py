"""The slip of an incident on one A5 page: what, where, who, until when, and a code to open it."""

from __future__ import annotations

from datetime import datetime

from grids.incidents import Card
from grids.local_time import CHINA
from layers.print.ink import Ink, Pen, accent, muted, rule
from layers.print.paper import MM, Box
from layers.print.words import word

# A5, upright.
_SIZE = (148 * MM, 210 * MM)
_PAGE = Box(0, 0, *_SIZE).inset(12 * MM)
_QR = 32 * MM
_LABEL = 26 * MM
_TEXT = 10.0
_LINE = _TEXT * 1.7
_LINES_TO_WRITE_ON = 4
# The whole of it is behind the code.
_LONGEST_SUMMARY, _LONGEST_PLACE = 300, 120


def incident_slip(card: Card, address: str, locale: str, now: datetime) -> bytes:
    """Return the slip of an incident as a PDF; it names nobody who reported.

    Parameters
    ----------
    address
        What the QR code leads to.
    locale
        Language of the labels.
    """
    row = card.incident
    page = Ink(_SIZE, title=f"{word('slip', locale)} {row.number}", subject=row.matter_name)
    top = _PAGE.north
    page.text(_PAGE.west, top - 18, word("slip", locale), 18, bold=True, colour=accent())
    page.text(_PAGE.west, top - 38, row.number, 13, bold=True)
    code = Box(_PAGE.east - _QR, top - _QR, _PAGE.east, top)
    page.qr(code, address)
    scan = word("slip_scan", locale)
    page.text(code.centre[0], code.south - 8, scan, 7, colour=muted(), anchor="middle")
    y = top - _QR - 26
    for label, said in _lines(card, locale):
        page.line(_PAGE.west, y + _TEXT * 1.25, _PAGE.east, y + _TEXT * 1.25, Pen(rule(), 0.4))
        page.text(_PAGE.west, y, word(label, locale), _TEXT - 1.5, colour=muted())
        room = _PAGE.width - _LABEL
        y = page.paragraph(_PAGE.west + _LABEL, y, said, _TEXT, room) - _LINE + _TEXT * 1.4
    _space_to_sign(page, y, locale)
    foot = word("slip_printed", locale, on=_moment(now))
    page.text(_PAGE.west, _PAGE.south, foot, 7, colour=muted())
    return page.pdf()


def _lines(card: Card, locale: str) -> list[tuple[str, str]]:
    """Return what stands on a slip, label by label; what is not known is left out."""
    row = card.incident
    due = _moment(row.due_at) if row.due_at else word("slip_stopped", locale)
    owner = " ".join(part for part in (row.owner.name, row.owner.unit_name) if part)
    at = f"{row.at[0]:.6f}, {row.at[1]:.6f} (CGCS2000)" if row.at else ""
    grid = " ".join(part for part in (row.grid_name, row.grid_code) if part)
    standing = [sheet.number for sheet in card.supervisions if sheet.state != "struck_off"]
    said = [
        ("slip_matter", f"{row.matter_name}  {row.matter_code}"),
        ("slip_level", word(f"level_{row.level}", locale)),
        ("slip_summary", " ".join(row.summary.split())[:_LONGEST_SUMMARY]),
        ("slip_place", row.place[:_LONGEST_PLACE]),
        ("slip_grid", grid),
        ("slip_position", at),
        ("slip_reported", _moment(row.reported_at)),
        ("slip_due", due),
        ("slip_owner", owner),
        ("slip_first", (card.first_receiver.name or "") if card.first_receiver else ""),
        ("slip_department", row.department or ""),
        ("slip_supervision", ", ".join(standing)),
    ]
    return [(label, text) for label, text in said if text]


def _space_to_sign(page: Ink, y: float, locale: str) -> None:
    """Draw lines to write the result on, and the place of the signature, down to the foot."""
    y -= _TEXT
    page.text(_PAGE.west, y, word("slip_result", locale), _TEXT - 1.5, colour=muted())
    for _ in range(_LINES_TO_WRITE_ON):
        y -= _LINE * 1.2
        if y < _PAGE.south + 3 * _LINE:
            break
        page.line(_PAGE.west, y, _PAGE.east, y, Pen(rule(), 0.4))
    sign = _PAGE.south + 1.6 * _LINE
    middle = _PAGE.west + _PAGE.width / 2
    page.text(middle, sign, word("slip_signature", locale), _TEXT - 1.5, colour=muted())
    page.line(middle + _LABEL, sign, _PAGE.east, sign, Pen(rule(), 0.6))


def _moment(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
