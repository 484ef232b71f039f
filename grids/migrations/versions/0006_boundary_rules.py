"""What is usual of a grid, as data: limits per kind and area that the check of a plan reads."""

from grids.migrations import run_sql_beside

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_beside(__file__)
