-- What a worker who leaves hands over.

-- name: open_work
-- What a person owns that has not ended, by deadline.
SELECT i.incident_id, i.reported_at, i.number, i.step, i.due_at, i.territory_code::text, i.owner_unit::text,
       matter.first_rank, matter.name AS matter_name
  FROM incident AS i
  JOIN matter ON matter.code = i.matter_code
 WHERE i.owner_id = :person_id AND i.step NOT IN ('closed', 'rejected', 'duplicate')
 ORDER BY i.due_at, i.number;

-- name: end_duties
-- The duties of a person end after a day; what would begin later does not begin.
WITH gone AS (
  DELETE FROM duty WHERE person_id = :person_id AND lower(valid) > :last_day
), ended AS (
  UPDATE duty SET valid = daterange(lower(valid), CAST(:last_day AS date) + 1)
   WHERE person_id = :person_id AND lower(valid) <= :last_day
     AND coalesce(upper(valid), 'infinity') > CAST(:last_day AS date) + 1
   RETURNING unit_code, rank
)
SELECT unit_code::text, rank FROM ended ORDER BY unit_code, rank;

-- name: held_after
-- Units and ranks that a person holds after a day.
SELECT d.unit_code::text, u.name AS unit_name, d.rank
  FROM duty AS d
  JOIN unit AS u ON u.code = d.unit_code
 WHERE d.person_id = :person_id AND coalesce(upper(d.valid), 'infinity') > CAST(:last_day AS date) + 1
 ORDER BY d.unit_code, d.rank;

-- name: give
-- New owners of incidents, each with the step that says so. Rows: incident_id, reported_at, owner_id,
-- owner_unit, owner_rank, reason.
WITH given AS MATERIALIZED (
  SELECT r.* FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r
           (incident_id uuid, reported_at timestamptz, owner_id uuid, owner_unit text, owner_rank text, reason jsonb)
), moved AS (
  UPDATE incident AS i
     SET owner_id = given.owner_id, owner_unit = given.owner_unit, owner_rank = given.owner_rank,
         owner_reason = given.reason, version = i.version + 1
    FROM given
   WHERE i.incident_id = given.incident_id AND i.reported_at = given.reported_at
  RETURNING i.incident_id, i.step, i.territory_code, given.owner_id, given.owner_unit
)
INSERT INTO incident_step (incident_id, seq, action, from_step, to_step, person_id, at, note, facts, territory_code)
SELECT m.incident_id, (SELECT coalesce(max(s.seq), 0) + 1 FROM incident_step AS s WHERE s.incident_id = m.incident_id),
       'hand_over', m.step, m.step, :by_person, :now, :note,
       jsonb_build_object('from', CAST(:person_id AS text), 'to', m.owner_id, 'unit_code', m.owner_unit), m.territory_code
  FROM moved AS m;

-- name: due
-- Handovers whose last day is over and that are not done.
SELECT h.handover_id, h.person_id, h.last_day, h.reason, h.by_person, h.territory_code::text
  FROM handover AS h
 WHERE h.done_at IS NULL AND h.last_day < CAST(:today AS date)
 ORDER BY h.handover_id
   FOR UPDATE SKIP LOCKED;
