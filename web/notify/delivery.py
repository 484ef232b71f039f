"""One round of the job: claim what is due, hand it over, write down what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from grids import db, notice_sending
from grids.notice_sending import Channel, Owed
from grids.secrets import KeyRing, NoSuchKey
from web.notify.sender import Message, NotTaken, Sender
from web.notify.words import text_of

# A message that is older when its turn comes would tell of something long settled.
OLDEST = timedelta(hours=24)
AT_ONCE = 4
# A round ends in time for the next one; what is left is due again then.
LONGEST_S = 40


@dataclass(frozen=True, slots=True)
class Round:
    """How many messages were taken, will be tried again, and were given up."""

    sent: int = 0
    again: int = 0
    dead: int = 0


def deliver(
    engine: Engine,
    senders: Mapping[Channel, Sender],
    keys: KeyRing,
    clock: Callable[[], datetime],
) -> Round:
    """Send what is due by the ways there are senders for, and return what became of it.

    A claim is committed before anything is sent, and each fate after: a worker that dies in
    between sends that message again, under the same key.
    """
    if not senders:
        return Round()
    n_sent = n_again = n_dead = 0
    begun = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while time.monotonic() - begun < LONGEST_S:
            with db.begin(engine, db.EVERYWHERE) as conn:
                owed = notice_sending.claim(conn, senders, clock(), limit=2 * AT_ONCE)
            if not owed:
                break
            fates = pool.map(lambda one: _try(one, senders[one.channel], keys, clock()), owed)
            for one, failure in zip(owed, fates, strict=True):
                with db.begin(engine, db.EVERYWHERE) as conn:
                    if failure is None:
                        notice_sending.sent(conn, one, clock())
                        n_sent += 1
                    elif notice_sending.not_sent(
                        conn, one, failure.code, clock(), for_good=failure.for_good
                    ):
                        n_again += 1
                    else:
                        n_dead += 1
    return Round(n_sent, n_again, n_dead)


def _try(owed: Owed, sender: Sender, keys: KeyRing, now: datetime) -> NotTaken | None:
    if not owed.active:
        return NotTaken("inactive", for_good=True)
    if now - owed.at > OLDEST:
        return NotTaken("too_late", for_good=True)
    try:
        phone = keys.decrypt(owed.phone_cipher) if owed.phone_cipher else None
        sender.send(
            Message(
                f"notice-{owed.about}-{owed.channel}",
                owed.about,
                owed.person_id,
                owed.kind,
                owed.facts,
                owed.at,
                text_of(owed.kind, owed.facts),
                phone,
            )
        )
    except NoSuchKey:
        return NotTaken("phone_unreadable", for_good=True)
    except NotTaken as failure:
        return failure
    return None
