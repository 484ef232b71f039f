import type { Feature, Polygon } from "geojson";
import { expect, it } from "vitest";

import type { Mine } from "../contract";
import { boxOf, callable, covers, gridAt, MOST_TILES, tilesOf } from "./ground";

function square(west: number, south: number, side = 1): Polygon {
  const [east, north] = [west + side, south + side];
  return { type: "Polygon", coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] };
}
function unit<P>(geometry: Polygon, properties: P): Feature<Polygon, P> {
  return { type: "Feature", geometry, properties };
}

const mine = {
  area: {
    type: "FeatureCollection",
    features: [
      unit(square(0, 0), { code: "530524101001001", name: "一网格" }),
      unit(square(0, 0, 0.5), { code: "53052410100100101", name: "一组" }),
    ],
  },
  neighbours: {
    type: "FeatureCollection",
    features: [unit(square(1, 0), { code: "530524101001002", name: "二网格", worker: "李", phone_mask: "138****1234" })],
  },
} as unknown as Mine;

it("a hole is not covered", () => {
  const ring = square(0, 0, 3);
  const holed: Polygon = { type: "Polygon", coordinates: [...ring.coordinates, ...square(1, 1).coordinates] };
  expect(covers(holed, [0.5, 0.5])).toBe(true);
  expect(covers(holed, [1.5, 1.5])).toBe(false);
  expect(covers(holed, [4, 1])).toBe(false);
});

it("a place is in one's own grid, next door, or unknown to the phone", () => {
  expect(gridAt(mine, [0.2, 0.2])).toMatchObject({ grid: "530524101001001", worker: null });
  expect(gridAt(mine, [1.2, 0.2])).toMatchObject({ grid: "530524101001002", worker: "李" });
  expect(gridAt(mine, [5, 5])).toBeNull();
});

it("a masked number is not called", () => {
  expect(callable("138****1234")).toBeNull();
  expect(callable("13812341234")).toBe("13812341234");
  expect(callable(null)).toBeNull();
});

it("the tiles of a box are the coarse ones first, and no more than fit", () => {
  const grid: readonly [number, number, number, number] = [99.6, 24.8, 99.62, 24.82];
  const tiles = tilesOf(grid);
  expect(tiles.length).toBeLessThanOrEqual(MOST_TILES);
  expect(tiles[0]?.[0]).toBe(9);
  expect(Math.max(...tiles.map(([z]) => z))).toBeGreaterThanOrEqual(14);
  // x and y as every slippy map counts them: the middle of the box at zoom 14.
  expect(tiles).toContainEqual([14, 12725, 7025]);
});

it("a shape's box is its outermost positions", () => {
  expect(boxOf(unit(square(2, 3), {}))).toEqual([2, 3, 3, 4]);
});
