/** An intake form that survives a crash, and the report it becomes. */
import type { Datum, IncidentReport } from "../contract";
import { readCoordinates, readMetres } from "../coordinates";

export interface Draft {
  readonly key: string;
  readonly matter: string;
  readonly summary: string;
  readonly place: string;
  readonly at: string;
  readonly datum: Datum;
  readonly accuracy: string;
  readonly reporterName: string;
  readonly reporterPhone: string;
}

export const NO_DRAFT: Omit<Draft, "key"> = {
  matter: "",
  summary: "",
  place: "",
  at: "",
  datum: "cgcs2000",
  accuracy: "",
  reporterName: "",
  reporterPhone: "",
};

export function isEmpty(draft: Draft): boolean {
  return !draft.matter && !draft.summary && !draft.place && !draft.at;
}

/** The report of a form that is complete; none while a needed field is missing or a number is bad. */
export function reportOf(draft: Draft): IncidentReport | null {
  const summary = draft.summary.trim();
  if (!draft.matter || !summary) return null;
  const place = draft.place.trim();
  const base: IncidentReport = {
    matter_code: draft.matter,
    summary,
    ...(place ? { place } : {}),
    ...(draft.reporterName.trim() ? { reporter_name: draft.reporterName.trim() } : {}),
    ...(draft.reporterPhone.trim() ? { reporter_phone: draft.reporterPhone.trim() } : {}),
  };
  if (!draft.at.trim()) return base;
  const at = readCoordinates(draft.at);
  const accuracy = readMetres(draft.accuracy);
  if (!at || Number.isNaN(accuracy)) return null;
  return {
    ...base,
    lon: at[0],
    lat: at[1],
    datum: draft.datum,
    ...(accuracy !== null ? { accuracy_m: accuracy } : {}),
  };
}

/** A draft as it was kept; none if nothing was, or what was kept is not one. */
export function readDraft(text: string | null): Draft | null {
  if (!text) return null;
  try {
    const found = JSON.parse(text) as Partial<Draft> | null;
    if (!found || typeof found.key !== "string" || typeof found.summary !== "string") return null;
    return { ...NO_DRAFT, ...found, key: found.key };
  } catch {
    return null;
  }
}
