-- What the board counts, kept so that a process that holds it in memory reads only the days that changed.

ALTER TABLE incident_tally ADD COLUMN changed_by xid8 NOT NULL DEFAULT '0';
COMMENT ON COLUMN incident_tally.changed_by IS
  'the transaction that last wrote the row: readers ask for the days that were written since the oldest one open when they last asked';
CREATE INDEX incident_tally_changed ON incident_tally (changed_by);

-- A row that is gone, or that has moved to another day, bears no stamp where it was.
CREATE TABLE incident_tally_left (
  day        date NOT NULL,
  changed_by xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE incident_tally_left IS 'days that a row of incident_tally has left';
CREATE INDEX incident_tally_left_changed ON incident_tally_left (changed_by);

CREATE FUNCTION stamp_tally() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR NEW.day <> OLD.day) THEN
    INSERT INTO incident_tally_left (day) VALUES (OLD.day);
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  NEW.changed_by := pg_current_xact_id();
  RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE OR DELETE ON incident_tally FOR EACH ROW EXECUTE FUNCTION stamp_tally();

-- A process counts for viewers of every territory and cuts to theirs itself, as with daily counts: it
-- gets numbers and codes, and nothing that leads to an incident.
CREATE FUNCTION tally_days(since xid8) RETURNS SETOF date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT day FROM incident_tally WHERE changed_by >= since
  UNION
  SELECT day FROM incident_tally_left WHERE changed_by >= since
$$;
COMMENT ON FUNCTION tally_days IS 'the days that were written by transactions from a number on';

CREATE FUNCTION tally_rows() RETURNS TABLE (day integer, place bigint, kind bigint, response_s integer, closing_s integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.day - date '1970-01-01', hashtextextended(CAST(t.territory_code AS text), 0),
         hashtextextended(concat_ws(chr(31), t.matter_code, t.step, coalesce(t.closed_digits, 0), t.came_closed), 0),
         coalesce(t.response_s, -1), coalesce(t.closing_s, -1)
    FROM incident_tally AS t
$$;
COMMENT ON FUNCTION tally_rows IS 'every row as fixed numbers: names by their hash, seconds -1 where there are none';

CREATE FUNCTION tally_rows_of(days date[]) RETURNS TABLE (day integer, place bigint, kind bigint, response_s integer, closing_s integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.day - date '1970-01-01', hashtextextended(CAST(t.territory_code AS text), 0),
         hashtextextended(concat_ws(chr(31), t.matter_code, t.step, coalesce(t.closed_digits, 0), t.came_closed), 0),
         coalesce(t.response_s, -1), coalesce(t.closing_s, -1)
    FROM incident_tally AS t
   WHERE t.day = ANY (days)
$$;
COMMENT ON FUNCTION tally_rows_of IS 'the rows of some days, as tally_rows';

CREATE FUNCTION tally_kinds(days date[]) RETURNS TABLE (hash bigint, matter_code text, step text, closed_digits smallint, came_closed boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT hashtextextended(concat_ws(chr(31), t.matter_code, t.step, coalesce(t.closed_digits, 0), t.came_closed), 0),
         t.matter_code, t.step, t.closed_digits, t.came_closed
    FROM incident_tally AS t
   WHERE days IS NULL OR t.day = ANY (days)
   GROUP BY t.matter_code, t.step, t.closed_digits, t.came_closed
$$;
COMMENT ON FUNCTION tally_kinds IS 'what the hashes of kinds stand for, of some days or (null) of all';

REVOKE EXECUTE ON FUNCTION stamp_tally, tally_days, tally_rows, tally_rows_of, tally_kinds FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tally_days, tally_rows, tally_rows_of, tally_kinds TO wangge_web;
