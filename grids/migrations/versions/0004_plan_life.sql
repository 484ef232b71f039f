-- The life of plans: handed in, approved by a second person, put off to a day, and what a person
-- chose for the open incidents; the queue of jobs lies beside this in a schema of its own.
--
-- `publish_plan` refuses with one state more than in 0002:
--   WG005  the plan needs a second person's approval and has none for what it holds now

ALTER TABLE plan DROP CONSTRAINT plan_state_check;
ALTER TABLE plan ADD CONSTRAINT plan_state_check CHECK (state IN
  ('draft', 'checked', 'submitted', 'approved', 'scheduled', 'published', 'withdrawn'));
-- An approval holds for the version it was given to: whoever changes the plan loses it.
ALTER TABLE plan
  ADD COLUMN submitted_at     timestamptz,
  ADD COLUMN approved_at      timestamptz,
  ADD COLUMN approved_version integer,
  ADD COLUMN publish_by       uuid REFERENCES person,
  ADD COLUMN publish_memo     text NOT NULL DEFAULT '',
  ADD CHECK (state <> 'scheduled' OR effective_from IS NOT NULL);
COMMENT ON COLUMN plan.publish_by IS 'who put the plan off to effective_from; the job publishes in this name';
CREATE INDEX plan_scheduled ON plan (effective_from) WHERE state = 'scheduled';

CREATE TABLE approval_area (
  territory_code unit_code PRIMARY KEY,
  by_person      uuid REFERENCES person,
  at             timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE approval_area IS 'territories where no plan comes into force without a second person; a place inside cannot take that back';

CREATE TABLE plan_incident_choice (
  plan_id     uuid NOT NULL REFERENCES plan,
  incident_id uuid NOT NULL,
  moves       boolean NOT NULL,
  by_person   uuid REFERENCES person,
  at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (plan_id, incident_id)
);
COMMENT ON TABLE plan_incident_choice IS 'what a person chose for an open incident whose land changes hands; without a choice the common rule holds';

CREATE TABLE proof_run (
  run_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  cause       text NOT NULL CHECK (cause IN ('night', 'restore', 'asked')),
  publication integer,
  n_faults    integer NOT NULL CHECK (n_faults >= 0),
  faults      jsonb NOT NULL DEFAULT '[]',
  seconds     real NOT NULL
);
COMMENT ON TABLE proof_run IS 'what coverage_residue said of all levels, and when; faults holds the first hundred';

CREATE INDEX lease_until ON lease (until);
-- What a publication closed: the other half of what it opened.
CREATE INDEX cell_version_publication ON cell_version (publication);

GRANT SELECT ON approval_area, plan_incident_choice, proof_run TO wangge_web;
GRANT INSERT, DELETE ON approval_area TO wangge_web;
GRANT INSERT, UPDATE, DELETE ON plan_incident_choice TO wangge_web;

-- Whether a plan needs a second person, and has one ------------------------------------------------------

CREATE FUNCTION approval_territory(p_plan uuid) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT min(area.territory_code)
    FROM approval_area AS area
   WHERE EXISTS (SELECT FROM plan_cell AS p
                  WHERE p.plan_id = p_plan AND starts_with(p.village_code, area.territory_code))
$$;
COMMENT ON FUNCTION approval_territory IS 'the widest territory that asks for a second person to approve this plan; none if nobody asks';

CREATE FUNCTION require_approval(p_plan uuid) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE asking text := approval_territory(p_plan);
BEGIN
  IF asking IS NOT NULL AND NOT EXISTS (
       SELECT FROM plan
        WHERE plan.plan_id = p_plan AND plan.approved_version = plan.version
          AND plan.approved_by IS DISTINCT FROM plan.owner_id
          AND NOT EXISTS (SELECT FROM plan_step AS s
                           WHERE s.plan_id = p_plan AND s.undone_at IS NULL AND s.by_person = plan.approved_by)) THEN
    PERFORM refuse('WG005', 'a second person has to approve the plan as it is now',
                   jsonb_build_object('territory', asking));
  END IF;
END $$;

-- What moves ---------------------------------------------------------------------------------------------
-- As in 0002, but looked for in the grids that touch what has changed instead of in whole villages, and with
-- the choices on incidents.

COMMENT ON TYPE plan_move IS 'kind is household, camera, incident, incident_stays (it would have moved, the plan leaves it for the desk to look at) or incident_kept (somebody chose that it stays)';

CREATE OR REPLACE FUNCTION plan_moves(p_plan uuid) RETURNS SETOF plan_move
LANGUAGE sql STABLE SECURITY INVOKER ROWS 200 SET search_path = public, pg_temp SET jit = off AS $$
  WITH changed AS MATERIALIZED (
    SELECT p.cell_id, p.gone, p.village_code, p.grid_code, p.subgroup_code, p.outline
      FROM plan_cell AS p
     WHERE p.plan_id = p_plan
  ), old AS MATERIALIZED (
    SELECT c.grid_code, c.subgroup_code, c.outline
      FROM changed AS p
      JOIN cell_version AS c ON c.cell_id = p.cell_id AND upper_inf(c.valid)
  ), near AS MATERIALIZED (
    -- A home on a border may lie on a changed cell: the cells that touch the changed ones, too.
    SELECT c.village_code, c.grid_code, p.outline
      FROM changed AS p
      JOIN cell_version AS c ON upper_inf(c.valid) AND c.outline && p.outline
    UNION ALL
    SELECT p.village_code, p.grid_code, p.outline FROM changed AS p
    UNION ALL
    SELECT left(o.grid_code, 12), o.grid_code, o.outline FROM old AS o
  ), territory AS MATERIALIZED (
    -- The end of a grid's codes is ready here: joining texts is not leakproof and would keep a walled table
    -- from its index.
    SELECT near.grid_code::text COLLATE "C" AS code, (near.grid_code || '~') COLLATE "C" AS beyond,
           ST_SetSRID(ST_Extent(near.outline), 4490) AS reach
      FROM near
     WHERE near.grid_code IS NOT NULL
     GROUP BY near.grid_code
  ), above AS (
    SELECT DISTINCT left(near.village_code, n) COLLATE "C" AS code FROM near, unnest(ARRAY[6, 9, 12]) AS n
  ), thing AS MATERIALIZED (
    SELECT 'household' AS kind, h.household_id AS id, h.grid_code, h.subgroup_code, h.position,
           h.placed_by IN ('position', 'unplaced') AS by_position, h.position && t.reach AS is_near
      FROM territory AS t
      JOIN household AS h ON h.territory_code >= t.code AND h.territory_code < t.beyond
     WHERE h.placed_by <> 'unplaced'
    UNION ALL
    SELECT 'household', h.household_id, NULL, NULL, h.position, true, true
      FROM above AS a
      JOIN household AS h ON h.territory_code = a.code AND h.placed_by = 'unplaced'
     WHERE h.position IS NOT NULL
    UNION ALL
    SELECT 'camera', k.camera_id, k.grid_code, k.subgroup_code, k.position, true, k.position && t.reach
      FROM territory AS t
      JOIN camera AS k ON k.territory_code >= t.code AND k.territory_code < t.beyond
     WHERE k.grid_code IS NOT NULL
    UNION ALL
    SELECT 'camera', k.camera_id, NULL, NULL, k.position, true, true
      FROM above AS a
      JOIN camera AS k ON k.territory_code = a.code AND k.grid_code IS NULL
     WHERE k.position IS NOT NULL
    UNION ALL
    SELECT CASE WHEN plan.open_incidents = 'move' THEN 'incident'
                WHEN plan.open_incidents = 'stay' THEN 'incident_stays'
                WHEN coalesce(choice.moves, i.step = 'reported') THEN 'incident'
                WHEN choice.moves IS NULL THEN 'incident_stays' ELSE 'incident_kept' END,
           i.incident_id, i.grid_code, i.subgroup_code, i.position, i.placement <> 'hand', i.position && t.reach
      FROM plan
      JOIN territory AS t ON true
      JOIN incident AS i ON i.territory_code >= t.code AND i.territory_code < t.beyond
      LEFT JOIN plan_incident_choice AS choice
             ON choice.plan_id = p_plan AND choice.incident_id = i.incident_id AND plan.open_incidents = 'ask'
     WHERE plan.plan_id = p_plan AND i.step NOT IN ('closed', 'rejected', 'duplicate') AND i.grid_code IS NOT NULL
    UNION ALL
    SELECT CASE WHEN plan.open_incidents = 'move' THEN 'incident'
                WHEN plan.open_incidents = 'stay' THEN 'incident_stays'
                WHEN coalesce(choice.moves, i.step = 'reported') THEN 'incident'
                WHEN choice.moves IS NULL THEN 'incident_stays' ELSE 'incident_kept' END,
           i.incident_id, NULL, NULL, i.position, i.placement <> 'hand', true
      FROM plan
      JOIN above AS a ON true
      JOIN incident AS i ON i.territory_code = a.code
      LEFT JOIN plan_incident_choice AS choice
             ON choice.plan_id = p_plan AND choice.incident_id = i.incident_id AND plan.open_incidents = 'ask'
     WHERE plan.plan_id = p_plan AND i.step NOT IN ('closed', 'rejected', 'duplicate')
       AND i.grid_code IS NULL AND i.position IS NOT NULL
  ), touched AS MATERIALIZED (
    SELECT t.*
      FROM thing AS t
     WHERE t.is_near
       AND EXISTS (SELECT FROM plan_cell AS p
                    WHERE p.plan_id = p_plan AND NOT p.gone AND ST_Covers(p.outline, t.position))
  ), follower AS (
    -- Who was placed by code or by hand follows its position while the position agrees with that.
    SELECT t.*
      FROM touched AS t
     WHERE t.by_position
        OR EXISTS (SELECT FROM cell_version AS c
                    WHERE upper_inf(c.valid) AND ST_Covers(c.outline, t.position) AND c.grid_code = t.grid_code
                      AND (t.subgroup_code IS NULL OR c.subgroup_code = t.subgroup_code))
  ), by_position AS (
    SELECT f.kind, f.id, f.grid_code, f.subgroup_code, home.grid_code AS to_grid, home.subgroup_code AS to_subgroup
      FROM follower AS f
     CROSS JOIN LATERAL (
           SELECT lying.grid_code, lying.subgroup_code
             FROM (SELECT p.grid_code, p.subgroup_code
                     FROM plan_cell AS p
                    WHERE p.plan_id = p_plan AND NOT p.gone AND ST_Covers(p.outline, f.position)
                   UNION ALL
                   SELECT c.grid_code, c.subgroup_code
                     FROM cell_version AS c
                    WHERE upper_inf(c.valid) AND ST_Covers(c.outline, f.position)
                      AND NOT EXISTS (SELECT FROM plan_cell AS p
                                       WHERE p.plan_id = p_plan AND p.cell_id = c.cell_id)) AS lying
            ORDER BY lying.grid_code, lying.subgroup_code NULLS LAST
            LIMIT 1) AS home
  ), ended AS MATERIALIZED (
    SELECT unnest(ARRAY[o.grid_code, o.subgroup_code])::text COLLATE "C" AS code FROM old AS o
    EXCEPT
    SELECT unnest(ARRAY[p.grid_code, p.subgroup_code])::text COLLATE "C" FROM changed AS p WHERE NOT p.gone
    EXCEPT
    SELECT unnest(ARRAY[c.grid_code, c.subgroup_code])::text COLLATE "C"
      FROM (SELECT DISTINCT grid_code FROM old) AS o
      JOIN cell_version AS c ON c.grid_code = o.grid_code AND upper_inf(c.valid)
     WHERE NOT EXISTS (SELECT FROM changed AS p WHERE p.cell_id = c.cell_id)
  ), left_behind AS (
    SELECT t.*, coalesce(t.subgroup_code, t.grid_code) AS code
      FROM thing AS t
      JOIN ended AS e ON e.code = coalesce(t.subgroup_code, t.grid_code)
     WHERE NOT EXISTS (SELECT FROM follower AS f WHERE f.id = t.id AND f.kind = t.kind)
  ), heir AS (
    -- The unit that takes the greatest part of the land of one that ends.
    SELECT DISTINCT ON (l.code) l.code, n.grid_code, part.subgroup_code
      FROM (SELECT DISTINCT code FROM left_behind) AS l
      JOIN old AS o ON l.code IN (o.grid_code, o.subgroup_code)
      JOIN changed AS n ON NOT n.gone AND n.outline && o.outline
     CROSS JOIN LATERAL (SELECT CASE WHEN length(l.code) = 17 THEN n.subgroup_code END AS subgroup_code) AS part
     GROUP BY l.code, n.grid_code, part.subgroup_code
     ORDER BY l.code, sum(ST_Area(ST_Intersection(n.outline, o.outline))) DESC, n.grid_code, part.subgroup_code
  ), move AS (
    SELECT * FROM by_position
    UNION ALL
    SELECT l.kind, l.id, l.grid_code, l.subgroup_code, h.grid_code, h.subgroup_code
      FROM left_behind AS l
      JOIN heir AS h USING (code)
  )
  SELECT m.kind, m.id, m.grid_code::text, m.subgroup_code::text, m.to_grid::text, m.to_subgroup::text
    FROM move AS m
   WHERE (m.grid_code, m.subgroup_code) IS DISTINCT FROM (m.to_grid, m.to_subgroup)
$$;

-- The door -------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION publish_plan(p_plan uuid, p_by uuid, p_memo text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
  caller   text := coalesce(nullif(current_setting('role', true), 'none'), session_user);
  scope    text := nullif(current_setting('app.scope', true), '');
  the_plan plan%ROWTYPE;
  former   publication%ROWTYPE;
  next_number integer;
  moment   timestamptz;
  additive boolean;
  is_bulk  boolean;
  moves    plan_move[];
  reshaped text[] := '{}';
  touched  text[];
  retired  text[];
  counted  text[];
BEGIN
  PERFORM pg_advisory_xact_lock(7203);
  SELECT * INTO the_plan FROM plan WHERE plan_id = p_plan FOR UPDATE;
  IF NOT FOUND OR caller <> current_user AND (scope IS NULL OR EXISTS (
       SELECT FROM plan_cell AS p WHERE p.plan_id = p_plan AND NOT starts_with(p.village_code, scope))) THEN
    PERFORM refuse('WG004', 'there is no such plan here', jsonb_build_object('plan', p_plan, 'state', 'unknown'));
  END IF;
  IF the_plan.state NOT IN ('draft', 'checked', 'submitted', 'approved', 'scheduled') OR the_plan.effective_from > clock_timestamp() THEN
    PERFORM refuse('WG004', 'the plan is not open for publishing', jsonb_build_object('plan', p_plan,
      'state', the_plan.state, 'effective_from', the_plan.effective_from));
  END IF;
  IF NOT EXISTS (SELECT FROM plan_cell AS p WHERE p.plan_id = p_plan) THEN
    PERFORM refuse('WG004', 'the plan changes nothing', jsonb_build_object('plan', p_plan, 'state', 'empty'));
  END IF;
  -- Whoever has the machine itself in hand (the owner role, in nobody's name) needs no second person.
  IF p_by IS NOT NULL OR caller <> current_user THEN
    PERFORM require_approval(p_plan);
  END IF;
  SELECT * INTO former FROM publication ORDER BY publication.number DESC LIMIT 1;
  next_number := coalesce(former.number, 0) + 1;
  -- Waiting for the lock may have outlasted other publications: their moments stay in line.
  moment := greatest(clock_timestamp(), former.at + interval '1 microsecond');
  -- After a bulk load the planner knows nothing of the rows that it is to join.
  is_bulk := (SELECT count(*) > 500 FROM plan_cell AS p WHERE p.plan_id = p_plan);
  IF is_bulk THEN
    ANALYZE plan_cell, plan_unit;
  END IF;

  PERFORM require_current_base(p_plan);
  PERFORM prove_plan_cells(p_plan);
  additive := plan_is_additive(p_plan);
  IF NOT additive THEN
    reshaped := prove_plan_patch(p_plan);
  END IF;
  SELECT coalesce(array_agg(m), '{}') INTO moves FROM plan_moves(p_plan) AS m;

  INSERT INTO publication (number, base, at, in_force_from, by_person, memo, plan_id, n_changed, digest)
  SELECT next_number, former.number, moment, moment, p_by, coalesce(p_memo, ''), p_plan,
         count(*), '' FROM plan_cell AS p WHERE p.plan_id = p_plan;
  PERFORM apply_plan(p_plan, next_number, moment);
  IF is_bulk THEN
    ANALYZE cell, cell_version, unit;
  END IF;
  retired := retire_empty_units(p_plan, next_number, moment);
  PERFORM rehome(moves, next_number, moment, p_by);

  SELECT coalesce(array_agg(DISTINCT w.code), '{}') INTO touched
    FROM (SELECT unnest(ARRAY[c.grid_code, c.subgroup_code])::text AS code
            FROM plan_cell AS p
            JOIN cell_version AS c ON c.cell_id = p.cell_id
                 AND (c.publication = next_number OR upper(c.valid) = moment)
           WHERE p.plan_id = p_plan
          UNION
          -- A border of the village that got another vertex may be its township's border, too.
          SELECT left(v.code, n) FROM unnest(reshaped) AS v (code), unnest(ARRAY[9, 12]) AS n
          UNION
          SELECT left(p.village_code, n)
            FROM plan_cell AS p, unnest(ARRAY[6, 9, 12]) AS n
           WHERE additive AND p.plan_id = p_plan) AS w
   WHERE w.code IS NOT NULL AND w.code <> ALL (retired);
  PERFORM rebuild_outlines(touched, next_number, moment);
  IF is_bulk THEN
    ANALYZE unit_outline;
  END IF;
  PERFORM require_whole_units(touched);

  SELECT array_agg(DISTINCT w.code) INTO counted
    FROM (SELECT unnest(touched) AS code
          UNION ALL
          SELECT left(coalesce(m.to_grid, m.from_grid), n)
            FROM unnest(moves) AS m, unnest(ARRAY[6, 9, 12, 15]) AS n
           WHERE m.kind = 'household'
             AND (n = 15 OR left(m.from_grid, n) IS DISTINCT FROM left(m.to_grid, n))) AS w;
  PERFORM recount_households(counted);
  PERFORM write_lineage(p_plan, moves, next_number, moment);
  IF additive THEN
    PERFORM require_exact_county(left(the_plan.territory_code, 6));
  ELSE
    PERFORM notify_people(touched || retired, moves, next_number, moment);
  END IF;

  UPDATE publication SET digest = coverage_digest() WHERE publication.number = next_number;
  UPDATE plan SET state = 'published', updated_at = moment WHERE plan_id = p_plan;
  INSERT INTO audit (person_id, role, action, record, territory_code, reason, facts)
  VALUES (p_by, nullif(current_setting('app.role', true), ''), 'plan.publish', 'plan ' || p_plan, the_plan.territory_code, coalesce(p_memo, ''),
          jsonb_build_object('publication', next_number, 'retired', to_jsonb(retired),
            'moved', (SELECT coalesce(jsonb_object_agg(kind, n), '{}')
                        FROM (SELECT m.kind, count(*) AS n FROM unnest(moves) AS m GROUP BY m.kind) AS kinds)));
  PERFORM pg_notify('publication', next_number::text);
  RETURN next_number;
END $$;

REVOKE EXECUTE ON FUNCTION require_approval FROM PUBLIC;
