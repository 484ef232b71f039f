"""Strange files are opened in a child process that may run out of time or memory, or crash, alone.

A geometry parser can be made to crash its process or to run for hours. Neither may happen to a
process that serves people or holds a transaction. The child is started anew (never forked from a
process with threads), limits itself before it touches the file, and hands its answer back through
a file that only our own code writes.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import traceback
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from geo.errors import Refusal

MAX_RATIO = 100
MAX_UNPACKED = 512 << 20
MAX_FILES = 200
CPU_S = 60
MEMORY_BYTES = 4 << 30

Answer = TypeVar("Answer")


class TooHard(Refusal):
    """Reading or repairing a file took more than it is worth."""

    code = "file.too_hard"
    sentence = "{what} was given up: {reason}. Simplify the outlines or split the file."


class UnsafeFile(Refusal):
    """A file that is not what it says, or that would unpack to more than is allowed."""

    code = "file.unsafe"
    sentence = "{file} was not opened: {reason}."


def run(
    function: Callable[..., Answer],
    *args: Any,
    what: str,
    cpu_s: int = CPU_S,
    memory_bytes: int = MEMORY_BYTES,
    without: Sequence[str] = (),
) -> Answer:
    """Return what a function returns, called in a child process with limits.

    Parameters
    ----------
    function
        A function at the top of a module of ours; arguments and answer are picklable.
    what
        What is being done, for the refusal: `reading x.geojson`.
    cpu_s, memory_bytes
        Seconds of processor time and bytes of address space that the child may use.
    without
        Optional modules that libraries would load, slowly, and the function does not need.

    Raises
    ------
    TooHard
        If the child ran into a limit or crashed.
    Refusal
        Whatever refusal the function raised.
    """
    with tempfile.TemporaryDirectory(prefix="wangge-") as folder:
        task, answer = Path(folder, "task"), Path(folder, "answer")
        task.write_bytes(
            # The path comes first: it is needed to find the function.
            pickle.dumps((sys.path, without)) + pickle.dumps((function, args, cpu_s, memory_bytes))
        )
        try:
            # A child that waits instead of working is stopped by the clock.
            done = subprocess.run(  # noqa: S603 - our own interpreter, our own module
                [sys.executable, "-m", "importers.sandbox", str(task), str(answer)],
                cwd=Path(__file__).parent.parent,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=4 * cpu_s + 30,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TooHard(what=what, reason=f"no end after {4 * cpu_s + 30} s") from None
        if done.returncode:
            raise TooHard(what=what, reason=_reason(done.returncode, cpu_s, memory_bytes))
        kind, value = pickle.loads(answer.read_bytes())  # noqa: S301 - written by our own child
    if kind == "answer":
        return value  # type: ignore[no-any-return]
    if kind == "memory":
        raise TooHard(what=what, reason=_memory(memory_bytes))
    if kind == "refused":
        refusal, facts = value
        raise refusal(**facts)
    raise RuntimeError(f"{what} failed in the child process:\n{value}")


def check_archive(path: Path) -> None:
    """Refuse a zip file whose directory promises too much or points elsewhere.

    Raises
    ------
    UnsafeFile
        For more than 200 files, more than 512 MiB unpacked, more than a hundredfold compression,
        links, encrypted members, and names that leave the folder.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise UnsafeFile(file=path.name, reason="it is not a zip archive") from None
    if len(members) > MAX_FILES:
        raise UnsafeFile(file=path.name, reason=f"it holds more than {MAX_FILES} files")
    if sum(member.file_size for member in members) > MAX_UNPACKED:
        raise UnsafeFile(file=path.name, reason="it unpacks to more than 512 MiB")
    for member in members:
        name = member.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or ":" in name or "\0" in name:
            raise UnsafeFile(file=path.name, reason=f"the name {name!r} leaves its folder")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise UnsafeFile(file=path.name, reason=f"{name} is a link")
        if member.flag_bits & 1:
            raise UnsafeFile(file=path.name, reason=f"{name} is encrypted")
        # A few bytes of a repetitive file may well shrink more; they unpack to nothing much.
        if member.file_size > MAX_RATIO * max(member.compress_size, 10_000):
            raise UnsafeFile(file=path.name, reason=f"{name} is compressed over a hundredfold")


def unpack(path: Path, folder: Path) -> list[Path]:
    """Return the files of a checked archive, unpacked flat into a folder under their own names.

    Names that are not flagged as UTF-8 are read as GB18030 where that is what they are. Resource
    forks of macOS are left out.

    Raises
    ------
    UnsafeFile
        As `check_archive`; also if two members have one name or a member lies about its size.
    """
    check_archive(path)
    made: list[Path] = []
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = _member_name(member)
            if member.is_dir() or name.startswith("._"):
                continue
            target = folder / name
            if target.exists():
                raise UnsafeFile(file=path.name, reason=f"it holds {name} twice")
            try:
                with archive.open(member) as packed, target.open("wb") as out:
                    _copy(packed, out, member.file_size, path.name)
            except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError) as error:
                raise UnsafeFile(file=path.name, reason=f"{name}: {error}") from None
            made.append(target)
    return made


def _member_name(member: zipfile.ZipInfo) -> str:
    name = member.filename
    if not member.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("gb18030")
        except UnicodeError:
            name = member.filename
    return Path(name.replace("\\", "/")).name


def _copy(packed: Any, out: Any, promised: int, file: str) -> None:
    left = promised
    while chunk := packed.read(1 << 20):
        left -= len(chunk)
        if left < 0:
            raise UnsafeFile(file=file, reason="a member is larger than its directory says")
        out.write(chunk)


def _reason(returncode: int, cpu_s: int, memory_bytes: int) -> str:
    if returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"it needs more than {cpu_s} s of computing"
    if returncode == -signal.SIGABRT:
        return _memory(memory_bytes)
    return "the program that reads it broke down"


def _memory(memory_bytes: int) -> str:
    return f"it needs more than {memory_bytes / (1 << 30):.1f} GiB of memory"


def _child(task: Path, answer: Path) -> None:
    # The parent wrote the task; nothing of the strange file is in it.
    with task.open("rb") as file:
        sys.path[:], without = pickle.load(file)  # noqa: S301
        sys.modules.update(dict.fromkeys(without))  # type: ignore[arg-type]  # None: not there
        function, args, cpu_s, memory_bytes = pickle.load(file)  # noqa: S301
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    result: tuple[str, Any]
    try:
        result = ("answer", function(*args))
    except MemoryError:
        result = ("memory", None)
    except Refusal as refusal:
        result = ("refused", (type(refusal), refusal.facts))
    except Exception:  # the parent raises it again with the child's own traceback
        result = ("fault", traceback.format_exc())
    answer.write_bytes(pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL))


if __name__ == "__main__":
    _child(Path(sys.argv[1]), Path(sys.argv[2]))
