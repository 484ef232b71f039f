"""The life of plans: approval, a day in the future, choices on incidents, proofs kept, jobs."""

from alembic import op
from procrastinate.schema import SchemaManager

from grids.migrations import run_sql_beside

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_beside(__file__)
    # The queue's own tables and functions name each other without a schema, so they get one of
    # their own and are reached by a search path; ours stay apart from them.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute("CREATE SCHEMA jobs; SET LOCAL search_path TO jobs, public")
    driver.execute(SchemaManager.get_schema().encode())
    driver.execute("RESET search_path")
