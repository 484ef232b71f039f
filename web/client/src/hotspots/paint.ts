/** What a hotspot answer paints, and in which order its units are listed. */
import type { PaintRow } from "../map/map";
import type { Paint, Theme } from "../map/theme";
import type { Answer, Method, Row, UnitLevel, Weeks } from "./answer";

export function paints(answer: Answer): Map<string, PaintRow> {
  return new Map(answer.rows.map((row) => [row.code, { paint: row.paint, outline: row.outline }]));
}

/** The map of one week; the first has the number 0. */
export function weekPaints(weeks: Weeks, number: number): Map<string, PaintRow> {
  const lines = [null, "solid", "double"] as const;
  return new Map(
    Object.entries(weeks.paint).map(([code, letters]) => [
      code,
      {
        paint: weeks.classes[letters.charCodeAt(number) - 97] ?? null,
        outline: lines[Number(weeks.outline[code]?.charAt(number))] ?? null,
      },
    ]),
  );
}

/** The classes of a method's colours. */
export function classesOf(theme: Theme, method: Method): readonly Paint[] {
  if (method === "count") return theme.volume.classes;
  if (method === "gi") return theme.gi.classes.filter((one) => (one.bin ?? 0) >= 0);
  if (method === "scan") return theme.cluster.classes;
  if (method === "emerging") return theme.pattern.classes;
  return theme.ratio.classes;
}

/** What a class of volume holds, per 30 days: "3–5"; the breaks of a level are fixed. */
export function volumeRange(theme: Theme, level: UnitLevel, number: number): string {
  const breaks = theme.volume.breaks[level];
  const low = number === 0 ? 0 : breaks[number - 1];
  const high = breaks[number];
  if (low === undefined) return "";
  if (high === undefined) return `≥ ${low}`;
  return high - 1 === low ? String(low) : `${low}–${high - 1}`;
}

/** Whether the method finds a unit significant. */
export function isSure(row: Row, method: Method): boolean {
  if (method === "scan") return row.paint === "c2";
  if (method === "emerging") return row.paint !== "none" && row.rank !== null;
  return row.outline !== null;
}

/** Ranked units, the surest first. */
export function ranking(answer: Answer): Row[] {
  return answer.rows.filter((row) => row.rank !== null).sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
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
export function verdict(answer: Answer): Verdict {
  if (answer.observed === 0) return "empty";
  const judges = answer.method === "excess" || answer.method === "gi" || answer.method === "change";
  return judges && (answer.counts["judged"] ?? 0) === 0 ? "too_little" : "shown";
}

/** A line through the weeks, in a box of the given size; flat at the bottom when all are zero. */
export function sparkPath(weeks: readonly number[], width: number, height: number): string {
  const most = Math.max(1, ...weeks);
  const step = width / Math.max(1, weeks.length - 1);
  return weeks
    .map((n, i) => `${i ? "L" : "M"}${(i * step).toFixed(1)} ${(height - (n / most) * height).toFixed(1)}`)
    .join("");
}
