import type { LonLat } from "../contract";

const METRES_PER_DEGREE = 111_320;

/** A ring of positions `radius_m` round a centre; for drawing an accuracy, not for deciding. */
export function circle(at: LonLat, radiusM: number, corners = 64): LonLat[] {
  const [lon, lat] = at;
  const perLon = METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
  return Array.from({ length: corners + 1 }, (_, i) => {
    const angle = (2 * Math.PI * (i % corners)) / corners;
    return [
      lon + (radiusM * Math.cos(angle)) / perLon,
      lat + (radiusM * Math.sin(angle)) / METRES_PER_DEGREE,
    ] as const;
  });
}

/** The box that holds such a circle, to fit a map to. */
export function boxAround(at: LonLat, radiusM: number): [number, number, number, number] {
  const up = radiusM / METRES_PER_DEGREE;
  const aside = up / Math.cos((at[1] * Math.PI) / 180);
  return [at[0] - aside, at[1] - up, at[0] + aside, at[1] + up];
}
