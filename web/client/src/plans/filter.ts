/** Which plans are listed: those still at work, those that ended, or all; by a word of their title. */
import type { PlanRow } from "./contract";

export const SHOWN = ["open", "ended", "all"] as const;
export type Shown = (typeof SHOWN)[number];

export function listed(plans: readonly PlanRow[], shown: Shown, word: string): PlanRow[] {
  const wanted = word.trim().toLowerCase();
  return plans.filter((plan) => {
    const ended = plan.state === "published" || plan.state === "withdrawn";
    if (shown !== "all" && ended !== (shown === "ended")) return false;
    return `${plan.title} ${plan.owner ?? ""}`.toLowerCase().includes(wanted);
  });
}
