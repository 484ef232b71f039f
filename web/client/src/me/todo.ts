import type { IncidentRow } from "../contract";

export function canAccept(row: IncidentRow): boolean {
  return row.step === "reported" || row.step === "returned";
}

export function canResolve(row: IncidentRow): boolean {
  return row.step === "accepted" || row.step === "in_progress";
}

/** Whether the worker has to act; what is resolved waits for somebody else. */
export function isWaiting(row: IncidentRow): boolean {
  return canAccept(row) || canResolve(row);
}
