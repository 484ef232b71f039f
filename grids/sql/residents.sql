-- What somebody outside may know of an incident, and what residents sent.

-- name: progress
-- How far these incidents are. One that was found to be a duplicate is as far as the other one.
SELECT i.incident_id, i.number, i.matter_code, m.name AS matter_name, m.department, i.reported_at,
       i.step AS own_step, coalesce(d.step, i.step) AS step, coalesce(d.due_at, i.due_at) AS due_at,
       coalesce(d.closed_at, i.closed_at) AS closed_at, u.name AS unit_name, i.summary, i.place,
       ST_X(i.position) AS lon, ST_Y(i.position) AS lat, told.note AS answer, told.at AS answered_at,
       coalesce((SELECT max(s.at) FROM incident_step AS s
                  WHERE s.incident_id = coalesce(d.incident_id, i.incident_id)
                    AND s.territory_code >= :scope AND s.territory_code < :scope || '~'), i.reported_at) AS updated_at
  FROM unnest(CAST(:ids AS uuid[])) AS asked (incident_id)
  JOIN incident_key AS k ON k.incident_id = asked.incident_id
  JOIN incident AS i ON i.incident_id = k.incident_id AND i.reported_at = k.reported_at
  JOIN matter AS m ON m.code = i.matter_code
  LEFT JOIN incident_key AS dk ON dk.incident_id = i.duplicate_of
  LEFT JOIN incident AS d ON d.incident_id = dk.incident_id AND d.reported_at = dk.reported_at
  JOIN unit AS u ON u.code = coalesce(d.owner_unit, i.owner_unit)
  LEFT JOIN LATERAL (
       SELECT s.note, s.at FROM incident_step AS s
        WHERE s.incident_id = coalesce(d.incident_id, i.incident_id) AND s.action = 'answer'
          AND s.territory_code >= :scope AND s.territory_code < :scope || '~'
        ORDER BY s.seq DESC LIMIT 1) AS told ON true
 WHERE i.territory_code >= :scope AND i.territory_code < :scope || '~'
 ORDER BY i.reported_at DESC, i.incident_id;

-- name: of_source
-- The incidents that one sender sent in a span of time, the newest first.
SELECT i.incident_id
  FROM incident AS i
 WHERE i.source = :source AND i.reported_at >= :since AND i.reported_at < :until
   AND i.territory_code >= :scope AND i.territory_code < :scope || '~'
   AND (CAST(:matters AS text[]) IS NULL OR i.matter_code = ANY (CAST(:matters AS text[])))
   AND (CAST(:ids AS uuid[]) IS NULL OR i.incident_id = ANY (CAST(:ids AS uuid[])))
   AND (CAST(:ended AS boolean) IS NULL
        OR (i.step IN ('closed', 'rejected', 'duplicate')) = CAST(:ended AS boolean))
 ORDER BY i.reported_at DESC, i.incident_id DESC
 LIMIT :most;

-- name: villages
-- The villages in force with their townships, by code.
SELECT v.code::text, v.name, t.name AS township
  FROM unit AS v
  JOIN unit AS t ON t.code = v.parent_code
 WHERE v.level = 'village' AND upper_inf(v.valid)
 ORDER BY v.code;

-- name: joinable
-- Those of these incidents that somebody may join: residents' matters that are still open.
SELECT i.incident_id, i.territory_code::text, i.reported_at
  FROM incident AS i
  JOIN incident_key AS k ON k.incident_id = i.incident_id AND k.reported_at = i.reported_at
 WHERE k.incident_id = ANY (CAST(:ids AS uuid[]))
   AND i.step NOT IN ('closed', 'rejected', 'duplicate');

-- name: same_landmark
-- Open incidents of a village and a matter whose landmark holds the one that is named, or is held by it.
SELECT i.incident_id
  FROM incident AS i
 WHERE i.matter_code = :matter AND i.reported_at > :since
   AND i.territory_code >= :village AND i.territory_code < :village || '~'
   AND i.step NOT IN ('closed', 'rejected', 'duplicate')
   AND length(i.place) >= 2 AND (strpos(i.place, :landmark) > 0 OR strpos(:landmark, i.place) > 0)
 ORDER BY i.reported_at DESC
 LIMIT :most;
