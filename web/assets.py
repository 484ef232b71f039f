"""The built client: which files a page needs, by Vite's manifest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import orjson

from geo.errors import Refusal

BUILD = Path(__file__).parent / "static" / "build"


class ClientNotBuilt(Refusal):
    """The screens were not built."""

    code = "client.missing"
    sentence = "The screens are not built: run `make setup`."


@dataclass(frozen=True, slots=True)
class Entry:
    """What a page links: its script, its styles, and the scripts it will import at once."""

    script: str
    styles: tuple[str, ...]
    preloads: tuple[str, ...]


@cache
def _manifest(_stamp: float) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = orjson.loads(
        (BUILD / ".vite" / "manifest.json").read_bytes()
    )
    return found


def entry(page: str) -> Entry:
    """Return the files of `src/pages/<page>.ts`.

    Raises
    ------
    ClientNotBuilt
        If the build is absent or has no such page.
    """
    file = BUILD / ".vite" / "manifest.json"
    if not file.exists():
        raise ClientNotBuilt
    manifest = _manifest(file.stat().st_mtime)
    start = f"src/pages/{page}.ts"
    if start not in manifest:
        raise ClientNotBuilt
    styles: list[str] = []
    scripts: list[str] = []
    queue, seen = [start], set()
    while queue:
        key = queue.pop(0)
        if key in seen:
            continue
        seen.add(key)
        chunk = manifest[key]
        styles += [str(s) for s in chunk.get("css", ())]  # type: ignore[attr-defined]
        if key != start:
            scripts.append(str(chunk["file"]))
        queue += [str(k) for k in chunk.get("imports", ())]  # type: ignore[attr-defined]
    return Entry(str(manifest[start]["file"]), tuple(dict.fromkeys(styles)), tuple(scripts))
