-- Notices are claimed, sent, tried again and caught up with.

-- A row with another channel than 'app' is a message to be sent; `about` is the notice it repeats.
ALTER TABLE notice
  ADD COLUMN about    bigint REFERENCES notice,
  ADD COLUMN attempts smallint NOT NULL DEFAULT 0,
  ADD COLUMN due_at   timestamptz,
  ADD COLUMN sent_at  timestamptz,
  ADD COLUMN error    text,
  ADD CHECK (channel IN ('app', 'webhook', 'sms')),
  ADD CHECK ((channel = 'app') = (about IS NULL)),
  ADD CHECK ((channel = 'app') = (due_at IS NULL)),
  ADD UNIQUE (about, channel);
COMMENT ON COLUMN notice.due_at IS 'when to try next; a claim puts it off, so that what a killed sender held comes up again';
COMMENT ON COLUMN notice.error IS 'why the last attempt failed, as a code';

DROP INDEX notice_person;
CREATE INDEX notice_person ON notice (person_id, notice_id DESC) WHERE channel = 'app';
CREATE INDEX notice_person_xid ON notice (person_id, xid) WHERE channel = 'app';
CREATE INDEX notice_xid ON notice (xid) WHERE channel = 'app';
CREATE INDEX notice_unseen ON notice (person_id) WHERE channel = 'app' AND seen_at IS NULL;
CREATE INDEX notice_due ON notice (due_at) WHERE state = 'owed' AND channel <> 'app';
CREATE INDEX notice_dead ON notice (notice_id) WHERE state = 'failed';

CREATE TABLE notice_channel (
  person_id uuid NOT NULL REFERENCES person,
  channel   text NOT NULL CHECK (channel IN ('webhook', 'sms')),
  since     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (person_id, channel)
);
COMMENT ON TABLE notice_channel IS 'who gets notices by other ways besides the screens; addresses are not kept here';
GRANT SELECT, INSERT, DELETE ON notice_channel TO wangge_web;

-- Whoever writes a notice, a function of the database too, wakes the hub and owes the other channels.
-- Equal words of one transaction are one word, so 2,000 notices of a publication wake it once.
CREATE FUNCTION pass_on_notices() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM posted WHERE channel = 'app') THEN
    RETURN NULL;
  END IF;
  PERFORM pg_notify('wangge', 'notice');
  INSERT INTO notice (person_id, channel, kind, facts, at, about, due_at)
  SELECT p.person_id, c.channel, p.kind, p.facts, p.at, p.notice_id, p.at
    FROM posted AS p JOIN notice_channel AS c USING (person_id)
   WHERE p.channel = 'app';
  RETURN NULL;
END $$;
CREATE TRIGGER pass_on AFTER INSERT ON notice REFERENCING NEW TABLE AS posted
  FOR EACH STATEMENT EXECUTE FUNCTION pass_on_notices();

-- Desks are told which incident changed: its id, and the territories it is and was in. What one
-- statement does to many is one word about the territory that holds them all.
CREATE FUNCTION pass_on_incidents() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  n integer;
  west text;
  east text;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    SELECT count(*) / 2, min(code), max(code) INTO n, west, east
      FROM (SELECT territory_code COLLATE "C" FROM changed UNION ALL SELECT territory_code COLLATE "C" FROM was) AS both_(code);
  ELSE
    SELECT count(*), min(territory_code COLLATE "C"), max(territory_code COLLATE "C") INTO n, west, east FROM changed;
  END IF;
  IF n = 0 THEN
    RETURN NULL;
  ELSIF n > 20 THEN
    PERFORM pg_notify('wangge', 'incident * ' || (
      SELECT coalesce(max(left(west, i)), '')
        FROM generate_series(1, length(west)) AS i WHERE left(west, i) = left(east, i)));
  ELSIF TG_OP = 'UPDATE' THEN
    PERFORM pg_notify('wangge', concat_ws(' ', 'incident', c.incident_id, c.territory_code,
              CASE WHEN w.territory_code <> c.territory_code THEN w.territory_code END))
       FROM changed AS c JOIN was AS w USING (incident_id);
  ELSE
    PERFORM pg_notify('wangge', concat_ws(' ', 'incident', c.incident_id, c.territory_code)) FROM changed AS c;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER pass_on_new AFTER INSERT ON incident REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION pass_on_incidents();
CREATE TRIGGER pass_on_changed AFTER UPDATE ON incident REFERENCING OLD TABLE AS was NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION pass_on_incidents();
