-- Supervision sheets.

-- name: take_number
-- The next number of a county and year.
INSERT INTO supervision_counter AS c (county_code, year, last) VALUES (:county_code, :year, 1)
ON CONFLICT (county_code, year) DO UPDATE SET last = c.last + 1
RETURNING last;

-- name: issue
-- Write a sheet and return its key.
INSERT INTO supervision (number, incident_id, kind, note, to_unit, issued_at, issued_by, due_at, idempotency_key,
       territory_code)
VALUES (:number, :incident_id, :kind, :note, :to_unit, :now, :by, :due_at, :key, :territory_code)
RETURNING supervision_id;

-- name: known_key
-- The sheet that was written under a sender's key.
SELECT supervision_id, kind, note FROM supervision WHERE incident_id = :incident_id AND idempotency_key = :key;

-- name: unit_in_force
-- Whether a unit is in force.
SELECT 1 FROM unit WHERE code = :code AND upper_inf(valid);

-- name: sheets
-- Sheets of an incident, one sheet, or those of a territory in a state (none: not struck off).
SELECT s.supervision_id, s.number, s.incident_id, i.number AS incident_number, s.kind, s.note, s.to_unit::text,
       u.name AS to_name, s.issued_at, issuer.name AS issued_by, s.due_at, s.state, s.answer, s.answered_at,
       answerer.name AS answered_by, s.struck_off_at, s.struck_off_note
  FROM supervision AS s
  JOIN incident_key AS k ON k.incident_id = s.incident_id
  JOIN incident AS i ON i.incident_id = s.incident_id AND i.reported_at = k.reported_at
  JOIN unit AS u ON u.code = s.to_unit
  LEFT JOIN person AS issuer ON issuer.person_id = s.issued_by
  LEFT JOIN person AS answerer ON answerer.person_id = s.answered_by
 WHERE (CAST(:incident_id AS uuid) IS NULL OR s.incident_id = :incident_id)
   AND (CAST(:supervision_id AS uuid) IS NULL OR s.supervision_id = :supervision_id)
   AND (NOT :standing OR CASE WHEN CAST(:state AS text) IS NULL THEN s.state <> 'struck_off' ELSE s.state = :state END)
   AND s.territory_code >= :scope AND s.territory_code < :scope || '~'
 ORDER BY s.issued_at, s.number;

-- name: issuer
-- Who wrote a sheet.
SELECT issued_by FROM supervision WHERE supervision_id = :supervision_id;

-- name: answer
-- What was answered.
UPDATE supervision SET state = 'answered', answer = :answer, answered_at = :now, answered_by = :by
 WHERE supervision_id = :supervision_id;

-- name: strike_off
-- The sheet is done.
UPDATE supervision SET state = 'struck_off', struck_off_note = :note, struck_off_at = :now, struck_off_by = :by
 WHERE supervision_id = :supervision_id;
