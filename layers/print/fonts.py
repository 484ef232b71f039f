"""The Chinese faces of print: how wide a text is, and what to do with a character they lack."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import cache, lru_cache
from importlib.resources import as_file, files
from threading import RLock
from unicodedata import category

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "WanggeRegular", "WanggeBold"
_FILES = {REGULAR: "NotoSansSC-Regular.ttf", BOLD: "NotoSansSC-Bold.ttf"}

# What Chinese typesetters put where a character is missing: it is seen, and it is not a blank.
GETA = "〓"


# ReportLab's faces are shared by all documents and read their file from one place at a time:
# whoever registers them or cuts subsets out of them holds this.
reading = RLock()


def _repertoire() -> dict[str, AbstractSet[int]]:
    """Return what each face can write, registered with ReportLab on first use."""
    with reading:
        return _registered()


@cache
def _registered() -> dict[str, AbstractSet[int]]:
    found: dict[str, AbstractSet[int]] = {}
    for name, file in _FILES.items():
        with as_file(files("layers") / "fonts" / file) as path:
            font = TTFont(name, str(path), asciiReadable=True)
        pdfmetrics.registerFont(font)
        found[name] = font.face.charToGlyph.keys()
    return found


def regular() -> str:
    """Return the name under which ReportLab knows the regular face."""
    _repertoire()
    return REGULAR


@lru_cache(maxsize=65_536)
def runs(text: str, bold: bool = False) -> tuple[tuple[str, str], ...]:
    """Return a text as pieces, each with the name of the face that writes it.

    A character that the bold face lacks is written in the regular one; one that both lack stands
    as the geta mark `〓`. Control characters become spaces.
    """
    can = _repertoire()
    pieces: list[tuple[str, str]] = []
    for sign in text:
        face = BOLD if bold and ord(sign) in can[BOLD] else REGULAR
        written = sign if ord(sign) in can[face] else " " if _is_blank(sign) else GETA
        if pieces and pieces[-1][0] == face:
            pieces[-1] = (face, pieces[-1][1] + written)
        else:
            pieces.append((face, written))
    return tuple(pieces)


@lru_cache(maxsize=65_536)
def missing(text: str) -> frozenset[str]:
    """Return the characters of a text that no face can write."""
    can = _repertoire()[REGULAR]
    return frozenset(sign for sign in text if ord(sign) not in can and not _is_blank(sign))


def _is_blank(sign: str) -> bool:
    """Return whether a character leaves no ink: controls, formats, spaces."""
    return category(sign) in ("Cc", "Cf", "Zs", "Zl", "Zp")


@lru_cache(maxsize=65_536)
def width(text: str, size: float, bold: bool = False) -> float:
    """Return how wide a text is, in points, as `runs` writes it."""
    return float(sum(pdfmetrics.stringWidth(said, face, size) for face, said in runs(text, bold)))


def wrapped(text: str, size: float, room: float, bold: bool = False) -> list[str]:
    """Return a text as lines no wider than `room` points.

    Chinese breaks between any two characters but not before closing punctuation; Latin words and
    numbers stay whole where they fit.
    """
    lines, line = [], ""
    for word in _words(text):
        if line and width(line + word.rstrip(), size, bold) > room:
            lines.append(line.rstrip())
            line = ""
        line += word
        while len(line) > 1 and width(line.rstrip(), size, bold) > room:
            fits = max(
                n for n in range(1, len(line)) if n == 1 or width(line[:n], size, bold) <= room
            )
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def shortened(text: str, size: float, room: float, bold: bool = False) -> str:
    """Return a text cut to `room` points, with an ellipsis where something was cut."""
    if width(text, size, bold) <= room:
        return text
    kept = len(text)
    while kept and width(text[:kept] + "…", size, bold) > room:
        kept -= 1
    return text[:kept] + "…"


_CLOSING = frozenset("，。、；：！？）》」』】%,.;:!?)")


def _words(text: str) -> list[str]:
    words: list[str] = []
    for sign in text:
        narrow = ord(sign) < 0x2E80
        joins = words and (
            sign in _CLOSING
            or (narrow and ord(words[-1][-1]) < 0x2E80 and not words[-1].endswith(" "))
        )
        if joins:
            words[-1] += sign
        else:
            words.append(sign)
    return words
