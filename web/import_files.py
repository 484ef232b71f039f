"""Files sent to be imported: taken off the wire, kept in a folder each, swept away.

Each lies in a folder with a random name under the data folder, closed to other accounts. Nothing
here looks into a file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import orjson

from geo.errors import Refusal
from importers.doors import OUTLINES
from importers.recognise import SHAPES, TABLES
from web.home import home_folder

MAX_BYTES = 128 << 20
_CHUNK = 1 << 20
_LONGEST_NAME = 120
# A folder may be older than its row by as long as its file took to arrive.
_ARRIVING_S = 3600
_SAMPLE, _REJECTS = "sample.json", "rejects"


class BadFileName(Refusal):
    """A name that is a path, or that hides what it is."""

    code = "file.name"
    sentence = "A file cannot be called {name}: give it a plain name of at most 120 letters."


class WrongFormat(Refusal):
    """A kind of file that this kind of data is not read from."""

    code = "import.format"
    sentence = "{file} cannot be read for this kind of data: send {formats}."


class EmptyFile(Refusal):
    """A file without a byte."""

    code = "import.empty"
    sentence = "{file} is empty."


class FileTooLarge(Refusal):
    """A file of more bytes than a screen may send."""

    code = "import.too_large"
    sentence = "{file} is larger than {most_mb} MB: split it, or use the command line."


class NoRoom(Refusal):
    """The server's disk is full."""

    code = "server.no_room"
    sentence = "The server has no room for this file. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Received:
    """A file that has arrived."""

    path: Path
    sha256: bytes
    n_bytes: int


def checked_name(name: str, kind: str) -> str:
    """Return the name under which a file of a kind is kept: the sender's own.

    Raises
    ------
    BadFileName
        For paths, control and invisible characters, leading dots and names that are too long.
    WrongFormat
        If its ending is none that the kind is read from.
    """
    name = unicodedata.normalize("NFC", name)
    hidden = any(unicodedata.category(letter)[0] == "C" for letter in name)
    is_path = any(letter in name for letter in "/\\:") or name.startswith(".")
    if hidden or is_path or not 0 < len(name) <= _LONGEST_NAME or len(name.encode()) > 240:
        raise BadFileName(name=ascii(name[:_LONGEST_NAME]))
    endings = formats_of(kind)
    if not name.lower().endswith(endings):
        raise WrongFormat(file=name, kind=kind, formats=", ".join(endings))
    return name


def formats_of(kind: str) -> tuple[str, ...]:
    """Return the endings of the files that a kind is read from."""
    if kind == "units":
        return TABLES + SHAPES
    return SHAPES if kind in OUTLINES else TABLES


def folder_of(task_id: UUID) -> Path:
    """Return where the files of an import lie."""
    return home_folder() / "imports" / str(task_id)


def receive(body: IO[bytes], task_id: UUID, name: str) -> Received:
    """Write a file to its folder as it arrives; nothing is left of one that is refused.

    Raises
    ------
    EmptyFile, FileTooLarge, NoRoom
        If it cannot be kept.
    """
    folder = folder_of(task_id)
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(mode=0o700)
    path, digest, n = folder / name, hashlib.sha256(), 0
    try:
        with path.open("wb") as out:
            while chunk := body.read(_CHUNK):
                n += len(chunk)
                if n > MAX_BYTES:
                    raise FileTooLarge(file=name, most_mb=MAX_BYTES >> 20)
                digest.update(chunk)
                out.write(chunk)
        if n == 0:
            raise EmptyFile(file=name)
    except OSError as error:
        remove(task_id)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom from None
        raise
    except Refusal:
        remove(task_id)
        raise
    return Received(path, digest.digest(), n)


def remove(task_id: UUID) -> None:
    """Delete everything of an import."""
    shutil.rmtree(folder_of(task_id), ignore_errors=True)


def keep_sample(task_id: UUID, rows: list[list[str]], places: list[list[float]]) -> None:
    """Keep the first rows and some positions of a file beside it."""
    said = orjson.dumps({"rows": rows, "places": places})
    (folder_of(task_id) / _SAMPLE).write_bytes(said)


def sample(task_id: UUID) -> dict[str, Any]:
    """Return the first rows and some positions of a file; both empty when the file has gone."""
    path = folder_of(task_id) / _SAMPLE
    if not path.exists():
        return {"rows": [], "places": []}
    found: dict[str, Any] = orjson.loads(path.read_bytes())
    return found


def rejects(task_id: UUID, form: str, language: str) -> Path:
    """Return where the refused rows of an import lie as `csv` or `xlsx`, in a language."""
    return folder_of(task_id) / f"{_REJECTS}.{language}.{form}"


def find_rejects(task_id: UUID, form: str, language: str) -> Path | None:
    """Return the file of refused rows in a language; of an earlier release, the one there is."""
    made = (rejects(task_id, form, language), folder_of(task_id) / f"{_REJECTS}.{form}")
    return next((path for path in made if path.exists()), None)


def repair_sheet(task_id: UUID, locale: str) -> Path:
    """Return where the pictures of a repair lie, in one of the screens' languages."""
    return folder_of(task_id) / f"repair.{locale}.html"


def sweep(kept: Mapping[UUID, tuple[bool, bool]]) -> int:
    """Delete the files of imports that are over, and return how many folders or files went.

    Parameters
    ----------
    kept
        As `grids.import_tasks.with_files` gives it.
    """
    n = 0
    root = home_folder() / "imports"
    by_name = {str(task_id): told for task_id, told in kept.items()}
    for folder in root.iterdir() if root.is_dir() else ():
        needs_upload, shown = by_name.get(folder.name, (False, False))
        if shown and not needs_upload:
            n += _drop_upload(folder)
        elif not shown and (folder.name in by_name or _age_s(folder) > _ARRIVING_S):
            shutil.rmtree(folder, ignore_errors=True)
            n += 1
    return n


def _age_s(folder: Path) -> float:
    return time.time() - folder.stat().st_mtime


def _drop_upload(folder: Path) -> int:
    """Delete what was sent and leave what was made of it."""
    made = (f"{_REJECTS}.", "repair.")
    gone = [file for file in folder.iterdir() if not file.name.startswith(made)]
    for file in gone:
        os.unlink(file)
    return len(gone)
