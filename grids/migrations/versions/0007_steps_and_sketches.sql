-- Steps know their cells and their place in the plan's history; refused drawings are kept.

ALTER TABLE plan_step
  ADD COLUMN cells     bigint[] NOT NULL DEFAULT '{}',
  ADD COLUMN made_in   integer NOT NULL DEFAULT 0,
  ADD COLUMN turned_in integer;
COMMENT ON COLUMN plan_step.cells IS 'what the step touched: steps without a cell in common commute';
COMMENT ON COLUMN plan_step.made_in IS 'the version of the plan that the step made';
COMMENT ON COLUMN plan_step.turned_in IS 'the version of the plan that its last undo or redo made';
-- Until now steps were undone from the last one back and done again in the order of their numbers.
UPDATE plan_step AS s SET turned_in = plan.version
  FROM plan
 WHERE plan.plan_id = s.plan_id AND s.undone_at IS NOT NULL
   AND s.seq > coalesce((SELECT max(h.seq) FROM plan_step AS h WHERE h.plan_id = s.plan_id AND h.undone_at IS NULL), 0);

CREATE TABLE plan_sketch (
  sketch_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  plan_id   uuid NOT NULL REFERENCES plan,
  tool      text NOT NULL,
  params    jsonb NOT NULL,
  code      text NOT NULL,
  sentence  text NOT NULL,
  facts     jsonb NOT NULL,
  by_person uuid REFERENCES person,
  at        timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE plan_sketch IS 'a drawing that could not become a step, with what was wrong with it: nothing drawn is lost';
CREATE UNIQUE INDEX plan_sketch_drawing ON plan_sketch (plan_id, tool, md5(params::text));
GRANT SELECT, INSERT, UPDATE, DELETE ON plan_sketch TO wangge_web;

-- A plan reads the cells of villages at every step.
CREATE INDEX cell_in_force_village ON cell_version (village_code) WHERE upper_inf(valid);
