"""Steps that say what they do and how long it took, commands whose output goes to a log, stamps."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from web.home import PROJECT, home_folder

LOG_TAIL = 30


class StepFailed(Exception):
    """A step could not be done; the text tells the reader what happened and what to do."""


def step(name: str, work: Callable[[], str]) -> None:
    """Do one step and print it on one line: its name, what was done, the seconds it took."""
    sys.stdout.write(f"  {name:<18} ")
    sys.stdout.flush()
    begun = time.monotonic()
    try:
        done = work()
    except BaseException:
        sys.stdout.write("failed\n")
        raise
    print(f"{done:<66} {time.monotonic() - begun:6.1f} s", flush=True)


def run(*command: str | Path, cwd: Path = PROJECT, env: Mapping[str, str] | None = None) -> None:
    """Run a command with its output in the log.

    Raises
    ------
    StepFailed
        With the end of its output, if it fails.
    """
    log = home_folder() / "setup.log"
    words = " ".join(map(str, command))
    with log.open("ab") as out:
        out.write(f"\n$ {words}\n".encode())
        out.flush()
        begin = out.tell()
        done = subprocess.run(  # noqa: S603 - commands of set-up
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        with log.open("rb") as written:
            written.seek(begin)
            tail = written.read().decode("utf-8", "replace").splitlines()[-LOG_TAIL:]
        raise StepFailed("\n".join([f"$ {words}", *tail, f"Everything it said: {log}"]))


def output_of(*command: str | Path) -> str | None:
    """Return what a command prints, or None if it is missing or fails."""
    try:
        done = subprocess.run(  # noqa: S603 - commands of set-up
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def fingerprint(files: Iterable[Path], *facts: str) -> str:
    """Return a digest of the contents of files and of further facts."""
    digest = hashlib.sha256("\0".join(facts).encode())
    for file in sorted(files):
        digest.update(f"\0{file.relative_to(PROJECT)}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_stamped(name: str, mark: str) -> bool:
    """Tell whether the step was last done in this very state."""
    stamp = home_folder() / "stamps" / name
    return stamp.is_file() and stamp.read_text("utf-8") == mark


def put_stamp(name: str, mark: str) -> None:
    """Remember that the step has been done in this state."""
    stamp = home_folder() / "stamps" / name
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(mark, "utf-8")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one set-up at a time work in this checkout; another one waits and says so."""
    home = home_folder()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "setup.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("  Another set-up is at work in this checkout; waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
