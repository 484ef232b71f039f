"""The command line when the database is not what it should be: a sentence, and never a trace."""

import json

import pytest
from click.testing import CliRunner

from tests.database import database_url
from web.cli import main as cli


def run(url):
    answer = CliRunner(env={"DATABASE_URL": url}).invoke(
        cli, ["rules", "list", "--json"], catch_exceptions=False
    )
    return answer.exit_code, json.loads(answer.stdout)["error"]


@pytest.mark.parametrize("url", ["nonsense", "mysql://somebody:secret@somewhere/grids"])
def test_what_is_no_address_is_refused_and_not_repeated(url):
    code, error = run(url)
    assert (code, error["code"]) == (1, "database.address")
    assert "secret" not in json.dumps(error)


def test_a_database_that_is_not_there_is_named(server_url):
    code, error = run(database_url(server_url, "not_there"))
    assert (code, error["code"]) == (1, "database")
    assert "not_there" in error["reason"]


def test_a_database_without_a_schema_asks_to_be_migrated(server_url):
    code, error = run(database_url(server_url, "postgres"))
    assert (code, error["code"]) == (1, "database.schema")
    assert "wangge db migrate" in error["message"]
