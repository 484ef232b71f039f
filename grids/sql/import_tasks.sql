-- Imports through the screens, from the file's arrival to what came of it.

-- name: insert
-- A file has come and was understood so far.
INSERT INTO import_task (task_id, territory_code, by_person, by_name, role, kind, file_name, sha256,
                         n_bytes, at, options, recognised)
VALUES (:task_id, :territory, :by_person, :by_name, :role, :kind, :file_name, :sha256,
        :n_bytes, :at, CAST(:options AS jsonb), CAST(:recognised AS jsonb));

-- name: list
-- The latest imports of a territory, without the lists of their accounts.
SELECT task_id, by_person, by_name, role, territory_code, kind, file_name, n_bytes, at, state, deed, partial,
       '{}'::jsonb AS options, '{}'::jsonb AS recognised, stage, n_done, n_total,
       asked_at, began_at, ended_at, jsonb_build_object('counts', account -> 'counts') AS account, refusal
  FROM import_task
 WHERE territory_code COLLATE "C" >= :scope COLLATE "C"
   AND territory_code COLLATE "C" < (:scope || '~') COLLATE "C"
 ORDER BY at DESC, task_id
 LIMIT :limit;

-- name: get
-- One import of a territory.
SELECT task_id, by_person, by_name, role, territory_code, kind, file_name, n_bytes, at, state, deed, partial,
       options, recognised, stage, n_done, n_total, asked_at, began_at, ended_at, account, refusal
  FROM import_task
 WHERE task_id = :task_id
   AND territory_code COLLATE "C" >= :scope COLLATE "C"
   AND territory_code COLLATE "C" < (:scope || '~') COLLATE "C";

-- name: lock
-- Keep others from an import until the transaction ends.
SELECT state FROM import_task WHERE task_id = :task_id FOR UPDATE;

-- name: same_file
-- When these bytes were last taken in as this kind.
SELECT b.at, b.file_name, (b.report ->> 'taken')::integer AS taken
  FROM import_batch AS b
 WHERE b.sha256 = :sha256 AND b.kind = :kind AND b.report ? 'taken'
 ORDER BY b.at DESC
 LIMIT 1;

-- name: template
-- How the sender last took in a file of the same headings.
SELECT options
  FROM import_task
 WHERE by_person = :by_person AND kind = :kind AND state = 'done'
   AND recognised -> 'headings' = CAST(:headings AS jsonb)
 ORDER BY at DESC
 LIMIT 1;

-- name: set_options
-- What the sender says of the file; an account of other options is none of these.
UPDATE import_task
   SET options = CAST(:options AS jsonb), recognised = CAST(:recognised AS jsonb),
       state = 'received', deed = NULL, account = NULL, refusal = NULL, ended_at = NULL
 WHERE task_id = :task_id;

-- name: ask
-- Put an import into the queue.
UPDATE import_task
   SET state = 'waiting', deed = :deed, partial = :partial, asked_at = :at, began_at = NULL,
       ended_at = NULL, stage = NULL, n_done = 0, n_total = 0, refusal = NULL
 WHERE task_id = :task_id;

-- name: end_by_hand
-- Stop what runs, or lay an import aside.
UPDATE import_task SET state = :state, ended_at = :at WHERE task_id = :task_id;

-- name: claim
-- The next import to be done; one whose worker has been silent is begun again.
UPDATE import_task AS t
   SET state = 'running', began_at = :at, beat_at = :at
 WHERE t.task_id = (
       SELECT n.task_id FROM import_task AS n
        WHERE n.state = 'waiting' OR n.state = 'running' AND n.beat_at < :silent_since
        ORDER BY n.asked_at
        LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING t.task_id;

-- name: beat
-- A worker is still at it; no row where somebody stopped it.
UPDATE import_task SET beat_at = :at WHERE task_id = :task_id AND state = 'running' RETURNING task_id;

-- name: progress
-- How far an import has come.
UPDATE import_task SET stage = :stage, n_done = :n_done, n_total = :n_total
 WHERE task_id = :task_id AND state = 'running';

-- name: finish
-- What came of an import; no row where it was stopped meanwhile.
UPDATE import_task
   SET state = :state, account = COALESCE(CAST(:account AS jsonb), account),
       refusal = CAST(:refusal AS jsonb), ended_at = :at
 WHERE task_id = :task_id AND state = 'running'
RETURNING task_id;

-- name: with_files
-- The imports whose file may still be needed, and those whose lists are still shown.
SELECT task_id, state NOT IN ('done', 'discarded') AS needs_upload, state <> 'discarded' AS shown
  FROM import_task;
