/**
 * Borders as lines: each shared edge once, with its two ends and the cell on either side. Moving a
 * vertex moves the border of both neighbours, for there is no second copy of it.
 */
import type { Feature, FeatureCollection, LineString, Position } from "geojson";

import type { LonLat } from "../contract";
import { onLattice, same } from "./lattice";

export type ArcKind = "subgroup" | "grid" | "village" | "county";

export interface ArcFacts {
  readonly arc_id: string;
  readonly start: string;
  readonly end: string;
  readonly left: number | null;
  readonly right: number | null;
  readonly left_grid: string | null;
  readonly right_grid: string | null;
  readonly kind: ArcKind;
  readonly locked: boolean;
}

export type ArcCollection = FeatureCollection<LineString, ArcFacts>;

/** A border as it is drawn; `line` runs from `start` to `end` with `left` on its left hand. */
export interface Arc extends ArcFacts {
  readonly line: readonly LonLat[];
}

export type Arcs = ReadonlyMap<string, Arc>;

export function toArcs(found: ArcCollection): Map<string, Arc> {
  return new Map(
    found.features.map(({ properties, geometry }) => [
      properties.arc_id,
      { ...properties, line: geometry.coordinates.map(([lon = 0, lat = 0]) => [lon, lat] as const) },
    ]),
  );
}

export function movedVertex(line: readonly LonLat[], index: number, to: LonLat): LonLat[] {
  return line.map((at, i) => (i === index ? onLattice(to) : at));
}

/** The line with a vertex more, after the one at `index`. */
export function insertedVertex(line: readonly LonLat[], index: number, at: LonLat): LonLat[] {
  return [...line.slice(0, index + 1), onLattice(at), ...line.slice(index + 1)];
}

/** The line with a vertex less; an end is where other borders meet and stays. */
export function deletedVertex(line: readonly LonLat[], index: number): readonly LonLat[] {
  return index <= 0 || index >= line.length - 1 ? line : line.filter((_, i) => i !== index);
}

/** The borders that end at a node, by its key. */
export function meeting(arcs: Arcs, node: string): Arc[] {
  return [...arcs.values()].filter((arc) => arc.start === node || arc.end === node);
}

/** Whether an end of a border may not move: something that meets there is locked. */
export function lockedEnds(arcs: Arcs, arc: Arc): { readonly start: boolean; readonly end: boolean } {
  const locked = (node: string): boolean => arc.locked || meeting(arcs, node).some((one) => one.locked);
  return { start: locked(arc.start), end: locked(arc.end) };
}

/** Whether a border may be redrawn so: the ends that are locked stay where they are. */
export function mayBecome(arcs: Arcs, arc: Arc, line: readonly LonLat[]): boolean {
  const [from, to] = [arc.line[0], arc.line.at(-1)];
  const [newFrom, newTo] = [line[0], line.at(-1)];
  if (arc.locked || !from || !to || !newFrom || !newTo) return false;
  const held = lockedEnds(arcs, arc);
  return (!held.start || same(from, newFrom)) && (!held.end || same(to, newTo));
}

/** The borders after one was redrawn: where its ends have moved, all that meet there follow. */
export function redrawn(arcs: Arcs, id: string, line: readonly LonLat[]): Map<string, Arc> {
  const arc = arcs.get(id);
  const after = new Map(arcs);
  const [from, to] = [line[0], line.at(-1)];
  if (!arc || !from || !to) return after;
  after.set(id, { ...arc, line });
  const follow = (node: string, at: LonLat): void => {
    for (const one of meeting(arcs, node)) {
      const known = after.get(one.arc_id);
      if (!known) continue;
      let moved: readonly LonLat[] = known.line;
      if (one.start === node) moved = movedVertex(moved, 0, at);
      if (one.end === node) moved = movedVertex(moved, moved.length - 1, at);
      after.set(one.arc_id, { ...known, line: moved });
    }
  };
  if (!same(from, arc.line[0] ?? from)) follow(arc.start, from);
  if (!same(to, arc.line.at(-1) ?? to)) follow(arc.end, to);
  return after;
}

export interface Redrawing {
  readonly before: readonly LonLat[];
  readonly after: readonly LonLat[];
}

function sameLine(a: readonly LonLat[], b: readonly LonLat[]): boolean {
  return a.length === b.length && a.every((at, i) => same(at, b[i] ?? [NaN, NaN]));
}

/** Which borders differ, as they were and as they are. */
export function changes(before: Arcs, after: Arcs): Map<string, Redrawing> {
  const found = new Map<string, Redrawing>();
  for (const [id, arc] of after) {
    const old = before.get(id);
    if (old && old !== arc && !sameLine(old.line, arc.line)) found.set(id, { before: old.line, after: arc.line });
  }
  return found;
}

/** The rings of a cell put together from its borders; outer rings and holes in no order. */
export function ringsOf(arcs: Iterable<Arc>, cell: number): LonLat[][] {
  const byStart = new Map<string, { line: readonly LonLat[]; to: string }[]>();
  const add = (from: string, to: string, line: readonly LonLat[]): void => {
    byStart.set(from, [...(byStart.get(from) ?? []), { line, to }]);
  };
  for (const arc of arcs) {
    if (arc.left === cell) add(arc.start, arc.end, arc.line);
    if (arc.right === cell) add(arc.end, arc.start, [...arc.line].reverse());
  }
  const rings: LonLat[][] = [];
  for (const [first, waiting] of byStart) {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const ring = [...next.line];
      let node = next.to;
      while (node !== first) {
        const onward = byStart.get(node)?.pop();
        // Borders of a village that is not loaded are missing: what is open has no inside.
        if (!onward) break;
        ring.push(...onward.line.slice(1));
        node = onward.to;
      }
      if (node === first && ring.length > 3) rings.push(ring);
    }
  }
  return rings;
}

function signedArea(ring: readonly LonLat[]): number {
  let sum = 0;
  for (let i = 0; i + 1 < ring.length; i++) {
    const [x1, y1] = ring[i] ?? [0, 0];
    const [x2, y2] = ring[i + 1] ?? [0, 0];
    sum += x1 * y2 - x2 * y1;
  }
  return sum / 2;
}

/** A cell as its borders have it now; none where some of them are not loaded. */
export function cellOf(arcs: Arcs, cell: number): Position[][] | null {
  const own = [...arcs.values()].filter((arc) => arc.left === cell || arc.right === cell);
  const rings = ringsOf(own, cell);
  const outer = rings.filter((ring) => signedArea(ring) > 0);
  if (outer.length !== 1) return null;
  const holes = rings.filter((ring) => signedArea(ring) < 0);
  return [...outer, ...holes].map((ring) => ring.map((at) => [...at]));
}

/** The cells on both sides of all borders that were redrawn, filled from those borders. */
export function sides(
  arcs: Arcs,
  redrawn: ReadonlyMap<string, Redrawing>,
  tintOf: (cell: number) => number,
): FeatureCollection {
  const touched = new Set<number>();
  for (const id of redrawn.keys()) {
    const arc = arcs.get(id);
    for (const cell of [arc?.left, arc?.right]) if (cell !== null && cell !== undefined) touched.add(cell);
  }
  const features: Feature[] = [];
  for (const cell of touched) {
    const coordinates = cellOf(arcs, cell);
    if (!coordinates) continue;
    features.push({ type: "Feature", properties: { tint: tintOf(cell) }, geometry: { type: "Polygon", coordinates } });
  }
  return { type: "FeatureCollection", features };
}

/** The nodes of the borders, each once. */
export function nodes(arcs: Iterable<Arc>): Map<string, LonLat> {
  const found = new Map<string, LonLat>();
  for (const arc of arcs) {
    const [from, to] = [arc.line[0], arc.line.at(-1)];
    if (from) found.set(arc.start, from);
    if (to) found.set(arc.end, to);
  }
  return found;
}
