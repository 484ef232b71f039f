/** What the server says of a board: figures, their comparison, alerts, kept reports. */
import type { Precision } from "../contract";

export type Measure =
  | "collected"
  | "reported"
  | "valid"
  | "taken_up"
  | "closed"
  | "open"
  | "closed_grid"
  | "closed_village"
  | "closed_township"
  | "closed_county"
  | "came_closed"
  | "responded";
export type Colour = "red" | "yellow" | "green";
export const COLOURS: readonly Colour[] = ["red", "yellow", "green"];
export const CLOSED_AT = ["closed_grid", "closed_village", "closed_township", "closed_county"] as const;
export type Counts = Readonly<Record<Measure, number>>;
export type Colours = Readonly<Record<Colour, number>>;

export interface Rate {
  readonly numerator: number;
  readonly denominator: number;
  readonly value: number | null;
}

export interface Spell {
  readonly n: number;
  readonly mean_s: number | null;
  readonly median_s: number | null;
}

/** Figures of a unit, a matter, a day, or everything; `comparable` is empty or says why not. */
export interface Line {
  readonly key: string;
  readonly counts: Counts;
  readonly then: number | null;
  readonly comparable: string;
}

export interface UnitLine {
  readonly line: Line;
  readonly name: string;
  readonly level: string | null;
  readonly n_households: number | null;
  readonly retired: boolean;
  readonly incidence: Rate | null;
  readonly colours: Colours;
}

export interface Window {
  readonly since: string;
  readonly until: string;
}

export interface Board {
  readonly area: string;
  readonly name: string;
  readonly level: string;
  readonly path: readonly { readonly code: string; readonly name: string }[];
  readonly window: Window;
  readonly base: { readonly window: Window; readonly kind: "year" | "before"; readonly missing: readonly string[] } | null;
  readonly matter: string | null;
  readonly total: Line;
  readonly n_households: number;
  readonly incidence: Rate;
  readonly colours: Colours;
  readonly response: Spell;
  readonly closing: Spell;
  readonly units: readonly UnitLine[];
  readonly matters: readonly Line[];
  readonly matter_names: Readonly<Record<string, string>>;
  readonly days: readonly Line[];
  /** What is known by its month alone; it is in no day. */
  readonly months: readonly Line[];
  /** Known by a month that the period cuts, and counted nowhere. */
  readonly left_out: number;
  /** How many are dated far from all others. */
  readonly stray: number;
  readonly first_day: string | null;
  readonly last_day: string | null;
}

export interface BoardRow {
  readonly incident_id: string;
  readonly number: string;
  readonly matter_name: string;
  readonly summary: string;
  readonly step: string;
  readonly occurred_at: string;
  readonly occurred_precision: Precision;
  readonly reported_at: string;
  readonly due_at: string | null;
  readonly closed_at: string | null;
  readonly place_code: string;
  readonly place_name: string;
}

export interface Alert {
  readonly alert_id: string;
  readonly matter_group: string;
  readonly group_name: string;
  readonly also: readonly string[];
  readonly territory_code: string;
  readonly place: string;
  readonly centre_name: string;
  readonly first_on: string;
  readonly last_on: string;
  readonly state: "new" | "ongoing" | "past";
  readonly nights: number;
  readonly grid_codes: readonly string[];
  readonly radius_m: number;
  readonly since: string;
  readonly observed: number;
  readonly expected: number;
  readonly relative_risk: number | null;
  readonly recurrence_days: number;
  readonly acknowledged_at: string | null;
  readonly acknowledged_by: string | null;
  readonly note: string;
}

/** The night that was looked at last, with what was asked of it. */
export interface Night {
  readonly day: string;
  readonly n_tests: number;
  readonly n_cases: number;
  readonly threshold_days: number;
}

export interface Alerts {
  readonly alerts: readonly Alert[];
  readonly night: Night | null;
}

export interface HotRow {
  readonly code: string;
  readonly name: string;
  readonly observed: number;
  readonly expected: number;
  readonly ratio: number | null;
  readonly outline: string | null;
}

export interface WallData {
  readonly board: Board;
  readonly alerts: readonly Alert[];
  readonly night: Night | null;
  readonly hot: readonly HotRow[];
  readonly at: string;
  readonly expires_at: string | null;
}
