-- How long what holds personal data is kept, and the proof that it went.
CREATE TABLE retention_rule (
  class text PRIMARY KEY,
  days  integer NOT NULL CHECK (days BETWEEN 30 AND 3650)
);
COMMENT ON COLUMN retention_rule.days IS 'contacts and messages: after the incident has ended; notices: after they were posted';
INSERT INTO retention_rule VALUES ('reporter_contact', 180), ('feed_message', 180), ('notice', 180);

CREATE TABLE retention_run (
  run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  class  text NOT NULL REFERENCES retention_rule,
  days   integer NOT NULL,
  before timestamptz NOT NULL,
  at     timestamptz NOT NULL,
  n      integer NOT NULL CHECK (n >= 0)
);
COMMENT ON COLUMN retention_run.n IS 'rows deleted';
GRANT SELECT ON retention_rule, retention_run TO wangge_web;

CREATE INDEX notice_at ON notice (at);
