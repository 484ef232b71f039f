"""What receiving incidents, signing in and sealing the audit trail keep."""

from grids.db import run_migration_file

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_migration_file(__file__)
