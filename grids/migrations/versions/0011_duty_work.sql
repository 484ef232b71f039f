-- Admission requests, recurring work, visits, and what a leaving worker hands over.

-- An item enters the admission list by a department's request and the grid office's decision.
CREATE TABLE matter_request (
  request_id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  code           text COLLATE "C" NOT NULL CHECK (code <> ''),
  item           jsonb NOT NULL,
  reason         text NOT NULL CHECK (reason <> ''),
  state          text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'approved', 'refused', 'withdrawn')),
  asked_by       uuid REFERENCES person,
  asked_at       timestamptz NOT NULL,
  decided_by     uuid REFERENCES person,
  decided_at     timestamptz,
  note           text NOT NULL DEFAULT '',
  territory_code unit_code NOT NULL,
  CHECK ((state = 'asked') = (decided_at IS NULL))
);
COMMENT ON COLUMN matter_request.item IS 'the matter as it would stand on the list';
CREATE UNIQUE INDEX matter_request_open ON matter_request (code) WHERE state = 'asked';

-- Recurring work: a rule makes a task for each unit of a level in its area, once a period.
CREATE TABLE task_rule (
  rule_id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  title          text NOT NULL CHECK (title <> ''),
  note           text NOT NULL DEFAULT '',
  kind           text NOT NULL CHECK (kind IN ('visit', 'patrol', 'check', 'report')),
  territory_code unit_code NOT NULL REFERENCES unit,
  level          text NOT NULL CHECK (level IN ('village', 'grid')),
  period         text NOT NULL CHECK (period IN ('once', 'week', 'xun', 'half_month', 'month')),
  valid          daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
  made_by        uuid REFERENCES person,
  made_at        timestamptz NOT NULL
);
COMMENT ON COLUMN task_rule.period IS 'xun: days 1-10, 11-20 and from 21; half_month: days 1-15 and from 16; week: from Monday';

ALTER TABLE task
  ADD COLUMN rule_id         uuid REFERENCES task_rule,
  ADD COLUMN kind            text NOT NULL DEFAULT 'check' CHECK (kind IN ('visit', 'patrol', 'check', 'report')),
  ADD COLUMN starts_on       date,
  ADD COLUMN note            text NOT NULL DEFAULT '',
  ADD COLUMN result          text NOT NULL DEFAULT '',
  ADD COLUMN done_by         uuid REFERENCES person,
  ADD COLUMN idempotency_key text,
  ADD COLUMN territory_code  unit_code;
UPDATE task SET starts_on = due_on, territory_code = unit_code;
ALTER TABLE task
  ALTER COLUMN starts_on SET NOT NULL,
  ALTER COLUMN territory_code SET NOT NULL,
  ADD CHECK (starts_on <= due_on);
CREATE UNIQUE INDEX task_of_rule ON task (rule_id, unit_code, starts_on);
CREATE INDEX task_open ON task (territory_code, due_on) WHERE done_at IS NULL;

-- What a phone sends again counts once.
ALTER TABLE visit ADD COLUMN idempotency_key text, ADD COLUMN task_id uuid REFERENCES task;
ALTER TABLE patrol ADD COLUMN idempotency_key text, ADD COLUMN task_id uuid REFERENCES task;
CREATE UNIQUE INDEX visit_key ON visit (person_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX patrol_key ON patrol (person_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX visit_territory ON visit (territory_code, at);
CREATE INDEX visit_household ON visit (household_id, at DESC);
CREATE INDEX patrol_territory ON patrol (territory_code, upper(during));

-- A worker who leaves: until when, who comes after, and what work moved to whom.
CREATE TABLE handover (
  handover_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id      uuid NOT NULL REFERENCES person,
  last_day       date NOT NULL,
  reason         text NOT NULL CHECK (reason <> ''),
  successors     jsonb NOT NULL DEFAULT '{}',
  by_person      uuid REFERENCES person,
  asked_at       timestamptz NOT NULL,
  done_at        timestamptz,
  moved          jsonb NOT NULL DEFAULT '[]',
  territory_code unit_code NOT NULL
);
COMMENT ON COLUMN handover.successors IS 'unit code -> person who takes over its duty';
CREATE UNIQUE INDEX handover_open ON handover (person_id) WHERE done_at IS NULL;

GRANT SELECT ON matter_request, task_rule, handover TO wangge_web;
GRANT INSERT, UPDATE ON matter_request, task_rule, task, handover, duty, leave, matter TO wangge_web;
GRANT DELETE ON duty TO wangge_web; -- one that would only begin after its person has left

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['matter_request', 'task_rule', 'task', 'handover'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY territory ON %I FOR ALL TO wangge_web USING '
      || '(territory_code COLLATE "C" >= nullif(current_setting(''app.scope'', true), '''') COLLATE "C" '
      || 'AND territory_code COLLATE "C" < (nullif(current_setting(''app.scope'', true), '''') || ''~'') COLLATE "C")', t);
    EXECUTE format('CREATE POLICY keeper ON %I FOR ALL TO CURRENT_USER USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
