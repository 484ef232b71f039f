-- name: latest
-- A person's latest notices. One statement has one snapshot, so the cursor says exactly what it saw;
-- it comes back on a row of its own when there is no notice.
SELECT CAST(pg_current_snapshot() AS text) AS snapshot,
       (SELECT count(*)
          FROM (SELECT FROM notice
                 WHERE person_id = :person_id AND channel = 'app' AND seen_at IS NULL
                 LIMIT :most) AS u) AS unseen,
       n.*
  FROM (VALUES (1)) AS one
  LEFT JOIN LATERAL (
       SELECT notice_id, person_id, kind, facts, at, seen_at
         FROM notice
        WHERE person_id = :person_id AND channel = 'app'
          AND (CAST(:before AS bigint) IS NULL OR notice_id < :before)
        ORDER BY notice_id DESC
        LIMIT :limit) AS n ON true;

-- name: since
-- A person's notices whose transactions finished after the snapshot :since, and before :until where a
-- listing of several pages fixed its end. `foreign` says that the snapshot is ahead of this server.
SELECT CAST(pg_current_snapshot() AS text) AS snapshot,
       pg_snapshot_xmax(CAST(:since AS pg_snapshot)) > pg_snapshot_xmax(pg_current_snapshot()) AS foreign,
       (SELECT count(*)
          FROM (SELECT FROM notice
                 WHERE person_id = :person_id AND channel = 'app' AND seen_at IS NULL
                 LIMIT :most) AS u) AS unseen,
       n.*
  FROM (VALUES (1)) AS one
  LEFT JOIN LATERAL (
       SELECT notice_id, person_id, kind, facts, at, seen_at
         FROM notice
        WHERE person_id = :person_id AND channel = 'app'
          AND xid >= pg_snapshot_xmin(CAST(:since AS pg_snapshot))
          AND NOT pg_visible_in_snapshot(xid, CAST(:since AS pg_snapshot))
          AND pg_visible_in_snapshot(xid, coalesce(CAST(:until AS pg_snapshot), pg_current_snapshot()))
          AND notice_id > :last
        ORDER BY notice_id
        LIMIT :limit) AS n ON true;

-- name: unseen
-- How many notices a person has not seen, counted up to a limit.
SELECT count(*)
  FROM (SELECT FROM notice
         WHERE person_id = :person_id AND channel = 'app' AND seen_at IS NULL
         LIMIT :most) AS u;

-- name: mark_seen
-- A person's notices become seen; the first time counts.
UPDATE notice SET seen_at = :now, state = 'seen'
 WHERE person_id = :person_id AND channel = 'app' AND seen_at IS NULL
   AND (notice_id = ANY (CAST(:ids AS bigint[])) OR notice_id <= CAST(:up_to AS bigint));

-- name: adopt_positions
-- Rows whose transaction this server has not had yet came from another one: they become old here.
UPDATE notice SET xid = pg_current_xact_id() WHERE xid > pg_current_xact_id();

-- name: position
-- Where a reader of everything stands.
SELECT CAST(pg_current_snapshot() AS text);

-- name: posted_between
-- Everybody's notices of the transactions that finished between two snapshots.
SELECT notice_id, person_id, kind, facts, at, seen_at
  FROM notice
 WHERE channel = 'app'
   AND xid >= pg_snapshot_xmin(CAST(:since AS pg_snapshot))
   AND NOT pg_visible_in_snapshot(xid, CAST(:since AS pg_snapshot))
   AND pg_visible_in_snapshot(xid, CAST(:until AS pg_snapshot))
 ORDER BY notice_id;

-- name: missed
-- What each of many readers missed between a snapshot of their own and one for all; `nth` is the
-- reader's place in the list. One row more than a page says that there is more.
SELECT r.nth, pg_snapshot_xmax(r.since) > pg_snapshot_xmax(CAST(:until AS pg_snapshot)) AS foreign, n.*
  FROM (SELECT nth, person_id, CAST(since AS pg_snapshot)
          FROM unnest(CAST(:people AS uuid[]), CAST(:since AS text[])) WITH ORDINALITY AS t (person_id, since, nth)) AS r
  LEFT JOIN LATERAL (
       SELECT notice_id, person_id, kind, facts, at, seen_at
         FROM notice
        WHERE person_id = r.person_id AND channel = 'app'
          AND xid >= pg_snapshot_xmin(r.since)
          AND NOT pg_visible_in_snapshot(xid, r.since)
          AND pg_visible_in_snapshot(xid, CAST(:until AS pg_snapshot))
        ORDER BY notice_id
        LIMIT :limit) AS n ON true
 ORDER BY r.nth, n.notice_id;

-- name: claim
-- Messages that are due, taken by one sender: others pass over them, and what a killed sender held
-- comes up again when its lease ends. The attempt counts before it is made.
UPDATE notice AS n
   SET attempts = n.attempts + 1, due_at = CAST(:now AS timestamptz) + CAST(:lease AS interval)
  FROM (SELECT notice_id
          FROM notice
         WHERE state = 'owed' AND channel = ANY (CAST(:channels AS text[])) AND due_at <= :now
         ORDER BY due_at, notice_id
         LIMIT :limit
           FOR UPDATE SKIP LOCKED) AS due
  JOIN notice AS d USING (notice_id)
  JOIN person AS p USING (person_id)
 WHERE n.notice_id = due.notice_id
RETURNING n.notice_id, n.about, n.person_id, n.channel, n.kind, n.facts, n.at, n.attempts, p.phone_cipher, p.active;

-- name: sent
-- A message was taken by its gateway.
UPDATE notice SET state = 'sent', sent_at = :now, error = NULL WHERE notice_id = :notice_id;

-- name: not_sent
-- A message was not taken: tried again at a time, or never again.
UPDATE notice
   SET error = :error, due_at = coalesce(CAST(:retry_at AS timestamptz), due_at),
       state = CASE WHEN CAST(:retry_at AS timestamptz) IS NULL THEN 'failed' ELSE 'owed' END
 WHERE notice_id = :notice_id;

-- name: dead
-- Messages that were given up, the latest first.
SELECT notice_id, person_id, channel, kind, at, attempts, error
  FROM notice
 WHERE state = 'failed'
 ORDER BY notice_id DESC
 LIMIT :limit;

-- name: revive
-- Messages that were given up are owed once more.
UPDATE notice SET state = 'owed', attempts = 0, due_at = :now
 WHERE state = 'failed' AND (CAST(:ids AS bigint[]) IS NULL OR notice_id = ANY (CAST(:ids AS bigint[])));
