import type { MultiPolygon, Polygon, Position } from "geojson";

import type { LonLat } from "../contract";

/**
 * A position inside a polygon for its name: the middle of the widest stretch of the line that
 * halves its height. Holes are left out of the stretch; of several parts the one with the
 * widest stretch counts. None for a shape without area.
 */
export function interior(shape: Polygon | MultiPolygon): LonLat | null {
  const parts = shape.type === "Polygon" ? [shape.coordinates] : shape.coordinates;
  let best: { width: number; at: LonLat } | null = null;
  for (const rings of parts) {
    const lats = (rings[0] ?? []).map((p) => p[1] ?? 0);
    const lat = (Math.min(...lats) + Math.max(...lats)) / 2;
    const cuts = rings.flatMap((ring) => crossings(ring, lat)).sort((a, b) => a - b);
    for (let i = 0; i + 1 < cuts.length; i += 2) {
      const [west, east] = [cuts[i] ?? 0, cuts[i + 1] ?? 0];
      if (!best || east - west > best.width) {
        best = { width: east - west, at: [(west + east) / 2, lat] };
      }
    }
  }
  return best && best.width > 0 ? best.at : null;
}

/** Longitudes where a ring crosses a latitude; a vertex on it counts for the edge below only. */
function crossings(ring: readonly Position[], lat: number): number[] {
  const found: number[] = [];
  for (let i = 0; i + 1 < ring.length; i++) {
    const [x1 = 0, y1 = 0] = ring[i] ?? [];
    const [x2 = 0, y2 = 0] = ring[i + 1] ?? [];
    if (y1 > lat !== y2 > lat) found.push(x1 + ((lat - y1) / (y2 - y1)) * (x2 - x1));
  }
  return found;
}
