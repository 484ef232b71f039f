"""The first letters of the pinyin of a name, by which people search."""

from __future__ import annotations


def initials(name: str) -> str:
    """Return the pinyin initials of a name in lower case; other letters and digits stay.

    Examples
    --------
    >>> initials("田园镇第3网格")
    'tyzd3wg'
    """
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415  its dictionary takes 0.4 s to read

    letters = lazy_pinyin(name, style=Style.FIRST_LETTER)
    return "".join(letter for letter in letters if letter.isalnum()).lower()
