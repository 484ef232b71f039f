/** What the server says about imports. */

export const KINDS = [
  "units", "grids", "subgroups", "households", "cameras", "people", "duties", "matters", "incidents", "visits", "holidays",
] as const;
export type Kind = (typeof KINDS)[number];

export type State = "received" | "waiting" | "running" | "stopped" | "checked" | "failed" | "done" | "discarded";

export const COUNTS = ["read", "taken", "unchanged", "refused", "repaired", "unplaced"] as const;
export type Counts = Readonly<Record<(typeof COUNTS)[number], number>>;

export interface RowRefusal {
  readonly row: number;
  readonly field: string | null;
  readonly code: string;
  /** What is wrong, in the reader's language. */
  readonly detail: string;
}

interface Units {
  readonly n: number;
  readonly units: readonly { readonly code: string; readonly name: string }[];
}
export const DIFFERENCES = ["added", "changed", "renamed", "removed"] as const;
export type Difference = Readonly<Record<(typeof DIFFERENCES)[number], Units>> & { readonly untouched: number };

export interface Fitted {
  readonly code: "coverage.fitted";
  readonly snap_m: number;
  readonly moved_m: number;
  readonly n_moved: number;
  readonly n_overlaps: number;
  readonly n_gaps: number;
}
export interface Moved {
  readonly code: "coverage.moved";
  readonly units: readonly { readonly id: string; readonly moved_m: number }[];
}
export type Note = Fitted | Moved | { readonly code: string };

export interface Account {
  readonly counts: Counts;
  readonly held_back: number;
  readonly refusals: readonly RowRefusal[];
  readonly n_refusals: number;
  readonly notes: readonly Note[];
  readonly publication: number | null;
  readonly difference: Difference | null;
  readonly pictured: boolean;
}

export interface ImportRow {
  readonly task_id: string;
  readonly by_name: string;
  readonly mine: boolean;
  readonly kind: Kind;
  readonly file_name: string;
  readonly n_bytes: number;
  readonly at: string;
  readonly state: State;
  readonly deed: "check" | "commit" | null;
  readonly partial: boolean;
  readonly stage: string | null;
  readonly n_done: number;
  readonly n_total: number;
  /** In a list the counts alone. */
  readonly account: Pick<Account, "counts"> | null;
  readonly refusal: { readonly code: string; readonly detail: string } | null;
}

export interface Options {
  readonly fields?: Readonly<Record<string, string>>;
  readonly datum?: string | null;
  readonly level?: string | null;
  readonly codes?: "national" | "assign";
  readonly layer?: string | null;
  readonly encoding?: string | null;
  readonly new_matters?: boolean;
}

export interface Recognised {
  readonly format: "table" | "outlines";
  readonly encoding: string | null;
  readonly layers: readonly string[];
  readonly layer: string | null;
  readonly headings: readonly string[];
  readonly n_rows: number;
  readonly first_row: number;
  readonly fields: readonly { readonly name: string; readonly label: string; readonly required: boolean }[];
  readonly columns: Readonly<Record<string, string>>;
  readonly crs: string | null;
  readonly needs_datum: boolean;
  readonly same_file: { readonly at: string; readonly file_name: string; readonly taken: number } | null;
}

export interface Card extends Omit<ImportRow, "account"> {
  readonly account: Account | null;
  readonly options: Options;
  readonly recognised: Recognised;
  /** The first rows, each led by its number; none for who did not send the file. */
  readonly rows: readonly (readonly string[])[] | null;
}
