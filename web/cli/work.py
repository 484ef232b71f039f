"""`wangge work`: the job worker alone."""

from __future__ import annotations

import os

import click

from grids.db import make_engine
from web import jobs
from web.cli.output import WanggeCommand
from web.cluster import Cluster, database_url


@click.command(cls=WanggeCommand)
def work() -> None:
    """Publish plans on their day, prove the coverage at night, seal the audit trail."""
    if not os.environ.get("DATABASE_URL"):
        Cluster.at().up()
    jobs.work(make_engine(database_url("owner"), application="wangge-work"))
