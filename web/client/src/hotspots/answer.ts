/** The answers of /api/v1/hotspots: one shape for every method. */
import type { LonLat } from "../contract";

export type Method = "count" | "excess" | "gi" | "change" | "scan" | "emerging";
export type UnitLevel = "township" | "village" | "grid";
export type Compare = "prev" | "mom" | "yoy";

/** A unit with its neighbours: what the outline speaks of. */
export interface Around {
  readonly observed: number;
  readonly expected: number;
  readonly then?: number;
  readonly ratio: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly p: number | null;
  readonly q: number | null;
  readonly minimum_detectable_ratio: number | null;
}

export interface Scales {
  readonly held: number;
  readonly of: number;
  readonly at: readonly ("own" | "above" | "net")[];
}

export interface Row {
  readonly code: string;
  readonly name: string;
  readonly households: number;
  readonly observed: number | null;
  /** A class of the theme; none is not painted. */
  readonly paint: string | null;
  readonly outline: "double" | "solid" | null;
  readonly flags: readonly string[];
  readonly rank: number | null;
  readonly expected?: number | null;
  readonly rate?: number | null;
  readonly ratio?: number | null;
  readonly ratio_low?: number | null;
  readonly ratio_high?: number | null;
  readonly gi_z?: number | null;
  readonly gi_bin?: number | null;
  readonly around?: Around | null;
  readonly scales?: Scales;
  readonly then?: number | null;
  readonly direction?: number;
  readonly per_km2?: number | null;
  readonly cluster?: number | null;
  readonly class_plain?: string;
  readonly class_17?: string;
  readonly share_hot?: number;
  /** Reports of the last twelve weeks, the oldest first; of units at the head of the list. */
  readonly weeks?: readonly number[];
}

export interface Cluster {
  readonly rank: number;
  readonly name: string;
  readonly at: LonLat;
  readonly radius_m: number;
  readonly units: readonly string[];
  readonly start: string;
  readonly end: string;
  readonly observed: number;
  readonly expected: number;
  readonly ratio: number | null;
  readonly p: number;
  readonly recurrence_days: number;
  readonly is_new: boolean;
}

export interface Period {
  readonly since: string;
  readonly until: string;
  readonly days: number;
}

export interface Answer {
  readonly method: Method;
  readonly level: UnitLevel;
  readonly window: Period;
  readonly compare: (Period & { readonly kind: Compare; readonly calendar: string; readonly observed: number }) | null;
  readonly studied?: Period;
  readonly publication: number;
  /** Whether most reports of the window are known by their month alone. */
  readonly by_month: boolean;
  readonly data_version: string;
  readonly data_extent: readonly [string, string] | null;
  readonly all_sources: readonly string[];
  readonly seed: number | null;
  readonly n: number;
  readonly observed: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly notes: readonly { readonly code: string; readonly text: string }[];
  readonly rows: readonly Row[];
  readonly clusters?: readonly Cluster[];
}

/** Maps by week: for each unit a letter a week, the place of its class. */
export interface Weeks {
  readonly method: Method;
  readonly weeks: readonly {
    readonly since: string;
    readonly until: string;
    readonly observed: number;
    readonly outlined: number;
  }[];
  readonly classes: readonly string[];
  readonly paint: Readonly<Record<string, string>>;
  readonly outline: Readonly<Record<string, string>>;
}
