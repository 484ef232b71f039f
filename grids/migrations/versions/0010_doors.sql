-- Feeds, residents' reports and their codes of receipt.

-- A system beside ours that sends its own messages, and how they are read.
CREATE TABLE feed (
  code     text COLLATE "C" PRIMARY KEY CHECK (code ~ '^[a-z0-9][a-z0-9-]{1,39}$'),
  name     text NOT NULL CHECK (name <> ''),
  mapping  jsonb NOT NULL,
  saved_at timestamptz NOT NULL
);
COMMENT ON COLUMN feed.mapping IS 'names, datum, times and words of the sender, as importers/feeds/*.toml';

-- A feed's token opens its own door and no other; of the token itself only the SHA-256 is kept.
CREATE TABLE feed_token (
  token_hash bytea PRIMARY KEY,
  feed_code  text COLLATE "C" NOT NULL REFERENCES feed,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at   timestamptz
);
CREATE INDEX feed_token_feed ON feed_token (feed_code);

-- What a feed sent, word for word, for the day when somebody doubts what we made of it.
CREATE TABLE feed_message (
  incident_id    uuid PRIMARY KEY,
  feed_code      text COLLATE "C" NOT NULL REFERENCES feed,
  received_at    timestamptz NOT NULL,
  given_cipher   bytea NOT NULL,
  territory_code unit_code NOT NULL
);
COMMENT ON COLUMN feed_message.given_cipher IS 'encrypted: callers and their telephone numbers stand in it';

-- A report that somebody sent without an account. Several may have joined one incident.
CREATE TABLE resident_report (
  report_key     text PRIMARY KEY,
  incident_id    uuid NOT NULL,
  joined         boolean NOT NULL,
  receipt_hash   bytea NOT NULL UNIQUE CHECK (octet_length(receipt_hash) = 32),
  body_hash      bytea NOT NULL CHECK (octet_length(body_hash) = 32),
  at             timestamptz NOT NULL,
  stars          smallint CHECK (stars BETWEEN 1 AND 5),
  stars_note     text NOT NULL DEFAULT '',
  rated_at       timestamptz,
  territory_code unit_code NOT NULL,
  CHECK ((stars IS NULL) = (rated_at IS NULL))
);
COMMENT ON COLUMN resident_report.receipt_hash IS 'SHA-256 of the code and the last digits of the telephone number';
CREATE INDEX resident_report_incident ON resident_report (incident_id);

-- A photo between the first page of a report and its end; gone after a day.
CREATE TABLE resident_photo (
  report_key text PRIMARY KEY,
  jpeg       bytea NOT NULL CHECK (octet_length(jpeg) BETWEEN 1 AND 307200),
  width      integer NOT NULL CHECK (width > 0),
  height     integer NOT NULL CHECK (height > 0),
  at         timestamptz NOT NULL
);
ALTER TABLE resident_photo ALTER COLUMN jpeg SET STORAGE EXTERNAL;
CREATE INDEX resident_photo_at ON resident_photo (at);

-- Both follow their incident to another territory.
CREATE FUNCTION reports_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE feed_message SET territory_code = NEW.territory_code WHERE incident_id = NEW.incident_id;
  UPDATE resident_report SET territory_code = NEW.territory_code WHERE incident_id = NEW.incident_id;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION reports_follow FROM PUBLIC;
CREATE TRIGGER reports_follow AFTER UPDATE OF territory_code ON incident
  FOR EACH ROW WHEN (OLD.territory_code IS DISTINCT FROM NEW.territory_code)
  EXECUTE FUNCTION reports_follow();

GRANT SELECT ON feed, feed_token, resident_report TO wangge_web;
-- Nobody reads what was sent through the web.
GRANT INSERT ON feed_message, resident_report TO wangge_web;
GRANT UPDATE (stars, stars_note, rated_at) ON resident_report TO wangge_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON resident_photo TO wangge_web;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['feed_message', 'resident_report'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY territory ON %I FOR ALL TO wangge_web USING '
      || '(territory_code COLLATE "C" >= nullif(current_setting(''app.scope'', true), '''') COLLATE "C" '
      || 'AND territory_code COLLATE "C" < (nullif(current_setting(''app.scope'', true), '''') || ''~'') COLLATE "C")', t);
    EXECUTE format('CREATE POLICY keeper ON %I FOR ALL TO CURRENT_USER USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
