-- Where is this point? One rule; `grids.locate.locate_many` is its other executor.
-- :east_m and :north_m are the metres of one degree at :lat. They turn degrees into a plane around the
-- position that is true to about 1e-5 within a few kilometres; distances are geodesic at the end.

-- name: locate
-- The cell in force that covers a position (on a border, the lowest code), the distance to the border
-- of its grid, the shares of the accuracy circle, and outside every grid the nearest one.
WITH p AS MATERIALIZED (
  SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4490) AS at,
         CAST(:east_m AS float8) AS east_m, CAST(:north_m AS float8) AS north_m
), home AS MATERIALIZED (
  SELECT c.village_code, c.grid_code, c.subgroup_code
    FROM p
    JOIN cell_version AS c ON ST_Covers(c.outline, p.at) AND upper_inf(c.valid)
   ORDER BY c.grid_code, c.subgroup_code NULLS LAST, c.village_code
   LIMIT 1
), border AS (
  SELECT ST_Distance(
           p.at::geography,
           ST_SetSRID(ST_MakePoint(ST_X(p.at) + ST_X(near.foot) / p.east_m,
                                   ST_Y(p.at) + ST_Y(near.foot) / p.north_m), 4490)::geography) AS metres
    FROM p
    JOIN home ON home.grid_code IS NOT NULL
    JOIN unit_outline AS o ON o.unit_code = home.grid_code AND upper_inf(o.valid)
   CROSS JOIN LATERAL (
         SELECT ST_ClosestPoint(
                  ST_SetSRID(ST_Affine(ST_Boundary(o.outline), p.east_m, 0, 0, p.north_m,
                                       -ST_X(p.at) * p.east_m, -ST_Y(p.at) * p.north_m), 0),
                  ST_MakePoint(0, 0)) AS foot) AS near
), circle AS MATERIALIZED (
  SELECT ST_SetSRID(ST_Affine(ST_Buffer(ST_MakePoint(0, 0), CAST(:accuracy_m AS float8), 64),
                              1 / p.east_m, 0, 0, 1 / p.north_m, ST_X(p.at), ST_Y(p.at)), 4490) AS disc
    FROM p
   WHERE CAST(:accuracy_m AS float8) > 0
), share AS (
  SELECT coalesce(c.grid_code, c.village_code) AS code,
         sum(CASE WHEN ST_Covers(c.outline, disc) THEN ST_Area(disc)
                  WHEN ST_Covers(disc, c.outline) THEN ST_Area(c.outline)
                  ELSE ST_Area(ST_Intersection(c.outline, disc)) END) / ST_Area(disc) AS part
    FROM circle
    JOIN cell_version AS c ON ST_Intersects(c.outline, disc) AND upper_inf(c.valid)
   GROUP BY 1, disc
), first_near AS (
  -- The index knows degrees, in which east and north differ: its nearest cell bounds the search,
  -- the nearest in metres lies within that distance.
  SELECT ST_Distance(ST_SetSRID(ST_Affine(c.outline, p.east_m, 0, 0, p.north_m, 0, 0), 0),
                     ST_MakePoint(ST_X(p.at) * p.east_m, ST_Y(p.at) * p.north_m))
         / least(p.east_m, p.north_m) AS degrees
    FROM p
   CROSS JOIN LATERAL (
         SELECT v.outline
           FROM cell_version AS v
          WHERE upper_inf(v.valid) AND v.grid_code IS NOT NULL
          ORDER BY v.outline <-> p.at
          LIMIT 1) AS c
   WHERE NOT EXISTS (SELECT FROM home WHERE home.grid_code IS NOT NULL)
), proposal AS (
  SELECT c.grid_code, ST_Distance(p.at::geography,
           ST_SetSRID(ST_MakePoint(ST_X(near.foot) / p.east_m + ST_X(p.at),
                                   ST_Y(near.foot) / p.north_m + ST_Y(p.at)), 4490)::geography) AS metres
    FROM p
    JOIN first_near ON true
    JOIN cell_version AS c ON upper_inf(c.valid) AND c.grid_code IS NOT NULL
                          AND ST_DWithin(c.outline, p.at, first_near.degrees * 1.000001)
   CROSS JOIN LATERAL (
         SELECT ST_ClosestPoint(
                  ST_SetSRID(ST_Affine(c.outline, p.east_m, 0, 0, p.north_m,
                                       -ST_X(p.at) * p.east_m, -ST_Y(p.at) * p.north_m), 0),
                  ST_MakePoint(0, 0)) AS foot) AS near
   ORDER BY metres, c.grid_code
   LIMIT 1
)
SELECT (SELECT max(number) FROM publication) AS publication,
       home.village_code, home.grid_code, home.subgroup_code,
       (SELECT metres FROM border) AS border_m,
       (SELECT jsonb_object_agg(code, part) FROM share) AS shares,
       proposal.grid_code AS proposal, proposal.metres AS proposal_m
  FROM p
  LEFT JOIN home ON true
  LEFT JOIN proposal ON true;
