-- name: act_as
-- The role that the audit row of this transaction names.
SELECT set_config('app.role', :role, true);

-- name: publish
-- Take a plan into force; see migrations 0002 and 0004 for what happens.
SELECT publish_plan(:plan_id, :by, :memo);

-- name: carry_approval
-- A step that changed nothing of the plan's substance leaves its state and its approval as they were.
UPDATE plan
   SET state = :state, approved_version = CASE WHEN CAST(:approved AS boolean) THEN version ELSE approved_version END
 WHERE plan_id = :plan_id;

-- name: approval_territory
-- The widest territory that asks for a second person to approve this plan.
SELECT approval_territory(:plan_id);

-- name: authors
-- Whoever made one of the steps that hold.
SELECT DISTINCT by_person FROM plan_step WHERE plan_id = :plan_id AND by_person IS NOT NULL AND undone_at IS NULL;

-- name: submit
-- The plan waits for a second person.
UPDATE plan SET state = 'submitted', submitted_at = :at, note = :note, updated_at = :at WHERE plan_id = :plan_id;

-- name: approve
-- The plan is approved as it is now.
UPDATE plan
   SET state = 'approved', approved_by = :by, approved_at = :at, approved_version = version, updated_at = :at
 WHERE plan_id = :plan_id;

-- name: send_back
-- The plan is its owner's again, with what has to be mended.
UPDATE plan
   SET state = 'draft', note = :note, submitted_at = NULL, approved_version = NULL, updated_at = :at
 WHERE plan_id = :plan_id;

-- name: approvers
-- Who may approve a plan: grid administrators whose territory holds all that it touches.
SELECT DISTINCT g.person_id
  FROM access_grant AS g
  JOIN person ON person.person_id = g.person_id AND person.active
 WHERE g.role = 'grid_admin' AND g.valid @> CAST(:at AS timestamptz)
   AND starts_with(:territory, g.unit_code)
   AND g.person_id <> ALL (CAST(:but AS uuid[]));

-- name: approval_areas
-- Territories where a second person is asked for, as far as they bear on a territory.
SELECT area.territory_code::text, area.at, person.name AS person
  FROM approval_area AS area
  LEFT JOIN person ON person.person_id = area.by_person
 WHERE starts_with(area.territory_code, :scope) OR starts_with(:scope, area.territory_code)
 ORDER BY area.territory_code;

-- name: unit_level
-- The level of a unit in force.
SELECT level FROM unit WHERE code = :code AND upper_inf(valid);

-- name: ask_approval
-- From now on a second person is asked for here.
INSERT INTO approval_area (territory_code, by_person, at) VALUES (:territory, :by, :at)
ON CONFLICT (territory_code) DO NOTHING;

-- name: waive_approval
-- A second person is no longer asked for by this territory.
DELETE FROM approval_area WHERE territory_code = :territory;

-- name: schedule
-- The plan comes into force at a moment to come.
UPDATE plan
   SET state = 'scheduled', effective_from = :effective_from, publish_by = :by, publish_memo = :memo, updated_at = :at
 WHERE plan_id = :plan_id;

-- name: unschedule
-- The moment has come and the plan could not be published: it is as before it was put off.
UPDATE plan
   SET state = CASE WHEN approved_version = version THEN 'approved' ELSE 'draft' END, effective_from = NULL, updated_at = :at
 WHERE plan_id = :plan_id;

-- name: come_forward
-- Who publishes a plan now no longer waits for the day that it was put off to.
UPDATE plan
   SET state = CASE WHEN approved_version = version THEN 'approved' ELSE 'draft' END, effective_from = NULL
 WHERE plan_id = :plan_id AND state = 'scheduled' AND effective_from > clock_timestamp();

-- name: due
-- Plans whose moment has come, the earliest first.
SELECT plan.plan_id, plan.version, plan.publish_by, coalesce(person.name, '') AS publisher, plan.publish_memo
  FROM plan
  LEFT JOIN person ON person.person_id = plan.publish_by
 WHERE plan.state = 'scheduled' AND plan.effective_from <= :at
 ORDER BY plan.effective_from, plan.plan_id;

-- name: choose_incident
-- What a person chose for an open incident.
INSERT INTO plan_incident_choice (plan_id, incident_id, moves, by_person, at)
VALUES (:plan_id, :incident_id, :moves, :by, :at)
ON CONFLICT (plan_id, incident_id) DO UPDATE
   SET moves = excluded.moves, by_person = excluded.by_person, at = excluded.at;

-- name: asked_incidents
-- Open incidents whose land changes hands, where they would go, and what was chosen for each.
SELECT i.incident_id, i.number, i.matter_code, i.summary, i.place, i.step, person.name AS owner,
       m.from_grid, m.to_grid, m.from_subgroup, m.to_subgroup, m.kind = 'incident' AS moves, choice.moves IS NOT NULL AS chosen,
       ST_X(i.position) AS lon, ST_Y(i.position) AS lat
  FROM plan_moves(:plan_id) AS m
  JOIN incident AS i ON i.incident_id = m.id
  LEFT JOIN plan_incident_choice AS choice ON choice.plan_id = :plan_id AND choice.incident_id = i.incident_id
  LEFT JOIN person ON person.person_id = i.owner_id
 WHERE m.kind IN ('incident', 'incident_stays', 'incident_kept')
 ORDER BY i.reported_at, i.number;
