-- Publishing: the one way in which the coverage in force changes.
--
-- `publish_plan` takes a plan into force or changes nothing. The web role may call it and has no other
-- way to write cells, units, outlines or lineage. Refusals carry a state and JSON facts in DETAIL:
--   WG001  cells or units of the plan were changed by another publication meanwhile
--   WG002  the plan's cells do not cover exactly what they replace
--   WG003  what the plan would put in force is incomplete or in pieces
--   WG004  the plan is not open for publishing
-- The functions run without the just-in-time compiler: the planner's prices for PostGIS would call it
-- for statements that take milliseconds.

-- A plan looks for its own cells at a place; a retired unit for what is drawn of it.
DROP INDEX plan_cell_outline;
CREATE INDEX plan_cell_place ON plan_cell USING gist (plan_id, outline);
CREATE INDEX unit_display_unit ON unit_display (unit_code);

-- Edges and the proof ------------------------------------------------------------------------------------

CREATE FUNCTION half_edges(outline geometry)
RETURNS TABLE (low bigint, high bigint, turn integer)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT least(e.u, e.v), greatest(e.u, e.v), CASE WHEN e.u < e.v THEN 1 ELSE -1 END
    FROM (SELECT p.u,
                 lead(p.u) OVER (PARTITION BY p.ring ORDER BY p.place) AS v
            FROM (SELECT d.path[:cardinality(d.path) - 1] AS ring,
                         d.path[cardinality(d.path)] AS place,
                         (round(ST_X(d.geom) * 1e7)::bigint << 32) + round(ST_Y(d.geom) * 1e7)::bigint AS u
                    FROM ST_DumpPoints(ST_ForcePolygonCCW(outline)) AS d) AS p) AS e
   WHERE e.v <> e.u
$$;
COMMENT ON FUNCTION half_edges IS 'edges of all rings between packed lattice keys, interior on the left: turn is 1 when the edge runs from low to high';

CREATE FUNCTION lattice_place(key bigint) RETURNS geometry
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT ST_SetSRID(ST_MakePoint(((key - y) >> 32) / 1e7::float8, y / 1e7::float8), 4490)
    FROM (SELECT ((key & 4294967295) # 2147483648) - 2147483648 AS y) AS low_half
$$;
COMMENT ON FUNCTION lattice_place IS 'the point of a packed lattice key';

CREATE FUNCTION is_off_lattice(outline geometry) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  -- Last bits of a float do not count: two programs may round to the same place differently.
  SELECT EXISTS (
    SELECT FROM ST_DumpPoints(outline) AS d,
           LATERAL (SELECT ST_X(d.geom) * 1e7 AS x, ST_Y(d.geom) * 1e7 AS y) AS steps
     WHERE abs(x - round(x)) > 1e-3 OR abs(y - round(y)) > 1e-3)
$$;

CREATE FUNCTION coverage_residue(p_levels text[] DEFAULT ARRAY['county'])
RETURNS TABLE (fault text, unit_code text, cell_id bigint, place geometry, times bigint)
LANGUAGE sql STABLE SET search_path = public, pg_temp SET jit = off AS $$
  SELECT CASE WHEN ST_IsValid(c.outline) THEN 'off_lattice' ELSE 'invalid' END,
         coalesce(c.subgroup_code, c.grid_code, c.village_code)::text, c.cell_id, ST_PointOnSurface(ST_Envelope(c.outline)), 1
    FROM cell_version AS c
   WHERE upper_inf(c.valid) AND (NOT ST_IsValid(c.outline) OR is_off_lattice(c.outline))
  UNION ALL
  SELECT 'invalid', o.unit_code::text, NULL, ST_PointOnSurface(ST_Envelope(o.outline)), 1
    FROM unit_outline AS o
   WHERE upper_inf(o.valid) AND o.level = ANY (p_levels) AND NOT ST_IsValid(o.outline)
  UNION ALL
  SELECT CASE WHEN abs(r.cells) >= abs(r.drawn) THEN 'extra' ELSE 'missing' END, r.code, NULL,
         ST_MakeLine(lattice_place(r.low), lattice_place(r.high)), abs(r.cells - r.drawn)
    FROM (SELECT sides.code, sides.low, sides.high,
                 sum(sides.turn) FILTER (WHERE sides.of_cells) AS cells,
                 sum(sides.turn) FILTER (WHERE NOT sides.of_cells) AS drawn
            FROM (SELECT l.code, e.low, e.high, e.turn, true AS of_cells
                    FROM cell_version AS c
                   CROSS JOIN LATERAL half_edges(c.outline) AS e
                   CROSS JOIN LATERAL unnest(p_levels) AS level
                   CROSS JOIN LATERAL (
                         SELECT CASE level
                                  WHEN 'county' THEN left(c.village_code, 6) WHEN 'township' THEN left(c.village_code, 9)
                                  WHEN 'village' THEN c.village_code WHEN 'grid' THEN c.grid_code
                                  WHEN 'subgroup' THEN c.subgroup_code END::text AS code) AS l
                   WHERE upper_inf(c.valid) AND l.code IS NOT NULL
                  UNION ALL
                  SELECT o.unit_code::text, e.low, e.high, e.turn, false
                    FROM unit_outline AS o
                   CROSS JOIN LATERAL half_edges(o.outline) AS e
                   WHERE upper_inf(o.valid) AND o.level = ANY (p_levels)) AS sides
           GROUP BY sides.code, sides.low, sides.high
          HAVING sum(CASE WHEN sides.of_cells THEN sides.turn ELSE -sides.turn END) <> 0) AS e
   CROSS JOIN LATERAL (SELECT e.code, e.low, e.high, coalesce(e.cells, 0) AS cells, coalesce(e.drawn, 0) AS drawn) AS r
$$;
COMMENT ON FUNCTION coverage_residue IS 'what keeps the coverage in force from being exact: no row = proven. Run nightly and after a restore';

CREATE FUNCTION coverage_digest() RETURNS bytea
LANGUAGE sql STABLE SET search_path = public, pg_temp SET jit = off AS $$
  SELECT sha256(coalesce(string_agg(sha256(convert_to(concat_ws('|', c.cell_id, c.village_code,
           coalesce(c.grid_code, '-'), coalesce(c.subgroup_code, '-')), 'UTF8') || ST_AsEWKB(c.outline, 'NDR')), ''
           ORDER BY c.cell_id), ''))
    FROM cell_version AS c
   WHERE upper_inf(c.valid)
$$;
COMMENT ON FUNCTION coverage_digest IS 'SHA-256 over what is in force, cell by cell in the order of their numbers';

CREATE FUNCTION local_day(at timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (at AT TIME ZONE 'Asia/Shanghai')::date $$;
COMMENT ON FUNCTION local_day IS 'the day that duties and rosters mean: China has one clock';

-- What moves ---------------------------------------------------------------------------------------------

CREATE TYPE plan_move AS (
  kind text, id uuid, from_grid text, from_subgroup text, to_grid text, to_subgroup text
);
COMMENT ON TYPE plan_move IS 'kind is household, camera, incident or incident_stays (it would have moved, the plan leaves it)';

CREATE FUNCTION plan_moves(p_plan uuid) RETURNS SETOF plan_move
LANGUAGE sql STABLE SECURITY INVOKER ROWS 200 SET search_path = public, pg_temp SET jit = off AS $$
  WITH changed AS MATERIALIZED (
    SELECT p.cell_id, p.gone, p.village_code, p.grid_code, p.subgroup_code, p.outline
      FROM plan_cell AS p
     WHERE p.plan_id = p_plan
  ), old AS MATERIALIZED (
    SELECT c.grid_code, c.subgroup_code, c.outline
      FROM changed AS p
      JOIN cell_version AS c ON c.cell_id = p.cell_id AND upper_inf(c.valid)
  ), territory AS MATERIALIZED (
    -- Neighbours too: a home on their border may lie on a changed cell.
    SELECT near.village_code, ST_SetSRID(ST_Extent(near.outline), 4490) AS reach
      FROM (SELECT p.village_code, p.outline FROM changed AS p
            UNION ALL
            SELECT c.village_code, p.outline
              FROM changed AS p
              JOIN cell_version AS c ON upper_inf(c.valid) AND c.outline && p.outline) AS near
     GROUP BY near.village_code
  ), above AS (
    SELECT left(t.village_code, n) COLLATE "C" AS code FROM territory AS t, unnest(ARRAY[6, 9]) AS n
    UNION
    SELECT t.village_code FROM territory AS t
  ), thing AS MATERIALIZED (
    SELECT 'household' AS kind, h.household_id AS id, h.grid_code, h.subgroup_code, h.position,
           h.placed_by IN ('position', 'unplaced') AS by_position, h.position && t.reach AS is_near
      FROM territory AS t
      JOIN household AS h ON h.territory_code >= t.village_code AND h.territory_code < t.village_code || '~'
     WHERE h.placed_by <> 'unplaced'
    UNION ALL
    SELECT 'household', h.household_id, NULL, NULL, h.position, true, true
      FROM above AS a
      JOIN household AS h ON h.territory_code = a.code AND h.placed_by = 'unplaced'
     WHERE h.position IS NOT NULL
    UNION ALL
    SELECT 'camera', k.camera_id, k.grid_code, k.subgroup_code, k.position, true, k.position && t.reach
      FROM territory AS t
      JOIN camera AS k ON k.territory_code >= t.village_code AND k.territory_code < t.village_code || '~'
     WHERE k.grid_code IS NOT NULL
    UNION ALL
    SELECT 'camera', k.camera_id, NULL, NULL, k.position, true, true
      FROM above AS a
      JOIN camera AS k ON k.territory_code = a.code AND k.grid_code IS NULL
     WHERE k.position IS NOT NULL
    UNION ALL
    SELECT CASE WHEN plan.open_incidents = 'move' OR plan.open_incidents = 'unaccepted' AND i.step = 'reported'
             THEN 'incident' ELSE 'incident_stays' END,
           i.incident_id, i.grid_code, i.subgroup_code, i.position, i.placement <> 'hand', i.position && t.reach
      FROM plan
      JOIN territory AS t ON true
      JOIN incident AS i ON i.territory_code >= t.village_code AND i.territory_code < t.village_code || '~'
     WHERE plan.plan_id = p_plan AND i.step NOT IN ('closed', 'rejected', 'duplicate') AND i.grid_code IS NOT NULL
    UNION ALL
    SELECT CASE WHEN plan.open_incidents = 'move' OR plan.open_incidents = 'unaccepted' AND i.step = 'reported'
             THEN 'incident' ELSE 'incident_stays' END,
           i.incident_id, NULL, NULL, i.position, i.placement <> 'hand', true
      FROM plan
      JOIN above AS a ON true
      JOIN incident AS i ON i.territory_code = a.code
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
COMMENT ON FUNCTION plan_moves IS 'who gets another home by a plan: the preview and publish_plan both read this';

-- The steps of publishing ----------------------------------------------------------------------------------
-- Each is a function of its own, run by `publish_plan` with the rights of the owner.

CREATE FUNCTION refuse(p_state text, p_message text, p_facts jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', p_message USING ERRCODE = p_state, DETAIL = p_facts::text;
END $$;

CREATE FUNCTION plan_is_additive(p_plan uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  -- The first coverage, or land that had none: an import that touches no cell in force. The land it adds
  -- has no old side to compare with, so the whole county is proven against its new outline instead.
  SELECT plan.source IN ('import', 'command')
         AND NOT EXISTS (SELECT FROM plan_cell AS p
                          WHERE p.plan_id = p_plan AND (p.gone OR p.base_publication IS NOT NULL))
    FROM plan WHERE plan.plan_id = p_plan
$$;

CREATE FUNCTION require_current_base(p_plan uuid) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp SET jit = off AS $$
DECLARE stale jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object('cell_id', p.cell_id, 'yours', p.base_publication,
           'now', c.publication, 'unit', coalesce(c.subgroup_code, c.grid_code, p.subgroup_code, p.grid_code, p.village_code),
           'at', jsonb_build_array(ST_X(spot.at), ST_Y(spot.at))) ORDER BY p.cell_id)
    INTO stale
    FROM plan_cell AS p
    LEFT JOIN cell_version AS c ON c.cell_id = p.cell_id AND upper_inf(c.valid)
   CROSS JOIN LATERAL (SELECT ST_PointOnSurface(p.outline) AS at) AS spot
   WHERE p.plan_id = p_plan AND p.base_publication IS DISTINCT FROM c.publication;
  IF stale IS NOT NULL THEN
    PERFORM refuse('WG001', 'cells were published by another plan', jsonb_build_object('cells', stale, 'units', '[]'::jsonb));
  END IF;
END $$;

CREATE FUNCTION prove_plan_cells(p_plan uuid) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp SET jit = off AS $$
DECLARE bad jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object('cell_id', p.cell_id,
           'fault', CASE WHEN is_off_lattice(p.outline) THEN 'off_lattice' ELSE 'invalid' END,
           'at', jsonb_build_array(ST_XMin(p.outline), ST_YMin(p.outline))) ORDER BY p.cell_id)
    INTO bad
    FROM plan_cell AS p
    LEFT JOIN cell_version AS c ON c.cell_id = p.cell_id AND upper_inf(c.valid)
   WHERE p.plan_id = p_plan AND NOT p.gone
     AND NOT coalesce(c.outline = p.outline, false)
     AND (ST_IsEmpty(p.outline) OR NOT ST_IsValid(p.outline) OR is_off_lattice(p.outline));
  IF bad IS NOT NULL THEN
    PERFORM refuse('WG002', 'cells of the plan are not valid polygons on the lattice',
                   jsonb_build_object('cells', bad, 'n_edges', 0));
  END IF;
END $$;

CREATE FUNCTION prove_plan_patch(p_plan uuid) RETURNS text[]
LANGUAGE plpgsql SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
  n_open bigint;
  first_low bigint;
  reshaped text[];
BEGIN
  WITH net AS (
    SELECT sides.village_code, e.low, e.high, sum(e.turn * sides.side) AS n
      FROM (SELECT p.village_code, p.outline, 1 AS side
              FROM plan_cell AS p
              LEFT JOIN cell_version AS c ON c.cell_id = p.cell_id AND upper_inf(c.valid)
             WHERE p.plan_id = p_plan AND NOT p.gone
               AND NOT coalesce(c.outline = p.outline AND c.village_code = p.village_code, false)
            UNION ALL
            SELECT c.village_code, c.outline, -1
              FROM plan_cell AS p
              JOIN cell_version AS c ON c.cell_id = p.cell_id AND upper_inf(c.valid)
             WHERE p.plan_id = p_plan
               AND (p.gone OR NOT (c.outline = p.outline AND c.village_code = p.village_code))) AS sides
     CROSS JOIN LATERAL half_edges(sides.outline) AS e
     GROUP BY sides.village_code, e.low, e.high
    HAVING sum(e.turn * sides.side) <> 0
  ), whole AS (
    SELECT low FROM net GROUP BY low, high HAVING sum(n) <> 0
  )
  SELECT (SELECT count(*) FROM whole), (SELECT min(low) FROM whole),
         (SELECT coalesce(array_agg(DISTINCT village_code), '{}') FROM net)
    INTO n_open, first_low, reshaped;
  IF n_open > 0 THEN
    PERFORM refuse('WG002', 'the new cells do not cover exactly what they replace', jsonb_build_object(
      'n_edges', n_open, 'cells', '[]'::jsonb,
      'at', jsonb_build_array(ST_X(lattice_place(first_low)), ST_Y(lattice_place(first_low)))));
  END IF;
  RETURN reshaped;
END $$;
COMMENT ON FUNCTION prove_plan_patch IS 'refuses a plan whose new cells have another boundary chain than the old ones; returns the villages whose own border got other vertices';

CREATE FUNCTION apply_plan(p_plan uuid, p_number integer, p_at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp SET jit = off AS $$
DECLARE lost jsonb;
BEGIN
  -- A unit that no cell of the plan bears keeps its code reserved in plan_unit and never comes to be.
  INSERT INTO unit (code, level, kind, name, initials, parent_code, source_code, n_parts, valid)
  SELECT u.code, u.level, u.kind, u.name, u.initials, u.parent_code, u.source_code, u.n_parts, tstzrange(p_at, NULL)
    FROM plan_unit AS u
   WHERE u.plan_id = p_plan
     AND u.code IN (SELECT unnest(ARRAY[p.grid_code, p.subgroup_code])
                      FROM plan_cell AS p WHERE p.plan_id = p_plan AND NOT p.gone)
   ORDER BY u.code;

  -- Pieces of land that were signed for in a step of the plan.
  UPDATE unit SET n_parts = signed.n_parts
    FROM (SELECT DISTINCT ON (s.params->>'unit') s.params->>'unit' AS code, (s.params->>'n_parts')::smallint AS n_parts
            FROM plan_step AS s
           WHERE s.plan_id = p_plan AND s.tool = 'sign' AND s.undone_at IS NULL
           ORDER BY s.params->>'unit', s.seq DESC) AS signed
   WHERE unit.code = signed.code;

  UPDATE cell_version AS c
     SET valid = tstzrange(lower(c.valid), p_at)
    FROM plan_cell AS p
   WHERE p.plan_id = p_plan AND c.cell_id = p.cell_id AND upper_inf(c.valid);
  INSERT INTO cell (cell_id, created_in)
  SELECT p.cell_id, p_number FROM plan_cell AS p
   WHERE p.plan_id = p_plan AND NOT p.gone AND p.base_publication IS NULL;
  UPDATE cell SET retired_in = p_number
    FROM plan_cell AS p
   WHERE p.plan_id = p_plan AND p.gone AND cell.cell_id = p.cell_id;
  INSERT INTO cell_version (cell_id, publication, village_code, grid_code, subgroup_code, outline, area_m2, valid)
  SELECT p.cell_id, p_number, p.village_code, p.grid_code, p.subgroup_code, p.outline, p.area_m2, tstzrange(p_at, NULL)
    FROM plan_cell AS p
   WHERE p.plan_id = p_plan AND NOT p.gone;

  SELECT jsonb_agg(DISTINCT w.code) INTO lost
    FROM (SELECT unnest(ARRAY[p.village_code, p.grid_code, p.subgroup_code]) AS code
            FROM plan_cell AS p WHERE p.plan_id = p_plan AND NOT p.gone) AS w
    JOIN unit AS u ON u.code = w.code AND NOT upper_inf(u.valid);
  IF lost IS NOT NULL THEN
    PERFORM refuse('WG001', 'units of the plan were retired meanwhile', jsonb_build_object('cells', '[]'::jsonb, 'units', lost));
  END IF;
END $$;

CREATE FUNCTION retire_empty_units(p_plan uuid, p_number integer, p_at timestamptz) RETURNS text[]
LANGUAGE sql SET search_path = public, pg_temp SET jit = off AS $$
  WITH lost AS (
    SELECT DISTINCT unnest(ARRAY[c.grid_code, c.subgroup_code]) AS code
      FROM plan_cell AS p
      JOIN cell_version AS c ON c.cell_id = p.cell_id AND upper(c.valid) = p_at
     WHERE p.plan_id = p_plan
  ), retired AS (
    UPDATE unit
       SET valid = tstzrange(lower(unit.valid), p_at)
      FROM lost
     WHERE unit.code = lost.code AND upper_inf(unit.valid)
       AND NOT EXISTS (SELECT FROM cell_version AS c
                        WHERE upper_inf(c.valid) AND c.grid_code = left(lost.code, 15)
                          AND lost.code IN (c.grid_code, c.subgroup_code))
    RETURNING unit.code
  ), closed AS (
    UPDATE unit_outline AS o
       SET valid = tstzrange(lower(o.valid), p_at)
      FROM retired
     WHERE o.unit_code = retired.code AND upper_inf(o.valid)
  ), undrawn AS (
    DELETE FROM unit_display AS d USING retired WHERE d.unit_code = retired.code
  ), relieved AS (
    -- A duty ends with its unit, at the close of the day: days are what duties are counted in.
    UPDATE duty
       SET valid = duty.valid * daterange(NULL, local_day(p_at) + 1)
      FROM retired
     WHERE duty.unit_code = retired.code AND duty.valid && daterange(NULL, local_day(p_at) + 1)
  ), cancelled AS (
    DELETE FROM duty USING retired
     WHERE duty.unit_code = retired.code AND NOT duty.valid && daterange(NULL, local_day(p_at) + 1)
  )
  SELECT coalesce(array_agg(code::text ORDER BY code), '{}') FROM retired
$$;

CREATE FUNCTION duty_answering(p_territory text, p_first_rank text, p_at timestamptz)
RETURNS TABLE (person_id uuid, unit_code text, rank text)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  -- The chain of responsibility in SQL, for what moves with a border: one row at most.
  SELECT d.person_id, d.unit_code::text, d.rank
    FROM (VALUES (1, 17, 'informant'), (2, 15, 'primary'), (3, 15, 'deputy'),
                 (4, 12, 'desk'), (5, 9, 'desk'), (6, 6, 'desk')) AS call (place, digits, rank)
    JOIN duty AS d ON d.unit_code = left(p_territory, call.digits) AND length(d.unit_code) = call.digits
                  AND d.rank = call.rank AND d.valid @> local_day(p_at)
    JOIN person AS p ON p.person_id = d.person_id AND p.active
   WHERE (call.rank <> 'informant' OR p_first_rank = 'informant')
     AND NOT EXISTS (SELECT FROM leave WHERE leave.person_id = d.person_id AND leave.during @> p_at)
   ORDER BY call.place,
            (SELECT count(*) FROM incident AS open
              WHERE open.owner_id = d.person_id AND open.step NOT IN ('closed', 'rejected', 'duplicate')),
            d.person_id
   LIMIT 1
$$;
COMMENT ON FUNCTION duty_answering IS 'who answers for a territory at a moment: informant or primary, deputy, then the desks upwards';

CREATE FUNCTION rehome(p_moves plan_move[], p_number integer, p_at timestamptz, p_by uuid) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp SET jit = off AS $$
BEGIN
  -- What comes to lie in no grid keeps the village that it lay in.
  UPDATE household AS h
     SET grid_code = m.to_grid, subgroup_code = m.to_subgroup, publication = p_number, updated_at = p_at,
         territory_code = coalesce(m.to_subgroup, m.to_grid, left(m.from_grid, 12), h.territory_code),
         placed_by = CASE WHEN m.to_grid IS NULL THEN 'unplaced' WHEN h.placed_by = 'unplaced' THEN 'position'
                       ELSE h.placed_by END
    FROM unnest(p_moves) AS m
   WHERE m.kind = 'household' AND h.household_id = m.id;

  UPDATE camera AS k
     SET grid_code = m.to_grid, subgroup_code = m.to_subgroup, publication = p_number, updated_at = p_at,
         territory_code = coalesce(m.to_subgroup, m.to_grid, left(m.from_grid, 12), k.territory_code)
    FROM unnest(p_moves) AS m
   WHERE m.kind = 'camera' AND k.camera_id = m.id;

  -- Distance and rivals spoke of the borders of the former publication.
  UPDATE incident AS i
     SET grid_code = m.to_grid, subgroup_code = m.to_subgroup, publication = p_number,
         territory_code = coalesce(m.to_subgroup, m.to_grid, left(m.from_grid, 12), i.territory_code),
         placement = CASE WHEN m.to_grid IS NULL THEN 'outside' WHEN i.placement = 'hand' THEN 'hand' ELSE 'inside' END,
         border_m = NULL, rivals = '[]', review = i.review OR m.to_grid IS NULL, version = i.version + 1
    FROM unnest(p_moves) AS m
   WHERE m.kind = 'incident' AND i.incident_id = m.id;
  UPDATE incident AS i SET review = true, version = i.version + 1
    FROM unnest(p_moves) AS m, publication, plan
   WHERE m.kind = 'incident_stays' AND i.incident_id = m.id AND NOT i.review
     AND publication.number = p_number AND plan.plan_id = publication.plan_id AND plan.open_incidents = 'ask';

  -- An owner chosen by hand stays, and so does one whose grid stays, unless the sub-group answered.
  WITH moved AS (
    SELECT i.incident_id, i.step, i.territory_code, i.owner_id, m.from_grid, m.from_subgroup, m.to_grid, m.to_subgroup,
           i.owner_rank <> 'hand' AND (m.from_grid IS DISTINCT FROM m.to_grid OR i.owner_rank = 'informant') AS is_free,
           matter.first_rank
      FROM unnest(p_moves) AS m
      JOIN incident AS i ON i.incident_id = m.id
      JOIN matter ON matter.code = i.matter_code
     WHERE m.kind = 'incident'
  ), answer AS (
    SELECT moved.*, duty.person_id, coalesce(duty.rank, 'desk') AS rank,
           coalesce(duty.unit_code, left(moved.territory_code, 6)) AS unit_code
      FROM moved
      LEFT JOIN LATERAL duty_answering(moved.territory_code, moved.first_rank, p_at) AS duty ON moved.is_free
  ), owned AS (
    UPDATE incident AS i
       SET owner_id = answer.person_id, owner_unit = answer.unit_code, owner_rank = answer.rank,
           owner_reason = jsonb_build_object('reason', 'border_moved', 'publication', p_number,
             'from', coalesce(answer.from_subgroup, answer.from_grid), 'skipped', '[]'::jsonb),
           review = i.review OR answer.person_id IS NULL
      FROM answer
     WHERE answer.is_free AND i.incident_id = answer.incident_id
  )
  INSERT INTO incident_step (incident_id, seq, action, from_step, to_step, person_id, at, facts, territory_code)
  SELECT answer.incident_id,
         coalesce((SELECT max(s.seq) FROM incident_step AS s WHERE s.incident_id = answer.incident_id), 0) + 1,
         'rehome', answer.step, answer.step, p_by, p_at,
         jsonb_build_object('publication', p_number,
           'from', coalesce(answer.from_subgroup, answer.from_grid), 'to', coalesce(answer.to_subgroup, answer.to_grid),
           'from_owner', answer.owner_id,
           'to_owner', CASE WHEN answer.is_free THEN answer.person_id ELSE answer.owner_id END),
         answer.territory_code
    FROM answer;
END $$;
COMMENT ON FUNCTION rehome IS 'gives what moves its new home; daily counts stay with the grid of their day';

CREATE FUNCTION union_of(parts geometry[]) RETURNS geometry
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT ST_Multi(CASE cardinality(parts) WHEN 1 THEN parts[1] ELSE ST_Union(parts) END)
$$;

CREATE FUNCTION rebuild_outlines(p_codes text[], p_number integer, p_at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
  digits integer;
  broken text;
  n_broken bigint;
BEGIN
  UPDATE unit_outline AS o
     SET valid = tstzrange(lower(o.valid), p_at)
   WHERE o.unit_code = ANY (p_codes) AND upper_inf(o.valid);

  -- From the leaves up: sub-groups and grids from cells, a village from its grids and its free land, and so on.
  INSERT INTO unit_outline (unit_code, publication, level, outline, area_m2, valid)
  SELECT whole.code, p_number, 'subgroup', union_of(whole.parts), whole.area_m2, tstzrange(p_at, NULL)
    FROM (SELECT w.code, array_agg(c.outline) AS parts, sum(c.area_m2) AS area_m2
            FROM unnest(p_codes) AS w (code)
            JOIN cell_version AS c ON c.grid_code = left(w.code, 15) AND c.subgroup_code = w.code AND upper_inf(c.valid)
           WHERE length(w.code) = 17
           GROUP BY w.code) AS whole;
  INSERT INTO unit_outline (unit_code, publication, level, outline, area_m2, valid)
  SELECT whole.code, p_number, 'grid', union_of(whole.parts), whole.area_m2, tstzrange(p_at, NULL)
    FROM (SELECT w.code, array_agg(c.outline) AS parts, sum(c.area_m2) AS area_m2
            FROM unnest(p_codes) AS w (code)
            JOIN cell_version AS c ON c.grid_code = w.code AND upper_inf(c.valid)
           WHERE length(w.code) = 15
           GROUP BY w.code) AS whole;
  FOREACH digits IN ARRAY ARRAY[12, 9, 6] LOOP
    INSERT INTO unit_outline (unit_code, publication, level, outline, area_m2, valid)
    SELECT unit.code, p_number, unit.level, union_of(array_agg(part.outline)), sum(part.area_m2), tstzrange(p_at, NULL)
      FROM unnest(p_codes) AS w (code)
      JOIN unit ON unit.code = w.code
      JOIN LATERAL (
           SELECT o.outline, o.area_m2
             FROM unit AS child
             JOIN unit_outline AS o ON o.unit_code = child.code AND upper_inf(o.valid)
            WHERE child.parent_code = unit.code
           UNION ALL
           SELECT c.outline, c.area_m2
             FROM cell_version AS c
            WHERE digits = 12 AND c.grid_code IS NULL AND c.village_code = unit.code AND upper_inf(c.valid)) AS part ON true
     WHERE length(w.code) = digits
     GROUP BY unit.code, unit.level;
  END LOOP;

  -- A union may not add, drop or move a vertex. One that consists of a single piece is that piece.
  SELECT min(differing.code), count(*) INTO broken, n_broken
    FROM (SELECT sides.code
            FROM (SELECT o.unit_code::text AS code, o.outline, -1 AS side
                    FROM unit_outline AS o
                   WHERE o.unit_code = ANY (p_codes) AND o.publication = p_number
                  UNION ALL
                  SELECT l.code, c.outline, 1
                    FROM cell_version AS c
                   CROSS JOIN LATERAL (VALUES (c.grid_code), (c.subgroup_code)) AS l (code)
                   WHERE c.grid_code = ANY (p_codes) AND upper_inf(c.valid) AND l.code = ANY (p_codes)
                  UNION ALL
                  SELECT c.village_code, c.outline, 1
                    FROM cell_version AS c
                   WHERE c.grid_code IS NULL AND c.village_code = ANY (p_codes) AND upper_inf(c.valid)
                  UNION ALL
                  SELECT child.parent_code, o.outline, 1
                    FROM unit AS child
                    JOIN unit_outline AS o ON o.unit_code = child.code AND upper_inf(o.valid)
                   WHERE child.parent_code = ANY (p_codes) AND child.level <> 'subgroup') AS sides
            JOIN (SELECT part.code
                    FROM (SELECT unnest(ARRAY[c.grid_code, c.subgroup_code])::text AS code
                            FROM cell_version AS c WHERE c.grid_code = ANY (p_codes) AND upper_inf(c.valid)
                          UNION ALL
                          SELECT w.code FROM unnest(p_codes) AS w (code), generate_series(1, 2) WHERE length(w.code) < 15) AS part
                   GROUP BY part.code HAVING count(*) > 1) AS compound USING (code)
           CROSS JOIN LATERAL half_edges(sides.outline) AS e
           GROUP BY sides.code, e.low, e.high
          HAVING sum(e.turn * sides.side) <> 0) AS differing;
  IF broken IS NOT NULL THEN
    -- Only cells that do not meet edge to edge are united with other vertices than they have.
    PERFORM refuse('WG002', 'the cells of a unit do not meet edge to edge',
                   jsonb_build_object('n_edges', n_broken, 'cells', '[]'::jsonb, 'unit', broken));
  END IF;
END $$;
COMMENT ON FUNCTION rebuild_outlines IS 'derives the outlines of these units from what is in force; the codes hold every unit whose cells changed';

CREATE FUNCTION recount_households(p_codes text[]) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp SET jit = off AS $$
  UPDATE unit_outline AS o
     SET n_households = counted.n
    FROM (SELECT w.code, count(h.grid_code) AS n
            FROM unnest(p_codes) AS w (code)
            LEFT JOIN household AS h ON h.grid_code = left(w.code, 15) AND h.subgroup_code = w.code
           WHERE length(w.code) = 17 GROUP BY w.code
          UNION ALL
          SELECT w.code, count(h.grid_code)
            FROM unnest(p_codes) AS w (code)
            LEFT JOIN household AS h ON h.grid_code = w.code
           WHERE length(w.code) = 15 GROUP BY w.code
          UNION ALL
          SELECT w.code, (SELECT count(*) FROM household AS h WHERE h.grid_code >= w.code AND h.grid_code < w.code || '~')
            FROM unnest(p_codes) AS w (code)
           WHERE length(w.code) < 15) AS counted
   WHERE o.unit_code = counted.code AND upper_inf(o.valid) AND o.n_households <> counted.n
$$;
COMMENT ON FUNCTION recount_households IS 'writes the placed households of these units beside their outlines in force';

CREATE FUNCTION write_lineage(p_plan uuid, p_moves plan_move[], p_number integer, p_at timestamptz) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp SET jit = off AS $$
  WITH old AS MATERIALIZED (
    SELECT c.cell_id, c.grid_code, c.subgroup_code, c.outline, c.area_m2
      FROM plan_cell AS p
      JOIN cell_version AS c ON c.cell_id = p.cell_id AND upper(c.valid) = p_at
     WHERE p.plan_id = p_plan
  ), pair AS MATERIALIZED (
    SELECT old.cell_id AS old_id, new.cell_id AS new_id,
           old.grid_code AS from_grid, old.subgroup_code AS from_subgroup,
           new.grid_code AS to_grid, new.subgroup_code AS to_subgroup,
           old.outline AS old_outline, new.outline AS new_outline,
           old.area_m2 AS old_area_m2, new.area_m2 AS new_area_m2,
           CASE WHEN ST_Covers(old.outline, new.outline) THEN new.area_m2
                WHEN ST_Covers(new.outline, old.outline) THEN old.area_m2 END AS area_m2
      FROM old
     CROSS JOIN LATERAL (
           SELECT c.cell_id, c.grid_code, c.subgroup_code, c.outline, c.area_m2
             FROM cell_version AS c
            WHERE c.outline && old.outline AND upper_inf(c.valid) AND c.publication = p_number) AS new
  ), spent AS MATERIALIZED (
    -- Cells that others cover or consist of altogether share nothing with their neighbours but edges.
    SELECT 'old' AS side, old_id AS cell_id FROM pair WHERE area_m2 IS NOT NULL
     GROUP BY old_id, old_area_m2 HAVING sum(area_m2) > old_area_m2 * (1 - 1e-6)
    UNION ALL
    SELECT 'new', new_id FROM pair WHERE area_m2 IS NOT NULL
     GROUP BY new_id, new_area_m2 HAVING sum(area_m2) > new_area_m2 * (1 - 1e-6)
  ), piece AS MATERIALIZED (
    SELECT from_grid, from_subgroup, to_grid, to_subgroup, area_m2 FROM pair WHERE area_m2 IS NOT NULL
    UNION ALL
    SELECT from_grid, from_subgroup, to_grid, to_subgroup,
           ST_Area(ST_Intersection(old_outline, new_outline)::geography)
      FROM pair
     WHERE area_m2 IS NULL
       AND old_id NOT IN (SELECT cell_id FROM spent WHERE side = 'old')
       AND new_id NOT IN (SELECT cell_id FROM spent WHERE side = 'new')
    UNION ALL
    SELECT NULL, NULL, c.grid_code, c.subgroup_code, c.area_m2
      FROM cell_version AS c
     WHERE c.publication = p_number AND NOT EXISTS (SELECT FROM old)
  ), arrival AS MATERIALIZED (
    -- An empty code stands for no unit until the end: rows of equal codes are to find each other.
    SELECT coalesce(m.from_grid, '') AS from_code, coalesce(m.to_grid, '') AS to_code, count(*) AS n
      FROM unnest(p_moves) AS m WHERE m.kind = 'household' AND m.from_grid IS DISTINCT FROM m.to_grid GROUP BY 1, 2
    UNION ALL
    SELECT coalesce(m.from_subgroup, ''), coalesce(m.to_subgroup, ''), count(*)
      FROM unnest(p_moves) AS m WHERE m.kind = 'household' AND m.from_subgroup IS DISTINCT FROM m.to_subgroup GROUP BY 1, 2
  ), flow AS MATERIALIZED (
    SELECT parts.from_code, parts.to_code, sum(parts.area_m2) AS area_m2, sum(parts.n)::integer AS n
      FROM (SELECT coalesce(from_grid, '') AS from_code, coalesce(to_grid, '') AS to_code, area_m2, 0 AS n
              FROM piece
            UNION ALL
            SELECT coalesce(from_subgroup, ''), coalesce(to_subgroup, ''), area_m2, 0 FROM piece
            UNION ALL
            SELECT from_code, to_code, 0, n FROM arrival) AS parts
     WHERE parts.from_code <> '' OR parts.to_code <> ''
     GROUP BY parts.from_code, parts.to_code
    -- A new vertex on a border lies within a lattice step of it: what that shifts is no transfer.
    HAVING sum(parts.area_m2) > 5 OR sum(parts.n) > 0 OR parts.from_code = parts.to_code
  ), told AS (
    SELECT flow.from_code, flow.to_code,
           upper(source.valid) = p_at AS from_ended, lower(target.valid) = p_at AS to_began,
           count(*) OVER (PARTITION BY flow.from_code) AS n_heirs,
           count(*) OVER (PARTITION BY flow.to_code) AS n_sources,
           count(*) FILTER (WHERE upper(source.valid) = p_at) OVER (PARTITION BY flow.to_code) AS n_ended_sources,
           CASE WHEN flow.from_code = flow.to_code
             THEN o.area_m2 - coalesce(sum(flow.area_m2) FILTER (WHERE flow.from_code <> flow.to_code)
                                         OVER (PARTITION BY flow.to_code), 0)
             ELSE flow.area_m2 END AS area_m2,
           CASE WHEN flow.from_code = flow.to_code
             THEN o.n_households - coalesce(sum(flow.n) OVER (PARTITION BY flow.to_code), 0)
             ELSE flow.n END AS n_households
      FROM flow
      LEFT JOIN unit AS source ON source.code = flow.from_code
      LEFT JOIN unit AS target ON target.code = flow.to_code
      LEFT JOIN unit_outline AS o ON o.unit_code = flow.to_code AND upper_inf(o.valid)
  )
  INSERT INTO lineage (publication, from_code, to_code, kind, area_m2, n_households)
  SELECT p_number, nullif(from_code, ''), nullif(to_code, ''),
         CASE WHEN from_code = to_code THEN 'reshape'
              WHEN from_code = '' AND to_began THEN 'create'
              WHEN to_code = '' AND from_ended THEN 'retire'
              WHEN '' IN (from_code, to_code) THEN 'transfer'
              WHEN to_began AND n_ended_sources >= 2 THEN 'merge'
              WHEN to_began AND from_ended AND n_heirs = 1 THEN 'transfer'
              WHEN to_began THEN 'split'
              WHEN from_ended THEN 'merge'
              ELSE 'transfer' END,
         greatest(area_m2, 0), greatest(n_households, 0)
    FROM told
   WHERE from_code <> to_code OR n_heirs > 1 OR n_sources > 1
$$;
COMMENT ON FUNCTION write_lineage IS 'which unit got how much of which: land by intersection, households by what moved; needs outlines and counts of the new publication';

CREATE FUNCTION notify_people(p_codes text[], p_moves plan_move[], p_number integer, p_at timestamptz) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp SET jit = off AS $$
  INSERT INTO notice (person_id, kind, facts, at)
  SELECT d.person_id, 'publication.border',
         jsonb_build_object('publication', p_number, 'unit_code', unit.code, 'unit_name', unit.name,
           'ended', NOT upper_inf(unit.valid),
           'gains', count(m.id) FILTER (WHERE m.kind = 'household' AND unit.code IN (m.to_grid, m.to_subgroup)),
           'loses', count(m.id) FILTER (WHERE m.kind = 'household' AND unit.code IN (m.from_grid, m.from_subgroup)),
           'incidents_in', count(m.id) FILTER (WHERE m.kind = 'incident' AND unit.code IN (m.to_grid, m.to_subgroup)),
           'incidents_out', count(m.id) FILTER (WHERE m.kind = 'incident' AND unit.code IN (m.from_grid, m.from_subgroup))),
         p_at
    FROM unit
    JOIN duty AS d ON d.unit_code = unit.code AND d.valid @> local_day(p_at)
    LEFT JOIN unnest(p_moves) AS m
           ON (unit.code IN (m.from_grid, m.to_grid) AND m.from_grid IS DISTINCT FROM m.to_grid)
           OR (unit.code IN (m.from_subgroup, m.to_subgroup) AND m.from_subgroup IS DISTINCT FROM m.to_subgroup)
   WHERE unit.code = ANY (p_codes) AND unit.level IN ('grid', 'subgroup')
   GROUP BY d.person_id, unit.code, unit.name, unit.valid;

  INSERT INTO notice (person_id, kind, facts, at)
  SELECT d.person_id, 'publication.incidents_stay',
         jsonb_build_object('publication', p_number, 'village_code', stay.village_code, 'incidents', stay.ids), p_at
    FROM (SELECT left(coalesce(m.from_grid, m.to_grid), 12) AS village_code, jsonb_agg(m.id ORDER BY m.id) AS ids
            FROM unnest(p_moves) AS m WHERE m.kind = 'incident_stays' GROUP BY 1) AS stay
    JOIN duty AS d ON d.unit_code = stay.village_code AND d.rank = 'desk' AND d.valid @> local_day(p_at)
$$;
COMMENT ON FUNCTION notify_people IS 'tells who answers for a changed unit what it gains and loses, and the desks which open incidents stayed behind';

CREATE FUNCTION require_whole_units(p_codes text[]) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE torn jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object('unit', o.unit_code, 'n_parts', ST_NumGeometries(o.outline), 'signed', unit.n_parts)
           ORDER BY o.unit_code)
    INTO torn
    FROM unit_outline AS o
    JOIN unit ON unit.code = o.unit_code
   WHERE o.unit_code = ANY (p_codes) AND upper_inf(o.valid) AND o.level IN ('grid', 'subgroup')
     AND ST_NumGeometries(o.outline) > unit.n_parts;
  IF torn IS NOT NULL THEN
    PERFORM refuse('WG003', 'units would lie in pieces that nobody signed for', jsonb_build_object('units', torn));
  END IF;
END $$;

CREATE FUNCTION require_exact_county(p_county text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
  n_faults bigint;
  hole geometry;
BEGIN
  SELECT count(*) INTO n_faults FROM coverage_residue(ARRAY['county']);
  IF n_faults > 0 THEN
    PERFORM refuse('WG002', 'the cells do not cover the county exactly',
                   jsonb_build_object('n_edges', n_faults, 'cells', '[]'::jsonb));
  END IF;
  -- What the cells surround without covering is a gap, unless the county's own frame has that hole.
  SELECT ring.geom INTO hole
    FROM unit_outline AS o
   CROSS JOIN LATERAL ST_Dump(o.outline) AS part
   CROSS JOIN LATERAL ST_DumpRings(part.geom) AS ring
    LEFT JOIN unit_frame AS f ON f.unit_code = o.unit_code
   WHERE o.unit_code = p_county AND upper_inf(o.valid) AND ring.path[1] > 0
     AND NOT coalesce(NOT ST_Intersects(f.outline, ST_PointOnSurface(ring.geom)), false)
   LIMIT 1;
  IF hole IS NOT NULL THEN
    PERFORM refuse('WG002', 'the cells leave a gap inside the county', jsonb_build_object('n_edges', ST_NPoints(hole) - 1,
      'cells', '[]'::jsonb, 'at', jsonb_build_array(ST_X(ST_PointOnSurface(hole)), ST_Y(ST_PointOnSurface(hole)))));
  END IF;
END $$;

-- The door -------------------------------------------------------------------------------------------------

CREATE FUNCTION publish_plan(p_plan uuid, p_by uuid, p_memo text) RETURNS integer
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
  IF the_plan.state NOT IN ('draft', 'checked', 'approved') OR the_plan.effective_from > clock_timestamp() THEN
    PERFORM refuse('WG004', 'the plan is not open for publishing', jsonb_build_object('plan', p_plan,
      'state', the_plan.state, 'effective_from', the_plan.effective_from));
  END IF;
  IF NOT EXISTS (SELECT FROM plan_cell AS p WHERE p.plan_id = p_plan) THEN
    PERFORM refuse('WG004', 'the plan changes nothing', jsonb_build_object('plan', p_plan, 'state', 'empty'));
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
COMMENT ON FUNCTION publish_plan IS 'takes a plan into force as the next publication, or raises and changes nothing';

-- Whoever creates a function lets everybody run it; here only the door and what reads stay open.
REVOKE EXECUTE ON FUNCTION publish_plan, refuse, plan_is_additive, require_current_base, prove_plan_cells,
  prove_plan_patch, apply_plan, retire_empty_units, duty_answering, rehome, union_of, rebuild_outlines, recount_households, write_lineage,
  notify_people, require_whole_units, require_exact_county FROM PUBLIC;
GRANT EXECUTE ON FUNCTION publish_plan TO wangge_web;
