-- Limits that a plan is checked against. The rule of the smallest area that holds a unit counts; one
-- without a territory counts everywhere. What no rule says is not checked.
CREATE TABLE boundary_rule (
  rule_id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  territory_code unit_code REFERENCES unit,
  kind           text NOT NULL CHECK (kind IN ('base', 'exclusive', 'micro', 'subgroup')),
  subject        text NOT NULL CHECK (subject IN ('households', 'area', 'width', 'parts', 'primary', 'names', 'village')),
  least          double precision CHECK (least >= 0),
  most           double precision CHECK (most >= 0),
  severity       text NOT NULL DEFAULT 'warning' CHECK (severity IN ('error', 'warning', 'off')),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  updated_by     uuid REFERENCES person,
  CHECK (least <= most),
  UNIQUE NULLS NOT DISTINCT (territory_code, kind, subject)
);
COMMENT ON COLUMN boundary_rule.kind IS 'of the grid, or subgroup';
COMMENT ON COLUMN boundary_rule.subject IS
  'households; area (m2) and width (m, of the greatest circle inside) of the land; parts: pieces that may be signed for; primary: somebody answers; names: one of a kind in its village; village: stays inside it';
GRANT SELECT, INSERT, UPDATE, DELETE ON boundary_rule TO wangge_web;

-- The model county has 45 households a grid, so that the urban 300 to 500 would mark every one.
INSERT INTO boundary_rule (kind, subject, least, most, severity) VALUES
  ('base', 'households', 10, 150, 'warning'),
  ('base', 'area', 2000, NULL, 'warning'),
  ('base', 'width', 15, NULL, 'warning'),
  ('base', 'parts', NULL, 3, 'warning'),
  ('base', 'primary', NULL, NULL, 'warning'),
  ('base', 'names', NULL, NULL, 'warning'),
  ('base', 'village', NULL, NULL, 'error'),
  ('exclusive', 'area', 500, NULL, 'warning'),
  ('exclusive', 'width', 10, NULL, 'warning'),
  ('exclusive', 'parts', NULL, 3, 'warning'),
  ('exclusive', 'primary', NULL, NULL, 'warning'),
  ('exclusive', 'names', NULL, NULL, 'warning'),
  ('exclusive', 'village', NULL, NULL, 'error'),
  ('micro', 'households', 5, 60, 'warning'),
  ('micro', 'area', 200, NULL, 'warning'),
  ('micro', 'width', 5, NULL, 'warning'),
  ('micro', 'parts', NULL, 3, 'warning'),
  ('micro', 'primary', NULL, NULL, 'warning'),
  ('micro', 'names', NULL, NULL, 'warning'),
  ('micro', 'village', NULL, NULL, 'error'),
  ('subgroup', 'area', 200, NULL, 'warning'),
  ('subgroup', 'width', 5, NULL, 'warning'),
  ('subgroup', 'names', NULL, NULL, 'warning');
