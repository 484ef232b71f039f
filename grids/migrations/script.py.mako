"""${message}"""

from grids.db import run_migration_file

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_migration_file(__file__)
