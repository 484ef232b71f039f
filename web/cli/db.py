"""`wangge db`: the private cluster, or the server that `DATABASE_URL` names."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import click
from sqlalchemy import make_url

from geo.errors import Refusal
from grids import notices, proofs
from grids.migrations import migrate, schema_versions
from web.cli.database import engine, transaction
from web.cli.output import REFUSED, Answer, WanggeGroup, give
from web.cluster import Cluster
from web.cluster_host import require_server_programs

# Everything but PostgreSQL's own, whatever schemas an older or a newer program made.
CLEARED = """
SET client_min_messages = warning;
DO $$
DECLARE name text;
BEGIN
  FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', name);
  END LOOP;
  CREATE SCHEMA public AUTHORIZATION pg_database_owner;
  GRANT USAGE ON SCHEMA public TO PUBLIC;
END $$;
"""


class ToolFailed(Refusal):
    """pg_dump, pg_restore or psql ended with an error."""

    code = "db.tool_failed"
    sentence = "{tool} failed: {said}"


@click.group(cls=WanggeGroup)
def db() -> None:
    """The database: start, stop, migrate, dump, restore."""


def _given() -> bool:
    return bool(os.environ.get("DATABASE_URL"))


@db.command()
@give
def up(answer: Answer) -> None:
    """Start the private cluster; nothing happens when it runs or a server is given."""
    if not _given():
        Cluster.at().up()
    answer.give({"up": True, "given": _given()}, lambda c: c.print("database is up"))


@db.command()
@give
def down(answer: Answer) -> None:
    """Stop the private cluster; a given server is left alone."""
    stopped = False if _given() else Cluster.at().down()
    answer.give({"stopped": stopped}, lambda c: c.print("stopped" if stopped else "was not up"))


@db.command()
@give
def status(answer: Answer) -> None:
    """Say whether the database runs and whether its schema is current."""
    running = _given() or Cluster.at().status().state == "up"
    here, newest = schema_versions(engine()) if running else (None, None)
    document = {
        "running": running,
        "given": _given(),
        "schema": here,
        "newest": newest,
        "current": here is not None and here == newest,
    }
    answer.give(document)


@db.command(name="migrate")
@give
def migrate_(answer: Answer) -> None:
    """Bring the schema to the newest version."""
    migrate(engine())
    here, newest = schema_versions(engine())
    answer.give({"schema": here, "newest": newest}, lambda c: c.print(f"schema {here}"))


def _run_tool(tool: str, *arguments: str) -> None:
    programs = require_server_programs()
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [programs.path(tool), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ToolFailed(tool=tool, said=done.stderr.strip()[-2000:])


def _database() -> str:
    """Return the option that tells a tool which database is meant."""
    url = make_url(engine().url.render_as_string(hide_password=False)).set(drivername="postgresql")
    return f"--dbname={url.render_as_string(hide_password=False)}"


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@give
def dump(answer: Answer, file: Path) -> None:
    """Write the whole database to FILE (pg_dump's custom format)."""
    partial = file.with_name(file.name + ".part")
    _run_tool("pg_dump", _database(), "--format=custom", f"--file={partial}")
    partial.replace(file)
    answer.give(
        {"file": str(file), "bytes": file.stat().st_size},
        lambda c: c.print(f"written {file} ({file.stat().st_size:,} bytes)"),
    )


@db.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@give
def restore(answer: Answer, file: Path) -> None:
    """Replace the database's contents by those of FILE, all or nothing, and prove what came."""
    # The whole script first: a file that is cut short has to be found out before anything is
    # cleared. `pg_restore --clean` cannot drop what a partition inherits, so psql clears.
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "restore.sql"
        _run_tool("pg_restore", f"--file={script}", str(file))
        _run_tool(
            "psql",
            _database(),
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--single-transaction",
            f"--command={CLEARED}",
            f"--file={script}",
        )
    here, newest = schema_versions(engine())
    document: dict[str, object] = {"restored": str(file), "schema": here, "exact": None}
    if here != newest:  # an older program's database: it is proven when it has been brought up
        answer.give(document, lambda c: c.print(f"restored {file}; run wangge db migrate"))
        return
    with transaction() as (conn, _):
        notices.adopt_positions(conn)
        proof = proofs.run(conn, "restore")
    document |= {"publication": proof.publication, "exact": proof.exact, "faults": proof.faults}
    said = "proven" if proof.exact else f"NOT exact: {proof.n_faults} faults"
    answer.give(document, lambda c: c.print(f"restored {file}: {said}"))
    if not proof.exact:
        click.get_current_context().exit(REFUSED)
