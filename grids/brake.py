"""The brake on guessing passwords: counters in the database, exact over processes.

An attempt is counted as a failure before the password is looked at, under a row lock that the
transaction keeps; success takes the count back. The counters know names, not accounts, so a name
that does not exist is braked the same and nothing can be learned from it.

One client guessing one name has five free tries, then waits 1, 2, 4 ... seconds up to 15 minutes:
111 tries a day. All clients together have 150 in a day before each further try costs 15 minutes.
One client alone does not reach that, so it takes several machines to keep a person out.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

FREE_TRIES = 5
FREE_TRIES_TOGETHER = 150
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)

_COUNT = text(
    """
    INSERT INTO sign_in_failure AS f (login, address, failures, last_at, locked_until)
    VALUES (:login, :address, 1, :now, NULL)
    ON CONFLICT (login, address) DO UPDATE
      SET failures = CASE WHEN f.last_at < :forgotten THEN 1 ELSE f.failures + 1 END,
          last_at = :now,
          locked_until = CASE
            WHEN f.last_at >= :forgotten AND f.failures + 1 >= :free_tries
            THEN :now + least(power(2, least(f.failures + 1 - :free_tries, 20)) * :unit, :longest)
          END
      WHERE f.locked_until IS NULL OR f.locked_until <= :now
    RETURNING failures
    """
)
_WAIT = text("SELECT locked_until FROM sign_in_failure WHERE login = :login AND address = :address")


def count(conn: Connection, login: str, address: str, now: datetime) -> float | None:
    """Count an attempt and return the seconds to wait instead of making it; None: go on.

    An attempt that has to wait is not counted: knocking on a locked door does not lock it longer.
    """
    for who, free_tries, unit in (
        (address, FREE_TRIES, timedelta(seconds=1)),
        (_all_clients(now), FREE_TRIES_TOGETHER, LONGEST_WAIT),
    ):
        row = {"login": login, "address": who}
        counted = conn.execute(
            _COUNT,
            row
            | {
                "now": now,
                "forgotten": now - FORGOTTEN_AFTER,
                "free_tries": free_tries,
                "unit": unit,
                "longest": LONGEST_WAIT,
            },
        ).one_or_none()
        if counted is None:
            locked_until: datetime = conn.execute(_WAIT, row).scalar_one()
            return (locked_until - now).total_seconds()
    return None


def forgive(conn: Connection, login: str, address: str, now: datetime) -> None:
    """Forget a client's failures with a login, now that it has signed in, and what is a day old."""
    conn.execute(
        text(
            "DELETE FROM sign_in_failure WHERE (login = :login AND address IN (:address, :all))"
            " OR last_at < :forgotten"
        ),
        {
            "login": login,
            "address": address,
            "all": _all_clients(now),
            "forgotten": now - FORGOTTEN_AFTER,
        },
    )


def _all_clients(now: datetime) -> str:
    """Return what stands for the address in the row that counts every client of a day."""
    return f"* {now:%Y-%m-%d}"
