"""Notices as short messages, by whatever HTTP gateway the county has: its form is configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from web.notify.sender import Message, NotTaken, ask, new_client

_MARK = re.compile(r"\{(phone|text|key)\}")


@dataclass(frozen=True, slots=True)
class Gateway:
    """How a gateway wants to be asked.

    `{phone}`, `{text}` and `{key}` in the values of `headers`, `query`, `form` and `json` are
    filled in. Where `success` names a field of the JSON answer (dots lead inside), only that value
    means that the message was taken: gateways like to refuse with status 200.
    """

    url: str
    method: str = "POST"
    timeout_s: float = 10
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] = field(default_factory=dict)
    success: tuple[str, str] | None = None


class Sms:
    """Hands each notice to a gateway for short messages."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._client = new_client(gateway.timeout_s)

    def send(self, message: Message) -> None:
        """Send a short message to the person's telephone."""
        if not message.phone:
            raise NotTaken("no_phone", for_good=True)
        facts = {"phone": message.phone, "text": message.text, "key": message.key}
        asked = self._gateway
        request = self._client.build_request(
            asked.method,
            asked.url,
            headers=_filled(asked.headers, facts),
            params=_filled(asked.query, facts) or None,
            data=_filled(asked.form, facts) or None,
            json=_filled(asked.json, facts) or None,
        )
        answer = ask(self._client, request)
        if asked.success is not None:
            path, wanted = asked.success
            if _found(_read(answer), path) != wanted:
                raise NotTaken("refused_by_gateway")


def _filled(template: Any, facts: Mapping[str, str]) -> Any:
    """Return a template with its facts; braces inside a fact stay braces."""
    if isinstance(template, Mapping):
        return {name: _filled(value, facts) for name, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, facts) for value in template]
    if not isinstance(template, str):
        return template
    return _MARK.sub(lambda mark: facts[mark[1]], template)


def _read(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _found(document: Any, path: str) -> str | None:
    for name in path.split("."):
        if not isinstance(document, Mapping) or name not in document:
            return None
        document = document[name]
    return str(document)
