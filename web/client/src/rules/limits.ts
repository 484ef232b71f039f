/** Limits of an area as a form has them: what counts, what is typed, what differs. Pure. */
import { lineage } from "../codes";
import { area, count } from "../format";
import type { Locale } from "../boot";
import { KINDS, type End, type Kind, type Limit, type Rule, type Rules, type Severity, type Subject } from "./contract";

/** From which ends a subject can be limited. */
export const ENDS: Readonly<Record<Subject, readonly End[]>> = {
  households: ["least", "most"],
  area: ["least", "most"],
  width: ["least"],
  parts: ["most"],
  primary: [],
  names: [],
  village: [],
};
// Land of a village is no matter of kinds: its one limit stands with the base grids.
const OF_GRIDS: readonly Subject[] = ["households", "area", "width", "parts", "primary", "names"];
export const SUBJECTS: Readonly<Record<Kind, readonly Subject[]>> = {
  base: [...OF_GRIDS, "village"],
  exclusive: OF_GRIDS,
  micro: OF_GRIDS,
  subgroup: ["area", "width", "names"],
};
const WHOLE: readonly Subject[] = ["households", "parts"];

export type AreaUnit = "m2" | "ha";
const M2: Readonly<Record<AreaUnit, number>> = { m2: 1, ha: 10_000 };

/** A limit while it is typed: the text of both ends, areas in the unit that was chosen. */
export interface Draft {
  readonly least: string;
  readonly most: string;
  readonly unit: AreaUnit;
  readonly severity: Severity;
}
export type Drafts = ReadonlyMap<string, Draft>;

export type Wrong = "number" | "whole" | "order" | "empty";
export type WrongField = Readonly<Partial<Record<End, Wrong>>>;

export function keyOf(of: { readonly kind: Kind; readonly subject: Subject }): string {
  return `${of.kind}.${of.subject}`;
}

/** Every limit that a check asks for, in the order of the screen. */
export const ROWS: readonly { readonly kind: Kind; readonly subject: Subject }[] = KINDS.flatMap((kind) =>
  SUBJECTS[kind].map((subject) => ({ kind, subject })),
);
const SHOWN: ReadonlySet<string> = new Set(ROWS.map(keyOf));

/** The areas around a unit, largest first, without itself; none of everywhere. */
export function around(code: string | null): readonly (string | null)[] {
  return code === null ? [] : [null, ...lineage(code).filter((one) => one !== code)];
}

/** Those of an area's own limits, by kind and subject. */
export function own(rules: readonly Rule[], code: string | null): ReadonlyMap<string, Rule> {
  return new Map(rules.filter((rule) => rule.territory_code === code).map((rule) => [keyOf(rule), rule]));
}

/** What counts in an area that has no limit of its own: that of the smallest area around it. */
export function inherited(rules: readonly Rule[], code: string | null): ReadonlyMap<string, Rule> {
  return new Map(around(code).flatMap((one) => [...own(rules, one)]));
}

export function versionOf(given: Rules, code: string | null): number {
  return given.areas.find((one) => one.territory_code === code)?.version ?? 0;
}

/** A limit as a text field shows it: no more digits than it has, large areas in hectares. */
export function drafted(limit: Limit): Draft {
  const ends = [limit.least, limit.most].filter((end) => end !== null);
  const unit = limit.subject === "area" && ends.length > 0 && ends.every((end) => end >= M2.ha) ? "ha" : "m2";
  const said = (end: number | null): string => (end === null ? "" : plain(end / M2[unit]));
  return { least: said(limit.least), most: said(limit.most), unit, severity: limit.severity };
}

/** What an area begins with where nothing counts yet. */
export const BLANK: Draft = { least: "", most: "", unit: "m2", severity: "warning" };

/** The same limits in another unit; what is no number stays as it was typed. */
export function inUnit(draft: Draft, unit: AreaUnit): Draft {
  const turned = (typed: string): string => {
    const n = numberOf(typed);
    return n === null || Number.isNaN(n) ? typed : plain((n * M2[draft.unit]) / M2[unit]);
  };
  return { ...draft, unit, least: turned(draft.least), most: turned(draft.most) };
}

/** The limit that a draft says; of a draft that says none, see `wrongOf`. */
export function limitOf(kind: Kind, subject: Subject, draft: Draft): Limit {
  const factor = subject === "area" ? M2[draft.unit] : 1;
  const end = (name: End): number | null => {
    const n = ENDS[subject].includes(name) ? numberOf(draft[name]) : null;
    // Hectares have no exact halves in binary: a square millimetre is as exact as anybody means.
    return n === null ? null : Math.round(n * factor * 1e6) / 1e6;
  };
  return { kind, subject, least: end("least"), most: end("most"), severity: draft.severity };
}

/** What is wrong with what was typed, by field; empty where it can be sent. */
export function wrongOf(subject: Subject, draft: Draft): WrongField {
  const ends = ENDS[subject];
  const wrong: Partial<Record<End, Wrong>> = {};
  for (const end of ends) {
    const n = numberOf(draft[end]);
    if (n === null) continue;
    if (Number.isNaN(n)) wrong[end] = "number";
    else if (WHOLE.includes(subject) && !Number.isInteger(n)) wrong[end] = "whole";
  }
  const least = numberOf(draft.least);
  const most = numberOf(draft.most);
  const [first] = ends;
  if (Object.keys(wrong).length > 0) return wrong;
  if (ends.length === 2 && least !== null && most !== null && least > most) return { most: "order" };
  if (first && draft.severity !== "off" && ends.every((end) => numberOf(draft[end]) === null)) return { [first]: "empty" };
  return wrong;
}

export function same(a: Limit | undefined, b: Limit | undefined): boolean {
  if (!a || !b) return a === b;
  return a.least === b.least && a.most === b.most && a.severity === b.severity;
}

/** The keys of limits that are not as the server had them. */
export function changed(drafts: Drafts, seen: ReadonlyMap<string, Rule>): readonly string[] {
  return ROWS.filter((row) => {
    const draft = drafts.get(keyOf(row));
    return !same(draft && limitOf(row.kind, row.subject, draft), seen.get(keyOf(row)));
  }).map(keyOf);
}

/** The drafts of an area as the server has its limits. */
export function draftsOf(seen: ReadonlyMap<string, Rule>): Drafts {
  return new Map([...seen].filter(([key]) => SHOWN.has(key)).map(([key, rule]) => [key, drafted(rule)]));
}

/** All limits to send for an area: what is typed, and what no check asks for as it was. */
export function toSend(drafts: Drafts, seen: ReadonlyMap<string, Rule>): readonly Limit[] {
  const typed = ROWS.flatMap((row) => {
    const draft = drafts.get(keyOf(row));
    return draft ? [limitOf(row.kind, row.subject, draft)] : [];
  });
  const kept = [...seen].filter(([key]) => !SHOWN.has(key)).map(([, rule]) => bare(rule));
  return [...typed, ...kept];
}

/** What would count in an area once it is saved so; limits that cannot be sent are left out. */
export function effective(drafts: Drafts, from: ReadonlyMap<string, Rule>): readonly Limit[] {
  return ROWS.flatMap((row): readonly Limit[] => {
    const draft = drafts.get(keyOf(row));
    if (draft) return Object.keys(wrongOf(row.subject, draft)).length === 0 ? [limitOf(row.kind, row.subject, draft)] : [];
    const rule = from.get(keyOf(row));
    return rule ? [bare(rule)] : [];
  });
}

/**
 * What was typed, carried over to limits that somebody else has set meanwhile: what one has changed
 * oneself stays as typed, everything else becomes theirs.
 */
export function carriedOver(drafts: Drafts, seen: ReadonlyMap<string, Rule>, now: ReadonlyMap<string, Rule>): Drafts {
  const mine = new Set(changed(drafts, seen));
  const theirs = draftsOf(now);
  const merged = new Map<string, Draft>();
  for (const key of ROWS.map(keyOf)) {
    const draft = (mine.has(key) ? drafts : theirs).get(key);
    if (draft) merged.set(key, draft);
  }
  return merged;
}

/** The keys of limits that differ between two states of an area. */
export function apart(seen: ReadonlyMap<string, Rule>, now: ReadonlyMap<string, Rule>): readonly string[] {
  return ROWS.map(keyOf).filter((key) => !same(seen.get(key), now.get(key)));
}

/** Who touched the limits of an area last, and when; none where there are none. */
export function lastTouch(rules: Iterable<Rule>): { readonly at: string; readonly by: string | null } | null {
  let last: Rule | null = null;
  for (const rule of rules) if (rule.updated_at && rule.updated_at > (last?.updated_at ?? "")) last = rule;
  return last?.updated_at ? { at: last.updated_at, by: last.updated_by } : null;
}

/** One end of a limit in words: households and pieces counted, areas and widths with their unit. */
export function said(subject: Subject, n: number, locale: Locale): string {
  if (subject === "area") return area(n, locale);
  return subject === "width" ? `${count(n, locale)} m` : count(n, locale);
}

/** None for an empty field, NaN for what is no number of nought or more. */
function numberOf(typed: string): number | null {
  const text = typed.trim().replaceAll(/[,，\s]/g, "");
  if (!text) return null;
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function plain(n: number): string {
  return String(Math.round(n * 1e6) / 1e6);
}

function bare({ kind, subject, least, most, severity }: Limit): Limit {
  return { kind, subject, least, most, severity };
}
