/** Requests about the past. */
import type { FeatureCollection, MultiPolygon } from "geojson";

import { get, part } from "../api";
import type { Bbox } from "../boot";

export interface Edition {
  readonly number: number;
  readonly at: string;
  readonly by: string | null;
  readonly memo: string;
  readonly n_changed: number;
  readonly plan_id: string | null;
}

export interface PastAnswer {
  readonly publication: number;
  readonly at: string;
  readonly memo: string;
  readonly moment: string;
}

export interface ChangedGrid {
  readonly side: "before" | "after";
  readonly code: string;
  readonly name: string;
  readonly change: "new" | "gone" | "reshaped";
  readonly area_m2: number;
  readonly n_households: number;
  readonly bbox: Bbox;
}

export type Changes = FeatureCollection<MultiPolygon, ChangedGrid>;

export interface LifeNode {
  readonly code: string;
  readonly name: string;
  readonly level: string;
  readonly from: string;
  readonly to: string | null;
  readonly publication: number | null;
}

export interface LifeLink {
  readonly from: string | null;
  readonly to: string | null;
  readonly kind: string;
  readonly area_m2: number;
  readonly n_households: number;
  readonly publication: number;
  readonly at: string;
}

export interface Life {
  readonly unit: string;
  readonly nodes: readonly LifeNode[];
  readonly links: readonly LifeLink[];
  readonly is_whole: boolean;
}

export const historyApi = {
  editions: (signal?: AbortSignal) =>
    get<{ publications: Edition[] }>("/publications", {}, { signal }).then((answer) => answer.publications),
  past: (on: string, signal?: AbortSignal) => get<PastAnswer>("/past", { on }, { signal }),
  life: (code: string, signal?: AbortSignal) => get<Life>(`/units/${part(code)}/life`, {}, { signal }),
  /** What an edition changed. */
  changes: (n: number, signal?: AbortSignal) => get<Changes>(`/publications/${n}/changes`, {}, { signal }),
  /** What differs between an edition and a later one; 0 is today. */
  between: (n: number, until: number, signal?: AbortSignal) =>
    get<Changes>(`/publications/${n}/changes`, { until }, { signal }),
};
