-- What the board needs to know of units and of what happened to their land.

-- name: area
-- A unit in force or retired, or the first county, with the households placed in it.
SELECT u.code, u.name, coalesce(o.n_households, 0) AS n_households
  FROM unit AS u
  LEFT JOIN unit_outline AS o ON o.unit_code = u.code AND upper_inf(o.valid)
 WHERE CASE WHEN CAST(:area AS text) IS NULL THEN u.level = 'county' AND upper_inf(u.valid) ELSE u.code = :area END
 ORDER BY u.code
 LIMIT 1;

-- name: children
-- The units in force below a unit, with the households placed in them.
SELECT u.code, coalesce(o.n_households, 0) AS n_households
  FROM unit AS u
  LEFT JOIN unit_outline AS o ON o.unit_code = u.code AND upper_inf(o.valid)
 WHERE u.parent_code = :area AND u.level <> 'subgroup' AND upper_inf(u.valid)
 ORDER BY u.code;

-- name: path
-- The units above a unit and itself, the county first.
SELECT u.code, u.name
  FROM unit AS u
 WHERE starts_with(CAST(:area AS text), u.code)
 ORDER BY u.code;

-- name: months_without_reports
-- The months that some periods touch in which nothing was reported in the whole county.
SELECT DISTINCT to_char(month, 'YYYY-MM')
  FROM unnest(CAST(:first AS date[]), CAST(:last AS date[])) AS period (first, last)
 CROSS JOIN generate_series(date_trunc('month', period.first), period.last, interval '1 month') AS month
 WHERE NOT EXISTS (
       SELECT FROM daily_count AS c
        WHERE c.day >= month::date AND c.day < (month + interval '1 month')::date AND c.n > 0)
 ORDER BY 1;

-- name: redrawn
-- Units of the given numbers of digits in an area that gained or lost land on a day or later.
SELECT DISTINCT side.code
  FROM publication AS p
  JOIN lineage AS l ON l.publication = p.number
  LEFT JOIN plan ON plan.plan_id = p.plan_id
 CROSS JOIN unnest(CAST(:digits AS integer[])) AS level (digits)
 CROSS JOIN LATERAL (VALUES (left(l.from_code, level.digits)), (left(l.to_code, level.digits))) AS side (code)
 WHERE local_day(p.in_force_from) >= :since
   AND NOT (l.kind = 'create' AND coalesce(plan.source IN ('import', 'command'), false))
   AND length(coalesce(l.from_code, l.to_code)) = 15
   AND (level.digits = 15 OR left(l.from_code, level.digits) IS DISTINCT FROM left(l.to_code, level.digits))
   AND length(side.code) = level.digits
   AND side.code >= :low AND side.code < :high
 ORDER BY 1;

-- name: tally_days
-- The days that were written by transactions from a number on.
SELECT tally_days(CAST(CAST(:since AS text) AS xid8));

-- name: tally_rows_of
-- The rows of some days, those of a day side by side as fixed numbers.
SELECT day, string_agg(int8send(place) || int8send(kind) || int4send(response_s) || int4send(closing_s), '') AS rows
  FROM tally_rows_of(CAST(:days AS date[]))
 GROUP BY day;

-- name: tally_places
-- Every place that an incident can have, with its hash.
SELECT code, hashtextextended(CAST(code AS text), 0) AS hash FROM unit ORDER BY code;

-- name: tally_kinds
-- What the hashes of kinds stand for, of some days or of all.
SELECT hash, matter_code, step, closed_digits, came_closed, by_month FROM tally_kinds(CAST(:days AS date[]));

-- name: tally_all
-- All rows in the same form: a million rows one by one would take the driver most of the time.
SELECT day, string_agg(int8send(place) || int8send(kind) || int4send(response_s) || int4send(closing_s), '') AS rows
  FROM tally_rows()
 GROUP BY day;
