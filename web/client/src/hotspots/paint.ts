/** What a hotspot answer paints, and in which order its grids are listed. */
import type { PaintRow } from "../map/map";
import { UNJUDGED } from "../map/theme";
import type { GridRow, HotspotMap, Method } from "./answer";

const NOT_JUDGED: ReadonlySet<string> = new Set(UNJUDGED);

/** The theme's key of a grid under a method; what is not judged keeps its own sign under both. */
export function paintKey(row: GridRow, method: Method): string {
  if (method === "excess" || NOT_JUDGED.has(row.paint)) return row.paint;
  return `gi${row.gi_bin ?? 0}`;
}

export function paints(map: HotspotMap, method: Method): Map<string, PaintRow> {
  return new Map(
    map.rows.map((row) => [
      row.code,
      { paint: paintKey(row, method), outline: method === "excess" ? row.outline : null },
    ]),
  );
}

/** Whether the method finds a grid significantly high. */
export function isSure(row: GridRow, method: Method): boolean {
  return method === "excess" ? row.outline !== null : (row.gi_bin ?? 0) >= 2;
}

/** Judged grids, the surest first: by the answer's own rank, or by Gi*. Ties go by code. */
export function ranking(map: HotspotMap, method: Method): GridRow[] {
  const byCode = (a: GridRow, b: GridRow): number => (a.code < b.code ? -1 : 1);
  const judged = map.rows.filter((row) => row.rank !== null);
  return method === "excess"
    ? judged.sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0))
    : judged.sort((a, b) => (b.gi_z ?? -Infinity) - (a.gi_z ?? -Infinity) || byCode(a, b));
}

const LEAST = 0.25;
const MOST = 8;

/** Where a ratio lies on a logarithmic axis from a quarter to eight times, in percent. */
export function onAxis(ratio: number): number {
  const bound = Math.min(MOST, Math.max(LEAST, ratio));
  return (Math.log(bound / LEAST) / Math.log(MOST / LEAST)) * 100;
}

export type Verdict = "empty" | "too_little" | "shown";

/** Whether there is anything to see: no event, nothing that can be judged, or a map. */
export function verdict(map: HotspotMap): Verdict {
  if (map.observed === 0) return "empty";
  return (map.counts["judged"] ?? 0) === 0 ? "too_little" : "shown";
}
