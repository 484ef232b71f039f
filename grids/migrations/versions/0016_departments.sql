-- Who sits at the desk of a department that has to see to incidents besides their owners.
CREATE TABLE department_seat (
  department text NOT NULL CHECK (department <> ''),
  person_id  uuid NOT NULL REFERENCES person,
  unit_code  unit_code NOT NULL REFERENCES unit,
  since      timestamptz NOT NULL,
  PRIMARY KEY (department, person_id)
);
COMMENT ON COLUMN department_seat.department IS 'as on the admission list';
COMMENT ON COLUMN department_seat.unit_code IS 'the department of a county, or the office of a township: what happens there is told';
CREATE INDEX department_seat_person ON department_seat (person_id);
GRANT SELECT, INSERT, DELETE ON department_seat TO wangge_web;
