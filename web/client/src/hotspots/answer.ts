/** The answer of /api/v1/hotspots. */

export interface Around {
  readonly observed: number;
  readonly expected: number;
  readonly ratio: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly p: number | null;
  readonly q: number | null;
  readonly minimum_detectable_ratio: number | null;
}

export interface GridRow {
  readonly code: string;
  readonly name: string;
  readonly households: number;
  readonly observed: number | null;
  readonly expected: number | null;
  readonly rate: number | null;
  readonly ratio: number | null;
  readonly ratio_low: number | null;
  readonly ratio_high: number | null;
  /** A key into the theme: r0 ... r5, too_few, suppressed, not_comparable. */
  readonly paint: string;
  readonly outline: "double" | "solid" | null;
  readonly gi_z: number | null;
  readonly gi_bin: number | null;
  readonly around: Around | null;
  readonly flags: readonly string[];
  readonly rank: number | null;
}

export interface HotspotMap {
  readonly window: { readonly since: string; readonly until: string; readonly days: number };
  readonly matter: string;
  readonly publication: number;
  readonly data_version: string;
  readonly observed: number;
  readonly households: number;
  readonly rate: number;
  readonly withheld: number | null;
  readonly dispersion: number;
  readonly no_variation: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly notes: readonly {
    readonly code: string;
    readonly facts: Readonly<Record<string, string | number | null>>;
  }[];
  readonly rows: readonly GridRow[];
}

export type Method = "excess" | "gi";
