-- Reports, kiosks and what the board counts.

-- What the board counts, one narrow row an incident in the order of days, so that a year of a county
-- is an index scan. Triggers keep it in the transaction of whatever changes an incident or adds a step.
CREATE TABLE incident_tally (
  incident_id    uuid PRIMARY KEY,
  reported_at    timestamptz NOT NULL,
  day            date NOT NULL,
  territory_code unit_code NOT NULL,
  matter_code    text COLLATE "C" NOT NULL,
  step           text NOT NULL,
  closed_digits  smallint,
  came_closed    boolean NOT NULL DEFAULT false,
  response_s     integer CHECK (response_s >= 0),
  closing_s      integer CHECK (closing_s >= 0)
);
COMMENT ON TABLE incident_tally IS 'derived from incident and incident_step by triggers; the board reads nothing else';
COMMENT ON COLUMN incident_tally.day IS 'the day in China on which it happened';
COMMENT ON COLUMN incident_tally.closed_digits IS 'digits of the unit that owned it when it was closed: 6 county ... 15 grid; none while it is not';
COMMENT ON COLUMN incident_tally.came_closed IS 'taken in when it was over: nobody here responded to it';
COMMENT ON COLUMN incident_tally.response_s IS 'seconds from the report to the first act of a person';
COMMENT ON COLUMN incident_tally.closing_s IS 'seconds from the report to the closing; none while it is not closed';
CREATE INDEX incident_tally_day ON incident_tally (day)
  INCLUDE (territory_code, matter_code, step, closed_digits, response_s, came_closed, closing_s);

CREATE FUNCTION is_response(action text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT action IN ('accept', 'start', 'attempt', 'resolve', 'verify', 'close', 'return', 'reject', 'transfer',
                    'escalate', 'suspend', 'duplicate', 'merge', 'split')
$$;
COMMENT ON FUNCTION is_response IS 'whether a step is the act of a person on a report, rather than its arrival or a change of owner';

-- The owner is asked by key, so that the answer is right whichever of the two triggers comes first.
CREATE FUNCTION keep_incident_tally() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO incident_tally AS t (incident_id, reported_at, day, territory_code, matter_code, step, closed_digits,
         closing_s, came_closed, response_s)
  SELECT i.incident_id, i.reported_at, local_day(i.occurred_at), i.territory_code, i.matter_code, i.step,
         CASE WHEN i.step = 'closed' THEN least(length(i.owner_unit), 15) END,
         CASE WHEN i.step = 'closed' AND i.closed_at IS NOT NULL THEN greatest(0, extract(epoch FROM i.closed_at - i.reported_at))::integer END,
         coalesce(first.came_closed, false), first.response_s
    FROM changed AS i
    LEFT JOIN LATERAL (
         SELECT greatest(0, extract(epoch FROM min(s.at) - i.reported_at))::integer AS response_s,
                bool_or(s.facts ? 'came_closed') AS came_closed
           FROM incident_step AS s
          WHERE s.incident_id = i.incident_id AND is_response(s.action)
         HAVING count(*) > 0) AS first ON true
  ON CONFLICT (incident_id) DO UPDATE
     SET day = excluded.day, territory_code = excluded.territory_code, matter_code = excluded.matter_code,
         step = excluded.step, closing_s = excluded.closing_s, came_closed = excluded.came_closed,
         response_s = excluded.response_s,
         -- What is closed stays closed at its level, whoever owns it later.
         closed_digits = CASE WHEN excluded.step = 'closed' THEN coalesce(t.closed_digits, excluded.closed_digits) END;
  RETURN NULL;
END $$;
CREATE TRIGGER tally_added AFTER INSERT ON incident REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION keep_incident_tally();
CREATE TRIGGER tally_changed AFTER UPDATE ON incident REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION keep_incident_tally();

CREATE FUNCTION drop_incident_tally() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM incident_tally AS t USING gone WHERE t.incident_id = gone.incident_id;
  RETURN NULL;
END $$;
CREATE TRIGGER tally_gone AFTER DELETE ON incident REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION drop_incident_tally();

CREATE FUNCTION keep_incident_response() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE incident_tally AS t
     SET response_s = greatest(0, extract(epoch FROM s.at - t.reported_at))::integer, came_closed = s.came_closed
    FROM (SELECT incident_id, min(at) AS at, bool_or(facts ? 'came_closed') AS came_closed
            FROM added WHERE is_response(action) GROUP BY incident_id) AS s
   WHERE t.incident_id = s.incident_id AND t.response_s IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER tally_response AFTER INSERT ON incident_step REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION keep_incident_response();

INSERT INTO incident_tally (incident_id, reported_at, day, territory_code, matter_code, step, closed_digits,
       closing_s, came_closed, response_s)
SELECT i.incident_id, i.reported_at, local_day(i.occurred_at), i.territory_code, i.matter_code, i.step,
       CASE WHEN i.step = 'closed' THEN least(length(i.owner_unit), 15) END,
       CASE WHEN i.step = 'closed' AND i.closed_at IS NOT NULL THEN greatest(0, extract(epoch FROM i.closed_at - i.reported_at))::integer END,
       coalesce(first.came_closed, false), first.response_s
  FROM incident AS i
  LEFT JOIN (SELECT s.incident_id, bool_or(s.facts ? 'came_closed') AS came_closed,
                    greatest(0, extract(epoch FROM min(s.at) - min(k.reported_at)))::integer AS response_s
               FROM incident_step AS s JOIN incident_key AS k USING (incident_id)
              WHERE is_response(s.action)
              GROUP BY s.incident_id) AS first USING (incident_id);

-- A new hotspot that chance would show less than once a year, for as many nights as it goes on.
CREATE TABLE alert (
  alert_id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  matter_group    text COLLATE "C" NOT NULL,
  territory_code  unit_code NOT NULL,
  first_on        date NOT NULL,
  last_on         date NOT NULL,
  acknowledged_at timestamptz,
  acknowledged_by uuid REFERENCES person,
  note            text NOT NULL DEFAULT '',
  CHECK (first_on <= last_on)
);
COMMENT ON COLUMN alert.matter_group IS 'first two digits of the matters; empty: all together';
COMMENT ON COLUMN alert.first_on IS 'last day of the data of the first night that found it';
CREATE INDEX alert_territory ON alert (territory_code, last_on DESC);

CREATE TABLE alert_night (
  alert_id        uuid NOT NULL REFERENCES alert ON DELETE CASCADE,
  day             date NOT NULL,
  territory_code  unit_code NOT NULL,
  grid_codes      text[] NOT NULL,
  centre_code     unit_code NOT NULL,
  radius_m        double precision NOT NULL,
  since           date NOT NULL,
  observed        integer NOT NULL,
  expected        double precision NOT NULL,
  relative_risk   double precision,
  p               double precision NOT NULL,
  recurrence_days double precision NOT NULL,
  groups          text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (alert_id, day)
);
COMMENT ON COLUMN alert_night.day IS 'last day of the data; the window runs from since to this day';
COMMENT ON COLUMN alert_night.relative_risk IS 'none: all events of the time lie inside';
COMMENT ON COLUMN alert_night.groups IS 'groups of matters whose own scan found the same place';
CREATE INDEX alert_night_day ON alert_night (day);

CREATE TABLE alert_scan (
  day          date PRIMARY KEY,
  at           timestamptz NOT NULL DEFAULT now(),
  settings     jsonb NOT NULL,
  n_tests      integer NOT NULL,
  n_cases      integer NOT NULL,
  n_alerts     integer NOT NULL
);
COMMENT ON TABLE alert_scan IS 'a night that was looked at, so that no alert can be told from no look';

-- Figures of a report as they were known when it was first made: made again, it is the same.
CREATE TABLE report (
  report_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind           text NOT NULL CHECK (kind IN ('daily', 'weekly', 'hotspot')),
  on_day         date NOT NULL,
  territory_code unit_code NOT NULL,
  figures        jsonb NOT NULL,
  digest         bytea NOT NULL,
  made_at        timestamptz NOT NULL,
  made_by        uuid REFERENCES person,
  UNIQUE (kind, on_day, territory_code)
);

-- A wall that shows the board without anybody signed in: one address, one territory, to read only.
CREATE TABLE kiosk (
  kiosk_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name       text NOT NULL UNIQUE CHECK (name <> ''),
  token_hash bytea NOT NULL UNIQUE,
  address    inet NOT NULL,
  unit_code  unit_code NOT NULL REFERENCES unit,
  made_at    timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  seen_at    timestamptz,
  ended_at   timestamptz
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['incident_tally', 'alert', 'alert_night', 'report'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY territory ON %I FOR ALL TO wangge_web USING '
      || '(territory_code COLLATE "C" >= nullif(current_setting(''app.scope'', true), '''') COLLATE "C" '
      || 'AND territory_code COLLATE "C" < (nullif(current_setting(''app.scope'', true), '''') || ''~'') COLLATE "C")', t);
    EXECUTE format('CREATE POLICY keeper ON %I FOR ALL TO CURRENT_USER USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
-- Asked once a query: a count of a year would read the setting for each of its rows.
DROP POLICY territory ON incident_tally;
CREATE POLICY territory ON incident_tally FOR ALL TO wangge_web USING (
  territory_code COLLATE "C" >= (SELECT nullif(current_setting('app.scope', true), '')) COLLATE "C"
  AND territory_code COLLATE "C" < (SELECT nullif(current_setting('app.scope', true), '') || '~') COLLATE "C");
GRANT SELECT ON incident_tally, alert, alert_night, alert_scan, report, kiosk TO wangge_web;
GRANT UPDATE (acknowledged_at, acknowledged_by, note) ON alert TO wangge_web;
GRANT INSERT ON report TO wangge_web;
GRANT UPDATE (seen_at) ON kiosk TO wangge_web;

-- A trigger's function is called by its trigger alone.
REVOKE EXECUTE ON FUNCTION keep_incident_tally, drop_incident_tally, keep_incident_response FROM PUBLIC;
