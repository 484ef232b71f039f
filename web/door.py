"""What the doors of the API share: strict input, problem details, one description of them all."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, ClassVar

import flask_smorest
import orjson
from flask import Flask, Request, abort, request
from marshmallow import INCLUDE, Schema, fields
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request

PROBLEM = "application/problem+json"


class ProblemDetails(Schema):
    """What an error answers (RFC 9457); the facts of a refusal stand beside these fields."""

    class Meta:
        """Facts differ from code to code."""

        unknown = INCLUDE

    type = fields.String(required=True, metadata={"description": "urn:wangge: and the code"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "Stable: rely on this one"})
    detail = fields.String(required=True, metadata={"description": "In the reader's language"})
    fields_ = fields.Dict(
        data_key="fields", metadata={"description": "What is wrong, by the field's name"}
    )


class StrictParser(FlaskParser):
    """Reads requests by orjson, which knows no NaN and no endless nesting; ignores nothing."""

    # The schemas decide; webargs' own default passes over what a query does not know.
    DEFAULT_UNKNOWN_BY_LOCATION: ClassVar[dict[str, str | None]] = {}

    def _raw_load_json(self, req: Request) -> Any:
        said = req.get_data(cache=True)
        if not is_json_request(req) or not said:
            return missing
        try:
            return _without_nul(orjson.loads(said))
        except orjson.JSONDecodeError as error:
            # orjson keeps neither document nor place where the text is not UTF-8
            raise json.JSONDecodeError(error.msg, "{", 0) from error


def _without_nul(value: Any) -> Any:
    """Let pass JSON whose texts a database can keep."""
    if isinstance(value, str):
        if "\0" in value:
            raise json.JSONDecodeError("a text holds the character NUL", value, value.index("\0"))
    elif isinstance(value, list):
        for item in value:
            _without_nul(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _without_nul(key)
            _without_nul(item)
    return value


def install(app: Flask) -> None:
    """Refuse addresses and forms that hold the character NUL, which no database keeps."""

    @app.before_request
    def _refuse_nul() -> None:
        said = (request.path, *request.args.values(), *request.form.values())
        if any("\0" in text for text in said):
            abort(400)


class Blueprint(flask_smorest.Blueprint):
    """A door whose arguments are strict and whose errors are described as problem details."""

    ARGUMENTS_PARSER = StrictParser()

    def alt_response(self, status_code: int, *args: Any, **given: Any) -> Any:
        """Describe another answer; errors are problem details."""
        if status_code >= 400:
            given = {"schema": ProblemDetails, "content_type": PROBLEM} | given
        return super().alt_response(status_code, *args, **given)


class Api(flask_smorest.Api):
    """The description of all doors; what errors answer is decided in `web.errors`."""

    def _register_error_handlers(self) -> None:
        """Leave the handlers of `web.errors` in their place."""

    def _register_responses(self) -> None:
        content = {PROBLEM: {"schema": ProblemDetails}}
        known = {status.name: status.phrase for status in HTTPStatus if status >= 400}
        known[self.DEFAULT_ERROR_RESPONSE_NAME] = "Refused, or failed."
        for name, phrase in known.items():
            self.spec.components.response(
                name, {"description": phrase, "content": content}, lazy=True
            )
