-- name: act_as
-- The role that the audit row of this transaction names.
SELECT set_config('app.role', :role, true);

-- name: publish
-- Take a plan into force; see migration 0002 for what happens.
SELECT publish_plan(:plan_id, :by, :memo);
