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
         incident_id uuid, reported_at timestamptz, occurred_at timestamptz, number text, matter_code text,
         scale text, level text, summary text, place text, source text, external_id text, channel text,
         lon float8, lat float8, accuracy_m real, given_x float8, given_y float8, given_datum text,
         placement text, border_m real, rivals jsonb, review boolean, publication integer,
         grid_code text, subgroup_code text, territory_code text, step text,
         owner_id uuid, owner_unit text, owner_rank text, owner_reason jsonb,
         due_at timestamptz, closed_at timestamptz, batch_id uuid, body_hash text, answer jsonb)
), fresh AS (
  INSERT INTO incident_key (source, external_id, body_hash, incident_id, reported_at, answer)
  SELECT source, external_id, decode(body_hash, 'hex'), incident_id, reported_at, answer FROM incoming
  ON CONFLICT (source, external_id) DO NOTHING
  RETURNING incident_id
), taken AS MATERIALIZED (
  SELECT incoming.* FROM incoming JOIN fresh USING (incident_id)
), written AS (
  INSERT INTO incident (incident_id, reported_at, occurred_at, number, matter_code, scale, level, summary, place,
         source, external_id, channel, position, accuracy_m, given_x, given_y, given_datum, placement, border_m,
         rivals, review, publication, grid_code, subgroup_code, territory_code, step, owner_id, owner_unit,
         owner_rank, owner_reason, due_at, closed_at, batch_id)
  SELECT incident_id, reported_at, occurred_at, number, matter_code, scale, level, summary, place,
         source, external_id, channel, ST_SetSRID(ST_MakePoint(lon, lat), 4490), accuracy_m, given_x, given_y,
         given_datum, placement, border_m, rivals, review, publication, grid_code, subgroup_code, territory_code,
         step, owner_id, owner_unit, owner_rank, owner_reason, due_at, closed_at, batch_id
    FROM taken
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
  INSERT INTO daily_count AS c (grid_code, day, matter_code, level, source, n)
  SELECT grid_code, local_day(occurred_at), matter_code, level, source, count(*)
    FROM taken
   WHERE grid_code IS NOT NULL
   GROUP BY 1, 2, 3, 4, 5
   ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (grid_code, day, matter_code, level, source) DO UPDATE SET n = c.n + excluded.n
)
SELECT incident_id FROM taken;

-- name: known_keys
-- What was answered to these keys before.
SELECT k.source, k.external_id, k.body_hash, k.answer
  FROM unnest(CAST(:sources AS text[]), CAST(:external_ids AS text[])) AS asked (source, external_id)
  JOIN incident_key AS k USING (source, external_id);

-- name: card
-- One incident with all that its card shows; the first reading of its grid stays beside today's.
SELECT i.*, ST_X(i.position) AS lon, ST_Y(i.position) AS lat,
       m.name AS matter_name, g.name AS grid_name, p.name AS owner_name, o.name AS owner_unit_name,
       (SELECT c.grid_code FROM cell_version AS c
         WHERE upper_inf(c.valid) AND ST_Covers(c.outline, i.position)
         ORDER BY c.grid_code, c.subgroup_code NULLS LAST LIMIT 1) AS grid_today
  FROM incident AS i
  JOIN matter AS m ON m.code = i.matter_code
  LEFT JOIN unit AS g ON g.code = i.grid_code
  LEFT JOIN person AS p ON p.person_id = i.owner_id
  JOIN unit AS o ON o.code = i.owner_unit
 WHERE i.incident_id = :incident_id
   AND i.reported_at = (SELECT k.reported_at FROM incident_key AS k WHERE k.incident_id = :incident_id)
   AND i.territory_code >= :scope AND i.territory_code < :scope || '~';

-- name: steps
-- What became of an incident, in order.
SELECT s.seq, s.action, s.from_step, s.to_step, s.at, p.name AS person, s.note
  FROM incident_step AS s
  LEFT JOIN person AS p ON p.person_id = s.person_id
 WHERE s.incident_id = :incident_id
   AND s.territory_code >= :scope AND s.territory_code < :scope || '~'
 ORDER BY s.seq;

-- name: hold
-- An incident, kept from being changed by others until this transaction ends.
SELECT i.incident_id, i.reported_at, i.occurred_at, i.number, i.matter_code, i.level, i.source, i.step, i.owner_id,
       i.territory_code, i.version, i.review
  FROM incident AS i
 WHERE i.incident_id = :incident_id
   AND i.reported_at = (SELECT k.reported_at FROM incident_key AS k WHERE k.incident_id = :incident_id)
   AND i.territory_code >= :scope AND i.territory_code < :scope || '~'
   FOR UPDATE;

-- name: move
-- Take an incident to another step.
UPDATE incident
   SET step = :to_step, version = version + 1, review = review AND NOT :by_desk,
       closed_at = CASE WHEN :to_step IN ('closed', 'rejected', 'duplicate') THEN CAST(:now AS timestamptz) END
 WHERE incident_id = :incident_id AND reported_at = :reported_at;

-- name: add_step
-- Write down what was done, after what was done before.
INSERT INTO incident_step (incident_id, seq, action, from_step, to_step, person_id, at, note, facts,
       idempotency_key, territory_code)
SELECT :incident_id, coalesce(max(seq), 0) + 1, :action, :from_step, :to_step, CAST(:person_id AS uuid), :now,
       :note, CAST(:facts AS jsonb), CAST(:key AS text), :territory_code
  FROM incident_step
 WHERE incident_id = :incident_id;

-- name: recount
-- Let the daily count of the grid that an incident was placed in follow: by 1 or by -1.
UPDATE daily_count AS c
   SET n = c.n + :by
  FROM incident AS i
  JOIN incident_step AS s ON s.incident_id = i.incident_id AND s.seq = 1
 WHERE i.incident_id = :incident_id AND i.reported_at = :reported_at
   AND c.grid_code = s.facts ->> 'grid' AND c.day = local_day(i.occurred_at) AND c.matter_code = i.matter_code
   AND c.level = i.level AND c.source = i.source;
