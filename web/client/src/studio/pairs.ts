/** Which two grids a line means to reshape: those whose border it starts from, ends at or crosses. */
import type { LonLat } from "../contract";
import type { Arc } from "./arcs";
import { meet } from "./crossing";
import { nearestOn } from "./lattice";

export interface Pair {
  readonly a: string;
  readonly b: string;
  readonly touches: number;
}

// As far as the server pulls the ends of a line to the border.
const END_PX = 10;

/** Pairs of grids by how often the line touches their common border, the most touched first. */
export function pairsOf(arcs: Iterable<Arc>, line: readonly LonLat[], zoom: number): Pair[] {
  const touches = new Map<string, number>();
  const [first, last] = [line[0], line.at(-1)];
  for (const arc of arcs) {
    const { left_grid: a, right_grid: b } = arc;
    if (!a || !b || a === b) continue;
    let n = 0;
    for (let i = 0; i + 1 < arc.line.length; i++) {
      const [c, d] = [arc.line[i], arc.line[i + 1]];
      if (!c || !d) continue;
      let crossed = 0;
      for (let j = 0; j + 1 < line.length; j++) {
        const [p, q] = [line[j], line[j + 1]];
        if (p && q && meet(c, d, p, q)) crossed += 1;
      }
      // An end that stops short of the border, or lies just on it, is meant for it all the same.
      if (crossed === 0) {
        for (const end of [first, last]) if (end && nearestOn(end, c, d, zoom).px <= END_PX) crossed = 1;
      }
      n += crossed;
    }
    if (n === 0) continue;
    const key = a < b ? `${a} ${b}` : `${b} ${a}`;
    touches.set(key, (touches.get(key) ?? 0) + n);
  }
  return [...touches]
    .map(([key, n]) => {
      const [a = "", b = ""] = key.split(" ");
      return { a, b, touches: n };
    })
    .sort((x, y) => y.touches - x.touches || (x.a + x.b < y.a + y.b ? -1 : 1));
}
