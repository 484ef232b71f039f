import type { Polygon } from "geojson";
import { describe, expect, it } from "vitest";

import { boxAround, circle } from "./circle";
import { interior } from "./interior";

describe("an accuracy circle", () => {
  it("closes and keeps its radius on the ground", () => {
    const ring = circle([99.6, 24.83], 50);
    expect(ring.at(0)).toEqual(ring.at(-1));
    for (const [lon, lat] of ring) {
      const east = (lon - 99.6) * 111_320 * Math.cos((24.83 * Math.PI) / 180);
      const north = (lat - 24.83) * 111_320;
      expect(Math.hypot(east, north)).toBeCloseTo(50, 1);
    }
  });

  it("lies in its box", () => {
    const [west, south, east, north] = boxAround([99.6, 24.83], 50);
    for (const [lon, lat] of circle([99.6, 24.83], 49.9)) {
      expect(lon > west && lon < east && lat > south && lat < north).toBe(true);
    }
  });
});

describe("the place of a name", () => {
  const ring = (...points: [number, number][]): Polygon => ({ type: "Polygon", coordinates: [[...points, points[0] as [number, number]]] });

  it("lies inside a U whose middle is outside", () => {
    const [lon] = interior(ring([0, 0], [9, 0], [9, 9], [6, 9], [6, 2], [2, 2], [2, 9], [0, 9])) ?? [0];
    expect(lon).toBeGreaterThan(6);
  });

  it("avoids a hole", () => {
    const ringed: Polygon = {
      type: "Polygon",
      coordinates: [
        [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]],
        [[3, 3], [8, 3], [8, 8], [3, 8], [3, 3]],
      ],
    };
    expect(interior(ringed)).toEqual([1.5, 5]);
  });

  it("is none for a shape without area", () => {
    expect(interior(ring([0, 0], [1, 0], [0, 0]))).toBeNull();
  });
});
