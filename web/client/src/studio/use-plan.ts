/** The plan on the screen: what the server last said, and the writes that change it. */
import { computed, reactive, ref, shallowRef } from "vue";

import { api, newKey } from "../api";
import type { Fault, Impact, Plan, PlanChange, PlanStep, PlanStepRequest } from "../contract";
import { GRID_TINTS } from "../map/overlays";
import { ApiProblem, asProblem } from "../problem";
import { applyChange, gridTotals, tints, toMap, type CellMap } from "./cells";

/** Somebody was first: what was refused, what one was about to do, what was done meanwhile. */
export interface Conflict {
  readonly problem: ApiProblem;
  readonly kept: string;
  readonly last: PlanStep | null;
}

/** A step that would tear a grid apart, and the way to make it all the same. */
export interface Pieces {
  readonly grid: string;
  readonly n: number;
  readonly again: () => void;
}

type StepWish = Omit<PlanStepRequest, "version">;

export type PlanState = ReturnType<typeof usePlan>;

export function usePlan(id: string) {
  const plan = shallowRef<Plan | null>(null);
  const problem = ref<ApiProblem | null>(null);
  const cells = shallowRef<CellMap>(new Map());
  const tint = shallowRef<ReadonlyMap<string, number>>(new Map());
  const villages = reactive(new Map<string, string>());
  const faults = shallowRef<readonly Fault[]>([]);
  const impact = shallowRef<Impact | null>(null);
  const impactProblem = ref<ApiProblem | null>(null);
  const busy = ref(false);
  const savedAt = ref<Date | null>(null);
  const failure = ref<ApiProblem | null>(null);
  const conflict = shallowRef<Conflict | null>(null);
  const pieces = shallowRef<Pieces | null>(null);
  const totals = computed(() => gridTotals(cells.value));
  const open = computed(() =>
    plan.value ? !["published", "withdrawn"].includes(plan.value.state) : false,
  );

  function take(next: CellMap): void {
    cells.value = next;
    tint.value = tints(next, tint.value, GRID_TINTS.length);
  }

  async function load(): Promise<void> {
    problem.value = null;
    try {
      plan.value = await api.plan(id);
      await Promise.all([loadCells(), examine()]);
    } catch (error) {
      problem.value = asProblem(error);
    }
  }

  async function loadCells(): Promise<void> {
    const codes = [...villages.keys()];
    take(codes.length ? toMap(await api.planCells(id, codes)) : new Map());
  }

  async function addVillage(code: string, name: string): Promise<void> {
    if (villages.has(code)) return;
    const added = await api.planCells(id, [code]);
    villages.set(code, name);
    take(new Map([...cells.value, ...toMap(added)]));
  }

  function dropVillage(code: string): void {
    villages.delete(code);
    take(new Map([...cells.value].filter(([, cell]) => cell.properties.village_code !== code)));
  }

  /** Faults and impact are asked for after each change; what they say is never guessed here. */
  async function examine(): Promise<void> {
    if (!plan.value || plan.value.n_changed === 0 || !open.value) {
      faults.value = [];
      impact.value = null;
      return;
    }
    impactProblem.value = null;
    try {
      const [checked, moved] = await Promise.all([api.check(id), api.impact(id)]);
      faults.value = checked.faults;
      impact.value = moved;
    } catch (error) {
      impactProblem.value = asProblem(error);
    }
  }

  async function clash(told: ApiProblem, kept: string): Promise<void> {
    const { steps } = await api.plan(id);
    conflict.value = { problem: told, kept, last: steps.at(-1) ?? null };
  }

  /** Send a change; `answered` may take a refusal upon itself. Says whether the change was made. */
  async function write(
    what: string,
    send: (version: number) => Promise<PlanChange>,
    answered: (told: ApiProblem) => boolean = () => false,
  ): Promise<boolean> {
    if (!plan.value || busy.value) return false;
    busy.value = true;
    failure.value = null;
    try {
      const answer = await send(plan.value.version);
      plan.value = answer.plan;
      const shown = answer.changed.features.filter((cell) => villages.has(cell.properties.village_code));
      take(applyChange(cells.value, { ...answer.changed, features: shown }, answer.gone));
      faults.value = answer.faults;
      savedAt.value = new Date();
      void examine();
      return true;
    } catch (error) {
      const told = asProblem(error);
      if (told.kind === "conflict") await clash(told, what);
      else if (!answered(told)) failure.value = told;
      return false;
    } finally {
      busy.value = false;
    }
  }

  async function step(what: string, wish: StepWish): Promise<boolean> {
    pieces.value = null;
    const ask = (told: ApiProblem): boolean => {
      if (told.code !== "patch.multipart" || wish.allow_pieces) return false;
      pieces.value = {
        grid: String(told.facts["grid"] ?? ""),
        n: Number(told.facts["n_pieces"] ?? 2),
        again: () => void step(what, { ...wish, allow_pieces: true }),
      };
      return true;
    };
    return write(what, (version) => api.planStep(id, { ...wish, version }, newKey()), ask);
  }

  async function settle(): Promise<void> {
    conflict.value = null;
    await load();
  }

  return {
    plan, problem, cells, tint, villages, faults, impact, impactProblem, busy, savedAt, failure,
    conflict, clash, pieces, step, totals, open, load, addVillage, dropVillage, settle, examine,
    undo: (what: string) => write(what, (version) => api.undo(id, version)),
    redo: (what: string) => write(what, (version) => api.redo(id, version)),
  };
}
