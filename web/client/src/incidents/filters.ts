/** The filters of the event desk as the address holds them, and the query that they are. Pure. */
import type { Query } from "../api";

export const FIELDS = ["step", "look", "colour", "review", "mine", "unit", "matter", "since", "until"] as const;
export type FilterField = (typeof FIELDS)[number];

export const STEPS = ["open", "reported", "accepted", "in_progress", "escalated", "suspended", "returned", "resolved", "verified", "closed", "all"] as const;
/** What a desk keeps an eye on. */
export const LOOKS = ["outside", "at_risk", "overdue", "supervised", "unanswered", "my_department"] as const;
export const COLOURS = ["red", "yellow", "green"] as const;

export function queryOf(fields: Readonly<Record<FilterField, string>>): Query {
  const step = fields.step || "open";
  const { look } = fields;
  return {
    step: step === "all" ? "" : step,
    queue: look === "outside" ? "outside" : "",
    ...(look && look !== "outside" ? { [look]: "1" } : {}),
    colour: fields.colour,
    review: fields.review ? "1" : "",
    mine: fields.mine ? "1" : "",
    unit: fields.unit,
    matter: fields.matter,
    since: fields.since,
    until: fields.until,
    // A link from a count opens exactly the rows that were counted.
    counted: fields.since ? "1" : "",
  };
}
