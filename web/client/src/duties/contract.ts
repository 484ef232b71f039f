/** What the server says about duties, the admission list, recurring work and visits. */

export type Rank = "primary" | "deputy" | "informant" | "desk";

export interface Duty {
  readonly duty_id: number;
  readonly person_id: string;
  readonly person_name: string;
  readonly phone_mask: string | null;
  readonly unit_code: string;
  readonly unit_name: string;
  readonly rank: Rank;
  readonly since: string | null;
  /** The first day no longer served. */
  readonly until: string | null;
  readonly on_leave: boolean;
  readonly on_leave_until: string | null;
  readonly open_incidents: number;
}

export interface Vacancy {
  readonly unit_code: string;
  readonly unit_name: string;
  readonly level: string;
  readonly kind: string;
  readonly rank: Rank;
  readonly last_name: string | null;
  readonly vacant_since: string | null;
}

export interface PersonRow {
  readonly person_id: string;
  readonly name: string;
  readonly phone_mask: string | null;
  readonly unit_code: string;
  readonly unit_name: string;
}

export interface OpenWork {
  readonly posts: readonly { readonly unit_code: string; readonly unit_name: string; readonly rank: Rank }[];
  readonly work: readonly {
    readonly incident_id: string;
    readonly number: string;
    readonly matter_name: string;
    readonly due_at: string | null;
    readonly goes_to: string | null;
    readonly unit_code: string;
    readonly rank: string;
  }[];
}

export interface Handover {
  readonly handover_id: number;
  readonly person_name: string;
  readonly last_day: string;
  readonly reason: string;
  readonly done_at: string | null;
  readonly moved: readonly {
    readonly incident_id: string;
    readonly number: string;
    readonly to: string | null;
    readonly unit_code: string;
    readonly rank: string;
  }[];
}

export interface MatterItem {
  readonly code: string;
  readonly name: string;
  readonly department: string;
  readonly limit_hours: number;
  readonly limit_clock?: "working" | "all";
  readonly attempts?: string;
  readonly first_rank?: string;
  readonly temporary?: boolean;
  readonly since?: string | null;
  readonly until?: string | null;
}

export interface MatterWish {
  code: string;
  name: string;
  department: string;
  limit_hours: number;
  limit_clock: "working" | "all";
  attempts: string;
  first_rank: "primary" | "informant";
  temporary: boolean;
  since: string;
  until: string | null;
  reason: string;
}

export interface MatterRequest {
  readonly request_id: string;
  readonly item: MatterItem;
  readonly reason: string;
  readonly state: "asked" | "approved" | "refused" | "withdrawn";
  readonly asked_by: string | null;
  readonly asked_at: string;
  readonly decided_by: string | null;
  readonly decided_at: string | null;
  readonly note: string;
}

export interface Department {
  readonly name: string;
  readonly n_matters: number;
  readonly seats: readonly { readonly person_id: string; readonly name: string; readonly unit_name: string }[];
}

export type Channel = "webhook" | "sms";

/** What this machine can send by, and who gets notices by it besides the screens. */
export interface Ways {
  readonly senders: readonly { readonly channel: Channel; readonly host: string }[];
  readonly refusal: string | null;
  readonly roles: readonly { readonly role: string; readonly name: string; readonly channels: readonly Channel[] }[];
  readonly people: readonly { readonly person_id: string; readonly name: string; readonly unit_name: string; readonly channels: readonly Channel[]; readonly has_phone: boolean }[];
}

export interface Share {
  readonly starts_on: string;
  readonly due_on: string;
  readonly n: number;
  readonly n_done: number;
  readonly n_overdue: number;
}

export interface TaskRule {
  readonly rule_id: string;
  readonly title: string;
  readonly kind: string;
  readonly territory_code: string;
  readonly level: string;
  readonly period: string;
  readonly shares: readonly Share[];
}

export interface Covered {
  readonly grid_code: string;
  readonly name: string;
  readonly n_households: number;
  readonly n_visited: number;
  readonly n_visits: number;
  readonly last_visit_at: string | null;
  readonly n_patrols: number;
}
