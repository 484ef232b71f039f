"""The description of the API: whole, valid, and kept by the answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from grids.model import Role

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def described(app) -> dict[str, Any]:
    return app.test_client().get("/api/v1/openapi.json").json


def operations(described):
    for path, item in described["paths"].items():
        for method, operation in item.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield f"{method.upper()} {path}", operation


def test_every_address_of_the_api_is_described(app, described):
    written = {
        f"{method} " + re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "api-docs.openapi_json"
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert {name for name, _ in operations(described)} == written


def test_every_operation_says_what_it_does_and_how_it_is_refused(described):
    fields = described["components"]["schemas"]["ProblemDetails"]
    assert set(fields["required"]) == {"type", "title", "status", "code", "detail"}
    refused = described["components"]["responses"]["DEFAULT_ERROR"]
    assert refused["content"][PROBLEM]["schema"]["$ref"].endswith("/ProblemDetails")
    for name, operation in operations(described):
        assert operation["summary"], name
        answers = operation["responses"]
        assert answers["default"]["$ref"].endswith("/DEFAULT_ERROR"), name
        for status, answer in answers.items():
            if status[0] in "45" and "$ref" not in answer:
                assert set(answer["content"]) == {PROBLEM}, (name, status)


def test_it_is_a_valid_openapi_document(app):
    schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app).validate()


def test_the_ways_to_sign_in_are_described(described):
    assert set(described["components"]["securitySchemes"]) == {"token", "session"}
    assert described["security"] == [{"token": []}, {"session": []}]


def test_no_question_that_the_description_allows_breaks_the_server(app, world, staff_of):
    """Ask every GET with what fits its description and what does not; each answer is described."""
    headers = {"Authorization": f"Bearer {staff_of.account(Role.GRID_ADMIN).token}"}
    real = {
        "code": world.own.grid,
        "plan_id": str(world.own.plan),
        "incident_id": str(world.own.incident),
        "household_id": str(world.own.household),
        "camera_id": str(world.own.camera),
        "number": 1,
    }
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    for found in schema.include(method="GET").get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=5,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), known=st.booleans())
        def ask(case, known):
            if known and case.path_parameters:
                given = case.path_parameters
                case.path_parameters = {name: real.get(name, given[name]) for name in given}
            answer = case.call(headers=headers)
            assert answer.status_code < 500
            case.validate_response(
                answer, checks=[status_code_conformance, content_type_conformance]
            )

        ask()


@pytest.mark.parametrize(
    "asked",
    [
        "hotspots?since=0001-01-01&until=0001-01-01",
        "hotspots?since=0001-01-01&until=2000-01-01&compare=mom",
        "hotspots?since=1000-01-01&until=2000-01-01&compare=prev",
        "hotspots?since=9999-12-31&until=9999-12-31&compare=yoy",
        "hotspots?since=1900-01-01&until=2026-01-01",
        "hotspots/weeks?since=0001-01-08&until=0001-01-08",
        "counts?since=0001-01-01&until=0001-01-01",
    ],
)
def test_a_day_without_a_past_is_refused_by_its_name(token_as, asked):
    answer = token_as(Role.LEADER).get(f"/api/v1/{asked}")
    assert answer.status_code == 422
    assert set(answer.json["fields"]) <= {"since", "until"}
