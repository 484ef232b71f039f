/** The lattice that all borders lie on, and lengths on the screen. */
import type { LonLat } from "../contract";

const DECIMALS = 7;
const TILE = 512;

/** The lattice point nearest to a position: whole multiples of 1e-7 degree. */
export function onLattice(at: LonLat): LonLat {
  return [Number(at[0].toFixed(DECIMALS)), Number(at[1].toFixed(DECIMALS))];
}

export function same(a: LonLat, b: LonLat): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** A position on the flat sheet of a map at a zoom, in pixels; y grows to the south. */
export function onSheet(at: LonLat, zoom: number): readonly [x: number, y: number] {
  const size = TILE * 2 ** zoom;
  const y = Math.asinh(Math.tan((at[1] * Math.PI) / 180));
  return [((at[0] + 180) / 360) * size, ((1 - y / Math.PI) / 2) * size];
}

export function pixelsBetween(a: LonLat, b: LonLat, zoom: number): number {
  const [ax, ay] = onSheet(a, zoom);
  const [bx, by] = onSheet(b, zoom);
  return Math.hypot(bx - ax, by - ay);
}

/** How long a line is on the screen, in pixels of a zoom. */
export function pixelsAlong(line: readonly LonLat[], zoom: number): number {
  return line.reduce((sum, at, i) => sum + pixelsBetween(line[i - 1] ?? at, at, zoom), 0);
}

/** The point of a segment that is nearest to a position, and how far it is, in pixels of a zoom. */
export function nearestOn(at: LonLat, from: LonLat, to: LonLat, zoom: number): { at: LonLat; px: number } {
  const [x, y] = onSheet(at, zoom);
  const [x1, y1] = onSheet(from, zoom);
  const [x2, y2] = onSheet(to, zoom);
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / length));
  const point: LonLat = [from[0] + (to[0] - from[0]) * along, from[1] + (to[1] - from[1]) * along];
  return { at: point, px: Math.hypot(x1 + dx * along - x, y1 + dy * along - y) };
}
