/** Where a pointer is caught: by a node first, then by an edge, within pixels of the present zoom. */
import type { LonLat } from "../contract";
import type { Arc } from "./arcs";
import { nearestOn, onLattice, pixelsBetween } from "./lattice";

export const NODE_PX = 10;
export const EDGE_PX = 6;
export const PICK_PX = 14;

export interface Caught {
  readonly at: LonLat;
  readonly kind: "node" | "edge";
  /** The node's key or the border's id. */
  readonly id: string;
}

interface NearEdge {
  readonly arc: Arc;
  readonly at: LonLat;
  readonly px: number;
  /** The vertex that the nearest piece begins with. */
  readonly index: number;
}

/** Pixels as degrees of longitude; they are never more degrees of latitude. */
function degreesOf(px: number, zoom: number): number {
  return (px * 360) / (512 * 2 ** zoom);
}

/** The edge nearest to a position, if one is within `reach` pixels. */
export function nearestEdge(arcs: Iterable<Arc>, at: LonLat, zoom: number, reach: number): NearEdge | null {
  let best: NearEdge | null = null;
  const degrees = degreesOf(reach, zoom);
  for (const arc of arcs) {
    for (let index = 0; index + 1 < arc.line.length; index++) {
      const [from, to] = [arc.line[index], arc.line[index + 1]];
      if (!from || !to) continue;
      if (Math.max(from[0], to[0]) < at[0] - degrees || Math.min(from[0], to[0]) > at[0] + degrees) continue;
      if (Math.max(from[1], to[1]) < at[1] - degrees || Math.min(from[1], to[1]) > at[1] + degrees) continue;
      const found = nearestOn(at, from, to, zoom);
      if (found.px <= (best?.px ?? reach)) best = { arc, at: found.at, px: found.px, index };
    }
  }
  return best;
}

/** The node nearest to a position, if one is within `reach` pixels. */
export function nearestNode(arcs: Iterable<Arc>, at: LonLat, zoom: number, reach: number): Caught | null {
  let best: Caught | null = null;
  let least = reach;
  const degrees = degreesOf(reach, zoom);
  for (const arc of arcs) {
    for (const [id, node] of [[arc.start, arc.line[0]], [arc.end, arc.line.at(-1)]] as const) {
      if (!node || Math.abs(node[0] - at[0]) > degrees || Math.abs(node[1] - at[1]) > degrees) continue;
      const px = pixelsBetween(at, node, zoom);
      if (px <= least) {
        least = px;
        best = { at: node, kind: "node", id };
      }
    }
  }
  return best;
}

export function snap(arcs: readonly Arc[], at: LonLat, zoom: number): Caught | null {
  const node = nearestNode(arcs, at, zoom, NODE_PX);
  if (node) return node;
  const edge = nearestEdge(arcs, at, zoom, EDGE_PX);
  return edge ? { at: onLattice(edge.at), kind: "edge", id: edge.arc.arc_id } : null;
}
