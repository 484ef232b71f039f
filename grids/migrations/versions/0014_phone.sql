-- Photos and what a phone carries with it.

-- A photo belongs to an incident and follows its territory. `given_sha256` is of what was sent: the
-- same key with other bytes is another photo. `jpeg` is what a program of ours made of it.
CREATE TABLE photo (
  photo_id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  incident_id     uuid NOT NULL,
  step_seq        integer,
  person_id       uuid REFERENCES person,
  at              timestamptz NOT NULL,
  idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 8 AND 80),
  given_sha256    bytea NOT NULL CHECK (octet_length(given_sha256) = 32),
  jpeg            bytea NOT NULL CHECK (octet_length(jpeg) BETWEEN 1 AND 307200),
  sha256          bytea NOT NULL CHECK (octet_length(sha256) = 32),
  width           integer NOT NULL CHECK (width > 0),
  height          integer NOT NULL CHECK (height > 0),
  territory_code  unit_code NOT NULL,
  UNIQUE (incident_id, idempotency_key)
);
COMMENT ON TABLE photo IS 'at most twelve of an incident; without position, time and make of the camera';
-- JPEG does not compress any further.
ALTER TABLE photo ALTER COLUMN jpeg SET STORAGE EXTERNAL;
CREATE INDEX photo_territory ON photo (territory_code);

-- A reporter may not read an incident beyond their own territory, and may add a photo to it all the
-- same. So the web role has no right to write the table: this function looks at the incident itself,
-- and at the photos that are there. The door has asked before whether the sender may.
CREATE FUNCTION keep_photo(
  p_incident uuid, p_key text, p_step_key text, p_person uuid, p_at timestamptz,
  p_given bytea, p_jpeg bytea, p_sha256 bytea, p_width integer, p_height integer, p_most integer,
  OUT photo uuid, OUT territory text, OUT outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  known record;
BEGIN
  -- One at a time for an incident: what counts photos has to see them all.
  PERFORM pg_advisory_xact_lock(7214, hashtext(p_incident::text));
  SELECT p.photo_id, p.given_sha256 INTO known
    FROM photo AS p WHERE p.incident_id = p_incident AND p.idempotency_key = p_key;
  IF FOUND THEN
    photo := known.photo_id;
    outcome := CASE WHEN known.given_sha256 = p_given THEN 'known' ELSE 'reused' END;
    RETURN;
  END IF;
  -- The bytes come later than the question whether they are known.
  IF p_jpeg IS NULL THEN
    outcome := 'new';
    RETURN;
  END IF;
  IF (SELECT count(*) FROM photo AS p WHERE p.incident_id = p_incident) >= p_most THEN
    outcome := 'full';
    RETURN;
  END IF;
  SELECT i.territory_code INTO STRICT territory FROM incident AS i WHERE i.incident_id = p_incident;
  INSERT INTO photo (incident_id, step_seq, person_id, at, idempotency_key, given_sha256, jpeg, sha256,
                     width, height, territory_code)
  VALUES (p_incident,
          (SELECT s.seq FROM incident_step AS s
            WHERE s.incident_id = p_incident AND s.idempotency_key = p_step_key),
          p_person, p_at, p_key, p_given, p_jpeg, p_sha256, p_width, p_height, territory)
  RETURNING photo_id INTO photo;
  outcome := 'new';
END $$;
REVOKE ALL ON FUNCTION keep_photo FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_photo TO wangge_web;

-- Wherever an incident goes, by publication or by hand, its photos go.
CREATE FUNCTION photos_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE photo SET territory_code = NEW.territory_code WHERE incident_id = NEW.incident_id;
  RETURN NULL;
END $$;
CREATE TRIGGER photos_follow AFTER UPDATE OF territory_code ON incident
  FOR EACH ROW WHEN (OLD.territory_code IS DISTINCT FROM NEW.territory_code)
  EXECUTE FUNCTION photos_follow();

GRANT SELECT ON photo TO wangge_web;
ALTER TABLE photo ENABLE ROW LEVEL SECURITY;
ALTER TABLE photo FORCE ROW LEVEL SECURITY;
CREATE POLICY territory ON photo FOR ALL TO wangge_web USING (
  territory_code COLLATE "C" >= nullif(current_setting('app.scope', true), '') COLLATE "C"
  AND territory_code COLLATE "C" < (nullif(current_setting('app.scope', true), '') || '~') COLLATE "C");
CREATE POLICY keeper ON photo FOR ALL TO CURRENT_USER USING (true) WITH CHECK (true);

-- A trigger's function is called by its trigger alone.
REVOKE EXECUTE ON FUNCTION photos_follow FROM PUBLIC;
