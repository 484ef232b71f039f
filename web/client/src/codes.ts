/** Unit codes are keys: their length is their level, their prefixes are their ancestors. */
import type { Level } from "./contract";

const DIGITS: readonly (readonly [Level, number])[] = [
  ["county", 6],
  ["township", 9],
  ["village", 12],
  ["grid", 15],
  ["subgroup", 17],
];

export function levelOf(code: string): Level | null {
  return DIGITS.find(([, digits]) => digits === code.length)?.[0] ?? null;
}

/** The codes from the county down to the unit itself. */
export function lineage(code: string): string[] {
  return DIGITS.filter(([, digits]) => digits <= code.length).map(([, digits]) =>
    code.slice(0, digits),
  );
}

export function parentOf(code: string): string | null {
  return lineage(code).at(-2) ?? null;
}

/** The ancestor (or the unit itself) at a level; none where the code does not reach so deep. */
export function ancestor(code: string, level: Level): string | null {
  const digits = DIGITS.find(([name]) => name === level)?.[1] ?? 0;
  return code.length >= digits ? code.slice(0, digits) : null;
}

/** The digits that tell a unit from its siblings. */
export function tail(code: string): string {
  const parent = parentOf(code);
  return parent ? code.slice(parent.length) : code;
}

/** What a click means at a zoom: nobody aims at a sub-group on a map of the whole county. */
export function levelAt(zoom: number): Level {
  if (zoom < 9.6) return "township";
  if (zoom < 11) return "village";
  if (zoom < 14.5) return "grid";
  return "subgroup";
}
