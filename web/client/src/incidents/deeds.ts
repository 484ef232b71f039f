/** What an action has to be given, and the deed that comes of what a person entered. Pure. */
import type { Deed, Possible } from "./contract";

export interface Input {
  note: string;
  result: "settled" | "failed";
  unit: string;
  until: string;
  how: string;
  others: readonly string[];
  summary: string;
  matter: string;
}

export const NO_INPUT: Input = { note: "", result: "settled", unit: "", until: "", how: "phone", others: [], summary: "", matter: "" };

/** Whether all that an action needs has been entered. */
export function isReady(possible: Possible, input: Input): boolean {
  const has: Readonly<Record<string, boolean>> = {
    result: true,
    unit: /^[0-9]{6,17}$/.test(input.unit),
    // Who takes over is named by the unit; the server finds who is on duty there.
    person: true,
    date: input.until !== "",
    incident: input.others.length > 0,
    summary: input.summary.trim() !== "",
  };
  return possible.needs.every((need) => has[need] ?? true) && (!possible.note || input.note.trim() !== "");
}

export function deedOf(possible: Possible, input: Input, version: number, key: string): Deed {
  const { action, needs } = possible;
  const first = input.others[0];
  return {
    action,
    note: input.note.trim(),
    version,
    key,
    ...(needs.includes("result") ? { result: input.result } : {}),
    ...(needs.includes("unit") ? { unit_code: input.unit } : {}),
    ...(needs.includes("date") ? { until: input.until } : {}),
    ...(action === "answer" ? { how: input.how } : {}),
    ...(action === "merge" ? { with: input.others } : {}),
    ...(action === "duplicate" && first ? { of: first } : {}),
    ...(needs.includes("summary") ? { summary: input.summary.trim() } : {}),
    ...(needs.includes("summary") && input.matter ? { matter_code: input.matter } : {}),
  };
}

/** The action that moves work on, to be offered first. */
export function mainAction(allowed: readonly string[]): string | null {
  return ["accept", "start", "resolve", "answer", "verify", "close", "resume"].find((one) => allowed.includes(one)) ?? null;
}
