-- Past publications drawn as they were, names as they were, and QGIS beside the product.

-- What was drawn ------------------------------------------------------------------------------------
-- Drawn outlines are kept when they give way, with the publications that they were drawn for. Only
-- what changed is written again, so the past takes little room and its tiles are as quick as today's.

ALTER TABLE unit_display
  ADD COLUMN label geometry(Point, 3857) GENERATED ALWAYS AS (ST_PointOnSurface(outline)) STORED,
  ADD COLUMN since integer;
UPDATE unit_display SET since = coalesce((SELECT max(number) FROM publication), 0);
ALTER TABLE unit_display ALTER COLUMN since SET NOT NULL;
COMMENT ON COLUMN unit_display.since IS 'the publication from which on the unit has been drawn like this';

CREATE TABLE unit_display_past (
  level     text NOT NULL,
  zoom      smallint NOT NULL,
  unit_code unit_code NOT NULL REFERENCES unit,
  during    int4range NOT NULL CHECK (NOT isempty(during)),
  outline   geometry(MultiPolygon, 3857) NOT NULL,
  label     geometry(Point, 3857) NOT NULL,
  PRIMARY KEY (level, zoom, unit_code, during)
);
COMMENT ON TABLE unit_display_past IS 'how units were drawn during past publications; written by a trigger alone';
CREATE INDEX unit_display_past_outline ON unit_display_past USING gist (level, zoom, outline);
GRANT SELECT ON unit_display_past TO wangge_web;

CREATE TABLE display_drawn (
  publication integer PRIMARY KEY REFERENCES publication
);
COMMENT ON TABLE display_drawn IS 'publications whose drawing was finished; the tiles of others show exact outlines';
INSERT INTO display_drawn SELECT max(number) FROM publication HAVING max(number) IS NOT NULL;
GRANT SELECT, INSERT ON display_drawn TO wangge_web;

CREATE FUNCTION keep_what_was_drawn() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE present integer := (SELECT max(number) FROM publication);
BEGIN
  INSERT INTO unit_display_past (level, zoom, unit_code, during, outline, label)
  SELECT gone.level, gone.zoom, gone.unit_code, int4range(gone.since, present), gone.outline, gone.label
    FROM gone
   WHERE gone.since < present;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION keep_what_was_drawn FROM PUBLIC;
CREATE TRIGGER keep_deleted AFTER DELETE ON unit_display
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION keep_what_was_drawn();
CREATE TRIGGER keep_updated AFTER UPDATE ON unit_display
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION keep_what_was_drawn();

CREATE FUNCTION grids_near(frame geometry, p_scope text) RETURNS text[]
LANGUAGE sql STABLE SET search_path = public, pg_temp SET jit = off AS $$
  SELECT array_agg(o.unit_code::text)
    FROM unit_outline AS o
   WHERE o.level = 'grid' AND upper_inf(o.valid) AND o.outline && ST_Transform(frame, 4490)
     AND o.unit_code >= left(p_scope, 15) AND o.unit_code < p_scope || '~'
$$;
COMMENT ON FUNCTION grids_near IS 'the grids of a territory that a frame in EPSG:3857 touches: row-level security lets the index of a walled table look for these, not for a place';

-- What was in force -----------------------------------------------------------------------------------

CREATE INDEX cell_version_outline ON cell_version USING gist (outline);
CREATE INDEX unit_outline_ever ON unit_outline USING gist (level, outline);
CREATE INDEX lineage_from ON lineage (from_code, publication);
CREATE INDEX lineage_to ON lineage (to_code, publication);

CREATE TABLE unit_naming (
  unit_code unit_code NOT NULL REFERENCES unit ON DELETE CASCADE,
  name      text NOT NULL,
  valid     tstzrange NOT NULL,
  EXCLUDE USING gist ((unit_code::text) WITH =, valid WITH &&)
);
COMMENT ON TABLE unit_naming IS 'what a unit was called and when; written by a trigger alone';
INSERT INTO unit_naming (unit_code, name, valid) SELECT code, name, tstzrange(NULL, NULL) FROM unit;
CREATE UNIQUE INDEX unit_naming_present ON unit_naming (unit_code) WHERE upper_inf(valid);
GRANT SELECT ON unit_naming TO wangge_web;

CREATE FUNCTION remember_name() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE moment timestamptz := clock_timestamp();
BEGIN
  IF TG_OP = 'UPDATE' THEN
    -- A name that never held, because it was changed within the moment that gave it, is none.
    DELETE FROM unit_naming WHERE unit_code = NEW.code AND upper_inf(valid) AND lower(valid) >= moment;
    UPDATE unit_naming SET valid = tstzrange(lower(valid), moment) WHERE unit_code = NEW.code AND upper_inf(valid);
  END IF;
  -- The first name holds from ever: a unit is asked for its name only while it is in force.
  INSERT INTO unit_naming (unit_code, name, valid)
  SELECT NEW.code, NEW.name, tstzrange(max(upper(valid)), NULL) FROM unit_naming WHERE unit_code = NEW.code;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION remember_name FROM PUBLIC;
CREATE TRIGGER remember_new_name AFTER INSERT ON unit FOR EACH ROW EXECUTE FUNCTION remember_name();
CREATE TRIGGER remember_other_name AFTER UPDATE OF name ON unit FOR EACH ROW
  WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION remember_name();

-- What is sent in ---------------------------------------------------------------------------------------

ALTER TABLE inbox_edit
  ADD COLUMN sent_by    text NOT NULL DEFAULT session_user,
  ADD COLUMN name       text,
  ADD COLUMN note       text NOT NULL DEFAULT '',
  ADD COLUMN plan_id    uuid REFERENCES plan,
  ADD COLUMN decided_by uuid REFERENCES person,
  ADD COLUMN decided_at timestamptz;
COMMENT ON COLUMN inbox_edit.unit_code IS 'the grid that shall have this outline; of a village: a new grid in its free land';
COMMENT ON COLUMN inbox_edit.sent_by IS 'the database role or the person''s name that it came from';
CREATE INDEX inbox_edit_state ON inbox_edit (state, at);
GRANT UPDATE (state, report, plan_id, decided_by, decided_at) ON inbox_edit TO wangge_web;

-- QGIS ----------------------------------------------------------------------------------------------------
-- `wangge_reader` sees the views of the schema `qgis` and nothing else. They run with the owner's
-- rights and name each column: borders, codes, names, areas and counts, nobody's personal data.
-- It may write one thing: rows of qgis.grid_edit, which wait in the inbox for repair and proof.

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wangge_reader') THEN
    CREATE ROLE wangge_reader NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;  -- made at this instant for another database of the same server
END $$;

-- Whoever creates a function lets everybody run it, a reader included.
REVOKE EXECUTE ON FUNCTION ensure_incident_month FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_incident_month TO wangge_web;

CREATE SCHEMA qgis;
COMMENT ON SCHEMA qgis IS 'what QGIS and other readers connect to as wangge_reader';

CREATE VIEW qgis.unit_version AS
  SELECT o.unit_code || '@' || to_char(lower(during) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') AS key,
         o.unit_code::text AS code, o.level, u.kind, n.name, u.parent_code::text, o.area_m2, o.n_households,
         o.publication, lower(during) AS valid_from, upper(during) AS valid_to, o.outline AS geom
    FROM unit_outline AS o
    JOIN unit AS u ON u.code = o.unit_code
    JOIN unit_naming AS n ON n.unit_code = o.unit_code AND n.valid && o.valid
   CROSS JOIN LATERAL (SELECT n.valid * o.valid AS during) AS time;
COMMENT ON VIEW qgis.unit_version IS 'every outline under every name that a unit ever had; valid_to is empty for what is in force';

CREATE VIEW qgis.cell AS
  SELECT c.cell_id, c.village_code::text, c.grid_code::text, c.subgroup_code::text, c.area_m2, c.publication,
         c.outline AS geom
    FROM cell_version AS c
   WHERE upper_inf(c.valid);
COMMENT ON VIEW qgis.cell IS 'the atoms in force: no grid_code is free land, no subgroup_code the undivided rest of a grid';

CREATE VIEW qgis.cell_version AS
  SELECT c.cell_id || '/' || c.publication AS key, c.cell_id, c.village_code::text, c.grid_code::text,
         c.subgroup_code::text, c.area_m2, c.publication, lower(c.valid) AS valid_from, upper(c.valid) AS valid_to,
         c.outline AS geom
    FROM cell_version AS c;
COMMENT ON VIEW qgis.cell_version IS 'every atom that there ever was';

CREATE VIEW qgis.publication AS
  SELECT p.number, p.in_force_from, p.memo, p.n_changed FROM publication AS p;
COMMENT ON VIEW qgis.publication IS 'the publications, one line: 1, 2, 3 ...';

DO $$
DECLARE wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['county', 'township', 'village', 'grid', 'subgroup'] LOOP
    EXECUTE format('CREATE VIEW qgis.%I AS '
      || 'SELECT v.code, v.kind, v.name, v.parent_code, v.area_m2, v.n_households, v.publication, v.geom '
      || 'FROM qgis.unit_version AS v WHERE v.level = %L AND v.valid_to IS NULL', wanted, wanted);
  END LOOP;
END $$;

CREATE FUNCTION qgis.end_of_day(on_date date) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE moment timestamptz := (on_date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai';
BEGIN
  IF NOT EXISTS (SELECT FROM qgis.publication AS p WHERE p.in_force_from < moment) THEN
    RAISE EXCEPTION 'nothing was in force on %', on_date USING ERRCODE = 'WG020';
  END IF;
  RETURN moment;
END $$;
COMMENT ON FUNCTION qgis.end_of_day IS 'the end of a day in China; refused before the first publication';

CREATE FUNCTION qgis.units_on(on_date date, wanted_level text) RETURNS SETOF qgis.unit_version
LANGUAGE plpgsql STABLE AS $$
DECLARE moment timestamptz := qgis.end_of_day(on_date);
BEGIN
  RETURN QUERY SELECT v.* FROM qgis.unit_version AS v
    WHERE v.level = wanted_level AND v.valid_from < moment AND (v.valid_to IS NULL OR v.valid_to >= moment);
END $$;
COMMENT ON FUNCTION qgis.units_on IS 'the units of a level as they were at the end of a day in China';

CREATE FUNCTION qgis.cells_on(on_date date) RETURNS SETOF qgis.cell_version
LANGUAGE plpgsql STABLE AS $$
DECLARE moment timestamptz := qgis.end_of_day(on_date);
BEGIN
  RETURN QUERY SELECT v.* FROM qgis.cell_version AS v
    WHERE v.valid_from < moment AND (v.valid_to IS NULL OR v.valid_to >= moment);
END $$;
COMMENT ON FUNCTION qgis.cells_on IS 'the atoms as they were at the end of a day in China';

-- One's own edits and what became of them. The type of the column turns away what is no area.
CREATE VIEW qgis.grid_edit WITH (security_barrier) AS
  SELECT e.edit_id, e.unit_code::text, e.name, e.note, e.state, e.report::text AS report, e.at,
         e.outline::geometry(MultiPolygon, 4490) AS geom
    FROM inbox_edit AS e
   WHERE e.source = 'qgis' AND e.sent_by = session_user;
COMMENT ON VIEW qgis.grid_edit IS 'insert a row: this grid shall have this outline (unit_code of a village: a new grid of this name)';
ALTER VIEW qgis.grid_edit ALTER COLUMN edit_id SET DEFAULT gen_random_uuid();

CREATE FUNCTION qgis.receive_edit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- Nothing here computes with the outline: that is for the process apart that repairs it.
  IF NEW.geom IS NULL OR ST_NPoints(NEW.geom) > 100000 THEN
    RAISE EXCEPTION 'an edit needs an outline of at most 100000 vertices' USING ERRCODE = 'WG021';
  END IF;
  IF NOT EXISTS (SELECT FROM unit WHERE code = NEW.unit_code AND level IN ('village', 'grid') AND upper_inf(valid)) THEN
    RAISE EXCEPTION 'unit_code % is no grid in force, nor the village of a new grid', NEW.unit_code
      USING ERRCODE = 'WG021';
  END IF;
  IF (SELECT count(*) >= 500 FROM inbox_edit AS e WHERE e.sent_by = session_user AND e.state = 'waiting') THEN
    RAISE EXCEPTION '500 edits of yours are waiting already' USING ERRCODE = 'WG021';
  END IF;
  NEW.edit_id := coalesce(NEW.edit_id, gen_random_uuid());
  NEW.state := 'waiting';
  NEW.report := '{}';
  NEW.at := now();
  NEW.note := coalesce(NEW.note, '');
  INSERT INTO inbox_edit (edit_id, source, unit_code, name, note, outline, sent_by)
  VALUES (NEW.edit_id, 'qgis', NEW.unit_code, nullif(btrim(NEW.name), ''), NEW.note, NEW.geom, session_user);
  RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION qgis.receive_edit FROM PUBLIC;
CREATE TRIGGER receive_edit INSTEAD OF INSERT ON qgis.grid_edit
  FOR EACH ROW EXECUTE FUNCTION qgis.receive_edit();

GRANT USAGE ON SCHEMA qgis TO wangge_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA qgis TO wangge_reader;
GRANT INSERT ON qgis.grid_edit TO wangge_reader;
