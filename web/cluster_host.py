"""What the machine offers a private PostgreSQL: its programs, the account that runs it, memory.

Nothing here needs more than the standard library: set-up uses it before any package is installed.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from geo.errors import Refusal

OLDEST_MAJOR = 15
MB = 1024 * 1024


class NoServerPrograms(Refusal):
    """No PostgreSQL with PostGIS is installed, or not the release that made the data."""

    code = "cluster.no_server"
    sentence = (
        "No PostgreSQL {wanted} with PostGIS is installed. On Debian or Ubuntu: "
        "apt-get install --no-install-recommends {package}. "
        "Programs in another folder: set WANGGE_PG_BIN to it."
    )


class NoKeeper(Refusal):
    """PostgreSQL does not run as root, and the account it runs as instead does not exist."""

    code = "cluster.no_keeper"
    sentence = (
        "PostgreSQL does not run as root and the account {name} does not exist: "
        "run this as an ordinary user."
    )


@dataclass(frozen=True)
class ServerPrograms:
    """One release of PostgreSQL that has PostGIS: the folder of its programs, its major number."""

    folder: Path
    major: int

    def path(self, program: str) -> str:
        """Return the full path of `initdb`, `pg_ctl`, `psql`, ...; PATH has no say in it."""
        return str(self.folder / program)


def _candidate_folders() -> Iterator[Path]:
    given = os.environ.get("WANGGE_PG_BIN")
    if given:
        yield Path(given)
    packaged = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    yield from sorted(packaged, key=lambda folder: _number_in(str(folder)), reverse=True)
    # A link on PATH is followed to its real folder: `psql` and friends there may be wrappers.
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _number_in(name: str) -> int:
    return max((int(n) for n in re.findall(r"\d+", name)), default=0)


def _inspect(folder: Path) -> ServerPrograms | None:
    if not all(os.access(folder / p, os.X_OK) for p in ("postgres", "initdb", "pg_ctl", "psql")):
        return None
    try:
        told = subprocess.run(  # noqa: S603 - a program of a known folder
            [folder / "pg_config", "--sharedir", "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return None
    if not (Path(told[0]) / "extension" / "postgis.control").is_file():
        return None
    return ServerPrograms(folder, int(re.findall(r"\d+", told[1])[0]))


def find_server_programs(major: int | None = None) -> ServerPrograms | None:
    """Return the newest installed PostgreSQL (15 or later) that has PostGIS, or None.

    Parameters
    ----------
    major
        Only this release will do, because it made the data that is there.

    Notes
    -----
    A folder is accepted only if `postgis.control` lies under its own `pg_config --sharedir`: a
    PostgreSQL on PATH often comes without PostGIS. `WANGGE_PG_BIN` names a folder to try first.
    """
    for folder in _candidate_folders():
        programs = _inspect(folder)
        if programs and programs.major >= OLDEST_MAJOR and major in (None, programs.major):
            return programs
    return None


def require_server_programs(major: int | None = None) -> ServerPrograms:
    """Return what `find_server_programs` finds, or raise.

    Raises
    ------
    NoServerPrograms
        With the package to install.
    """
    programs = find_server_programs(major)
    if programs is None:
        raise NoServerPrograms(
            wanted=f"{major}" if major else f"{OLDEST_MAJOR} or later",
            package=f"postgresql-{major or OLDEST_MAJOR}-postgis-3",
        )
    return programs


@dataclass(frozen=True)
class Keeper:
    """The account that a private cluster belongs to and runs as."""

    name: str
    uid: int
    gid: int

    @classmethod
    def of(cls, uid: int) -> Keeper:
        """Return the account with this number; numbers without a name are accounts too."""
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            return cls(str(uid), uid, os.getegid())
        return cls(entry.pw_name, uid, entry.pw_gid)

    @classmethod
    def named(cls, name: str) -> Keeper:
        """Return the account with this name.

        Raises
        ------
        NoKeeper
            If there is none.
        """
        try:
            return cls.of(pwd.getpwnam(name).pw_uid)
        except KeyError:
            raise NoKeeper(name=name) from None

    def run(
        self, *command: str, given: str | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, from `/`, in a clean environment; output is captured.

        The caller's `PG*` variables would lead the programs elsewhere, and its working folder
        may be closed to the account, so neither is passed on. The exit code is the caller's to
        judge.
        """
        other = self.uid != os.geteuid()
        return subprocess.run(  # noqa: S603 - the caller names full paths
            command,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            cwd="/",
            umask=0o077,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
            user=self.uid if other else None,
            group=self.gid if other else None,
            extra_groups=os.getgrouplist(self.name, self.gid) if other else None,
        )

    def can_write_in(self, folder: Path) -> bool:
        """Tell by trying whether the account reaches `folder` and may write there."""
        probe = 'cd -- "$1" && : > .probe && rm -f .probe'
        return self.run("/bin/sh", "-c", probe, "probe", str(folder)).returncode == 0

    def write(self, file: Path, content: str) -> None:
        """Put `content` into `file` as this account, whole or not at all."""
        script = 'cat > "$1.new" && mv -f -- "$1.new" "$1"'
        self.run("/bin/sh", "-c", script, "write", str(file), given=content).check_returncode()


def memory_bytes() -> int:
    """Return the memory this program may use: the machine's, or less where a cgroup says so."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text("ascii"))
    except (OSError, ValueError):
        return machine
    return min(machine, limit)


def memory_settings(memory: int) -> dict[str, str]:
    """Return PostgreSQL's memory settings for a machine with `memory` bytes that it shares.

    An eighth for the shared buffers, as the programs beside it (and a second cluster for tests)
    need room too; never below what a county needs nor above what it can use.
    """

    def megabytes(part: int, least: int, most: int) -> str:
        return f"{min(max(memory // part // MB, least), most)}MB"

    return {
        "shared_buffers": megabytes(8, 128, 2048),
        "effective_cache_size": megabytes(2, 512, 16384),
        "work_mem": megabytes(256, 16, 64),
        "maintenance_work_mem": megabytes(32, 64, 512),
    }


def has_small_shared_memory() -> bool:
    """Tell whether `/dev/shm` is too small for parallel queries, as in many containers."""
    try:
        shm = os.statvfs("/dev/shm")  # noqa: S108 - looked at, nothing is put there
    except OSError:
        return True
    return shm.f_blocks * shm.f_frsize < 256 * MB


def server_settings(socket_folder: Path, port: int, *, unsafe: bool) -> dict[str, str]:
    """Return the settings of a private server: one socket, no port, this machine's memory.

    Parameters
    ----------
    unsafe
        Nothing is forced to disk.
    """
    settings = {
        "listen_addresses": "",
        "port": str(port),
        "unix_socket_directories": str(socket_folder),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "jit": "off",
        "random_page_cost": "1.1",
        "max_parallel_workers_per_gather": str(min(2, (os.cpu_count() or 1) // 2)),
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "log_min_duration_statement": "2s",
        **memory_settings(memory_bytes()),
    }
    if has_small_shared_memory():
        settings["dynamic_shared_memory_type"] = "mmap"
    if unsafe:
        settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        settings |= {"wal_level": "minimal", "max_wal_senders": "0"}
    return settings


def server_processes_in(folder: Path) -> set[int]:
    """Return the ids of PostgreSQL processes whose working folder is this data folder.

    Zombies have no working folder and a re-used process id has another one, so neither is
    mistaken for a server.
    """
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "cwd").readlink() != folder:
                continue
            if (entry / "comm").read_text("utf-8").startswith("postgres"):
                found.add(int(entry.name))
        except OSError:
            continue  # gone meanwhile, a zombie, or another account's
    return found
