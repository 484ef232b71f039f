/** The answers of the server, as the client relies on them. Positions are [lon, lat] in CGCS2000. */
import type { FeatureCollection, Geometry } from "geojson";

import type { Bbox } from "./boot";

export type LonLat = readonly [lon: number, lat: number];
export type Level = "county" | "township" | "village" | "grid" | "subgroup";
/** How exactly a time is known; of a day or a month it is the first moment. */
export type Precision = "time" | "day" | "month";
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
  /** A unit that is no more is found by its code. */
  readonly retired_at?: string | null;
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
  readonly occurred_at: string;
  readonly occurred_precision: Precision;
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
  /** None once it has ended. */
  readonly colour?: Colour | null;
  readonly handling_level?: string;
  readonly department?: string | null;
  readonly supervised?: boolean;
  readonly suspended_until?: string | null;
  readonly feedback?: { readonly owed: boolean; readonly since: string | null; readonly answered_at: string | null };
}

export type Colour = "green" | "yellow" | "red";

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
  readonly grid_today: {
    readonly grid_code: string | null;
    readonly grid_name: string | null;
    readonly differs: boolean;
  } | null;
}

export interface IncidentReport {
  readonly matter_code: string;
  readonly summary: string;
  readonly place?: string;
  /** Where by the code of a unit, for those who know no position. */
  readonly unit_code?: string;
  readonly source?: string;
  readonly occurred_at?: string;
  readonly reporter_name?: string;
  readonly reporter_phone?: string;
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

/** Recurring work of a unit, to be done from its first day to its last. */
export interface Task {
  readonly task_id: string;
  readonly title: string;
  readonly note: string;
  readonly kind: string;
  readonly unit_code: string;
  readonly unit_name: string;
  readonly period: string;
  readonly starts_on: string;
  readonly due_on: string;
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
  /** Those due first; none in an answer that an older page has kept. */
  readonly tasks?: readonly Task[];
  readonly counts: {
    readonly households: number;
    readonly open: number;
    readonly overdue: number;
  };
}
