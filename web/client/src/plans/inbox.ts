/** Outlines that were redrawn in QGIS or elsewhere and wait for somebody to take or refuse them. */
import type { Geometry, MultiPolygon, Polygon } from "geojson";

import { get, part, post } from "../api";
import type { LonLat } from "../contract";

export const EDIT_STATES = ["waiting", "taken", "refused", "all"] as const;
export type EditState = Exclude<(typeof EDIT_STATES)[number], "all">;

export interface EditFault {
  readonly code: string;
  readonly message: string;
  readonly at: LonLat | null;
  readonly [fact: string]: unknown;
}

/** What came of an edit; empty while nobody has tried. */
export interface EditReport {
  readonly steps?: number;
  readonly gained_m2?: number;
  readonly lost_m2?: number;
  readonly faults?: readonly EditFault[];
  readonly mended?: string;
  readonly reason?: string;
}

export interface Edit {
  readonly edit_id: string;
  readonly source: string;
  readonly unit_code: string;
  readonly unit_name: string | null;
  /** With a name: a new grid in the free land of the village `unit_code`. */
  readonly name: string | null;
  readonly note: string;
  readonly sent_by: string;
  readonly state: EditState;
  readonly n_vertices: number;
  readonly at: string;
  readonly plan_id: string | null;
  readonly report: EditReport;
}

export interface Taken {
  readonly plan_id: string | null;
  readonly version: number | null;
  readonly edits: readonly (EditReport & { readonly edit_id: string })[];
}

type Area = Polygon | MultiPolygon;

function areaOf(shape: Geometry | null): Area | null {
  return shape?.type === "Polygon" || shape?.type === "MultiPolygon" ? shape : null;
}

export const inboxApi = {
  list: (state: string, signal?: AbortSignal) =>
    get<{ edits: Edit[] }>("/inbox", { state }, { signal }).then((answer) => answer.edits),
  /** The outline as it came and that of its unit in force; none where it is no picture. */
  shapes: async (edit: Edit, signal?: AbortSignal): Promise<{ came: Area | null; now: Area | null }> => {
    const [shown, now] = await Promise.all([
      get<Edit & { outline: Geometry | null }>(`/inbox/${part(edit.edit_id)}`, {}, { signal }),
      get<{ geometry: Geometry | null }>(`/units/${part(edit.unit_code)}/outline`, {}, { signal }),
    ]);
    return { came: areaOf(shown.outline), now: areaOf(now.geometry) };
  },
  take: (edits: readonly string[], title: string, key: string) =>
    post<Taken>("/inbox/take", { edits, title }, { key }),
  refuse: (edit: string, reason: string) => post<Edit>(`/inbox/${part(edit)}/refuse`, { reason }),
};
