-- Notices by other ways for everybody in a role, besides what a person chose.
CREATE TABLE role_channel (
  role    text NOT NULL CHECK (role IN ('grid_admin', 'leader', 'dispatcher', 'worker', 'auditor', 'sysadmin')),
  channel text NOT NULL CHECK (channel IN ('webhook', 'sms')),
  PRIMARY KEY (role, channel)
);
COMMENT ON TABLE role_channel IS 'who holds the role today gets every notice by the channel too';
GRANT SELECT, INSERT, DELETE ON role_channel TO wangge_web;

CREATE OR REPLACE FUNCTION pass_on_notices() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM posted WHERE channel = 'app') THEN
    RETURN NULL;
  END IF;
  PERFORM pg_notify('wangge', 'notice');
  INSERT INTO notice (person_id, channel, kind, facts, at, about, due_at)
  SELECT p.person_id, c.channel, p.kind, p.facts, p.at, p.notice_id, p.at
    FROM posted AS p
    JOIN (SELECT person_id, channel FROM notice_channel
          UNION
          SELECT g.person_id, r.channel
            FROM role_channel AS r
            JOIN access_grant AS g ON g.role = r.role AND g.valid @> now()) AS c USING (person_id)
   WHERE p.channel = 'app';
  RETURN NULL;
END $$;
