/** What can be done with an import, by where it is. */
import type { Card, Kind, State } from "./contract";

export const STEPS = ["file", "look", "check", "done"] as const;
export type Step = (typeof STEPS)[number];

/** Kinds that make one coverage: a part of a file is none. */
const WHOLE: ReadonlySet<Kind> = new Set(["grids", "subgroups"]);

export function stepOf(state: State, deed: Card["deed"]): Step {
  if (state === "done" || (deed === "commit" && (state === "waiting" || state === "running"))) return "done";
  return state === "received" || state === "discarded" ? "look" : "check";
}

/** Whether a worker has it or is about to: the page asks again by itself. */
export function atWork(state: State): boolean {
  return state === "waiting" || state === "running";
}

export function isOpen(state: State): boolean {
  return !atWork(state) && state !== "done" && state !== "discarded";
}

/** What may be taken in of a checked import: everything, the good rows alone, or nothing. */
export function takeable(card: Card): "all" | "part" | "whole_only" | "nothing" {
  const counts = card.account?.counts;
  if (!counts || counts.read === 0) return "nothing";
  if (counts.refused === 0) return counts.taken > 0 ? "all" : "nothing";
  if (WHOLE.has(card.kind)) return "whole_only";
  return counts.taken > 0 ? "part" : "nothing";
}

/** Required fields that have no column yet. */
export function missing(fields: readonly { name: string; required: boolean }[], chosen: Readonly<Record<string, string | undefined>>): string[] {
  return fields.filter((field) => field.required && !chosen[field.name]).map((field) => field.name);
}
