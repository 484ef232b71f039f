"""The schema's versions: one file a change, the SQL beside it, run in order by Alembic."""

from __future__ import annotations

from pathlib import Path

import alembic.command
import alembic.config
import alembic.script
from alembic import op
from sqlalchemy import Connection, Engine, text

FOLDER = Path(__file__).parent


def run_sql_beside(version_file: str) -> None:
    """Run the SQL file that stands beside a migration's Python file, as one script."""
    script = Path(version_file).with_suffix(".sql").read_text("utf-8")
    # Straight to the driver: a script is many statements and its colons are casts, not parameters.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(script.encode())


def _alembic(conn: Connection | None = None) -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = conn
    return config


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version; nothing happens when it is there already."""
    with engine.connect() as conn:
        alembic.command.upgrade(_alembic(conn), "head")
        conn.commit()


def schema_versions(engine: Engine) -> tuple[str | None, str | None]:
    """Return (version in the database, newest version of this program); None = no schema yet."""
    newest = alembic.script.ScriptDirectory.from_config(_alembic()).get_current_head()
    with engine.connect() as conn:
        if conn.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
            return None, newest
        here = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return here, newest
