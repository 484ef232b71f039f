"""The private PostgreSQL of one checkout: made, started, stopped; no other cluster is touched.

It listens on a socket in a folder that only its own account may enter, and on no port. It needs
nothing but the standard library, so that set-up and clean-up work without any installed package.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from geo.errors import Refusal
from web.cluster_host import (
    Keeper,
    ServerPrograms,
    find_server_programs,
    require_server_programs,
    server_processes_in,
    server_settings,
)
from web.home import home_folder

__all__ = ["Cluster", "ClusterError", "Status", "database_url", "find_server_programs"]

DATABASE = OWNER = "wangge"
WEB_ROLE = "wangge_web"
PORT = 5432  # a part of the socket's file name, nothing listens on it
LONGEST_SOCKET_PATH = 107  # bytes in sun_path, the closing zero left out
LOG_LIMIT = 16 * 1024 * 1024

# psql reads this as the owner, in the database `postgres`.
FURNISH = f"""
SET client_min_messages = warning;
SELECT 'CREATE ROLE {WEB_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{WEB_ROLE}') \\gexec
SELECT 'CREATE DATABASE {DATABASE}'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec
\\connect {DATABASE}
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS postgis;
"""  # noqa: S608 - constants of this file


class ClusterError(Refusal):
    """The private cluster cannot do what was asked."""

    code = "cluster.refused"


class ForeignCluster(ClusterError):
    """The cluster in this folder was made by another account."""

    code = "cluster.foreign"
    sentence = (
        "The cluster in {folder} belongs to {owner}: run this as {owner}, "
        "or set WANGGE_HOME to a folder of your own."
    )


class ClosedFolder(ClusterError):
    """The account that runs PostgreSQL cannot reach the folder with the data."""

    code = "cluster.closed_folder"
    sentence = (
        "The account {owner} cannot reach {folder}, where the data is: a folder above it is "
        "closed. Open it (chmod o+x) or set WANGGE_HOME."
    )


class UnsafeSocketFolder(ClusterError):
    """Somebody else made the folder that the socket would lie in."""

    code = "cluster.unsafe_socket"
    sentence = "{folder} is not a private folder of {owner}: remove it, then try again."


class ClusterBusy(ClusterError):
    """Another program is starting or stopping the cluster and does not end."""

    code = "cluster.busy"
    sentence = "Another program has been starting or stopping the cluster in {folder} for {s} s."


class StillRunning(ClusterError):
    """Processes of a killed server are still at work on the data."""

    code = "cluster.still_running"
    sentence = "Processes of an earlier server still use {folder}: {pids}. End them first."


class DidNotStart(ClusterError):
    """PostgreSQL or one of its tools ended with an error."""

    code = "cluster.did_not_start"
    sentence = "{program} failed in {folder}:\n{output}"


@dataclass(frozen=True)
class Status:
    """How a cluster is; `pid` and `major` are None where there is no server or no data."""

    state: Literal["absent", "down", "up"]
    folder: Path
    socket: Path
    pid: int | None
    major: int | None


@dataclass(frozen=True)
class Cluster:
    """A private PostgreSQL under a home folder.

    Parameters
    ----------
    home
        The folder that it belongs to, absolute; the cluster lies in `pg` inside it.
    unsafe
        Nothing is forced to disk: faster, and lost when the machine stops. For tests.

    Notes
    -----
    PostgreSQL refuses to run as root; for root it runs as the account `postgres`, which cannot
    enter closed folders such as `/root`. The cluster then lies under `/var/lib/wangge`, and the
    file `pg.moved` in the home folder says where. Data already made stays where it is.
    """

    home: Path
    unsafe: bool = False

    @classmethod
    def at(cls, home: Path | None = None, *, unsafe: bool = False) -> Cluster:
        """Return the cluster of a home folder; without one, of this installation's."""
        return cls((home or home_folder()).resolve(), unsafe)

    # Places -------------------------------------------------------------------------------------

    @property
    def _mark(self) -> str:
        return hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]

    @property
    def _refuge(self) -> Path:
        return Path("/var/lib/wangge") / self._mark

    @property
    def folder(self) -> Path:
        """The folder with data, socket and log."""
        pointer = self.home / "pg.moved"
        # A copied checkout brings the pointer of the original along: only our own refuge counts.
        if pointer.is_file() and pointer.read_text("utf-8").splitlines()[0] == str(self._refuge):
            return self._refuge
        return self.home / "pg"

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "log"

    @property
    def socket_folder(self) -> Path:
        """The folder of the socket: beside the data, or a short one where that path is too long."""
        beside = self.folder / "s"
        if len(os.fsencode(beside / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
            return beside
        return Path("/tmp") / f"wangge-{self._mark}"  # noqa: S108 - its owner is checked

    def url(self, role: str | None = None) -> str:
        """Return the SQLAlchemy URL of the database for a role; without one, the owner's."""
        socket = quote(str(self.socket_folder), safe="")
        return f"postgresql+psycopg://{role or OWNER}@/{DATABASE}?host={socket}&port={PORT}"

    # What can be asked of it --------------------------------------------------------------------

    def up(self) -> Status:
        """Make the cluster if there is none, start it if it is down, and say how it is.

        Afterwards the database `wangge` with PostGIS exists, its owner `wangge` and the login
        role `wangge_web`. Two programs may call this at once.

        Raises
        ------
        NoServerPrograms, NoKeeper, ClusterError
            When the machine does not allow it; the message says what to do.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        with self._alone():
            keeper = self._claim_folder()
            if not (self.data / "PG_VERSION").is_file():
                self._make(keeper, require_server_programs())
            programs = require_server_programs(self._major())
            if self._pid() is None:
                self._start(keeper, programs)
            self._furnish(keeper, programs)
        return self.status()

    def down(self) -> bool:
        """Stop the server and tell whether there was one to stop."""
        if not self.data.is_dir() or self._pid() is None:
            return False
        with self._alone():
            if self._pid() is None:
                return False
            pg_ctl = require_server_programs(self._major()).path("pg_ctl")
            keeper = self._keeper()
            for mode in ("fast", "immediate"):
                command = (pg_ctl, "stop", "-D", str(self.data), "-m", mode, "-t", "30", "-s")
                done = keeper.run(*command)
                if done.returncode == 0:
                    return True
        raise DidNotStart(program="pg_ctl stop", folder=str(self.folder), output=done.stderr)

    def status(self) -> Status:
        """Return how the cluster is, without changing anything."""
        made = (self.data / "PG_VERSION").is_file()
        pid = self._pid() if made else None
        return Status(
            state="up" if pid else "down" if made else "absent",
            folder=self.folder,
            socket=self.socket_folder,
            pid=pid,
            major=self._major() if made else None,
        )

    def remove(self) -> None:
        """Stop the server and delete the cluster with everything in it."""
        self.down()
        for folder in (self.socket_folder, self.folder):
            if folder.is_dir():
                shutil.rmtree(folder)
        for file in ("pg.moved", "pg.lock"):
            (self.home / file).unlink(missing_ok=True)

    # How it is done -----------------------------------------------------------------------------

    @contextmanager
    def _alone(self, seconds: int = 90) -> Iterator[None]:
        lock = os.open(self.home / "pg.lock", os.O_RDONLY | os.O_CREAT, 0o644)
        try:
            give_up = time.monotonic() + seconds
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > give_up:
                        raise ClusterBusy(folder=str(self.folder), s=seconds) from None
                    time.sleep(0.05)
            yield
        finally:
            os.close(lock)

    def _major(self) -> int:
        return int((self.data / "PG_VERSION").read_text("ascii"))

    def _keeper(self) -> Keeper:
        """Return the account that the cluster belongs to, or will."""
        me = os.geteuid()
        owner = self.folder.stat().st_uid if self.folder.exists() else me
        if owner not in (me, 0) and me != 0:
            raise ForeignCluster(folder=str(self.folder), owner=Keeper.of(owner).name)
        if owner != 0:
            return Keeper.of(owner)
        if me != 0:
            raise ForeignCluster(folder=str(self.folder), owner="root")
        return Keeper.named("postgres")

    def _claim_folder(self) -> Keeper:
        keeper = self._keeper()
        self._give(self.folder, keeper)
        if keeper.can_write_in(self.folder):
            return keeper
        if self.data.exists() or os.geteuid() != 0:
            raise ClosedFolder(owner=keeper.name, folder=str(self.folder))
        self.folder.rmdir()
        self._refuge.parent.mkdir(mode=0o755, exist_ok=True)
        note = f"{self._refuge}\nThe account {keeper.name} cannot reach {self.home}.\n"
        (self.home / "pg.moved").write_text(note, "utf-8")
        self._give(self.folder, keeper)
        if not keeper.can_write_in(self.folder):
            raise ClosedFolder(owner=keeper.name, folder=str(self.folder))
        return keeper

    @staticmethod
    def _give(folder: Path, keeper: Keeper) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != keeper.uid:
            os.chown(folder, keeper.uid, keeper.gid)
        folder.chmod(0o700)

    def _pid(self) -> int | None:
        """Return the process id of the running server, or None.

        What `postmaster.pid` says counts only if that process works in this data folder: after
        a kill -9 the number may belong to a zombie or to a stranger.
        """
        noted = self._noted_pid()
        return noted if noted in server_processes_in(self.data) else None

    def _noted_pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text("utf-8").splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def _make(self, keeper: Keeper, programs: ServerPrograms) -> None:
        # Made aside and renamed when whole: a killed initdb leaves a folder that looks finished.
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._run(
            keeper,
            programs.path("initdb"),
            f"--pgdata={fresh}",
            f"--username={OWNER}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth-local=trust",  # the socket's folder is closed to everybody else
            "--auth-host=reject",
            "--data-checksums",
            *(["--no-sync"] if self.unsafe else []),
        )
        conf = fresh / "postgresql.conf"
        keeper.write(conf, conf.read_text("utf-8") + "\ninclude = 'wangge.conf'\n")
        fresh.rename(self.data)

    def _start(self, keeper: Keeper, programs: ServerPrograms) -> None:
        self._wait_for_the_killed()
        # PostgreSQL drops a stale postmaster.pid itself, after a look at its shared memory, unless
        # the number is alive; here it is alive only as a zombie or as somebody else.
        noted = self._noted_pid()
        if noted is None or Path(f"/proc/{noted}").exists():
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._open_socket_folder(keeper)
        if self.log.is_file() and self.log.stat().st_size > LOG_LIMIT:
            self.log.rename(self.log.with_suffix(".old"))
        settings = server_settings(self.socket_folder, PORT, unsafe=self.unsafe)
        lines = [f"{name} = '{value}'" for name, value in settings.items()]
        keeper.write(self.data / "wangge.conf", "\n".join(lines) + "\n")
        pg_ctl = programs.path("pg_ctl")
        self._run(
            keeper,
            *(pg_ctl, "start", "-D", str(self.data), "-l", str(self.log), "-w", "-t", "60", "-s"),
            log=self.log,
        )

    def _wait_for_the_killed(self, seconds: float = 10) -> None:
        """Wait until the children of a killed server are gone: two servers would ruin the data."""
        give_up = time.monotonic() + seconds
        while left := server_processes_in(self.data):
            if time.monotonic() > give_up:
                raise StillRunning(folder=str(self.data), pids=sorted(left))
            time.sleep(0.05)

    def _open_socket_folder(self, keeper: Keeper) -> None:
        folder = self.socket_folder
        try:
            folder.mkdir(mode=0o700)
            os.chown(folder, keeper.uid, keeper.gid)
        except FileExistsError:
            found = folder.lstat()
            if folder.is_symlink() or found.st_uid != keeper.uid or found.st_mode & 0o077:
                name = keeper.name
                raise UnsafeSocketFolder(folder=str(folder), owner=name) from None
        for leftover in folder.glob(".s.PGSQL.*"):
            leftover.unlink()

    def _furnish(self, keeper: Keeper, programs: ServerPrograms) -> None:
        self._run(
            keeper,
            programs.path("psql"),
            *("--no-psqlrc", "--quiet", "--tuples-only", "--set=ON_ERROR_STOP=1"),
            *(f"--host={self.socket_folder}", f"--port={PORT}", f"--username={OWNER}"),
            "--dbname=postgres",
            given=FURNISH,
        )

    def _run(
        self, keeper: Keeper, *command: str, given: str | None = None, log: Path | None = None
    ) -> None:
        done = keeper.run(*command, given=given)
        if done.returncode:
            output = done.stderr.strip() or done.stdout.strip()
            if log and log.is_file():
                output = "\n".join(log.read_text("utf-8", "replace").splitlines()[-20:])
            program = Path(command[0]).name
            raise DidNotStart(program=program, folder=str(self.folder), output=output)


def database_url(role: Literal["owner", "web"] = "owner") -> str:
    """Return the SQLAlchemy URL of the database for the owner or for the web role.

    `DATABASE_URL` names a given server; without it the URL is the private cluster's, which
    this does not start. On a given server the web role signs in by `WANGGE_WEB_DATABASE_URL`,
    or as the same account that then becomes `wangge_web` by the connection's `options`.
    """
    given = os.environ.get("DATABASE_URL")
    if not given:
        return Cluster.at().url(WEB_ROLE if role == "web" else OWNER)
    if role == "owner":
        return _with_driver(given)
    own = os.environ.get("WANGGE_WEB_DATABASE_URL")
    return _with_driver(own) if own else _as_web_role(_with_driver(given))


def _with_driver(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    plain = scheme in ("postgres", "postgresql")
    return f"postgresql+psycopg{separator}{rest}" if plain else url


def _as_web_role(url: str) -> str:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    query["options"] = f"{query.get('options', '')} -c role={WEB_ROLE}".strip()
    # urlunsplit drops an empty host (`postgresql://user@/db` keeps its `user@`, `:///db` does not).
    head = f"{parts.scheme}://{parts.netloc}"
    return head + urlunsplit(("", "", parts.path, urlencode(query, quote_via=quote), ""))
