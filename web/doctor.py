"""Whether everything is in place: the machine, the database and its walls, screens, server."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import sys
import tomllib
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from geo.errors import Refusal
from grids import proofs
from grids.db import make_engine
from grids.migrations import schema_versions
from web import assets
from web.browser import find_browser, has_cjk_font
from web.clock import now
from web.cluster import WEB_ROLE, Cluster, database_url
from web.cluster_host import OLDEST_MAJOR, find_server_programs
from web.home import PROJECT, home_folder
from web.processes import is_running

Health = Literal["ok", "warn", "fail"]
GB = 1e9
OLDEST_PROOF = timedelta(hours=26)
WALLED = ("household", "camera", "incident", "incident_step", "visit", "patrol", "audit")
COUNTED = ("township", "village", "grid", "subgroup")


@dataclass(frozen=True)
class Finding:
    """What one check found.

    `said` is a sentence on the state; `remedy` says what to do, empty where all is well.
    """

    check: str
    status: Health
    said: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the finding for JSON."""
        return asdict(self)


def run() -> list[Finding]:
    """Check everything and return the findings in the order in which they should be mended.

    Nothing is started or changed. Without a database the checks that need one are left out, as
    the finding on the database says what to do first.
    """
    findings = [python(), packages(), server_programs(), cluster()]
    findings += database()
    findings += [screens(), browser(), disk(), server()]
    return findings


def python() -> Finding:
    """Check the interpreter against what the project allows."""
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Finding("python", "ok", f"Python {version}")
    return Finding("python", "fail", f"Python {version}", "Use Python 3.11 to 3.13.")


def packages() -> Finding:
    """Check the installed packages against `uv.lock`."""
    lock = PROJECT / "uv.lock"
    if not lock.is_file():
        return Finding("packages", "ok", "installed from a wheel, with no lock to compare")
    locked: dict[str, set[str]] = {}
    needed: set[str] = set()
    for package in tomllib.loads(lock.read_text("utf-8"))["package"]:
        if package["name"] == "wangge":
            needed = {dependency["name"] for dependency in package["dependencies"]}
        elif "version" in package:
            locked.setdefault(package["name"], set()).add(package["version"])
    installed = {
        re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower(): found.version
        for found in importlib.metadata.distributions()
    }
    astray = sorted(needed - installed.keys()) + sorted(
        f"{name} {version}"
        for name, version in installed.items()
        if name in locked and version not in locked[name]
    )
    if astray:
        said = f"not as in uv.lock: {', '.join(astray)}"
        return Finding("packages", "fail", said, "Run make setup.")
    return Finding("packages", "ok", f"{len(installed)} packages as in uv.lock")


def server_programs() -> Finding:
    """Check that PostgreSQL with PostGIS is installed, unless a server is given."""
    programs = find_server_programs()
    if programs:
        said = f"PostgreSQL {programs.major} with PostGIS in {programs.folder}"
        return Finding("server programs", "ok", said)
    said = f"no PostgreSQL {OLDEST_MAJOR} or later with PostGIS"
    if os.environ.get("DATABASE_URL"):
        return Finding("server programs", "ok", f"{said}; DATABASE_URL names a server")
    remedy = (
        "Run make setup as root, or apt-get install --no-install-recommends postgresql-postgis."
    )
    return Finding("server programs", "fail", said, remedy)


def cluster() -> Finding:
    """Check the private cluster, unless a server is given."""
    if os.environ.get("DATABASE_URL"):
        return Finding("cluster", "ok", "not used: DATABASE_URL names a server")
    try:
        status = Cluster.at().status()
    except (Refusal, OSError) as error:
        return Finding("cluster", "fail", str(error), "See what the message names.")
    if status.state == "up":
        return Finding("cluster", "ok", f"PostgreSQL {status.major} in {status.folder}")
    said = f"{status.state} in {status.folder}"
    return Finding("cluster", "fail", said, "Run wangge db up (the log lies beside the data).")


def database() -> list[Finding]:
    """Check what is in the database: reach, PostGIS, schema, web role, walls, county."""
    try:
        engine = make_engine(database_url("owner"), pooled=False)
        with engine.connect() as conn:
            release = str(conn.scalar(text("SHOW server_version")))
            findings = [
                Finding("database", "ok", f"PostgreSQL {release} answers"),
                postgis(conn),
            ]
            here, newest = schema_versions(engine)
            findings.append(schema(here, newest))
            if here is not None:
                findings += [walls(conn), county(conn)]
            if here == newest:
                findings.append(proof(conn, now()))
    except (Refusal, SQLAlchemyError) as error:
        said = str(getattr(error, "orig", error)).strip().splitlines()[0]
        return [Finding("database", "fail", said, "Run wangge db up, or mend DATABASE_URL.")]
    findings.append(web_role())
    return findings


def postgis(conn: Connection) -> Finding:
    """Check the release of PostGIS in the database."""
    version = conn.scalar(text("SELECT extversion FROM pg_extension WHERE extname = 'postgis'"))
    if version is None:
        remedy = "Run wangge db migrate as a role that may create extensions."
        return Finding("postgis", "fail", "the database has no PostGIS", remedy)
    if tuple(map(int, str(version).split(".")[:2])) < (3, 3):
        return Finding("postgis", "fail", f"PostGIS {version}", "PostGIS 3.3 or later is needed.")
    return Finding("postgis", "ok", f"PostGIS {version}")


def schema(here: str | None, newest: str | None) -> Finding:
    """Check that every migration has run."""
    if here == newest:
        return Finding("schema", "ok", f"version {here}")
    said = f"version {here or 'none'}, this program has {newest}"
    return Finding("schema", "fail", said, "Run wangge db migrate.")


def walls(conn: Connection) -> Finding:
    """Check that row-level security stands on every scoped table, also for its owner.

    A partition has walls of its own, and none by default: it must not be readable directly.
    """
    bare = conn.scalars(
        text("""
            SELECT relname FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relname = ANY (:walled)
               AND NOT (relrowsecurity AND relforcerowsecurity)
            UNION ALL
            SELECT part.relname FROM pg_class AS part
              JOIN pg_inherits ON inhrelid = part.oid
              JOIN pg_class AS whole ON whole.oid = inhparent
             WHERE whole.relname = ANY (:walled) AND part.relkind IN ('r', 'p')
               AND NOT part.relrowsecurity
               AND has_table_privilege(:role, part.oid, 'SELECT, INSERT, UPDATE, DELETE')
             ORDER BY 1
        """),
        {"walled": list(WALLED), "role": WEB_ROLE},
    ).all()
    if bare:
        said = f"no forced row-level security on {', '.join(bare)}"
        return Finding("walls", "fail", said, "Run wangge db migrate; then look who altered it.")
    return Finding("walls", "ok", f"row-level security on {len(WALLED)} tables")


def web_role() -> Finding:
    """Check by signing in as the web does that its role is bound by the walls."""
    engine = make_engine(database_url("web"), pooled=False)
    try:
        with engine.connect() as conn:
            role = conn.execute(
                text("""
                    SELECT rolname, rolsuper OR rolbypassrls AS unbound,
                           (SELECT count(*) FROM pg_class WHERE relowner = r.oid) AS owned
                      FROM pg_roles AS r WHERE rolname = current_user
                """)
            ).one()
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", error)).strip().splitlines()[0]
        remedy = f"Run wangge db migrate; on a given server, let its account become {WEB_ROLE}."
        return Finding("web role", "fail", said, remedy)
    if role.unbound or role.owned:
        why = (
            "passes row-level security" if role.unbound else f"owns {role.owned} tables or indexes"
        )
        remedy = f"Set WANGGE_WEB_DATABASE_URL to a role like {WEB_ROLE}."
        return Finding("web role", "fail", f"{role.rolname} {why}", remedy)
    return Finding("web role", "ok", f"{role.rolname} owns nothing and is bound by the walls")


def county(conn: Connection) -> Finding:
    """Say what is loaded."""
    rows = conn.execute(
        text("SELECT level, count(*) FROM unit WHERE upper_inf(valid) GROUP BY level")
    )
    counts = dict(iter(rows))
    if not counts.get("grid"):
        remedy = "Run wangge demo for the invented county, or wangge import for your own."
        return Finding("county", "warn", "no grids are loaded", remedy)
    said = ", ".join(f"{counts.get(level, 0):,} {level}s" for level in COUNTED)
    return Finding("county", "ok", said)


def proof(conn: Connection, at: datetime) -> Finding:
    """Say when the coverage was last proven by the database itself, and with what result."""
    run = proofs.last(conn)
    in_force = conn.scalar(text("SELECT max(number) FROM publication"))
    if in_force is None:
        return Finding("proof", "ok", "nothing is in force yet")
    remedy = "Let wangge serve or wangge work run: it is proven every night."
    if run is None:
        return Finding("proof", "warn", "never proven by the database itself", remedy)
    said = f"publication {run.publication}, {run.at:%Y-%m-%d %H:%M} UTC, {run.cause}"
    if not run.exact:
        worst = ", ".join(sorted({str(fault["unit"]) for fault in run.faults})[:5])
        remedy = f"Restore the last backup that is exact; look at {worst}."
        return Finding("proof", "fail", f"{run.n_faults} faults ({said})", remedy)
    if at - run.at > OLDEST_PROOF:
        return Finding("proof", "warn", f"exact, but long ago ({said})", remedy)
    return Finding("proof", "ok", f"exact ({said})")


def screens() -> Finding:
    """Check that the client is built."""
    try:
        assets.entry("console")
    except assets.ClientNotBuilt:
        return Finding("screens", "fail", "the client is not built", "Run make setup.")
    return Finding("screens", "ok", "built")


def browser() -> Finding:
    """Say whether the tests that draw pages can run; nothing else needs a browser here."""
    lacking = [] if find_browser() else ["chromium"]
    lacking += [] if has_cjk_font() else ["fonts-noto-cjk"]
    if lacking:
        said = f"for tests only, not installed: {', '.join(lacking)}"
        return Finding("browser", "ok", said, "Before make test: make setup as root.")
    return Finding("browser", "ok", "Chromium and a Chinese font, for tests")


def disk() -> Finding:
    """Check the space left where the data grow."""
    folder = home_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    said = f"{free / GB:.1f} GB free at {folder}"
    if free < 5 * GB:
        return Finding("disk", "fail" if free < GB else "warn", said, "Make room.")
    return Finding("disk", "ok", said)


def server() -> Finding:
    """Check that the server in the background answers."""
    running = is_running()
    if running is None:
        remedy = "Run wangge serve --detach, unless a service manager runs it."
        return Finding("server", "warn", "none in the background", remedy)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{running.address}ready", timeout=10):
            return Finding("server", "ok", f"ready at {running.address}")
    except (OSError, urllib.error.URLError) as error:
        said = f"{running.address} is not ready: {error}"
        return Finding("server", "fail", said, f"See {home_folder() / 'run' / 'server.log'}.")
