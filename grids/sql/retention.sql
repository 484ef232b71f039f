-- What is too old to be kept; the row count of a deletion is how much went.

-- name: rules
-- Every rule with the last run that obeyed it.
SELECT r.class AS name, r.days, last.at, last.n
  FROM retention_rule AS r
  LEFT JOIN LATERAL (
       SELECT n.at, n.n FROM retention_run AS n WHERE n.class = r.class ORDER BY n.run_id DESC LIMIT 1) AS last ON true
 ORDER BY r.class;

-- name: reporter_contact
-- Name and telephone number of reporters from outside, of incidents that ended before a moment.
DELETE FROM incident_reporter AS r
 USING incident AS i
 WHERE i.incident_id = r.incident_id AND r.person_id IS NULL AND i.closed_at < :before;

-- name: feed_message
-- What feeds sent, word for word, of incidents that ended before a moment.
DELETE FROM feed_message AS m
 USING incident AS i
 WHERE i.incident_id = m.incident_id AND i.closed_at < :before;

-- name: notice
-- Notices posted before a moment, with the messages by other ways that repeat them.
DELETE FROM notice AS n
 WHERE n.at < :before
   AND NOT EXISTS (SELECT FROM notice AS m WHERE m.about = n.notice_id AND m.at >= :before);

-- name: import_task
-- Imports through the screens that came and ended before a moment; their files go with them.
DELETE FROM import_task AS t
 WHERE greatest(t.at, t.ended_at) < :before AND t.state NOT IN ('waiting', 'running');
