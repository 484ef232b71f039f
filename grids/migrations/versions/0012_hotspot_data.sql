-- Counts kept ready for hotspots: which of them changed, so that a process that holds them in memory reads only those.

ALTER TABLE daily_count ADD COLUMN changed_by xid8 NOT NULL DEFAULT '0';
COMMENT ON COLUMN daily_count.changed_by IS
  'the transaction that last wrote the row: readers ask for what was written since the oldest one open when they last asked';
CREATE INDEX daily_count_changed ON daily_count (changed_by);

CREATE FUNCTION stamp_count() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  NEW.changed_by := pg_current_xact_id();
  RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON daily_count FOR EACH ROW EXECUTE FUNCTION stamp_count();

-- Rows that are gone bear no stamp: whoever holds counts from before reads everything again.
CREATE TABLE daily_count_epoch (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  epoch    bigint NOT NULL
);
INSERT INTO daily_count_epoch (epoch) VALUES (1);
GRANT SELECT ON daily_count_epoch TO wangge_web;

CREATE FUNCTION begin_count_epoch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE daily_count_epoch SET epoch = epoch + 1;
  RETURN NULL;
END $$;
CREATE TRIGGER gone AFTER DELETE OR TRUNCATE ON daily_count FOR EACH STATEMENT EXECUTE FUNCTION begin_count_epoch();

-- Single events of a window, for looking closer.
CREATE INDEX incident_occurred ON incident (occurred_at);

-- A trigger's function is called by its trigger alone.
REVOKE EXECUTE ON FUNCTION begin_count_epoch FROM PUBLIC;
