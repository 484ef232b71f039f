-- Recurring work.

-- name: make_tasks
-- The tasks of a rule for one period: one for each unit in force of its level in its area.
INSERT INTO task (rule_id, title, note, kind, unit_code, territory_code, period, starts_on, due_on)
SELECT r.rule_id, r.title, r.note, r.kind, u.code, u.code, r.period, :first, :last
  FROM task_rule AS r
  JOIN unit AS u ON u.level = r.level AND upper_inf(u.valid)
   AND u.code >= r.territory_code AND u.code < r.territory_code || '~'
 WHERE r.rule_id = :rule_id
    ON CONFLICT (rule_id, unit_code, starts_on) DO NOTHING;

-- name: list_tasks
-- Tasks of a territory, those due first and of one day by unit; `units` cuts to what the viewer answers for, none does not.
SELECT t.task_id, t.title, t.note, t.kind, t.unit_code::text, u.name AS unit_name, t.period, t.starts_on, t.due_on,
       t.done_at, t.result, done_by.name AS done_by
  FROM task AS t
  JOIN unit AS u ON u.code = t.unit_code
  LEFT JOIN person AS done_by ON done_by.person_id = t.done_by
 WHERE t.territory_code >= :low AND t.territory_code < :high
   AND (CAST(:units AS text[]) IS NULL OR t.unit_code::text = ANY (CAST(:units AS text[])))
   AND (CAST(:is_open AS boolean) IS NULL OR (t.done_at IS NULL) = CAST(:is_open AS boolean))
   AND t.starts_on <= CAST(:today AS date)
   AND (t.due_on, t.unit_code, t.task_id)
     > (CAST(:after_day AS date), CAST(:after_unit AS text), CAST(:after_id AS uuid))
 ORDER BY t.due_on, t.unit_code, t.task_id
 LIMIT :most;

-- name: hold_task
-- A task, held until the transaction ends.
SELECT t.task_id, t.unit_code::text, t.kind, t.done_at, t.result, t.idempotency_key, t.starts_on
  FROM task AS t
 WHERE t.task_id = :task_id AND t.territory_code >= :low AND t.territory_code < :high
   FOR UPDATE;

-- name: shares
-- How many tasks of a rule are done in each period, the newest first.
SELECT t.rule_id, t.starts_on, t.due_on, count(*) AS n, count(t.done_at) AS n_done,
       count(*) FILTER (WHERE t.done_at IS NULL AND t.due_on < CAST(:today AS date)) AS n_overdue
  FROM task AS t
 WHERE t.territory_code >= :low AND t.territory_code < :high AND t.rule_id IS NOT NULL
   AND t.starts_on > CAST(:today AS date) - 62
 GROUP BY t.rule_id, t.starts_on, t.due_on
 ORDER BY t.rule_id, t.starts_on DESC;
