/** What the event desk knows of an incident besides what every list shows. */
import type { IncidentCard, IncidentRow, RivalShare } from "../contract";

export type Need = "result" | "person" | "unit" | "date" | "incident" | "summary";

export interface Possible {
  readonly action: string;
  readonly note: boolean;
  readonly needs: readonly Need[];
}

export interface Related {
  readonly incident_id: string;
  readonly number: string;
  readonly summary: string;
  readonly step: string;
}

export interface Supervision {
  readonly supervision_id: string;
  readonly number: string;
  readonly incident_id: string;
  readonly incident_number: string;
  readonly kind: SheetKind;
  readonly note: string;
  readonly to_name: string | null;
  readonly to_unit: string;
  readonly issued_at: string;
  readonly issued_by: string | null;
  readonly due_at: string;
  readonly state: "open" | "answered" | "struck_off";
  readonly answer: string | null;
  readonly answered_at: string | null;
  readonly struck_off_at: string | null;
  readonly struck_off_note: string | null;
}

export type SheetKind = "ordinary" | "yellow" | "red";

export interface DeskCard extends IncidentCard {
  readonly colour_rules: readonly { readonly rule: string; readonly facts: Readonly<Record<string, unknown>> }[];
  readonly accept_due_at: string | null;
  readonly limit: { readonly hours: number; readonly clock: "working" | "all"; readonly used: number | null } | null;
  readonly attempts: readonly { readonly level: string; readonly done: number; readonly of: number }[];
  readonly first_receiver: { readonly name: string | null; readonly at: string } | null;
  readonly reporter: { readonly name: string; readonly phone_mask: string | null; readonly answered_at: string | null } | null;
  /** Counts of residents' reports, and never who. */
  readonly residents: { readonly n: number; readonly n_joined: number; readonly n_rated: number; readonly stars: number | null } | null;
  readonly supervisions: readonly Supervision[];
  readonly duplicate_of: Related | null;
  readonly merged: readonly Related[];
  readonly split_from: Related | null;
  readonly parts: readonly Related[];
  readonly photos: readonly { readonly photo_id: string; readonly at: string; readonly by: string | null }[];
  readonly phase: { readonly six: string; readonly loop: string };
  readonly possible: readonly Possible[];
  readonly blocked: Readonly<Record<string, string>>;
  readonly proposal: string | null;
  readonly proposal_name: string | null;
  readonly proposal_m: number | null;
  readonly publication?: number | null;
}

export interface Similar extends IncidentRow {
  readonly distance_m: number;
  readonly hours_apart: number;
  readonly same_matter: boolean;
}

/** What moving the pin would come to. */
export interface Resolved {
  readonly placement: string;
  readonly border_m: number | null;
  readonly rivals: readonly RivalShare[];
  readonly review: boolean;
  readonly proposal_name: string | null;
  readonly proposal_m: number | null;
  readonly grid: { readonly grid_code: string | null; readonly grid_name: string | null } | null;
  readonly would_be_owner: { readonly name: string | null; readonly rank: string; readonly unit_name: string };
  readonly changes_owner: boolean;
}

export interface Deed {
  readonly action: string;
  readonly note: string;
  readonly version: number;
  readonly key: string;
  readonly result?: string;
  readonly unit_code?: string;
  readonly until?: string;
  readonly how?: string;
  readonly of?: string;
  readonly with?: readonly string[];
  readonly summary?: string;
  readonly matter_code?: string;
}
