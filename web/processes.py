"""The detached server of this installation: started, found again, stopped; and no other.

Nothing here needs more than the standard library: clean-up uses it when `.venv` is broken.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from geo.errors import Refusal
from web.home import PROJECT, home_folder

DEFAULT_PORT = 8000
PORTS_TO_TRY = 50
# A program that ran this long has not failed to start; one that did waits at most so long.
LASTED_S = 60
LONGEST_WAIT_S = 300
CODE_ROOMS = ("geo", "grids", "layers", "importers", "web")
NOT_SERVED = {"client", "__pycache__", "node_modules"}


class ServerError(Refusal):
    """The server cannot be started or stopped."""

    code = "server.refused"


class PortTaken(ServerError):
    """Another process listens on the port that was asked for."""

    code = "server.port_taken"
    sentence = "Another process listens on port {port} of {host}."


class ServerDied(ServerError):
    """The server ended, or gave no answer, before it was ready."""

    code = "server.not_ready"
    sentence = "The server {fate}. The end of {log}:\n{output}"


@dataclass(frozen=True)
class Server:
    """A server started by `start_detached`.

    `born` is the kernel's start time of process `pid` in clock ticks since boot: together they
    name a process for good. `code` is the digest of the program it was started from.
    """

    pid: int
    born: int
    host: str
    port: int
    code: str

    @property
    def address(self) -> str:
        """The address to open in a browser."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"


def is_running(home: Path | None = None) -> Server | None:
    """Return the detached server of this home folder, or None when it does not run."""
    server = _noted(home or home_folder())
    return server if server and _born(server.pid) == server.born else None


def start_detached(
    home: Path | None = None,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    command: Sequence[str] | None = None,
    seconds: float = 90,
) -> Server:
    """Start the server in the background and return it when `/ready` answers 200.

    A server that runs already is kept if it was started from the same code (and, where `port`
    is given, listens there), and replaced otherwise.

    Parameters
    ----------
    port
        A port that must be used. Without it, 8000 or the next one that is free.
    command
        The program to run; `--host H --port P` is added. Without it, `wangge serve` of the
        environment that this runs in.
    seconds
        How long to wait for the first answer.

    Raises
    ------
    PortTaken
        If `port` is given and taken, or fifty ports in a row are.
    ServerDied
        If it ends or does not answer in time; it is stopped then.
    """
    home = home or home_folder()
    code = code_digest()
    running = is_running(home)
    if running and running.code == code and port in (None, running.port):
        return running
    stop_detached(home)
    run = home / "run"
    run.mkdir(parents=True, exist_ok=True)
    command = command or [str(Path(sys.executable).parent / "wangge"), "serve"]
    with _reserved_port(host, port) as free:
        log = (run / "server.log").open("wb")
        with log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [*command, "--host", host, "--port", str(free)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=PROJECT,
                start_new_session=True,
            )
        server = Server(process.pid, _born(process.pid) or 0, host, free, code)
        (run / "server.json").write_text(json.dumps(asdict(server)) + "\n", "utf-8")
        fate = _wait_until_ready(process, server, seconds)
    if fate:
        stop_detached(home)
        tail = (run / "server.log").read_text("utf-8", "replace").splitlines()[-20:]
        raise ServerDied(fate=fate, log=str(run / "server.log"), output="\n".join(tail))
    return server


def stop_detached(home: Path | None = None, *, seconds: float = 15) -> bool:
    """Stop the detached server with all its children and tell whether it ran.

    It is asked to end, and after `seconds` it is ended.
    """
    home = home or home_folder()
    server = _noted(home)
    if server is None:
        return False
    # It was started as the leader of its own session. If it is gone, processes of that session
    # are its orphans: the kernel gives a number out again only when its session is empty.
    leader = _born(server.pid)
    ours = leader == server.born or (leader is None and bool(_session(server.pid)))
    if ours:
        _end_session(server.pid, seconds)
    (home / "run" / "server.json").unlink(missing_ok=True)
    return ours


def require_free_port(host: str, port: int) -> None:
    """Return if nobody listens there.

    A server that shares its port (SO_REUSEPORT, as granian does) would start all the same and
    answer in turns with the other one.

    Raises
    ------
    PortTaken
        If somebody does.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: what a closed connection leaves behind does not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise PortTaken(host=host, port=port) from None


@contextlib.contextmanager
def kept_running(command: Sequence[str], *, pause: float = 5) -> Iterator[None]:
    """Keep a program running beside this one: started again when it ends, asked to end at last.

    Parameters
    ----------
    pause
        Seconds before it is started again. They double, up to five minutes, while it does not
        last a minute: a program that cannot start must not keep the processor busy.
    """
    leaving = threading.Event()
    running: list[subprocess.Popen[bytes]] = []

    def keep() -> None:
        wait = pause
        while not leaving.is_set():
            began = time.monotonic()
            running[:] = [subprocess.Popen(command, cwd=PROJECT)]  # noqa: S603 - our own program
            if leaving.is_set():  # between the question and the start
                running[0].terminate()
            running[0].wait()
            wait = pause if time.monotonic() - began > LASTED_S else min(2 * wait, LONGEST_WAIT_S)
            leaving.wait(wait)

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        leaving.set()
        for process in running:
            process.terminate()
        keeper.join()


def open_many_files() -> None:
    """Let this process and its children hold as many connections as the system allows them.

    A shell's usual 1,024 would be the number of streams, and not of the processes' choice.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def code_digest() -> str:
    """Return a digest of the program as it lies on disk: names, sizes and times of its files."""
    digest = hashlib.sha256()
    for room in CODE_ROOMS:
        for folder, folders, files in os.walk(PROJECT / room):
            folders[:] = sorted(set(folders) - NOT_SERVED)
            for name in sorted(files):
                at = Path(folder, name)
                seen = at.stat()
                digest.update(f"{at}\0{seen.st_size}\0{seen.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _noted(home: Path) -> Server | None:
    try:
        return Server(**json.loads((home / "run" / "server.json").read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        return None  # cut short by a full disk or a kill: nobody is named in it


def _stat(pid: int | str) -> list[str] | None:
    """Return the fields of /proc/PID/stat after the program's name, or None for no process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(") ")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields


def _born(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def _session(leader: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        fields = _stat(entry.name) if entry.name.isdigit() else None
        if fields and int(fields[3]) == leader:
            found.append(int(entry.name))
    return found


def _end_session(leader: int, seconds: float) -> None:
    """End the leader, which should end its children in order, then whoever is left."""
    _send(signal.SIGTERM, [leader])
    _wait_until(lambda: _born(leader) is None, seconds)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        _send(sign, _session(leader))
        _wait_until(lambda: not _session(leader), 3)


def _send(sign: signal.Signals, pids: Sequence[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)


def _wait_until(come_true: Callable[[], bool], seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while not come_true() and time.monotonic() < give_up:
        time.sleep(0.05)


@contextlib.contextmanager
def _reserved_port(host: str, wanted: int | None) -> Iterator[int]:
    """Hold a free port for the server that is being started.

    Servers share ports with SO_REUSEPORT, so two that start at once on the same port would both
    succeed and answer for each other. A name in the abstract socket space is held meanwhile; the
    kernel lets go of it even if this program is killed.
    """
    for port in [wanted] if wanted else range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TO_TRY):
        with socket.socket(socket.AF_UNIX) as reservation:
            try:
                reservation.bind(f"\0wangge-port-{port}")
                require_free_port(host, port)
            except (OSError, PortTaken):
                continue
            yield port
            return
    raise PortTaken(host=host, port=wanted or DEFAULT_PORT)


def _wait_until_ready(
    process: subprocess.Popen[bytes], server: Server, seconds: float
) -> str | None:
    """Return None when the server is ready, else what became of it."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if (code := process.poll()) is not None:
            return f"ended with exit code {code}"
        try:
            with opener.open(f"{server.address}ready", timeout=5) as answer:
                if answer.status == 200:
                    return None
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    return f"did not answer at {server.address}ready within {seconds:.0f} s"
