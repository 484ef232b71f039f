"""The built client: which files a page needs, by Vite's manifest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

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
def _manifest(_stamp: float) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = orjson.loads(
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
    manifest, start = _found(f"src/pages/{page}.ts")
    order = _imported_first(manifest, start)
    styles = [style for key in order for style in manifest[key].get("css", ())]
    scripts = [str(manifest[key]["file"]) for key in order if key != start]
    return Entry(str(manifest[start]["file"]), tuple(dict.fromkeys(styles)), tuple(scripts))


def files(page: str) -> list[str]:
    """Return every file that a page can ask for: its own, and those it loads when it needs them.

    Raises
    ------
    ClientNotBuilt
        As `entry`.
    """
    manifest, start = _found(f"src/pages/{page}.ts")
    chunks = [manifest[key] for key in _imported_first(manifest, start, later=True)]
    named = [
        name
        for chunk in chunks
        for name in (chunk["file"], *chunk.get("css", ()), *chunk.get("assets", ()))
    ]
    return list(dict.fromkeys(named))


def program(source: str) -> bytes:
    """Return a built program that stands alone, such as a worker.

    Raises
    ------
    ClientNotBuilt
        If the build is absent or has no such program.
    """
    manifest, start = _found(source)
    file: str = manifest[start]["file"]
    return (BUILD / file).read_bytes()


def _found(start: str) -> tuple[dict[str, dict[str, Any]], str]:
    """Return the manifest of the build, which has the source `start`."""
    file = BUILD / ".vite" / "manifest.json"
    if not file.exists():
        raise ClientNotBuilt
    manifest = _manifest(file.stat().st_mtime)
    if start not in manifest:
        raise ClientNotBuilt
    return manifest, start


def _imported_first(
    manifest: dict[str, dict[str, Any]], start: str, *, later: bool = False
) -> list[str]:
    """Return a chunk and all it imports, each after its imports: the order Vite links styles in.

    With `later` also what it imports when it needs it.
    """
    order: list[str] = []
    seen: set[str] = set()

    def visit(key: str) -> None:
        if key not in seen:
            seen.add(key)
            for imported in manifest[key].get("imports", ()):
                visit(imported)
            order.append(key)
            for imported in manifest[key].get("dynamicImports", ()) if later else ():
                visit(imported)

    visit(start)
    return order
