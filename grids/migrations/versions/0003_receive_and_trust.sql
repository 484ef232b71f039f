-- What receiving incidents, signing in and sealing the audit trail keep besides 0001.

-- The place of a row in the audit chain: rows are chained in the order in which the sealer finds
-- them, which is not always the order of their keys.
ALTER TABLE audit ADD COLUMN sealed_as bigint;
CREATE UNIQUE INDEX audit_sealed ON audit (sealed_as);

-- Wrong passwords are counted by name and sender, whether the name exists or not.
CREATE TABLE sign_in_failure (
  login        text NOT NULL,
  address      text NOT NULL,
  failures     integer NOT NULL,
  last_at      timestamptz NOT NULL,
  locked_until timestamptz,
  PRIMARY KEY (login, address)
);
COMMENT ON COLUMN sign_in_failure.address IS 'a star and a day: every sender of that day together';
CREATE INDEX sign_in_failure_last ON sign_in_failure (last_at);
ALTER TABLE account DROP COLUMN failures, DROP COLUMN locked_until;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_failure TO wangge_web;

-- Incident numbers count up inside a county and day.
CREATE TABLE incident_counter (
  county_code unit_code NOT NULL,
  day         date NOT NULL,
  last        integer NOT NULL,
  PRIMARY KEY (county_code, day)
);
GRANT SELECT, INSERT, UPDATE ON incident_counter TO wangge_web;

-- A report sent again is answered as it was the first time, also to a sender who may not read the
-- incident because it lies in another territory.
ALTER TABLE incident_key ADD COLUMN answer jsonb NOT NULL DEFAULT '{}';
CREATE INDEX incident_number ON incident (number text_pattern_ops);
-- Lists run from the newest report back through the months.
CREATE INDEX incident_reported ON incident (reported_at DESC, incident_id DESC);
