/** The ground that the phone carries with it: which grid is here, without a connection. Pure. */
import type { Feature, Geometry, Position } from "geojson";

import type { Bbox } from "../boot";
import type { LonLat, Mine } from "../contract";

function ringsOf(geometry: Geometry): readonly Position[][] {
  if (geometry.type === "Polygon") return geometry.coordinates;
  return geometry.type === "MultiPolygon" ? geometry.coordinates.flat() : [];
}

/** West, south, east, north of a shape; none without one. */
export function boxOf(feature: Feature): Bbox | null {
  const points = ringsOf(feature.geometry).flat();
  if (points.length === 0) return null;
  const xs = points.map((p) => p[0] ?? 0);
  const ys = points.map((p) => p[1] ?? 0);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Whether a position lies in a shape by the count of crossings; holes are left out. */
export function covers(geometry: Geometry, [x, y]: LonLat): boolean {
  let inside = false;
  for (const ring of ringsOf(geometry)) {
    for (let i = 0; i + 1 < ring.length; i++) {
      const [x1 = 0, y1 = 0] = ring[i] ?? [];
      const [x2 = 0, y2 = 0] = ring[i + 1] ?? [];
      if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
    }
  }
  return inside;
}

/** What the phone itself can say of a place. */
export interface Here {
  readonly grid: string;
  readonly name: string;
  /** None where it is the viewer's own, or vacant. */
  readonly worker: string | null;
  readonly phone_mask: string | null;
}

const GRID_DIGITS = 15;

/** The grid of one's own or next to it that covers a position; none further away. */
export function gridAt(mine: Mine, at: LonLat): Here | null {
  for (const { geometry, properties } of mine.area.features) {
    if (properties.code.length === GRID_DIGITS && covers(geometry, at)) {
      return { grid: properties.code, name: properties.name, worker: null, phone_mask: null };
    }
  }
  const near = mine.neighbours.features.find(({ geometry }) => covers(geometry, at));
  if (!near) return null;
  const { code, name, worker, phone_mask } = near.properties;
  return { grid: code, name, worker, phone_mask };
}

/** The number in full where the viewer may see it; none where it is masked. */
export function callable(phone: string | null): string | null {
  return phone && !phone.includes("*") ? phone : null;
}

const MIN_ZOOM = 9;
const MAX_ZOOM = 16;
export const MOST_TILES = 80;

function column(lon: number, zoom: number): number {
  return Math.floor(((lon + 180) / 360) * 2 ** zoom);
}

function row(lat: number, zoom: number): number {
  const y = (1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2;
  return Math.floor(y * 2 ** zoom);
}

/** The map tiles of a box, the coarse ones first, as many as fit into `most`. */
export function tilesOf([west, south, east, north]: Bbox, most: number = MOST_TILES): [z: number, x: number, y: number][] {
  const tiles: [number, number, number][] = [];
  for (let zoom = MIN_ZOOM; zoom <= MAX_ZOOM; zoom++) {
    const level: [number, number, number][] = [];
    for (let x = column(west, zoom); x <= column(east, zoom); x++) {
      for (let y = row(north, zoom); y <= row(south, zoom); y++) level.push([zoom, x, y]);
    }
    if (tiles.length + level.length > most) break;
    tiles.push(...level);
  }
  return tiles;
}
