"""Past publications drawn as they were, names as they were, and QGIS beside the product."""

from grids.migrations import run_sql_beside

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_beside(__file__)
