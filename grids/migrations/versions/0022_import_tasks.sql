-- Imports through the screens: what was sent, how it was understood, what came of it.

-- The file lies in the server's data folder under the task's key and goes with the task. What it
-- says about people stays in that folder; here are counts, headings and refused fields.
CREATE TABLE import_task (
  task_id        uuid PRIMARY KEY,
  territory_code unit_code NOT NULL,
  by_person      uuid REFERENCES person,
  by_name        text NOT NULL,
  role           text NOT NULL,
  kind           text NOT NULL,
  file_name      text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 200),
  sha256         bytea NOT NULL CHECK (octet_length(sha256) = 32),
  n_bytes        bigint NOT NULL CHECK (n_bytes > 0),
  at             timestamptz NOT NULL,
  state          text NOT NULL DEFAULT 'received' CHECK (state IN
    ('received', 'waiting', 'running', 'stopped', 'checked', 'failed', 'done', 'discarded')),
  deed           text CHECK (deed IN ('check', 'commit')),
  partial        boolean NOT NULL DEFAULT false,
  options        jsonb NOT NULL DEFAULT '{}',
  recognised     jsonb NOT NULL,
  stage          text,
  n_done         integer NOT NULL DEFAULT 0,
  n_total        integer NOT NULL DEFAULT 0,
  asked_at       timestamptz,
  began_at       timestamptz,
  beat_at        timestamptz,
  ended_at       timestamptz,
  account        jsonb,
  refusal        jsonb,
  CHECK ((state IN ('waiting', 'running')) <= (deed IS NOT NULL))
);
COMMENT ON COLUMN import_task.partial IS 'take the good rows although others are refused';
COMMENT ON COLUMN import_task.beat_at IS 'when a worker last said that it is at it';
CREATE INDEX import_task_territory ON import_task (territory_code, at DESC);
CREATE INDEX import_task_due ON import_task (asked_at) WHERE state IN ('waiting', 'running');
CREATE INDEX import_batch_file ON import_batch (sha256);

GRANT SELECT, INSERT, UPDATE ON import_task TO wangge_web;
ALTER TABLE import_task ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_task FORCE ROW LEVEL SECURITY;
CREATE POLICY territory ON import_task FOR ALL TO wangge_web USING (
  territory_code COLLATE "C" >= nullif(current_setting('app.scope', true), '') COLLATE "C"
  AND territory_code COLLATE "C" < (nullif(current_setting('app.scope', true), '') || '~') COLLATE "C");
CREATE POLICY keeper ON import_task FOR ALL TO CURRENT_USER USING (true) WITH CHECK (true);

INSERT INTO retention_rule VALUES ('import_task', 30);
