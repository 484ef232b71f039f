"""Names of the invented county, from the word lists in `data/demo`."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "data" / "demo"


@dataclass(frozen=True, slots=True)
class NamedUnit:
    """A unit with its public code and name."""

    code: str
    level: str
    name: str
    parent: str


@dataclass(frozen=True, slots=True)
class Matter:
    """An item of the example admission list; `weight` is its share of the invented incidents."""

    code: str
    name: str
    department: str
    limit_hours: int
    first_rank: str
    weight: int


@cache
def units() -> tuple[NamedUnit, ...]:
    """Return county, townships and villages by code."""
    with (FOLDER / "units.csv").open(encoding="utf-8", newline="") as rows:
        return tuple(NamedUnit(**row) for row in csv.DictReader(rows))


@cache
def matters() -> tuple[Matter, ...]:
    """Return the example admission list."""
    with (FOLDER / "matters.csv").open(encoding="utf-8", newline="") as rows:
        return tuple(
            Matter(
                row["code"],
                row["name"],
                row["department"],
                int(row["limit_hours"]),
                row["first_rank"],
                int(row["weight"]),
            )
            for row in csv.DictReader(rows)
        )


@cache
def lists() -> dict[str, Any]:
    """Return the word lists."""
    return tomllib.loads((FOLDER / "names.toml").read_text("utf-8"))


def short_name(unit: str) -> str:
    """Return a village or township name without the words for its kind."""
    for tail in ("社区居民委员会", "村民委员会", "居民委员会", "社区", "村委会"):
        if unit.endswith(tail) and len(unit) > len(tail):
            return unit[: -len(tail)]
    return unit


def ordinal(number: int) -> str:
    """Return 1..99 in Chinese numerals."""
    digits = lists()["ordinals"]
    tens, ones = divmod(number, 10)
    text = ("" if tens == 1 else digits[tens - 1] if tens else "") + ("十" if tens else "")
    return text + (digits[ones - 1] if ones else "")


def person_names(n: int, rng: np.random.Generator) -> list[str]:
    """Return `n` invented names; some occur twice, as in life."""
    words = lists()
    surnames, first, second = (
        np.array(list(words[key])) for key in ("surnames", "given_first", "given_second")
    )
    # A few surnames are common everywhere, the rest are rare.
    share = 1 / np.arange(1, len(surnames) + 1) ** 0.8
    drawn = np.char.add(
        rng.choice(surnames, n, p=share / share.sum()),
        np.where(rng.random(n) < 0.8, rng.choice(first, n), ""),
    )
    return [str(name) for name in np.char.add(drawn, rng.choice(second, n))]
