-- What publishing touches, found by indexes and looked at once.
--
-- The functions answer as before (0002, 0004); what is new is how they come to it.

-- Edges ------------------------------------------------------------------------------------------------------

-- Not STRICT, so that the planner puts it into the statement that asks: half the time. No outline has no edge.
CREATE OR REPLACE FUNCTION half_edges(outline geometry)
RETURNS TABLE (low bigint, high bigint, turn integer)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT least(e.u, e.v), greatest(e.u, e.v), CASE WHEN e.u < e.v THEN 1 ELSE -1 END
    FROM (SELECT p.u,
                 lead(p.u) OVER (PARTITION BY p.ring ORDER BY p.place) AS v
            FROM (SELECT d.path[:cardinality(d.path) - 1] AS ring,
                         d.path[cardinality(d.path)] AS place,
                         (round(ST_X(d.geom) * 1e7)::bigint << 32) + round(ST_Y(d.geom) * 1e7)::bigint AS u
                    FROM ST_DumpPoints(ST_ForcePolygonCCW(outline)) AS d) AS p) AS e
   WHERE e.v <> e.u
$$;

-- What moves ---------------------------------------------------------------------------------------------
-- A home is compared with the changed cells beside its own grid only, and its new home is the cell that it lies
-- inside of: before, every home near the plan met every cell of the plan, and twice.

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
    -- Grids and free land, each beside the changed cells that lie there or touch it: a home on a border may lie
    -- on a changed cell, too.
    SELECT DISTINCT ON (n.village_code, n.grid_code, n.cell_id) n.*
      FROM (SELECT c.village_code, c.grid_code, p.cell_id, p.gone, p.grid_code AS to_grid, p.subgroup_code AS to_subgroup,
                   p.outline
              FROM changed AS p
              JOIN cell_version AS c ON upper_inf(c.valid) AND c.outline && p.outline
            UNION ALL
            SELECT p.village_code, p.grid_code, p.cell_id, p.gone, p.grid_code, p.subgroup_code, p.outline
              FROM changed AS p) AS n
     ORDER BY n.village_code, n.grid_code, n.cell_id
  ), territory AS MATERIALIZED (
    -- The end of a grid's codes is ready here: joining texts is not leakproof and would keep a walled table
    -- from its index.
    SELECT DISTINCT near.grid_code::text COLLATE "C" AS code, (near.grid_code || '~') COLLATE "C" AS beyond
      FROM near
     WHERE near.grid_code IS NOT NULL
  ), above AS (
    SELECT DISTINCT left(v.village_code, n) COLLATE "C" AS code
      FROM (SELECT DISTINCT near.village_code FROM near) AS v, unnest(ARRAY[6, 9, 12]) AS n
  ), placed AS MATERIALIZED (
    SELECT 'household' AS kind, h.household_id AS id, h.grid_code, h.subgroup_code, h.position,
           h.placed_by IN ('position', 'unplaced') AS by_position, t.code AS beside
      FROM territory AS t
      JOIN household AS h ON h.territory_code >= t.code AND h.territory_code < t.beyond
     WHERE h.placed_by <> 'unplaced'
    UNION ALL
    SELECT 'camera', k.camera_id, k.grid_code, k.subgroup_code, k.position, true, t.code
      FROM territory AS t
      JOIN camera AS k ON k.territory_code >= t.code AND k.territory_code < t.beyond
     WHERE k.grid_code IS NOT NULL
    UNION ALL
    SELECT CASE WHEN plan.open_incidents = 'move' THEN 'incident'
                WHEN plan.open_incidents = 'stay' THEN 'incident_stays'
                WHEN coalesce(choice.moves, i.step = 'reported') THEN 'incident'
                WHEN choice.moves IS NULL THEN 'incident_stays' ELSE 'incident_kept' END,
           i.incident_id, i.grid_code, i.subgroup_code, i.position, i.placement <> 'hand', t.code
      FROM plan
      JOIN territory AS t ON true
      JOIN incident AS i ON i.territory_code >= t.code AND i.territory_code < t.beyond
      LEFT JOIN plan_incident_choice AS choice
             ON choice.plan_id = p_plan AND choice.incident_id = i.incident_id AND plan.open_incidents = 'ask'
     WHERE plan.plan_id = p_plan AND i.step NOT IN ('closed', 'rejected', 'duplicate') AND i.grid_code IS NOT NULL
  ), waiting AS MATERIALIZED (
    -- What lies in no grid so far.
    SELECT 'household' AS kind, h.household_id AS id, NULL AS grid_code, NULL AS subgroup_code, h.position, true AS by_position
      FROM above AS a
      JOIN household AS h ON h.territory_code = a.code AND h.placed_by = 'unplaced'
     WHERE h.position IS NOT NULL
    UNION ALL
    SELECT 'camera', k.camera_id, NULL, NULL, k.position, true
      FROM above AS a
      JOIN camera AS k ON k.territory_code = a.code AND k.grid_code IS NULL
     WHERE k.position IS NOT NULL
    UNION ALL
    SELECT CASE WHEN plan.open_incidents = 'move' THEN 'incident'
                WHEN plan.open_incidents = 'stay' THEN 'incident_stays'
                WHEN coalesce(choice.moves, i.step = 'reported') THEN 'incident'
                WHEN choice.moves IS NULL THEN 'incident_stays' ELSE 'incident_kept' END,
           i.incident_id, NULL, NULL, i.position, i.placement <> 'hand'
      FROM plan
      JOIN above AS a ON true
      JOIN incident AS i ON i.territory_code = a.code
      LEFT JOIN plan_incident_choice AS choice
             ON choice.plan_id = p_plan AND choice.incident_id = i.incident_id AND plan.open_incidents = 'ask'
     WHERE plan.plan_id = p_plan AND i.step NOT IN ('closed', 'rejected', 'duplicate')
       AND i.grid_code IS NULL AND i.position IS NOT NULL
  ), touched AS MATERIALIZED (
    -- Looked for on the changed cells beside its own grid, not on all of the plan. What lies inside of one lies
    -- on no other.
    SELECT t.kind, t.id, t.grid_code, t.subgroup_code, t.position, t.by_position,
           g.to_grid, g.to_subgroup, ST_Contains(g.outline, t.position) AS is_inside
      FROM placed AS t
      JOIN near AS g ON g.grid_code::text COLLATE "C" = t.beside
     WHERE NOT g.gone AND g.outline && t.position AND ST_Covers(g.outline, t.position)
    UNION ALL
    SELECT t.kind, t.id, t.grid_code, t.subgroup_code, t.position, t.by_position,
           p.grid_code, p.subgroup_code, ST_Contains(p.outline, t.position)
      FROM waiting AS t
      JOIN changed AS p ON NOT p.gone AND p.outline && t.position AND ST_Covers(p.outline, t.position)
  ), follower AS (
    -- Who was placed by code or by hand follows its position while the position agrees with that.
    SELECT t.*
      FROM touched AS t
     WHERE t.by_position
        OR EXISTS (SELECT FROM cell_version AS c
                    WHERE upper_inf(c.valid) AND ST_Covers(c.outline, t.position) AND c.grid_code = t.grid_code
                      AND (t.subgroup_code IS NULL OR c.subgroup_code = t.subgroup_code))
  ), by_position AS (
    SELECT f.kind, f.id, f.grid_code, f.subgroup_code, f.to_grid, f.to_subgroup
      FROM follower AS f
     WHERE f.is_inside
    UNION ALL
    -- On a border: the lowest code of all that meet there, changed or not.
    (SELECT DISTINCT ON (meeting.kind, meeting.id) meeting.*
      FROM (SELECT f.kind, f.id, f.grid_code, f.subgroup_code, f.to_grid, f.to_subgroup
              FROM follower AS f
             WHERE NOT f.is_inside
            UNION ALL
            SELECT f.kind, f.id, f.grid_code, f.subgroup_code, c.grid_code, c.subgroup_code
              FROM follower AS f
              JOIN cell_version AS c ON upper_inf(c.valid) AND ST_Covers(c.outline, f.position)
             WHERE NOT f.is_inside AND c.cell_id NOT IN (SELECT p.cell_id FROM changed AS p)) AS meeting
     ORDER BY meeting.kind, meeting.id, meeting.to_grid, meeting.to_subgroup NULLS LAST)
  ), ended AS MATERIALIZED (
    SELECT unnest(ARRAY[o.grid_code, o.subgroup_code])::text COLLATE "C" AS code FROM old AS o
    EXCEPT
    SELECT unnest(ARRAY[p.grid_code, p.subgroup_code])::text COLLATE "C" FROM changed AS p WHERE NOT p.gone
    EXCEPT
    SELECT unnest(ARRAY[c.grid_code, c.subgroup_code])::text COLLATE "C"
      FROM (SELECT DISTINCT grid_code FROM old) AS o
      JOIN cell_version AS c ON c.grid_code = o.grid_code AND upper_inf(c.valid)
     WHERE c.cell_id NOT IN (SELECT p.cell_id FROM changed AS p)
  ), left_behind AS (
    SELECT t.*, coalesce(t.subgroup_code, t.grid_code) AS code
      FROM placed AS t
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

-- Counts and names -----------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION recount_households(p_codes text[]) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp SET jit = off AS $$
  WITH lived AS MATERIALIZED (
    -- The homes of each grid are read once, for itself and for its sub-groups.
    SELECT h.grid_code, h.subgroup_code, count(*) AS n
      FROM (SELECT DISTINCT left(w.code, 15) AS code FROM unnest(p_codes) AS w (code) WHERE length(w.code) >= 15) AS g
      JOIN household AS h ON h.grid_code = g.code
     GROUP BY h.grid_code, h.subgroup_code
  ), found AS (
    SELECT l.subgroup_code AS code, l.n FROM lived AS l WHERE l.subgroup_code IS NOT NULL
    UNION ALL
    SELECT l.grid_code, sum(l.n)::bigint FROM lived AS l GROUP BY l.grid_code
  )
  UPDATE unit_outline AS o
     SET n_households = counted.n
    FROM (SELECT DISTINCT w.code, coalesce(found.n, 0) AS n
            FROM unnest(p_codes) AS w (code)
            LEFT JOIN found ON found.code = w.code
           WHERE length(w.code) >= 15
          UNION ALL
          SELECT w.code, (SELECT count(*) FROM household AS h WHERE h.grid_code >= w.code AND h.grid_code < w.code || '~')
            FROM unnest(p_codes) AS w (code)
           WHERE length(w.code) < 15) AS counted
   WHERE o.unit_code = counted.code AND upper_inf(o.valid) AND o.n_households <> counted.n
$$;

CREATE FUNCTION remember_new_names() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- The first name holds from ever: a unit is asked for its name only while it is in force.
  INSERT INTO unit_naming (unit_code, name, valid)
  SELECT made.code, made.name, tstzrange((SELECT max(upper(n.valid)) FROM unit_naming AS n WHERE n.unit_code = made.code), NULL)
    FROM made;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION remember_new_names FROM PUBLIC;
DROP TRIGGER remember_new_name ON unit;
CREATE TRIGGER remember_new_names AFTER INSERT ON unit REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION remember_new_names();

-- Steps sent again ------------------------------------------------------------------------------------------

CREATE TABLE plan_answer (
  plan_id   uuid NOT NULL REFERENCES plan,
  by_person uuid NOT NULL REFERENCES person,
  sent_key  text NOT NULL CHECK (length(sent_key) <= 200),
  said      bytea NOT NULL,
  answer    bytea NOT NULL,
  at        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (plan_id, by_person, sent_key)
);
COMMENT ON TABLE plan_answer IS 'what was answered to a step under its sender''s key: sent again, it is answered the same; said is a SHA-256 of the request';
GRANT SELECT, INSERT, DELETE ON plan_answer TO wangge_web;
