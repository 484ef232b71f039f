-- name: villages
-- The villages of an area with their households.
SELECT o.unit_code::text AS code, o.n_households
  FROM unit_outline AS o
 WHERE o.level = 'village' AND upper_inf(o.valid) AND o.unit_code >= :low AND o.unit_code < :high
 ORDER BY o.unit_code;
