/** What the server answers about the limits that boundaries are checked against. */

export const KINDS = ["base", "exclusive", "micro", "subgroup"] as const;
export type Kind = (typeof KINDS)[number];

export type Subject = "households" | "area" | "width" | "parts" | "primary" | "names" | "village";
export type End = "least" | "most";

export const SEVERITIES = ["error", "warning", "off"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** A limit as it is sent. Areas are square metres, widths metres. */
export interface Limit {
  readonly kind: Kind;
  readonly subject: Subject;
  readonly least: number | null;
  readonly most: number | null;
  readonly severity: Severity;
}

/** A limit of an area; no area: it counts everywhere. */
export interface Rule extends Limit {
  readonly territory_code: string | null;
  readonly territory_name: string | null;
  readonly updated_at: string | null;
  readonly updated_by: string | null;
}

export interface Rules {
  readonly rules: readonly Rule[];
  readonly areas: readonly { readonly territory_code: string | null; readonly version: number }[];
}

export interface Outside {
  readonly kind: Kind;
  readonly subject: Subject;
  readonly n_units: number;
  readonly n_outside: number;
}
