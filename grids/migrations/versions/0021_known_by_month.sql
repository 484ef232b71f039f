-- How exactly it is known when something happened: what is known by its month happened on no day of it.

ALTER TABLE incident ADD COLUMN occurred_precision text NOT NULL DEFAULT 'time'
  CHECK (occurred_precision IN ('time', 'day', 'month'));
COMMENT ON COLUMN incident.occurred_precision IS
  'how exactly occurred_at is known: of a month it is the first moment, which says nothing of the day';

ALTER TABLE daily_count ADD COLUMN n_by_month integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN daily_count.n_by_month IS
  'how many of n are known by their month alone; they stand on its first day';

ALTER TABLE incident_tally ADD COLUMN by_month boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN incident_tally.by_month IS 'known by its month alone: day is the first of it';

CREATE OR REPLACE FUNCTION keep_incident_tally() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO incident_tally AS t (incident_id, reported_at, day, by_month, territory_code, matter_code, step,
         closed_digits, closing_s, came_closed, response_s)
  SELECT i.incident_id, i.reported_at, local_day(i.occurred_at), i.occurred_precision = 'month', i.territory_code,
         i.matter_code, i.step,
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
     SET day = excluded.day, by_month = excluded.by_month, territory_code = excluded.territory_code,
         matter_code = excluded.matter_code, step = excluded.step, closing_s = excluded.closing_s,
         came_closed = excluded.came_closed, response_s = excluded.response_s,
         -- What is closed stays closed at its level, whoever owns it later.
         closed_digits = CASE WHEN excluded.step = 'closed' THEN coalesce(t.closed_digits, excluded.closed_digits) END;
  RETURN NULL;
END $$;


-- A kind says it too; what is known by its day has the number that it had before.
CREATE OR REPLACE FUNCTION tally_rows() RETURNS TABLE (day integer, place bigint, kind bigint, response_s integer, closing_s integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.day - date '1970-01-01', hashtextextended(CAST(t.territory_code AS text), 0),
         hashtextextended(concat_ws(chr(31), t.matter_code, t.step, coalesce(t.closed_digits, 0), t.came_closed,
                                    CASE WHEN t.by_month THEN 'month' END), 0),
         coalesce(t.response_s, -1), coalesce(t.closing_s, -1)
    FROM incident_tally AS t
$$;

CREATE OR REPLACE FUNCTION tally_rows_of(days date[]) RETURNS TABLE (day integer, place bigint, kind bigint, response_s integer, closing_s integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.day - date '1970-01-01', hashtextextended(CAST(t.territory_code AS text), 0),
         hashtextextended(concat_ws(chr(31), t.matter_code, t.step, coalesce(t.closed_digits, 0), t.came_closed,
                                    CASE WHEN t.by_month THEN 'month' END), 0),
         coalesce(t.response_s, -1), coalesce(t.closing_s, -1)
    FROM incident_tally AS t
   WHERE t.day = ANY (days)
$$;

DROP FUNCTION tally_kinds(date[]);
CREATE FUNCTION tally_kinds(days date[]) RETURNS TABLE (hash bigint, matter_code text, step text, closed_digits smallint, came_closed boolean, by_month boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT hashtextextended(concat_ws(chr(31), t.matter_code, t.step, coalesce(t.closed_digits, 0), t.came_closed,
                                    CASE WHEN t.by_month THEN 'month' END), 0),
         t.matter_code, t.step, t.closed_digits, t.came_closed, t.by_month
    FROM incident_tally AS t
   WHERE days IS NULL OR t.day = ANY (days)
   GROUP BY t.matter_code, t.step, t.closed_digits, t.came_closed, t.by_month
$$;
COMMENT ON FUNCTION tally_kinds IS 'what the hashes of kinds stand for, of some days or (null) of all';
REVOKE EXECUTE ON FUNCTION tally_kinds FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tally_kinds TO wangge_web;
