/** The plan on the screen: what the server last said of it. */
import { computed, ref, shallowRef } from "vue";

import { planApi } from "../plans/api";
import type { Conflict, Fault, Impact, Plan, PlanChange } from "../plans/contract";
import { asProblem, type ApiProblem } from "../problem";
import { useCoverage } from "./use-coverage";

export type PlanState = ReturnType<typeof usePlan>;

export function usePlan(id: string) {
  const plan = shallowRef<Plan | null>(null);
  const problem = ref<ApiProblem | null>(null);
  const faults = shallowRef<readonly Fault[]>([]);
  const impact = shallowRef<Impact | null>(null);
  const impactProblem = ref<ApiProblem | null>(null);
  const conflicts = shallowRef<readonly Conflict[]>([]);
  const coverage = useCoverage(id);
  const open = computed(() =>
    plan.value ? !["published", "withdrawn"].includes(plan.value.state) : false,
  );

  async function load(): Promise<void> {
    problem.value = null;
    try {
      plan.value = await planApi.plan(id);
      await Promise.all([coverage.reload(), examine()]);
    } catch (error) {
      problem.value = asProblem(error);
    }
  }

  /** Faults and impact are asked for after each change; what they say is never guessed here. */
  async function examine(): Promise<void> {
    if (!plan.value || plan.value.n_changed === 0 || !open.value) {
      faults.value = [];
      impact.value = null;
      conflicts.value = [];
      return;
    }
    impactProblem.value = null;
    try {
      const [checked, moved] = await Promise.all([planApi.check(id), planApi.impact(id)]);
      faults.value = checked.faults;
      impact.value = moved;
    } catch (error) {
      impactProblem.value = asProblem(error);
    }
  }

  async function accept(change: PlanChange): Promise<void> {
    plan.value = change.plan;
    faults.value = change.faults;
    await coverage.accept(change);
    void examine();
  }

  /** Ask what others have published of the same cells since this plan was opened. */
  async function findConflicts(): Promise<void> {
    if (!open.value) return;
    const found = await planApi.conflicts(id);
    conflicts.value = found.conflicts;
    if (found.rebased) await load();
  }

  /** Look whether somebody else has gone on with this plan; their last step, if so. */
  async function refresh(): Promise<boolean> {
    const now = await planApi.plan(id);
    if (now.version === plan.value?.version && now.state === plan.value.state) return false;
    plan.value = now;
    await Promise.all([coverage.reload(), examine()]);
    return true;
  }

  return {
    id, plan, problem, faults, impact, impactProblem, conflicts, open, coverage,
    load, examine, accept, findConflicts, refresh,
  };
}
