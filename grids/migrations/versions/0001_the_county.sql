-- The county in tables: units and cells, publications and plans, homes, people, incidents, access.
-- Codes are text in the C collation, so that a territory is a plain range over a b-tree.

CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE DOMAIN unit_code AS text COLLATE "C" CHECK (VALUE ~ '^[0-9]{6,17}$');

-- Who works here -------------------------------------------------------------------------------

CREATE TABLE person (
  person_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name         text NOT NULL CHECK (name <> ''),
  phone_cipher bytea,
  phone_mask   text,
  unit_code    unit_code NOT NULL,
  source_key   text UNIQUE,
  active       boolean NOT NULL DEFAULT true,
  created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX person_unit ON person (unit_code);

CREATE TABLE account (
  person_id     uuid PRIMARY KEY REFERENCES person,
  login         text NOT NULL UNIQUE CHECK (login = lower(login) AND login <> ''),
  password_hash text NOT NULL,
  must_change   boolean NOT NULL DEFAULT true,
  failures      integer NOT NULL DEFAULT 0,
  locked_until  timestamptz,
  disabled_at   timestamptz
);

CREATE TABLE access_grant (
  grant_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id uuid NOT NULL REFERENCES person,
  role      text NOT NULL CHECK (role IN
              ('grid_admin', 'leader', 'dispatcher', 'worker', 'auditor', 'sysadmin')),
  unit_code unit_code NOT NULL,
  valid     tstzrange NOT NULL DEFAULT tstzrange(now(), NULL),
  EXCLUDE USING gist (person_id WITH =, role WITH =, (unit_code::text) WITH =, valid WITH &&)
);

CREATE TABLE session (
  token_hash bytea PRIMARY KEY,
  person_id  uuid NOT NULL REFERENCES person,
  grant_id   bigint NOT NULL REFERENCES access_grant,
  created_at timestamptz NOT NULL DEFAULT now(),
  seen_at    timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  ended_at   timestamptz,
  client     text
);
CREATE INDEX session_person ON session (person_id);

CREATE TABLE api_token (
  token_hash bytea PRIMARY KEY,
  name       text NOT NULL,
  person_id  uuid NOT NULL REFERENCES person,
  grant_id   bigint NOT NULL REFERENCES access_grant,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  ended_at   timestamptz
);

-- Units and their outlines -----------------------------------------------------------------------

CREATE TABLE unit (
  code        unit_code PRIMARY KEY,
  level       text NOT NULL CHECK (level IN ('county', 'township', 'village', 'grid', 'subgroup')),
  kind        text NOT NULL DEFAULT 'base' CHECK (kind IN ('base', 'exclusive', 'micro')),
  name        text NOT NULL CHECK (name <> ''),
  initials    text NOT NULL DEFAULT '',
  parent_code unit_code REFERENCES unit,
  source_code text,
  n_parts     smallint NOT NULL DEFAULT 1 CHECK (n_parts >= 1),
  valid       tstzrange NOT NULL DEFAULT tstzrange(now(), NULL),
  CHECK (length(code) = CASE level WHEN 'county' THEN 6 WHEN 'township' THEN 9
           WHEN 'village' THEN 12 WHEN 'grid' THEN 15 WHEN 'subgroup' THEN 17 END),
  CHECK ((level = 'county') = (parent_code IS NULL)),
  CHECK (parent_code IS NULL OR (parent_code = left(code, length(parent_code))
           AND length(parent_code) = CASE level WHEN 'township' THEN 6 WHEN 'village' THEN 9
                                       WHEN 'grid' THEN 12 WHEN 'subgroup' THEN 15 END))
);
COMMENT ON COLUMN unit.n_parts IS 'pieces of land that are signed for; more than one is an enclave or an island by decision';
CREATE INDEX unit_parent ON unit (parent_code);
CREATE INDEX unit_level ON unit (level, code);
CREATE UNIQUE INDEX unit_source ON unit (level, source_code) WHERE source_code IS NOT NULL;
CREATE INDEX unit_name ON unit USING gin (name gin_trgm_ops);
CREATE INDEX unit_initials ON unit USING gin (initials gin_trgm_ops);

CREATE FUNCTION unit_keeps_its_children() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT upper_inf(NEW.valid) AND upper_inf(OLD.valid) AND EXISTS (
       SELECT FROM unit AS child WHERE child.parent_code = NEW.code AND upper_inf(child.valid)) THEN
    RAISE EXCEPTION 'unit % still has children in force', NEW.code USING ERRCODE = 'WG010';
  END IF;
  IF NEW.code <> OLD.code OR NEW.level <> OLD.level OR NEW.parent_code IS DISTINCT FROM OLD.parent_code THEN
    RAISE EXCEPTION 'a unit code is assigned once: %', OLD.code USING ERRCODE = 'WG011';
  END IF;
  RETURN NEW;
END $$;
CREATE CONSTRAINT TRIGGER unit_keeps_its_children AFTER UPDATE ON unit
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION unit_keeps_its_children();

CREATE TABLE unit_frame (
  unit_code unit_code PRIMARY KEY REFERENCES unit,
  outline   geometry(MultiPolygon, 4490) NOT NULL,
  source    text NOT NULL,
  at        timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE unit_frame IS 'a parent outline as its file drew it: finds parents and anchors repair, is never in force';
CREATE INDEX unit_frame_outline ON unit_frame USING gist (outline);

-- Publications and cells ---------------------------------------------------------------------------

CREATE TABLE plan (
  plan_id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  title            text NOT NULL CHECK (title <> ''),
  note             text NOT NULL DEFAULT '',
  source           text NOT NULL DEFAULT 'studio' CHECK (source IN ('studio', 'import', 'command', 'api')),
  base_publication integer,
  territory_code   unit_code NOT NULL,
  state            text NOT NULL DEFAULT 'draft' CHECK (state IN
                     ('draft', 'checked', 'approved', 'published', 'withdrawn')),
  open_incidents   text NOT NULL DEFAULT 'unaccepted' CHECK (open_incidents IN
                     ('unaccepted', 'stay', 'move', 'ask')),
  effective_from   timestamptz,
  version          integer NOT NULL DEFAULT 0,
  owner_id         uuid REFERENCES person,
  approved_by      uuid REFERENCES person,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX plan_state ON plan (state, territory_code);

CREATE TABLE publication (
  number         integer PRIMARY KEY CHECK (number >= 1),
  base           integer UNIQUE REFERENCES publication,
  at             timestamptz NOT NULL,
  in_force_from  timestamptz NOT NULL,
  by_person      uuid REFERENCES person,
  memo           text NOT NULL DEFAULT '',
  plan_id        uuid UNIQUE REFERENCES plan,
  n_changed      integer NOT NULL,
  digest         bytea NOT NULL,
  CHECK (base = number - 1 OR (number = 1 AND base IS NULL))
);
ALTER TABLE plan ADD FOREIGN KEY (base_publication) REFERENCES publication;

CREATE TABLE cell (
  cell_id    bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  created_in integer NOT NULL REFERENCES publication,
  retired_in integer REFERENCES publication
);

CREATE TABLE cell_version (
  cell_id       bigint NOT NULL REFERENCES cell,
  publication   integer NOT NULL REFERENCES publication,
  village_code  unit_code NOT NULL REFERENCES unit,
  grid_code     unit_code REFERENCES unit,
  subgroup_code unit_code REFERENCES unit,
  outline       geometry(Polygon, 4490) NOT NULL,
  area_m2       double precision NOT NULL CHECK (area_m2 > 0),
  valid         tstzrange NOT NULL,
  PRIMARY KEY (cell_id, publication),
  EXCLUDE USING gist (cell_id WITH =, valid WITH &&),
  CHECK (grid_code IS NULL OR left(grid_code, 12) = village_code),
  CHECK (subgroup_code IS NULL OR (grid_code IS NOT NULL AND left(subgroup_code, 15) = grid_code))
);
COMMENT ON COLUMN cell_version.grid_code IS 'none: explicit free land';
COMMENT ON COLUMN cell_version.subgroup_code IS 'none: the undivided rest of its grid';
CREATE INDEX cell_in_force_outline ON cell_version USING gist (outline) WHERE upper_inf(valid);
CREATE INDEX cell_in_force_grid ON cell_version (grid_code, subgroup_code) WHERE upper_inf(valid);
CREATE UNIQUE INDEX cell_in_force ON cell_version (cell_id) WHERE upper_inf(valid);
CREATE INDEX cell_valid ON cell_version USING gist (valid);

CREATE TABLE unit_outline (
  unit_code    unit_code NOT NULL REFERENCES unit,
  publication  integer NOT NULL REFERENCES publication,
  level        text NOT NULL,
  outline      geometry(MultiPolygon, 4490) NOT NULL,
  area_m2      double precision NOT NULL,
  n_households integer NOT NULL DEFAULT 0,
  valid        tstzrange NOT NULL,
  PRIMARY KEY (unit_code, publication),
  EXCLUDE USING gist ((unit_code::text) WITH =, valid WITH &&)
);
CREATE INDEX unit_outline_in_force ON unit_outline USING gist (outline) WHERE upper_inf(valid);
CREATE INDEX unit_outline_level ON unit_outline (level, unit_code) WHERE upper_inf(valid);

CREATE TABLE unit_display (
  level     text NOT NULL,
  zoom      smallint NOT NULL,
  unit_code unit_code NOT NULL REFERENCES unit,
  outline   geometry(MultiPolygon, 3857) NOT NULL,
  PRIMARY KEY (level, zoom, unit_code)
);
COMMENT ON TABLE unit_display IS 'outlines in force, simplified together per zoom for drawing; derived, never a source';
CREATE INDEX unit_display_outline ON unit_display USING gist (level, zoom, outline);

CREATE TABLE lineage (
  publication  integer NOT NULL REFERENCES publication,
  from_code    unit_code REFERENCES unit,
  to_code      unit_code REFERENCES unit,
  kind         text NOT NULL CHECK (kind IN ('split', 'merge', 'transfer', 'reshape', 'create', 'retire')),
  area_m2      double precision NOT NULL,
  n_households integer NOT NULL DEFAULT 0,
  CHECK (from_code IS NOT NULL OR to_code IS NOT NULL),
  UNIQUE NULLS NOT DISTINCT (publication, from_code, to_code)
);

CREATE TABLE plan_unit (
  plan_id     uuid NOT NULL REFERENCES plan,
  code        unit_code PRIMARY KEY,
  level       text NOT NULL CHECK (level IN ('grid', 'subgroup')),
  kind        text NOT NULL DEFAULT 'base' CHECK (kind IN ('base', 'exclusive', 'micro')),
  name        text NOT NULL CHECK (name <> ''),
  initials    text NOT NULL DEFAULT '',
  parent_code unit_code NOT NULL,
  source_code text,
  n_parts     smallint NOT NULL DEFAULT 1
);
COMMENT ON TABLE plan_unit IS 'units a plan would create; the code is reserved when the step is made and never given again';
CREATE INDEX plan_unit_plan ON plan_unit (plan_id);
CREATE INDEX plan_unit_parent ON plan_unit (parent_code);

CREATE TABLE plan_cell (
  plan_id          uuid NOT NULL REFERENCES plan,
  cell_id          bigint NOT NULL,
  base_publication integer,
  version          integer NOT NULL DEFAULT 1,
  gone             boolean NOT NULL DEFAULT false,
  village_code     unit_code NOT NULL,
  grid_code        unit_code,
  subgroup_code    unit_code,
  outline          geometry(Polygon, 4490) NOT NULL,
  area_m2          double precision NOT NULL,
  PRIMARY KEY (plan_id, cell_id)
);
COMMENT ON COLUMN plan_cell.base_publication IS 'publication of the version it was taken from; none: a cell the plan made';
CREATE INDEX plan_cell_outline ON plan_cell USING gist (outline);

CREATE TABLE plan_step (
  plan_id   uuid NOT NULL REFERENCES plan,
  seq       integer NOT NULL,
  tool      text NOT NULL,
  params    jsonb NOT NULL,
  before    bytea NOT NULL,
  after     bytea NOT NULL,
  by_person uuid REFERENCES person,
  at        timestamptz NOT NULL DEFAULT now(),
  undone_at timestamptz,
  PRIMARY KEY (plan_id, seq)
);

CREATE TABLE lease (
  village_code unit_code NOT NULL REFERENCES unit,
  plan_id      uuid NOT NULL REFERENCES plan,
  person_id    uuid NOT NULL REFERENCES person,
  until        timestamptz NOT NULL,
  PRIMARY KEY (village_code, plan_id, person_id)
);

CREATE TABLE inbox_edit (
  edit_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  source    text NOT NULL,
  unit_code unit_code,
  outline   geometry(Geometry, 4490) NOT NULL,
  state     text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'taken', 'refused')),
  report    jsonb NOT NULL DEFAULT '{}',
  at        timestamptz NOT NULL DEFAULT now()
);

-- What lies in the grids ---------------------------------------------------------------------------

CREATE TABLE import_batch (
  batch_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind      text NOT NULL,
  file_name text NOT NULL,
  sha256    bytea NOT NULL,
  datum     text,
  report    jsonb NOT NULL,
  by_person uuid REFERENCES person,
  at        timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE household (
  household_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  number         text NOT NULL UNIQUE,
  address        text NOT NULL DEFAULT '',
  building       text,
  building_unit  text,
  room           text,
  members        smallint CHECK (members BETWEEN 0 AND 99),
  class          text NOT NULL DEFAULT 'ordinary' CHECK (class IN ('ordinary', 'care', 'key_care')),
  phone_cipher   bytea,
  phone_mask     text,
  position       geometry(Point, 4490),
  given_x        double precision,
  given_y        double precision,
  given_datum    text,
  grid_code      unit_code REFERENCES unit,
  subgroup_code  unit_code REFERENCES unit,
  placed_by      text NOT NULL CHECK (placed_by IN ('position', 'code', 'hand', 'unplaced')),
  publication    integer REFERENCES publication,
  territory_code unit_code NOT NULL,
  batch_id       uuid REFERENCES import_batch,
  updated_at     timestamptz NOT NULL DEFAULT now(),
  CHECK (placed_by <> 'unplaced' OR grid_code IS NULL)
);
CREATE INDEX household_position ON household USING gist (position);
CREATE INDEX household_territory ON household (territory_code, number);
CREATE INDEX household_grid ON household (grid_code);
CREATE INDEX household_unplaced ON household (territory_code) WHERE placed_by = 'unplaced';

CREATE TABLE camera (
  camera_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  registry       text NOT NULL,
  device_id      text NOT NULL,
  name           text NOT NULL DEFAULT '',
  owner          text NOT NULL DEFAULT '',
  place_class    text NOT NULL DEFAULT 'other',
  status         text NOT NULL DEFAULT 'unknown' CHECK (status IN ('on', 'off', 'fault', 'unknown')),
  position       geometry(Point, 4490),
  given_x        double precision,
  given_y        double precision,
  given_datum    text,
  direction_deg  real CHECK (direction_deg >= 0 AND direction_deg < 360),
  grid_code      unit_code REFERENCES unit,
  subgroup_code  unit_code REFERENCES unit,
  publication    integer REFERENCES publication,
  territory_code unit_code NOT NULL,
  batch_id       uuid REFERENCES import_batch,
  updated_at     timestamptz NOT NULL DEFAULT now(),
  UNIQUE (registry, device_id)
);
CREATE INDEX camera_position ON camera USING gist (position);
CREATE INDEX camera_territory ON camera (territory_code);
CREATE INDEX camera_grid ON camera (grid_code);

-- Who answers ----------------------------------------------------------------------------------------

CREATE TABLE duty (
  duty_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id uuid NOT NULL REFERENCES person,
  unit_code unit_code NOT NULL REFERENCES unit,
  rank      text NOT NULL CHECK (rank IN ('primary', 'deputy', 'informant', 'desk')),
  valid     daterange NOT NULL CHECK (NOT isempty(valid)),
  EXCLUDE USING gist ((unit_code::text) WITH =, valid WITH &&) WHERE (rank = 'primary'),
  EXCLUDE USING gist (person_id WITH =, (unit_code::text) WITH =, rank WITH =, valid WITH &&)
);
CREATE INDEX duty_unit ON duty (unit_code, rank);
CREATE INDEX duty_person ON duty (person_id);

CREATE TABLE leave (
  leave_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id uuid NOT NULL REFERENCES person,
  during    tstzrange NOT NULL CHECK (NOT isempty(during)),
  reason    text NOT NULL DEFAULT '',
  EXCLUDE USING gist (person_id WITH =, during WITH &&)
);

CREATE TABLE matter (
  code       text COLLATE "C" PRIMARY KEY,
  scheme     text NOT NULL,
  name       text NOT NULL,
  department text NOT NULL DEFAULT '',
  level      text NOT NULL DEFAULT 'ordinary' CHECK (level IN ('ordinary', 'large', 'major', 'severe')),
  first_rank text NOT NULL DEFAULT 'primary' CHECK (first_rank IN ('primary', 'informant')),
  limit_hours integer NOT NULL CHECK (limit_hours > 0),
  attempts   text NOT NULL DEFAULT '3-2-1' CHECK (attempts ~ '^[0-9]+-[0-9]+-[0-9]+$'),
  temporary  boolean NOT NULL DEFAULT false,
  valid      daterange NOT NULL,
  CHECK (NOT temporary OR NOT upper_inf(valid))
);

-- What happened --------------------------------------------------------------------------------------

CREATE TABLE incident (
  incident_id    uuid NOT NULL DEFAULT gen_random_uuid(),
  reported_at    timestamptz NOT NULL,
  occurred_at    timestamptz NOT NULL,
  number         text NOT NULL,
  matter_code    text COLLATE "C" NOT NULL REFERENCES matter,
  scale          text NOT NULL DEFAULT 'individual' CHECK (scale IN ('individual', 'group', 'mass')),
  level          text NOT NULL DEFAULT 'ordinary' CHECK (level IN ('ordinary', 'large', 'major', 'severe')),
  summary        text NOT NULL,
  place          text NOT NULL DEFAULT '',
  source         text NOT NULL,
  external_id    text NOT NULL,
  channel        text NOT NULL DEFAULT 'desk',
  position       geometry(Point, 4490),
  accuracy_m     real CHECK (accuracy_m >= 0),
  given_x        double precision,
  given_y        double precision,
  given_datum    text,
  placement      text NOT NULL CHECK (placement IN ('inside', 'border', 'outside', 'unplaced', 'hand')),
  border_m       real,
  rivals         jsonb NOT NULL DEFAULT '[]',
  review         boolean NOT NULL DEFAULT false,
  publication    integer REFERENCES publication,
  grid_code      unit_code REFERENCES unit,
  subgroup_code  unit_code REFERENCES unit,
  territory_code unit_code NOT NULL,
  step           text NOT NULL DEFAULT 'reported' CHECK (step IN
                   ('reported', 'accepted', 'in_progress', 'resolved', 'verified', 'closed',
                    'returned', 'escalated', 'suspended', 'rejected', 'duplicate')),
  owner_id       uuid REFERENCES person,
  owner_unit     unit_code NOT NULL REFERENCES unit,
  owner_rank     text NOT NULL CHECK (owner_rank IN ('primary', 'deputy', 'informant', 'desk', 'hand')),
  owner_reason   jsonb NOT NULL,
  due_at         timestamptz,
  closed_at      timestamptz,
  version        integer NOT NULL DEFAULT 1,
  batch_id       uuid REFERENCES import_batch,
  PRIMARY KEY (incident_id, reported_at)
) PARTITION BY RANGE (reported_at);
CREATE TABLE incident_other PARTITION OF incident DEFAULT;
CREATE INDEX incident_territory ON incident (territory_code, reported_at DESC);
CREATE INDEX incident_grid ON incident (grid_code, reported_at DESC);
CREATE INDEX incident_owner ON incident (owner_id, step);
CREATE INDEX incident_open ON incident (territory_code) WHERE step NOT IN ('closed', 'rejected', 'duplicate');
CREATE INDEX incident_review ON incident (territory_code) WHERE review;
CREATE INDEX incident_position ON incident USING gist (position);

CREATE FUNCTION ensure_incident_month(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  first date := date_trunc('month', month);
  part  text := 'incident_' || to_char(first, 'YYYYMM');
BEGIN
  IF to_regclass(part) IS NULL THEN
    PERFORM pg_advisory_xact_lock(7201);
    IF to_regclass(part) IS NULL AND NOT EXISTS (
         SELECT FROM incident_other
          WHERE reported_at >= first AND reported_at < first + interval '1 month') THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF incident FOR VALUES FROM (%L) TO (%L)',
                     part, first::timestamptz, (first + interval '1 month')::timestamptz);
    END IF;
  END IF;
END $$;

CREATE TABLE incident_key (
  source      text NOT NULL,
  external_id text NOT NULL,
  body_hash   bytea NOT NULL,
  incident_id uuid NOT NULL,
  reported_at timestamptz NOT NULL,
  PRIMARY KEY (source, external_id)
);
COMMENT ON TABLE incident_key IS 'the same report twice is one incident: the key of its sender, whatever month it fell in';
CREATE UNIQUE INDEX incident_key_incident ON incident_key (incident_id);

CREATE TABLE incident_step (
  incident_id    uuid NOT NULL,
  seq            integer NOT NULL,
  action         text NOT NULL,
  from_step      text,
  to_step        text NOT NULL,
  person_id      uuid REFERENCES person,
  at             timestamptz NOT NULL DEFAULT now(),
  note           text NOT NULL DEFAULT '',
  facts          jsonb NOT NULL DEFAULT '{}',
  idempotency_key text,
  territory_code unit_code NOT NULL,
  PRIMARY KEY (incident_id, seq)
);
CREATE UNIQUE INDEX incident_step_key ON incident_step (incident_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

CREATE TABLE visit (
  visit_id       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  person_id      uuid NOT NULL REFERENCES person,
  household_id   uuid REFERENCES household,
  grid_code      unit_code NOT NULL REFERENCES unit,
  territory_code unit_code NOT NULL,
  at             timestamptz NOT NULL,
  result         text NOT NULL DEFAULT ''
);
CREATE TABLE patrol (
  patrol_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  person_id      uuid NOT NULL REFERENCES person,
  grid_code      unit_code NOT NULL REFERENCES unit,
  territory_code unit_code NOT NULL,
  during         tstzrange NOT NULL,
  result         text NOT NULL DEFAULT ''
);
CREATE TABLE task (
  task_id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  title          text NOT NULL,
  unit_code      unit_code NOT NULL REFERENCES unit,
  person_id      uuid REFERENCES person,
  period         text NOT NULL CHECK (period IN ('once', 'week', 'xun', 'half_month', 'month')),
  due_on         date NOT NULL,
  done_at        timestamptz
);

CREATE TABLE daily_count (
  grid_code   unit_code NOT NULL,
  day         date NOT NULL,
  matter_code text COLLATE "C" NOT NULL,
  level       text NOT NULL,
  source      text NOT NULL,
  n           integer NOT NULL,
  PRIMARY KEY (grid_code, day, matter_code, level, source)
);
CREATE INDEX daily_count_day ON daily_count (day) INCLUDE (grid_code, matter_code, n);

-- What is owed and what was done -----------------------------------------------------------------------

CREATE TABLE notice (
  notice_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id  uuid NOT NULL REFERENCES person,
  channel    text NOT NULL DEFAULT 'app',
  kind       text NOT NULL,
  facts      jsonb NOT NULL,
  state      text NOT NULL DEFAULT 'owed' CHECK (state IN ('owed', 'sent', 'seen', 'failed')),
  xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at         timestamptz NOT NULL DEFAULT now(),
  seen_at    timestamptz
);
CREATE INDEX notice_person ON notice (person_id, notice_id DESC);

CREATE TABLE audit (
  audit_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at             timestamptz NOT NULL DEFAULT clock_timestamp(),
  person_id      uuid,
  role           text,
  action         text NOT NULL,
  record         text NOT NULL DEFAULT '',
  territory_code text COLLATE "C",
  success        boolean NOT NULL DEFAULT true,
  reason         text NOT NULL DEFAULT '',
  facts          jsonb NOT NULL DEFAULT '{}',
  client         text,
  request_id     text,
  chain          bytea
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_unsealed ON audit (audit_id) WHERE chain IS NULL;

-- The second wall ------------------------------------------------------------------------------------
-- The web role owns nothing. A missing or empty scope shows nothing (nullif: an ended set_config leaves '').

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wangge_web') THEN
    CREATE ROLE wangge_web LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
END $$;

GRANT USAGE ON SCHEMA public TO wangge_web;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO wangge_web;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO wangge_web;
GRANT INSERT, UPDATE ON plan, plan_step, lease, session, incident, notice TO wangge_web;
GRANT INSERT, UPDATE, DELETE ON plan_cell, plan_unit, lease, daily_count, unit_display TO wangge_web;
GRANT INSERT ON incident_key, incident_step, inbox_edit, visit, patrol, import_batch, audit TO wangge_web;
GRANT UPDATE (failures, locked_until, password_hash, must_change) ON account TO wangge_web;
REVOKE ALL ON incident_other FROM wangge_web;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['household', 'camera', 'incident', 'incident_step', 'visit', 'patrol', 'audit'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY territory ON %I FOR ALL TO wangge_web USING '
      || '(territory_code COLLATE "C" >= nullif(current_setting(''app.scope'', true), '''') COLLATE "C" '
      || 'AND territory_code COLLATE "C" < (nullif(current_setting(''app.scope'', true), '''') || ''~'') COLLATE "C")', t);
    EXECUTE format('CREATE POLICY keeper ON %I FOR ALL TO CURRENT_USER USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
-- An incident may come to lie outside the reporter's own territory, and an audit row must never be lost:
-- writing is open to the role, reading is not.
CREATE POLICY receive ON incident FOR INSERT TO wangge_web WITH CHECK (true);
CREATE POLICY receive ON incident_step FOR INSERT TO wangge_web WITH CHECK (true);
CREATE POLICY record ON audit FOR INSERT TO wangge_web WITH CHECK (true);
