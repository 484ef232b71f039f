"""What every sender is: it takes a message or says why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import httpx

# Answers that another attempt can change; all other refusals are for good.
_PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Message:
    """A notice made ready to send.

    `key` stays the same over all attempts: a gateway that remembers it sends once. `phone` is the
    person's number in clear, for senders that need one; it is in no log.
    """

    key: str
    notice_id: int
    person_id: UUID
    kind: str
    facts: dict[str, Any]
    at: datetime
    text: str
    phone: str | None


class NotTaken(Exception):
    """A gateway did not take a message; `code` says why, `for_good` that it never will."""

    def __init__(self, code: str, *, for_good: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.for_good = for_good


class Sender(Protocol):
    """A way to a person."""

    def send(self, message: Message) -> None:
        """Hand a message to the gateway.

        Raises
        ------
        NotTaken
            If it does not take it.
        """


def ask(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    """Return a gateway's answer to a request; an address that it redirects to is never asked.

    Raises
    ------
    NotTaken
        If there is no answer in time, or another one than 2xx.
    """
    try:
        answer = client.send(request, follow_redirects=False)
    except httpx.TimeoutException:
        raise NotTaken("timeout") from None
    except httpx.HTTPError:
        raise NotTaken("unreachable") from None
    if answer.is_success:
        return answer
    status = answer.status_code
    raise NotTaken(f"http_{status}", for_good=status < 500 and status not in _PASSING)


def new_client(timeout_s: float) -> httpx.Client:
    """Return a client that goes where it is told: no redirect, no proxy from the environment."""
    return httpx.Client(timeout=timeout_s, trust_env=False, follow_redirects=False)
