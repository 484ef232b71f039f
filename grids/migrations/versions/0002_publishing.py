"""Publishing: the one way in which the coverage in force changes."""

from grids.db import run_migration_file

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_migration_file(__file__)
