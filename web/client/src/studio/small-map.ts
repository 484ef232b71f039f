/** Shapes as SVG paths in a small frame: several pictures of one place at one scale. */
import type { MultiPolygon, Polygon } from "geojson";

type Shape = Polygon | MultiPolygon;

export interface Sheet {
  readonly path: (shape: Shape) => string;
}

function ringsOf(shape: Shape): number[][][] {
  return shape.type === "Polygon" ? shape.coordinates : shape.coordinates.flat();
}

/** A frame that holds all the shapes; degrees of longitude are drawn as wide as they are there. */
export function sheetOf(shapes: readonly Shape[], width: number, height: number, margin = 6): Sheet {
  const points = shapes.flatMap((shape) => ringsOf(shape).flat());
  const xs = points.map((p) => p[0] ?? 0);
  const ys = points.map((p) => p[1] ?? 0);
  const [west, east] = [Math.min(...xs), Math.max(...xs)];
  const [south, north] = [Math.min(...ys), Math.max(...ys)];
  const narrow = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = Math.min(
    (width - 2 * margin) / Math.max((east - west) * narrow, 1e-9),
    (height - 2 * margin) / Math.max(north - south, 1e-9),
  );
  const left = (width - (east - west) * narrow * scale) / 2;
  const top = (height - (north - south) * scale) / 2;
  const place = (p: readonly number[]): string =>
    `${(left + ((p[0] ?? 0) - west) * narrow * scale).toFixed(1)} ${(top + (north - (p[1] ?? 0)) * scale).toFixed(1)}`;
  return {
    path: (shape) => ringsOf(shape).map((ring) => `M${ring.map(place).join("L")}Z`).join(""),
  };
}
