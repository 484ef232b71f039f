"""Notices to a program of the county: JSON, signed."""

from __future__ import annotations

import hashlib
import hmac
import time

import orjson

from web.notify.sender import Message, ask, new_client

SIGNATURE = "X-Wangge-Signature"


def signature(secret: bytes, at: int, body: bytes) -> str:
    """Return what proves that a body is ours: `t=SECONDS,v1=HEX`, HMAC-SHA256 over `SECONDS.body`.

    The time is signed too, so that a message that was overheard cannot be sent again next week.
    """
    digest = hmac.new(secret, b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Webhook:
    """Posts each notice to one address."""

    def __init__(self, url: str, secret: bytes, timeout_s: float = 10) -> None:
        self._url = url
        self._secret = secret
        self._client = new_client(timeout_s)

    def send(self, message: Message) -> None:
        """Post a notice; personal data are not in it."""
        body = orjson.dumps(
            {
                "notice_id": message.notice_id,
                "person_id": message.person_id,
                "kind": message.kind,
                "facts": message.facts,
                "at": message.at,
                "text": message.text,
            }
        )
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message.key,
            SIGNATURE: signature(self._secret, int(time.time()), body),
        }
        request = self._client.build_request("POST", self._url, content=body, headers=headers)
        ask(self._client, request)
