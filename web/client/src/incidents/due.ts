/** How a deadline stands against the clock: calm, near (the last fifth), overdue. */

export type Due = "none" | "calm" | "near" | "overdue";

const NEAR_SHARE = 0.8;
const ENDED: ReadonlySet<string> = new Set(["resolved", "verified", "closed", "rejected", "duplicate"]);

export function dueState(
  incident: { readonly due_at: string | null; readonly reported_at: string; readonly step: string },
  now: Date,
): Due {
  if (!incident.due_at || ENDED.has(incident.step)) return "none";
  const due = new Date(incident.due_at).getTime();
  const start = new Date(incident.reported_at).getTime();
  if (now.getTime() > due) return "overdue";
  return now.getTime() - start > NEAR_SHARE * (due - start) ? "near" : "calm";
}
