-- Incidents: taken in, numbered, found again.

-- name: take_numbers
-- Reserve :n numbers of a county and day and return the last of them. A report that is refused after
-- this leaves a gap; numbers are never given twice.
INSERT INTO incident_counter AS c (county_code, day, last) VALUES (:county_code, :day, :n)
ON CONFLICT (county_code, day) DO UPDATE SET last = c.last + excluded.last
RETURNING last;

-- name: receive
-- Take in prepared reports, all that belongs to one in one statement: its key, the incident, the first
-- step (and the last, if it came closed), the daily count. Returns the ids of those that were new.
WITH incoming AS MATERIALIZED (
  SELECT *
    FROM json_to_recordset(CAST(:rows AS json)) AS r (
         incident_id uuid, reported_at timestamptz, occurred_at timestamptz, occurred_precision text, number text,
         matter_code text, scale text, level text, summary text, place text, source text, external_id text, channel text,
         lon float8, lat float8, accuracy_m real, given_x float8, given_y float8, given_datum text,
         placement text, border_m real, rivals jsonb, review boolean, publication integer,
         grid_code text, subgroup_code text, territory_code text, step text,
         owner_id uuid, owner_unit text, owner_rank text, owner_reason jsonb,
         due_at timestamptz, closed_at timestamptz, batch_id uuid, body_hash text, answer jsonb,
         limit_hours float8, limit_clock text, warn_at timestamptz, accept_due_at timestamptz, split_from uuid,
         reporter_known boolean, reporter_name text, reporter_phone text, reporter_mask text, reporter_id uuid,
         answered_at timestamptz)
), fresh AS (
  INSERT INTO incident_key (source, external_id, body_hash, incident_id, reported_at, answer)
  SELECT source, external_id, decode(body_hash, 'hex'), incident_id, reported_at, answer FROM incoming
  ON CONFLICT (source, external_id) DO NOTHING
  RETURNING incident_id
), taken AS MATERIALIZED (
  SELECT incoming.* FROM incoming JOIN fresh USING (incident_id)
), written AS (
  INSERT INTO incident (incident_id, reported_at, occurred_at, occurred_precision, number, matter_code, scale,
         level, summary, place, source, external_id, channel, position, accuracy_m, given_x, given_y, given_datum, placement, border_m,
         rivals, review, publication, grid_code, subgroup_code, territory_code, step, owner_id, owner_unit,
         owner_rank, owner_reason, due_at, closed_at, batch_id, limit_hours, limit_clock, warn_at, accept_due_at,
         split_from, reporter_known, answered_at)
  SELECT incident_id, reported_at, occurred_at, occurred_precision, number, matter_code, scale, level, summary, place,
         source, external_id, channel, ST_SetSRID(ST_MakePoint(lon, lat), 4490), accuracy_m, given_x, given_y,
         given_datum, placement, border_m, rivals, review, publication, grid_code, subgroup_code, territory_code,
         step, owner_id, owner_unit, owner_rank, owner_reason, due_at, closed_at, batch_id, limit_hours, limit_clock,
         warn_at, accept_due_at, split_from, reporter_known, answered_at
    FROM taken
), told AS (
  INSERT INTO incident_reporter (incident_id, name, phone_cipher, phone_mask, person_id, territory_code)
  SELECT incident_id, coalesce(reporter_name, ''), decode(reporter_phone, 'hex'), reporter_mask, reporter_id,
         territory_code
    FROM taken WHERE reporter_known
), reported AS (
  INSERT INTO incident_step (incident_id, seq, action, to_step, person_id, at, facts, territory_code)
  SELECT incident_id, 1, 'report', 'reported', CAST(:person_id AS uuid), reported_at,
         jsonb_build_object('grid', grid_code, 'owner', owner_id, 'owner_unit', owner_unit), territory_code
    FROM taken
  UNION ALL
  SELECT incident_id, 2, 'close', 'closed', CAST(:person_id AS uuid), closed_at,
         '{"came_closed": true}', territory_code
    FROM taken WHERE closed_at IS NOT NULL
), counted AS (
  INSERT INTO daily_count AS c (grid_code, day, matter_code, level, source, n, n_by_month)
  SELECT grid_code, local_day(occurred_at), matter_code, level, source, count(*),
         count(*) FILTER (WHERE occurred_precision = 'month')
    FROM taken
   WHERE grid_code IS NOT NULL
   GROUP BY 1, 2, 3, 4, 5
   ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (grid_code, day, matter_code, level, source) DO UPDATE
     SET n = c.n + excluded.n, n_by_month = c.n_by_month + excluded.n_by_month
)
SELECT incident_id FROM taken;

-- name: known_keys
-- What was answered to these keys before.
SELECT k.source, k.external_id, k.body_hash, k.answer
  FROM unnest(CAST(:sources AS text[]), CAST(:external_ids AS text[])) AS asked (source, external_id)
  JOIN incident_key AS k USING (source, external_id);

-- name: grid_today
-- The grid that covers an incident's position by the borders in force, on a border the lowest.
SELECT c.grid_code::text AS grid_code, g.name
  FROM cell_version AS c
  LEFT JOIN unit AS g ON g.code = c.grid_code
 WHERE upper_inf(c.valid) AND ST_Covers(c.outline, ST_SetSRID(ST_MakePoint(:lon, :lat), 4490))
 ORDER BY c.grid_code, c.subgroup_code NULLS LAST
 LIMIT 1;

-- name: steps
-- What became of an incident, in order.
SELECT s.seq, s.action, s.from_step, s.to_step, s.at, p.name AS person, s.note, s.facts
  FROM incident_step AS s
  LEFT JOIN person AS p ON p.person_id = s.person_id
 WHERE s.incident_id = :incident_id
   AND s.territory_code >= :scope AND s.territory_code < :scope || '~'
 ORDER BY s.seq;

-- name: first_receiver
-- To whom an incident was given first; that is never written again.
SELECT p.name, u.name AS unit_name, s.at
  FROM incident_step AS s
  LEFT JOIN person AS p ON p.person_id = CAST(s.facts ->> 'owner' AS uuid)
  LEFT JOIN unit AS u ON u.code = s.facts ->> 'owner_unit'
 WHERE s.incident_id = :incident_id AND s.seq = 1;

-- name: relatives
-- The incident that this one repeats, those that repeat it, the one it was split from, and its parts.
SELECT CASE WHEN o.incident_id = CAST(:duplicate_of AS uuid) THEN 'duplicate_of'
            WHEN o.duplicate_of = :incident_id THEN 'merged'
            WHEN o.incident_id = CAST(:split_from AS uuid) THEN 'split_from' ELSE 'parts' END AS kind,
       o.incident_id, o.number, o.summary, o.step
  FROM incident AS o
 WHERE o.incident_id = CAST(:duplicate_of AS uuid) OR o.duplicate_of = :incident_id
    OR o.incident_id = CAST(:split_from AS uuid) OR o.split_from = :incident_id
 ORDER BY o.reported_at, o.incident_id;

-- name: reporter
-- Who reported an incident.
SELECT r.name, r.phone_mask, r.person_id FROM incident_reporter AS r WHERE r.incident_id = :incident_id;

-- name: residents
-- How many residents reported an incident or one that was merged into it, said "me too", and rated it.
SELECT count(*) AS n, count(*) FILTER (WHERE r.joined) AS n_joined, count(r.stars) AS n_rated,
       avg(r.stars)::double precision AS stars
  FROM resident_report AS r
 WHERE r.incident_id = ANY (CAST(:ids AS uuid[]));

-- name: photos
-- The photos of an incident, without the pictures.
SELECT photo.photo_id, photo.at, p.name, photo.step_seq
  FROM photo
  LEFT JOIN person AS p ON p.person_id = photo.person_id
 WHERE photo.incident_id = :incident_id
 ORDER BY photo.at, photo.photo_id;

-- name: hold
-- An incident, kept from being changed by others until this transaction ends.
SELECT i.incident_id, i.reported_at, i.occurred_at, i.occurred_precision, i.number, i.matter_code, i.level, i.source,
       i.summary, i.place, i.step, i.owner_id, i.owner_unit, i.owner_rank, i.territory_code, i.grid_code, i.subgroup_code, i.placement,
       i.publication, i.version, i.review, i.due_at, i.limit_hours, i.limit_clock, i.limit_left_hours, i.accepted_at,
       i.resolved_at, i.reporter_known, i.answered_at, i.duplicate_of, i.accuracy_m, i.owner_reason,
       ST_X(i.position) AS lon, ST_Y(i.position) AS lat,
       EXISTS (SELECT FROM supervision AS s WHERE s.incident_id = i.incident_id AND s.state <> 'struck_off') AS supervised
  FROM incident AS i
 WHERE i.incident_id = :incident_id
   AND i.reported_at = (SELECT k.reported_at FROM incident_key AS k WHERE k.incident_id = :incident_id)
   AND i.territory_code >= :scope AND i.territory_code < :scope || '~'
   FOR UPDATE OF i;

-- name: add_step
-- Write down what was done, after what was done before.
INSERT INTO incident_step (incident_id, seq, action, from_step, to_step, person_id, at, note, facts,
       idempotency_key, territory_code)
SELECT :incident_id, coalesce(max(seq), 0) + 1, :action, :from_step, :to_step, CAST(:person_id AS uuid), :now,
       :note, CAST(:facts AS jsonb), CAST(:key AS text), :territory_code
  FROM incident_step
 WHERE incident_id = :incident_id;

-- name: n_failed
-- How often a level has tried in vain.
SELECT count(*)
  FROM incident_step AS s
 WHERE s.incident_id = :incident_id AND s.action = 'attempt'
   AND s.facts ->> 'result' = 'failed' AND s.facts ->> 'level' = :level;

-- name: count_again
-- Let the daily count of the grid that an incident was last placed in by its position follow: by 1 or by -1.
INSERT INTO daily_count AS c (grid_code, day, matter_code, level, source, n, n_by_month)
SELECT s.facts ->> 'grid', local_day(i.occurred_at), i.matter_code, i.level, i.source, CAST(:by AS integer),
       CASE WHEN i.occurred_precision = 'month' THEN CAST(:by AS integer) ELSE 0 END
  FROM incident AS i
 CROSS JOIN LATERAL (SELECT s.facts FROM incident_step AS s
                      WHERE s.incident_id = i.incident_id AND s.action IN ('report', 'position')
                      ORDER BY s.seq DESC LIMIT 1) AS s
 WHERE i.incident_id = :incident_id AND i.reported_at = :reported_at AND s.facts ->> 'grid' IS NOT NULL
ON CONFLICT (grid_code, day, matter_code, level, source) DO UPDATE
   SET n = c.n + excluded.n, n_by_month = c.n_by_month + excluded.n_by_month;

-- name: answer_duplicates
-- Who reported the same has the same answer.
UPDATE incident SET answered_at = :now, version = version + 1
 WHERE duplicate_of = :incident_id AND reporter_known AND answered_at IS NULL;

-- name: reporting_people
-- Workers who reported an incident, or one that repeats it.
SELECT DISTINCT r.person_id
  FROM incident_reporter AS r
 WHERE r.person_id IS NOT NULL
   AND (r.incident_id = :incident_id
        OR r.incident_id IN (SELECT i.incident_id FROM incident AS i WHERE i.duplicate_of = :incident_id));

-- name: similar
-- Incidents near a position and a moment, those of the same matter first. The grids of the frame are found
-- first, since row-level security keeps the spatial index away from the incidents themselves.
WITH p AS (
  SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4490) AS at,
         ST_MakeEnvelope(:west, :south, :east, :north, 4490) AS frame
), near AS MATERIALIZED (
  SELECT o.unit_code::text AS code
    FROM p
    JOIN unit_outline AS o ON o.outline && p.frame AND o.level = 'grid' AND upper_inf(o.valid)
)
SELECT i.incident_id, ST_Distance(i.position::geography, p.at::geography) AS distance_m,
       abs(extract(epoch FROM i.reported_at - CAST(:at AS timestamptz))) / 3600 AS hours_apart,
       i.matter_code = CAST(:matter AS text) AS same_matter
  FROM p, incident AS i
 WHERE i.reported_at BETWEEN CAST(:at AS timestamptz) - CAST(:within AS interval)
                         AND CAST(:at AS timestamptz) + CAST(:within AS interval)
   AND (i.grid_code IN (SELECT near.code FROM near) OR i.grid_code IS NULL)
   AND i.step NOT IN ('rejected', 'duplicate')
   AND i.incident_id IS DISTINCT FROM CAST(:but AS uuid)
   AND i.position IS NOT NULL
   AND ST_DWithin(i.position::geography, p.at::geography, :radius_m)
 ORDER BY (i.matter_code = CAST(:matter AS text)) DESC NULLS LAST, distance_m, hours_apart, i.incident_id
 LIMIT :most;

-- name: suspension_over
-- Suspended incidents whose last day has passed, those that nobody changes at this moment.
SELECT i.incident_id
  FROM incident AS i
 WHERE i.step = 'suspended' AND i.suspended_until <= :now
 ORDER BY i.suspended_until
 LIMIT :most
   FOR UPDATE SKIP LOCKED;

-- name: turned_yellow
-- Open incidents whose limit is nearly used up and whose owners were told of no colour; told they are now.
UPDATE incident AS i SET told_colour = :colour
  FROM (SELECT o.incident_id, o.reported_at FROM incident AS o
         WHERE o.step NOT IN ('closed', 'rejected', 'duplicate')
           AND o.warn_at <= :now AND o.due_at > :now AND o.told_colour IS NULL
         LIMIT :most FOR UPDATE SKIP LOCKED) AS turned
 WHERE i.incident_id = turned.incident_id AND i.reported_at = turned.reported_at
RETURNING i.incident_id, i.number, i.owner_id, i.due_at;

-- name: turned_red
-- Open incidents whose limit is over and whose owners were not told so; told they are now.
UPDATE incident AS i SET told_colour = :colour
  FROM (SELECT o.incident_id, o.reported_at FROM incident AS o
         WHERE o.step NOT IN ('closed', 'rejected', 'duplicate')
           AND o.warn_at <= :now AND o.due_at <= :now AND o.told_colour IS DISTINCT FROM 'red'
         LIMIT :most FOR UPDATE SKIP LOCKED) AS turned
 WHERE i.incident_id = turned.incident_id AND i.reported_at = turned.reported_at
RETURNING i.incident_id, i.number, i.owner_id, i.due_at;
