/** The answers of the server, as the client relies on them. Positions are [lon, lat] in CGCS2000. */
import type { FeatureCollection, Geometry, MultiPolygon, Polygon } from "geojson";

import type { Bbox } from "./boot";

export type LonLat = readonly [lon: number, lat: number];
export type Level = "county" | "township" | "village" | "grid" | "subgroup";
export type Datum = "wgs84" | "cgcs2000" | "gcj02" | "bd09";
export type Step =
  | "reported"
  | "accepted"
  | "in_progress"
  | "resolved"
  | "verified"
  | "closed"
  | "returned"
  | "escalated"
  | "suspended"
  | "rejected"
  | "duplicate";

export interface UnitRow {
  readonly code: string;
  readonly level: Level;
  readonly kind: string;
  readonly name: string;
  readonly n_households: number;
  readonly n_children: number;
  readonly area_m2: number | null;
  readonly bbox: Bbox | null;
}

export interface DutyRow {
  readonly person_id: string;
  readonly name: string;
  readonly phone_mask: string | null;
  readonly rank: string;
  readonly on_leave: boolean;
}

export interface UnitCard {
  readonly code: string;
  readonly level: Level;
  readonly kind: string;
  readonly name: string;
  readonly source_code: string | null;
  readonly path: readonly { readonly code: string; readonly name: string; readonly level: Level }[];
  readonly area_m2: number | null;
  readonly n_households: number;
  readonly n_unplaced: number;
  readonly n_cameras: number;
  readonly n_open_incidents: number;
  readonly n_children: number;
  readonly bbox: Bbox | null;
  readonly centre: LonLat | null;
  readonly duties: readonly DutyRow[];
  readonly neighbours: readonly {
    readonly code: string;
    readonly name: string;
    readonly worker: string | null;
  }[];
  readonly history: readonly {
    readonly publication: number;
    readonly at: string;
    readonly kind: string;
    readonly from: string | null;
    readonly to: string | null;
    readonly n_households: number;
  }[];
  readonly retired_at: string | null;
}

export interface Found {
  readonly kind: "unit" | "household" | "camera" | "incident" | "person";
  readonly key: string;
  readonly title: string;
  readonly subtitle: string;
  readonly level?: Level | null;
  readonly bbox?: Bbox | null;
  readonly at?: LonLat | null;
}

/** A part of the accuracy circle; without a grid it lies outside all of them. */
export interface RivalShare {
  readonly grid: string | null;
  readonly name: string | null;
  readonly share: number;
}

/** A code with the facts that its sentence needs. */
export interface Reason {
  readonly code: string;
  readonly [fact: string]: unknown;
}

export interface Where {
  readonly publication: number;
  readonly village: string | null;
  readonly grid: string | null;
  readonly grid_name: string | null;
  readonly subgroup: string | null;
  readonly border_m: number | null;
  readonly rivals: readonly RivalShare[];
  readonly review: boolean;
  readonly proposal: string | null;
  readonly proposal_name?: string | null;
  readonly proposal_m: number | null;
  /** Whoever owns it; without a name the unit's desk answers. */
  readonly worker: {
    readonly name: string | null;
    readonly phone_mask: string | null;
    readonly rank: string;
    readonly unit_code: string;
    readonly unit_name: string | null;
  };
  readonly reason: string | Reason;
  readonly skipped: readonly Readonly<Record<string, string>>[];
}

export interface HouseholdRow {
  readonly household_id: string;
  readonly number: string;
  readonly address: string;
  readonly class: string;
  readonly members: number | null;
  readonly phone_mask: string | null;
  readonly at: LonLat | null;
  readonly grid_code?: string | null;
  readonly grid_name?: string | null;
}

export interface CameraCard {
  readonly camera_id: string;
  readonly registry: string;
  readonly device_id: string;
  readonly name: string;
  readonly owner: string;
  readonly place_class: string;
  readonly status: string;
  readonly at: LonLat | null;
  readonly direction_deg: number | null;
  readonly grid_code: string | null;
  readonly grid_name?: string | null;
}

export interface Matter {
  readonly code: string;
  readonly name: string;
  readonly department: string;
  readonly level: string;
  readonly limit_hours: number;
}

export interface IncidentRow {
  readonly incident_id: string;
  readonly number: string;
  readonly matter_code: string;
  readonly matter_name: string;
  readonly summary: string;
  readonly step: Step;
  readonly level: string;
  readonly reported_at: string;
  readonly due_at: string | null;
  readonly at: LonLat | null;
  readonly grid_code: string | null;
  readonly grid_name: string | null;
  readonly owner: {
    readonly name: string | null;
    readonly rank: string;
    readonly unit_code: string;
    readonly unit_name: string;
  };
  readonly review: boolean;
  readonly placement: string;
  readonly version: number;
}

export interface IncidentCard extends IncidentRow {
  readonly place?: string;
  readonly rivals: readonly RivalShare[];
  readonly border_m: number | null;
  readonly reason: string | Reason;
  readonly skipped: readonly Readonly<Record<string, string>>[];
  readonly given: { readonly x: number; readonly y: number; readonly datum: string } | null;
  readonly steps: readonly {
    readonly seq: number;
    readonly action: string;
    readonly to_step: Step;
    readonly at: string;
    readonly person: string | null;
    readonly note: string;
  }[];
  readonly allowed: readonly string[];
  readonly grid_today: string | null;
  readonly grid_today_name?: string | null;
}

export interface IncidentReport {
  readonly matter_code: string;
  readonly summary: string;
  readonly place?: string;
  readonly lon?: number;
  readonly lat?: number;
  readonly datum?: Datum;
  readonly accuracy_m?: number;
}

/** All that a reporter is told of an incident that lies outside their own territory. */
export interface Receipt {
  readonly incident_id: string;
  readonly number: string;
  readonly owner_name: string | null;
  readonly owner_unit: string;
}

export interface PlanStep {
  readonly seq: number;
  readonly tool: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly at: string;
  readonly by: string | null;
  readonly undone: boolean;
}

export interface PlanRow {
  readonly plan_id: string;
  readonly title: string;
  readonly state: "draft" | "checked" | "approved" | "published" | "withdrawn";
  readonly base_publication: number | null;
  readonly version: number;
  readonly owner: string | null;
  readonly n_changed: number;
  readonly updated_at?: string | null;
}

export interface Plan extends PlanRow {
  readonly steps: readonly PlanStep[];
  readonly can_undo: boolean;
  readonly can_redo: boolean;
  readonly bbox: Bbox | null;
  readonly village_codes: readonly string[];
}

export interface CellFacts {
  readonly cell_id: number;
  readonly village_code: string;
  readonly grid_code: string | null;
  readonly grid_name: string | null;
  readonly subgroup_code: string | null;
  readonly subgroup_name: string | null;
  readonly n_households: number;
  readonly changed: boolean;
  readonly version: number;
}

export type Cells = FeatureCollection<Polygon | MultiPolygon, CellFacts>;

export interface Fault {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly units: readonly string[];
  readonly at: LonLat | null;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface PlanStepRequest {
  readonly tool: "assign" | "split" | "merge";
  readonly version: number;
  readonly cell_ids?: readonly number[];
  readonly grid_code?: string;
  readonly line?: readonly LonLat[];
  readonly name?: string;
  readonly from?: string;
  readonly into?: string;
  /** Let a grid fall into pieces; it then has to be mended or signed for before publishing. */
  readonly allow_pieces?: boolean;
}

export interface PlanChange {
  readonly plan: Plan;
  readonly changed: Cells;
  readonly gone: readonly number[];
  readonly faults: readonly Fault[];
}

export interface Moved {
  readonly from: string | null;
  readonly to: string | null;
  readonly n: number;
}

export interface Impact {
  readonly households: { readonly n: number; readonly moved: readonly Moved[] };
  readonly cameras: { readonly n: number; readonly moved?: readonly Moved[] };
  readonly incidents: { readonly moved: number; readonly stay: number };
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

export interface Mine {
  readonly duties: readonly {
    readonly unit_code: string;
    readonly unit_name: string;
    readonly rank: string;
  }[];
  readonly area: FeatureCollection<Geometry, { code: string; name: string; level?: Level }>;
  readonly neighbours: FeatureCollection<
    Geometry,
    { code: string; name: string; worker: string | null; phone_mask: string | null }
  >;
  readonly incidents: readonly IncidentRow[];
  readonly counts: {
    readonly households: number;
    readonly open: number;
    readonly overdue: number;
  };
}
