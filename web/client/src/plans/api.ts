/** Requests about boundary plans; each is one function named by what it promises. */
import { get, part, post, remove } from "../api";
import type { ArcCollection } from "../studio/arcs";
import type {
  BalanceProposal,
  BalanceWish,
  Cells,
  Conflicts,
  Fault,
  Impact,
  Plan,
  PlanChange,
  PlanRow,
  Policy,
  Presence,
  Publication,
  Published,
  Sketch,
  StepWish,
} from "./contract";

export const planApi = {
  list: () => get<{ plans: PlanRow[] }>("/plans").then((answer) => answer.plans),
  create: (title: string, open_incidents: Policy, key: string) =>
    post<Plan>("/plans", { title, open_incidents }, { key }),
  plan: (id: string) => get<Plan>(`/plans/${part(id)}`),
  cells: (id: string, villages: readonly string[]) =>
    get<Cells>(`/plans/${part(id)}/cells`, { village: villages }),
  arcs: (id: string, villages: readonly string[]) =>
    get<ArcCollection>(`/plans/${part(id)}/arcs`, { village: villages }),

  step: (id: string, wish: StepWish, version: number, key: string) =>
    post<PlanChange>(`/plans/${part(id)}/steps`, { ...wish, version }, { key }),
  preview: (id: string, wish: StepWish, version: number) =>
    post<Omit<PlanChange, "plan">>(`/plans/${part(id)}/preview`, { ...wish, version }),
  undo: (id: string, version: number) => post<PlanChange>(`/plans/${part(id)}/undo`, { version }),
  redo: (id: string, version: number) => post<PlanChange>(`/plans/${part(id)}/redo`, { version }),
  undoStep: (id: string, seq: number, version: number) =>
    post<PlanChange>(`/plans/${part(id)}/steps/${seq}/undo`, { version }),
  sketches: (id: string) =>
    get<{ sketches: Sketch[] }>(`/plans/${part(id)}/sketches`).then((answer) => answer.sketches),
  dropSketch: (id: string, sketch: string) =>
    remove<unknown>(`/plans/${part(id)}/sketches/${part(sketch)}`),
  check: (id: string) => get<{ faults: Fault[]; ok: boolean }>(`/plans/${part(id)}/check`),
  impact: (id: string) => get<Impact>(`/plans/${part(id)}/impact`),
  chooseIncidents: (
    id: string,
    choices: readonly { incident_id: string; do: "stay" | "move" }[],
    version: number,
  ) => post<Plan>(`/plans/${part(id)}/incident-choices`, { version, choices }),
  balance: (id: string, wish: BalanceWish) =>
    post<BalanceProposal>(`/plans/${part(id)}/balance`, wish),

  conflicts: (id: string) => get<Conflicts>(`/plans/${part(id)}/conflicts`),
  resolve: (
    id: string,
    choices: readonly { cell_id: number; keep: "mine" | "theirs" }[],
    version: number,
  ) => post<PlanChange>(`/plans/${part(id)}/resolve`, { version, choices }),

  lease: (id: string, villages: readonly string[]) =>
    post<{ until: string; others: Presence[] }>(`/plans/${part(id)}/lease`, { village_codes: villages }),
  leave: (id: string) => remove<unknown>(`/plans/${part(id)}/lease`, { last: true }),

  submit: (id: string, note: string, version: number) =>
    post<Plan>(`/plans/${part(id)}/submit`, { note, version }),
  approve: (id: string, note: string, version: number) =>
    post<Plan>(`/plans/${part(id)}/approve`, { note, version }),
  sendBack: (id: string, note: string, version: number) =>
    post<Plan>(`/plans/${part(id)}/send-back`, { note, version }),
  publish: (
    id: string,
    what: { memo: string; version: number; effective_from?: string },
    key: string,
  ) => post<Published>(`/plans/${part(id)}/publish`, what, { key }),
  withdraw: (id: string) => post<Plan>(`/plans/${part(id)}/withdraw`),

  publications: () =>
    get<{ publications: Publication[] }>("/publications").then((answer) => answer.publications),
  restore: (n: number, title: string, key: string) =>
    post<Plan>(`/publications/${n}/restore`, { title }, { key }),
};
