-- name: take
-- Put up or prolong a person's leases. In the order of the codes, so that two of them cannot wait for each other.
INSERT INTO lease (village_code, plan_id, person_id, until)
SELECT u.code, :plan_id, :by, :until
  FROM unit AS u
 WHERE u.code = ANY (CAST(:villages AS text[])) AND u.level = 'village'
 ORDER BY u.code
ON CONFLICT (village_code, plan_id, person_id) DO UPDATE SET until = excluded.until;

-- name: end
-- Take down a person's leases in a plan but for some villages, and everybody's that have run out.
DELETE FROM lease
 WHERE (village_code, plan_id, person_id) IN (
       SELECT village_code, plan_id, person_id FROM lease
        WHERE until <= :at
           OR plan_id = :plan_id AND person_id = :by AND village_code <> ALL (CAST(:but AS text[]))
        ORDER BY village_code, plan_id, person_id
          FOR UPDATE SKIP LOCKED);

-- name: others
-- Who else edits these villages.
SELECT lease.person_id, person.name AS person, lease.plan_id, plan.title AS plan_title, lease.village_code::text,
       unit.name AS village_name, lease.until
  FROM lease
  JOIN plan ON plan.plan_id = lease.plan_id
  JOIN person ON person.person_id = lease.person_id
  JOIN unit ON unit.code = lease.village_code
 WHERE lease.village_code = ANY (CAST(:villages AS text[])) AND lease.until > :at
   AND (lease.plan_id, lease.person_id) IS DISTINCT FROM (CAST(:plan_id AS uuid), CAST(:by AS uuid))
 ORDER BY lease.village_code, person.name, plan.title;
