/** A line or a ring in the making: one vertex at a time, by mouse or by keys. */
import type { LonLat } from "../contract";
import { onLattice, pixelsBetween, same } from "./lattice";

export interface Drawing {
  readonly vertices: readonly LonLat[];
  readonly undone: readonly LonLat[];
  /** Whether the line closes on its beginning. */
  readonly ring: boolean;
}

export type Stroke =
  | { readonly kind: "drawn"; readonly drawing: Drawing }
  | { readonly kind: "finished"; readonly drawing: Drawing }
  | { readonly kind: "too_short" };

// Two clicks this near to each other are one place: the hand of a double click is not still.
const SAME_PX = 6;

export function begin(ring: boolean, vertices: readonly LonLat[] = []): Drawing {
  return { vertices, undone: [], ring };
}

export function enough({ vertices, ring }: Drawing): boolean {
  return vertices.length >= (ring ? 3 : 2);
}

/** Set a vertex. The last one again, or the first one of a ring, means that the line is done. */
export function press(drawing: Drawing, at: LonLat, zoom: number): Stroke {
  const vertex = onLattice(at);
  const last = drawing.vertices.at(-1);
  const first = drawing.vertices[0];
  const near = (known: LonLat | undefined): boolean =>
    known !== undefined && (same(known, vertex) || pixelsBetween(known, vertex, zoom) < SAME_PX);
  if (near(last) || (drawing.ring && drawing.vertices.length > 2 && near(first))) return finish(drawing);
  return { kind: "drawn", drawing: { ...drawing, vertices: [...drawing.vertices, vertex], undone: [] } };
}

export function finish(drawing: Drawing): Stroke {
  return enough(drawing) ? { kind: "finished", drawing } : { kind: "too_short" };
}

export function back(drawing: Drawing): Drawing {
  const last = drawing.vertices.at(-1);
  if (!last) return drawing;
  return { ...drawing, vertices: drawing.vertices.slice(0, -1), undone: [...drawing.undone, last] };
}

export function forth(drawing: Drawing): Drawing {
  const next = drawing.undone.at(-1);
  if (!next) return drawing;
  return { ...drawing, vertices: [...drawing.vertices, next], undone: drawing.undone.slice(0, -1) };
}
