-- name: current
-- The publication in force: the last of the line.
SELECT number, base, at, in_force_from, by_person, memo, plan_id, n_changed, digest,
       (SELECT name FROM person WHERE person_id = by_person) AS by_name
  FROM publication
 ORDER BY number DESC
 LIMIT 1;

-- name: list_all
-- The line of publications, the newest first.
SELECT number, base, at, in_force_from, by_person, memo, plan_id, n_changed, digest,
       (SELECT name FROM person WHERE person_id = by_person) AS by_name
  FROM publication
 WHERE number < coalesce(CAST(:before AS integer), 2147483647)
 ORDER BY number DESC
 LIMIT :limit;

-- name: get
-- One of the line.
SELECT number, base, at, in_force_from, by_person, memo, plan_id, n_changed, digest,
       (SELECT name FROM person WHERE person_id = by_person) AS by_name
  FROM publication
 WHERE number = :number;

-- name: cells_in_force
-- The atoms of a territory; the finest code that a cell bears decides whether it lies in it.
SELECT c.cell_id, c.publication, c.village_code, c.grid_code, c.subgroup_code,
       ST_AsBinary(c.outline) AS outline, c.area_m2
  FROM cell_version AS c
 WHERE upper_inf(c.valid)
   AND coalesce(c.subgroup_code, c.grid_code, c.village_code) >= :low
   AND coalesce(c.subgroup_code, c.grid_code, c.village_code) < :high
 ORDER BY c.cell_id;

-- name: outlines_of_cells
-- The outlines of all atoms and nothing else: what the proof needs.
SELECT ST_AsEWKB(c.outline) AS outline
  FROM cell_version AS c
 WHERE upper_inf(c.valid)
 ORDER BY c.cell_id;

-- name: outlines_in_force
-- The outlines of one level in a territory.
SELECT o.unit_code, o.publication, ST_AsBinary(o.outline) AS outline, o.area_m2, o.n_households
  FROM unit_outline AS o
 WHERE upper_inf(o.valid)
   AND o.level = :level
   AND o.unit_code >= :low
   AND o.unit_code < :high
 ORDER BY o.unit_code;

-- name: counts_by_level
-- How many units of each level are in force in a territory.
SELECT u.level, count(*) AS n
  FROM unit AS u
 WHERE upper_inf(u.valid)
   AND u.code >= :low
   AND u.code < :high
 GROUP BY u.level;

-- name: residue
-- What keeps the coverage from being exact, on these levels.
SELECT fault, unit_code, cell_id, ST_X(middle.at) AS lon, ST_Y(middle.at) AS lat
  FROM coverage_residue(CAST(:levels AS text[])) AS r
 CROSS JOIN LATERAL (SELECT ST_Centroid(r.place) AS at) AS middle;

-- name: keep_proof
-- Write down what the proof said.
INSERT INTO proof_run (cause, publication, n_faults, faults, seconds)
VALUES (:cause, (SELECT max(number) FROM publication), :n_faults, CAST(:faults AS jsonb), :seconds)
RETURNING at, cause, publication, n_faults, faults, seconds;

-- name: last_proof
-- The latest proof.
SELECT at, cause, publication, n_faults, faults, seconds
  FROM proof_run
 ORDER BY run_id DESC
 LIMIT 1;
