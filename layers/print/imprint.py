"""What every printed map says of itself: edition, projection, purpose, source, page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from grids.local_time import local_day
from layers.print import fonts
from layers.print.ink import Ink, Pen, ink, muted, rule
from layers.print.land import Edition
from layers.print.paper import Box, MapView
from layers.print.words import word


@dataclass(frozen=True, slots=True)
class Imprint:
    """For whom and from where a map is printed.

    Attributes
    ----------
    locale
        Language of the words.
    now
        The moment of printing.
    address
        Where the screens are inside the intranet, such as `http://10.20.0.5:8000`; none: no QR.
    map_number, source
        Approval number of public maps (审图号) and who made the data; empty where there is none.
    """

    locale: str
    now: datetime
    address: str | None = None
    map_number: str = ""
    source: str = ""

    def day(self, moment: datetime) -> str:
        """Return the day of a moment by China's clock."""
        return local_day(moment).isoformat()

    def edition(self, shown: Edition) -> str:
        """Return which boundaries a map shows and since when they are in force."""
        said = word("edition", self.locale, number=shown.number, since=self.day(shown.since))
        return said if shown.latest else said + word("past", self.locale)

    def purpose(self, shown: Edition) -> str:
        """Return what the borders are good for: invented, or for management only."""
        return word("schematic" if shown.invented else "for_management", self.locale)

    def statements(self, shown: Edition, *, personal: bool) -> list[str]:
        """Return what stands at the foot of a page besides the scale."""
        number = (
            word("map_number", self.locale, number=self.map_number)
            if self.map_number
            else word("no_map_number", self.locale)
        )
        return [
            self.edition(shown),
            word("printed", self.locale, on=self.day(self.now)),
            *([word("source", self.locale, source=self.source)] if self.source else []),
            number,
            *([word("personal", self.locale)] if personal else []),
        ]


@dataclass(frozen=True, slots=True)
class Printed:
    """A finished document.

    Attributes
    ----------
    pdf
        Its bytes.
    publication
        Number of the boundaries that it shows.
    n_pages
        How many pages it has.
    n_people
        How many people are named in it.
    missing
        Characters that no face could write; they stand as `〓` and are listed on the page.
    unplaced
        Names of units for which the map had no room; they are listed on the page.
    """

    pdf: bytes
    publication: int
    n_pages: int
    n_people: int
    missing: tuple[str, ...]
    unplaced: tuple[str, ...]

    @classmethod
    def of(
        cls, page: Ink, shown: Edition, *, n_pages: int, n_people: int, unplaced: Sequence[str]
    ) -> Printed:
        """Return what was drawn as a finished document."""
        missing = tuple(sorted(page.missing))
        return cls(page.pdf(), shown.number, n_pages, n_people, missing, tuple(unplaced))


def projection(view: MapView, locale: str) -> str:
    """Return the projection of a map in words."""
    return word("projection", locale, meridian=view.zone.central_meridian)


def foot(
    page: Ink,
    box: Box,
    imprint: Imprint,
    shown: Edition,
    *,
    personal: bool,
    size: float = 6.5,
    numbered: tuple[int, int] | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Write the foot of a page into a box, from its upper edge.

    `numbered` is this page and how many there are.
    """
    page.line(box.west, box.north, box.east, box.north, Pen(rule(), 0.5))
    y = box.north - size * 1.5
    purpose = imprint.purpose(shown)
    page.text(box.west, y, purpose, size, bold=True, colour=ink())
    if numbered:
        said = word("page", imprint.locale, number=numbered[0], total=numbered[1])
        page.text(box.east, y, said, size, anchor="end", colour=muted())
    y -= size * 1.5
    parts = [*imprint.statements(shown, personal=personal), *notes]
    for line in fonts.wrapped("  ·  ".join(parts), size, box.width):
        page.text(box.west, y, line, size, colour=muted())
        y -= size * 1.4


def no_room(names: Sequence[str], locale: str) -> list[str]:
    """Return the sentence on what has no place on a map, or none."""
    return [word("unplaced", locale, names="、".join(names))] if names else []


def lacking(page: Ink, x: float, y: float, locale: str, size: float = 6.5) -> None:
    """Write which characters the faces lacked, if any: never a silent blank."""
    if page.missing:
        signs = " ".join(f"U+{ord(sign):04X}" for sign in sorted(page.missing))
        page.text(x, y, word("missing", locale, signs=signs), size, colour=muted())
