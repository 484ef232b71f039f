/** What the server answers about boundary plans. Positions are [lon, lat] in CGCS2000. */
import type { Feature, FeatureCollection, MultiPolygon, Polygon } from "geojson";

import type { Bbox } from "../boot";
import type { LonLat } from "../contract";

export type PlanStateName = "draft" | "checked" | "submitted" | "approved" | "scheduled" | "published" | "withdrawn";

export interface PlanStep {
  readonly seq: number;
  readonly tool: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly at: string;
  readonly by: string | null;
  readonly undone: boolean;
  /** Whether this step alone can be taken back: no later one touched its cells. */
  readonly can_undo?: boolean;
}

export interface PlanRow {
  readonly plan_id: string;
  readonly title: string;
  readonly state: PlanStateName;
  readonly base_publication: number | null;
  readonly version: number;
  readonly owner: string | null;
  readonly n_changed: number;
  readonly updated_at?: string | null;
}

export interface Approval {
  readonly needed: boolean;
  /** None also where whoever works the machine approved it: `at` says whether anybody did. */
  readonly by: string | null;
  readonly at: string | null;
  /** The viewer owns the plan or made a step of it: somebody else has to approve. */
  readonly own: boolean;
}

export interface Plan extends PlanRow {
  readonly steps: readonly PlanStep[];
  readonly can_undo: boolean;
  readonly can_redo: boolean;
  readonly bbox: Bbox | null;
  readonly village_codes: readonly string[];
  readonly note: string;
  readonly approval: Approval;
  readonly effective_from: string | null;
  readonly submitted_at: string | null;
}

export interface CellFacts {
  readonly cell_id: number;
  readonly village_code: string;
  readonly grid_code: string | null;
  readonly grid_name: string | null;
  readonly subgroup_code: string | null;
  readonly subgroup_name: string | null;
  readonly n_households: number;
  readonly area_m2?: number;
  readonly changed: boolean;
  readonly version: number;
}

export type Cell = Feature<Polygon | MultiPolygon, CellFacts>;
export type Cells = FeatureCollection<Polygon | MultiPolygon, CellFacts>;

/** What becomes of open incidents in land that changes hands. */
export const POLICIES = ["unaccepted", "stay", "move", "ask"] as const;
export type Policy = (typeof POLICIES)[number];

export interface Fault {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly units: readonly string[];
  readonly at: LonLat | null;
  readonly bbox: Bbox | null;
  /** It was so before the plan, which makes it no worse. */
  readonly legacy: boolean;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What becomes of a piece that an edit would cut off: refused, kept, or the grid that takes it. */
export type Loose = "refuse" | "keep" | (string & {});

interface Redrawn {
  readonly before: readonly LonLat[];
  readonly after: readonly LonLat[];
}

/** A step as it is asked for; `version` goes with it when it is sent. */
export type StepWish = { readonly loose?: Loose } & (
  | { readonly tool: "assign"; readonly cell_ids: readonly number[]; readonly grid_code: string | null }
  | { readonly tool: "split"; readonly grid_code: string; readonly line: readonly LonLat[]; readonly name?: string }
  | { readonly tool: "merge"; readonly from: string; readonly into: string }
  | { readonly tool: "reshape"; readonly grid_a: string; readonly grid_b: string; readonly line: readonly LonLat[] }
  | { readonly tool: "move"; readonly arcs: readonly Redrawn[] }
  | { readonly tool: "nibble"; readonly grid_code: string; readonly ring: readonly LonLat[] }
  | { readonly tool: "draw"; readonly ring: readonly LonLat[]; readonly name: string }
  | { readonly tool: "found"; readonly cell_ids: readonly number[]; readonly name: string }
  | { readonly tool: "sign"; readonly unit_code: string; readonly n_parts: number }
  | { readonly tool: "rename"; readonly unit_code: string; readonly name: string }
  | ({ readonly tool: "balance" } & BalanceWish)
);

/** A drawing that the server refused and keeps, with what was wrong. */
export interface Sketch {
  readonly sketch_id: string;
  readonly tool: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly code: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly by: string | null;
  readonly made_at: string;
}

export interface PlanChange {
  readonly plan: Plan;
  readonly changed: Cells;
  readonly gone: readonly number[];
  readonly faults: readonly Fault[];
}

/** A part that an edit would cut off, with the grids that it borders. */
export interface Piece {
  readonly area_m2: number;
  readonly at: LonLat;
  readonly cell_ids: readonly number[];
  readonly neighbours: readonly { readonly grid: string; readonly border_m: number }[];
}

export interface Moved {
  readonly from: string | null;
  readonly to: string | null;
  readonly n: number;
}

/** An open incident that the plan would give to another unit, and what publishing would do with it. */
export interface AskedIncident {
  readonly incident_id: string;
  readonly number: string;
  readonly summary: string;
  readonly place: string;
  readonly from_code: string | null;
  readonly to_code: string | null;
  readonly at: LonLat;
  readonly moves: boolean;
  /** Whether somebody said so; else it is the common rule. */
  readonly chosen: boolean;
}

export interface Impact {
  readonly households: { readonly n: number; readonly moved: readonly Moved[] };
  readonly cameras: { readonly n: number; readonly moved?: readonly Moved[] };
  readonly incidents: { readonly moved: number; readonly stay: number };
  readonly open_incidents?: Policy;
  readonly asked?: readonly AskedIncident[];
  readonly workers: readonly {
    readonly person: string;
    readonly unit_code: string;
    readonly gains: number;
    readonly loses: number;
  }[];
  readonly vacancies: readonly string[];
  readonly balance: readonly {
    readonly grid_code: string;
    readonly name: string;
    readonly before: number;
    readonly after: number;
  }[];
}

/** One cell that two plans changed: as it was, as it is in force, as this plan would have it. */
export interface Conflict {
  readonly group: number;
  readonly cell_id: number;
  readonly unit: string | null;
  readonly name: string | null;
  readonly at: LonLat | null;
  readonly base: Cell | null;
  readonly theirs: Cell | null;
  readonly mine: Cell | null;
  readonly by: {
    readonly publication: number;
    readonly at: string;
    readonly person: string | null;
    readonly memo: string;
  } | null;
}

export interface Conflicts {
  readonly conflicts: readonly Conflict[];
  /** What others changed elsewhere has been taken in by itself. */
  readonly rebased: boolean;
}

export interface Presence {
  readonly person_id: string;
  readonly person: string;
  readonly plan_id: string;
  readonly plan_title: string;
  readonly village_code: string;
  readonly village_name: string;
  readonly until: string;
}

export interface BalanceWish {
  readonly area: string | readonly string[];
  readonly parts?: number;
  readonly households?: number;
  readonly mode: "cells" | "buildings" | "lines";
  readonly seed?: number;
}

export interface BalancePart {
  readonly part: number;
  readonly n_households: number;
  readonly area_m2: number;
  readonly compactness: number;
  readonly cell_ids?: readonly number[];
}

/** A proposed partition; nothing is written. */
export interface BalanceProposal {
  readonly parts: readonly BalancePart[];
  readonly max_mean: number | null;
  readonly min_mean: number | null;
  readonly excess: readonly Readonly<Record<string, unknown>>[];
  readonly outlines: FeatureCollection<Polygon | MultiPolygon, { readonly part: number }>;
  readonly mode: string;
}

export interface Publication {
  readonly number: number;
  readonly at: string;
  readonly by: string | null;
  readonly memo: string;
  readonly n_changed: number;
  readonly plan_id: string | null;
}

export interface Published {
  readonly publication: number | null;
  readonly scheduled_for?: string | null;
  readonly impact: Impact;
}
