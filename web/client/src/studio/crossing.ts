/** Bow-ties: where a line crosses itself or a line beside it. Exact on lattice coordinates. */
import type { LonLat } from "../contract";
import { same } from "./lattice";

const LATTICE = 1e7;

/** Which side of a line a point lies on; whole numbers below 2^53, so the sign is never wrong. */
function side(a: LonLat, b: LonLat, p: LonLat): number {
  const [ax, ay] = [Math.round(a[0] * LATTICE), Math.round(a[1] * LATTICE)];
  const [dx, dy] = [Math.round(b[0] * LATTICE) - ax, Math.round(b[1] * LATTICE) - ay];
  const [px, py] = [Math.round(p[0] * LATTICE) - ax, Math.round(p[1] * LATTICE) - ay];
  return Math.sign(dx * py - dy * px);
}

function between(a: LonLat, b: LonLat, p: LonLat): boolean {
  return (
    Math.min(a[0], b[0]) <= p[0] && p[0] <= Math.max(a[0], b[0]) &&
    Math.min(a[1], b[1]) <= p[1] && p[1] <= Math.max(a[1], b[1])
  );
}

/** Where two segments meet other than at an end they share; none if they do not. */
export function meet(a: LonLat, b: LonLat, c: LonLat, d: LonLat): LonLat | null {
  const [c1, d1, a1, b1] = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)];
  if (c1 * d1 < 0 && a1 * b1 < 0) {
    const [ux, uy, vx, vy] = [b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]];
    const along = ((c[0] - a[0]) * vy - (c[1] - a[1]) * vx) / (ux * vy - uy * vx);
    return [a[0] + ux * along, a[1] + uy * along];
  }
  const touches: readonly (readonly [number, LonLat, LonLat, LonLat])[] = [
    [c1, a, b, c], [d1, a, b, d], [a1, c, d, a], [b1, c, d, b],
  ];
  for (const [on, from, to, p] of touches) {
    if (on === 0 && between(from, to, p) && !same(p, from) && !same(p, to)) return p;
  }
  return null;
}

/** The first place where a line touches itself; its two ends may be one and the same point. */
export function selfCrossing(line: readonly LonLat[]): LonLat | null {
  const seen = new Set<string>();
  for (const [i, at] of line.entries()) {
    const closes = i === line.length - 1 && i > 2 && same(at, line[0] ?? at);
    if (seen.has(at.join()) && !closes) return at;
    seen.add(at.join());
  }
  for (let i = 0; i + 1 < line.length; i++) {
    for (let j = i + 1; j + 1 < line.length; j++) {
      const [a, b, c, d] = [line[i], line[i + 1], line[j], line[j + 1]];
      const at = a && b && c && d ? meet(a, b, c, d) : null;
      if (at) return at;
    }
  }
  return null;
}

/** The first place where a line crosses one of the others; ends may meet. */
export function crossingAmong(line: readonly LonLat[], others: Iterable<readonly LonLat[]>): LonLat | null {
  const west = Math.min(...line.map((p) => p[0]));
  const east = Math.max(...line.map((p) => p[0]));
  const south = Math.min(...line.map((p) => p[1]));
  const north = Math.max(...line.map((p) => p[1]));
  for (const other of others) {
    for (let j = 0; j + 1 < other.length; j++) {
      const [c, d] = [other[j], other[j + 1]];
      if (!c || !d) continue;
      if (Math.max(c[0], d[0]) < west || Math.min(c[0], d[0]) > east) continue;
      if (Math.max(c[1], d[1]) < south || Math.min(c[1], d[1]) > north) continue;
      for (let i = 0; i + 1 < line.length; i++) {
        const [a, b] = [line[i], line[i + 1]];
        const at = a && b ? meet(a, b, c, d) : null;
        if (at) return at;
      }
    }
  }
  return null;
}
