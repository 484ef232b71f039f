/** What a worker can do with an incident, and how it stands with what has not reached the server. */
import type { IncidentRow, Step, Task } from "../contract";
import { isOpen, type Action, type StepAction } from "./outbox/action";

/** What an owner does on the phone: from which steps, and to which. */
export const DEEDS = {
  accept: { from: ["reported", "returned", "escalated"], to: "accepted" },
  start: { from: ["accepted"], to: "in_progress" },
  resolve: { from: ["accepted", "in_progress"], to: "resolved" },
  return: { from: ["reported", "accepted", "in_progress"], to: "returned" },
} as const satisfies Readonly<Record<string, { from: readonly Step[]; to: Step }>>;

export type Deed = keyof typeof DEEDS;

function isDeed(action: string): action is Deed {
  return action in DEEDS;
}

export function can(row: { readonly step: Step }, deed: Deed): boolean {
  return (DEEDS[deed].from as readonly Step[]).includes(row.step);
}

/** Whether the worker has to act; what is resolved or given back waits for somebody else. */
export function isWaiting(row: Todo): boolean {
  const givenBack = row.step === "returned" && row.mine > 0;
  return !givenBack && (can(row, "accept") || can(row, "resolve"));
}

/** An incident as the worker has left it, and how many of their own steps are under way. */
export interface Todo extends IncidentRow {
  readonly mine: number;
}

/**
 * The rows of the server with the worker's own steps done: those on their way, and those that
 * arrived after the rows were read (`asOf`).
 */
export function applied(rows: readonly IncidentRow[], actions: readonly Action[], asOf: string): Todo[] {
  const steps = actions
    .filter((one): one is StepAction => one.kind === "step")
    .filter((one) => isOpen(one) || (one.delivered !== null && one.delivered > asOf))
    .sort((a, b) => a.seq - b.seq);
  return rows.map((row) => {
    let [step, version, mine] = [row.step, row.version, 0];
    for (const one of steps) {
      if (one.subject !== row.incident_id) continue;
      if (isDeed(one.action)) step = DEEDS[one.action].to;
      if (one.became !== null) version = Math.max(version, one.became);
      mine += 1;
    }
    return { ...row, step, version, mine };
  });
}

/** The tasks that are still to be done: none that was done on this phone, arrived or not. */
export function openTasks(tasks: readonly Task[], actions: readonly Action[], asOf: string): Task[] {
  const done = new Set(
    actions
      .filter((one) => one.kind === "task" && (isOpen(one) || (one.delivered !== null && one.delivered > asOf)))
      .map((one) => one.subject),
  );
  return tasks.filter((one) => !done.has(one.task_id));
}

/** Whether a day that is the last for something is over, is today, or lies ahead. */
export function dayState(dueOn: string, today: string): "overdue" | "today" | "ahead" {
  if (dueOn < today) return "overdue";
  return dueOn === today ? "today" : "ahead";
}

/** The earliest limit first; what has none comes last. */
export function byUrgency(a: IncidentRow, b: IncidentRow): number {
  const [one, other] = [a, b].map((row) => (row.due_at ? Date.parse(row.due_at) : Infinity));
  return one === other ? 0 : (one ?? 0) - (other ?? 0);
}
