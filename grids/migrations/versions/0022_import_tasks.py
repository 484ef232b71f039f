"""Imports through the screens, each a row from the file's arrival to what came of it."""

from grids.migrations import run_sql_beside

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_beside(__file__)
