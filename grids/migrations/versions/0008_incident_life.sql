-- Working days, escalation by attempts, supervision and answers to reporters.

-- Days that differ from their weekday: a holiday in the week, a Saturday that is worked.
CREATE TABLE calendar_day (
  day  date PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('off', 'work')),
  name text NOT NULL DEFAULT ''
);

ALTER TABLE matter ADD COLUMN limit_clock text NOT NULL DEFAULT 'working' CHECK (limit_clock IN ('working', 'all'));
COMMENT ON COLUMN matter.limit_clock IS 'working: the 24 hours of working days count; all: every hour does';

-- How long each stage may take. The row that says most of an incident counts: its matter and level, its
-- matter, its level, any. The first owner has the limit of the matter itself.
CREATE TABLE incident_limit (
  limit_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stage       text NOT NULL CHECK (stage IN ('accept', 'grid', 'village', 'township', 'county')),
  matter_code text COLLATE "C" REFERENCES matter,
  level       text CHECK (level IN ('ordinary', 'large', 'major', 'severe')),
  hours       double precision NOT NULL CHECK (hours > 0),
  clock       text NOT NULL CHECK (clock IN ('working', 'all')),
  UNIQUE NULLS NOT DISTINCT (stage, matter_code, level)
);
INSERT INTO incident_limit (stage, level, hours, clock) VALUES
  ('accept', NULL, 4, 'all'),
  ('accept', 'severe', 0.25, 'all'),
  ('grid', NULL, 24, 'working'),
  ('village', NULL, 72, 'working'),
  ('township', NULL, 168, 'working'),
  ('county', NULL, 360, 'working');

-- What makes an open incident yellow or red.
CREATE TABLE colour_rule (
  code      text PRIMARY KEY,
  colour    text NOT NULL CHECK (colour IN ('yellow', 'red')),
  threshold double precision CHECK (threshold >= 0),
  in_use    boolean NOT NULL DEFAULT true
);
COMMENT ON COLUMN colour_rule.threshold IS 'at_risk: share of the limit; unanswered and unanswered_long: hours';
INSERT INTO colour_rule (code, colour, threshold) VALUES
  ('overdue', 'red', NULL),
  ('unanswered_long', 'red', 72),
  ('supervision_overdue', 'red', NULL),
  ('red_card', 'red', NULL),
  ('at_risk', 'yellow', 0.8),
  ('accept_overdue', 'yellow', NULL),
  ('unanswered', 'yellow', 24),
  ('yellow_card', 'yellow', NULL),
  ('suspension_over', 'yellow', NULL),
  ('nobody', 'yellow', NULL);

ALTER TABLE incident
  ADD COLUMN limit_hours       double precision,
  ADD COLUMN limit_clock       text NOT NULL DEFAULT 'all' CHECK (limit_clock IN ('working', 'all')),
  ADD COLUMN limit_left_hours  double precision,
  ADD COLUMN warn_at           timestamptz,
  ADD COLUMN accept_due_at     timestamptz,
  ADD COLUMN accepted_at       timestamptz,
  ADD COLUMN resolved_at       timestamptz,
  ADD COLUMN suspended_until   timestamptz,
  ADD COLUMN reporter_known    boolean NOT NULL DEFAULT false,
  ADD COLUMN answered_at       timestamptz,
  ADD COLUMN duplicate_of      uuid,
  ADD COLUMN split_from        uuid,
  ADD COLUMN told_colour       text CHECK (told_colour IN ('yellow', 'red'));
COMMENT ON COLUMN incident.limit_left_hours IS 'what was left of the limit when the clock was stopped; due_at is empty meanwhile';
COMMENT ON COLUMN incident.told_colour IS 'the gravest colour that its owner was told of';
UPDATE incident AS i
   SET limit_hours = m.limit_hours,
       warn_at = i.reported_at + (i.due_at - i.reported_at) * 0.8
  FROM matter AS m
 WHERE m.code = i.matter_code AND i.step NOT IN ('closed', 'rejected', 'duplicate');
CREATE INDEX incident_unanswered ON incident (territory_code) WHERE reporter_known AND answered_at IS NULL;
CREATE INDEX incident_duplicate_of ON incident (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX incident_split_from ON incident (split_from) WHERE split_from IS NOT NULL;
CREATE INDEX incident_warn ON incident (warn_at) WHERE step NOT IN ('closed', 'rejected', 'duplicate');
CREATE INDEX incident_suspended ON incident (suspended_until) WHERE step = 'suspended';

-- Who reported, where that is known; nothing is closed before they have been answered.
CREATE TABLE incident_reporter (
  incident_id    uuid PRIMARY KEY,
  name           text NOT NULL DEFAULT '',
  phone_cipher   bytea,
  phone_mask     text,
  person_id      uuid REFERENCES person,
  territory_code unit_code NOT NULL
);
COMMENT ON COLUMN incident_reporter.person_id IS 'a worker who reported; none: somebody from outside';

CREATE TABLE supervision (
  supervision_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  number          text NOT NULL UNIQUE,
  incident_id     uuid NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('ordinary', 'yellow', 'red')),
  note            text NOT NULL CHECK (note <> ''),
  to_unit         unit_code NOT NULL REFERENCES unit,
  issued_at       timestamptz NOT NULL,
  issued_by       uuid REFERENCES person,
  due_at          timestamptz NOT NULL,
  state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered', 'struck_off')),
  answer          text NOT NULL DEFAULT '',
  answered_at     timestamptz,
  answered_by     uuid REFERENCES person,
  struck_off_note text NOT NULL DEFAULT '',
  struck_off_at   timestamptz,
  struck_off_by   uuid REFERENCES person,
  idempotency_key text,
  territory_code  unit_code NOT NULL,
  CHECK ((answered_at IS NULL) = (state = 'open')),
  CHECK ((struck_off_at IS NULL) = (state <> 'struck_off'))
);
CREATE INDEX supervision_incident ON supervision (incident_id);
CREATE INDEX supervision_standing ON supervision (territory_code, due_at) WHERE state <> 'struck_off';
CREATE UNIQUE INDEX supervision_key ON supervision (incident_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE supervision_counter (
  county_code unit_code NOT NULL,
  year        integer NOT NULL,
  last        integer NOT NULL,
  PRIMARY KEY (county_code, year)
);

-- What belongs to an incident goes where it goes, so that its whole timeline stays together on one side
-- of the wall: when its pin is moved as when a border is.
CREATE FUNCTION carry_incident() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE incident_step SET territory_code = NEW.territory_code WHERE incident_id = NEW.incident_id;
  UPDATE incident_reporter SET territory_code = NEW.territory_code WHERE incident_id = NEW.incident_id;
  UPDATE supervision SET territory_code = NEW.territory_code WHERE incident_id = NEW.incident_id;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION carry_incident FROM PUBLIC;
CREATE TRIGGER carry_incident AFTER UPDATE OF territory_code ON incident
  FOR EACH ROW WHEN (OLD.territory_code IS DISTINCT FROM NEW.territory_code) EXECUTE FUNCTION carry_incident();

GRANT SELECT ON calendar_day, incident_limit, colour_rule, incident_reporter, supervision, supervision_counter TO wangge_web;
GRANT INSERT, UPDATE, DELETE ON calendar_day, incident_limit, colour_rule TO wangge_web;
GRANT INSERT ON incident_reporter TO wangge_web;
GRANT INSERT ON supervision TO wangge_web;
GRANT UPDATE (state, answer, answered_at, answered_by, struck_off_note, struck_off_at, struck_off_by) ON supervision TO wangge_web;
GRANT INSERT, UPDATE ON supervision_counter TO wangge_web;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['incident_reporter', 'supervision'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY territory ON %I FOR ALL TO wangge_web USING '
      || '(territory_code COLLATE "C" >= nullif(current_setting(''app.scope'', true), '''') COLLATE "C" '
      || 'AND territory_code COLLATE "C" < (nullif(current_setting(''app.scope'', true), '''') || ''~'') COLLATE "C")', t);
    EXECUTE format('CREATE POLICY keeper ON %I FOR ALL TO CURRENT_USER USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
-- As an incident, its reporter may come to lie outside the territory of whoever takes the report.
CREATE POLICY receive ON incident_reporter FOR INSERT TO wangge_web WITH CHECK (true);
