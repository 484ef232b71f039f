"""Steps know what they touched and when; drawings that were refused are kept."""

import json
import zlib

from alembic import op
from sqlalchemy import text

from grids.migrations import run_sql_beside

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_beside(__file__)
    conn = op.get_bind()
    for row in conn.execute(text("SELECT plan_id, seq, before, after FROM plan_step")).all():
        sides = (json.loads(zlib.decompress(side)) for side in (row.before, row.after))
        cells = sorted({number for side in sides for number, _ in side})
        conn.execute(
            text("UPDATE plan_step SET cells = :cells WHERE plan_id = :plan_id AND seq = :seq"),
            {"cells": cells, "plan_id": row.plan_id, "seq": row.seq},
        )
