"""The county in tables."""

from grids.db import run_migration_file

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_migration_file(__file__)
