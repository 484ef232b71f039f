/** Requests of the event desk. */
import { address, get, part, post, type Query } from "../api";
import type { LonLat } from "../contract";
import type { Deed, DeskCard, Resolved, SheetKind, Similar, Supervision } from "./contract";

export const deskApi = {
  card: (id: string) => get<DeskCard>(`/incidents/${part(id)}`),
  act: (id: string, deed: Deed) => post<DeskCard>(`/incidents/${part(id)}/steps`, deed, { key: deed.key }),
  similar: (at: LonLat, matter: string | undefined, but: string | undefined, datum: string, signal?: AbortSignal) =>
    get<{ incidents: Similar[] }>("/incidents/similar", { lon: at[0], lat: at[1], datum, matter, but }, { signal }).then((answer) => answer.incidents),
  wouldBe: (id: string, spot: Spot, version: number) =>
    post<Resolved>(`/incidents/${part(id)}/position`, { ...spot, version, preview: true }),
  move: (id: string, spot: Spot, version: number, reassign: boolean, note: string) =>
    post<DeskCard>(`/incidents/${part(id)}/position`, { ...spot, version, reassign, note }),
  supervise: (id: string, sheet: { kind: SheetKind; note: string; due_at?: string; key: string }) =>
    post<Supervision>(`/incidents/${part(id)}/supervisions`, sheet),
  answerSheet: (id: string, note: string) => post<Supervision>(`/supervisions/${part(id)}/answer`, { note }),
  strikeOff: (id: string, note: string) => post<Supervision>(`/supervisions/${part(id)}/strike-off`, { note }),
};

export type Spot =
  | { readonly lon: number; readonly lat: number; readonly datum: string }
  | { readonly unit_code: string };

/** The address of the ledger with the filters of a list. */
export function ledgerAddress(query: Query): string {
  return address("/incidents.xlsx", query);
}

export const timelineAddress = (id: string): string => address(`/incidents/${part(id)}/timeline`);
export const slipAddress = (id: string): string => address(`/incidents/${part(id)}/slip.pdf`);
export const photoAddress = (id: string): string => address(`/photos/${part(id)}`);
