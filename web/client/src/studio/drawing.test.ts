import { describe, expect, it } from "vitest";

import type { LonLat } from "../contract";
import type { Arc } from "./arcs";
import { crossingAmong, meet, selfCrossing } from "./crossing";
import { nextOf, nudge } from "./crosshair";
import { nearestOn, onLattice, pixelsBetween } from "./lattice";
import { areaM2, lengthM, metresBetween } from "./measure";
import { back, begin, finish, forth, press, type Drawing, type Stroke } from "./pen";
import { nearestEdge, snap } from "./snap";

const ZOOM = 16;
// One pixel at zoom 16 in degrees of longitude.
const PX = 360 / (512 * 2 ** ZOOM);

describe("lines that cross", () => {
  it("are found where they cross, and not where they only meet", () => {
    expect(meet([0, 0], [2, 2], [0, 2], [2, 0])).toEqual([1, 1]);
    expect(meet([0, 0], [1, 1], [1, 1], [2, 0])).toBeNull();
    expect(meet([0, 0], [1, 0], [0, 1], [1, 1])).toBeNull();
  });

  it("are found where one ends on the other", () => {
    expect(meet([0, 0], [2, 0], [1, 0], [1, 1])).toEqual([1, 0]);
  });

  it("a bow-tie crosses itself, a zigzag and a ring do not", () => {
    expect(selfCrossing([[0, 0], [2, 2], [2, 0], [0, 2]])).toEqual([1, 1]);
    expect(selfCrossing([[0, 0], [1, 1], [2, 0], [3, 1]])).toBeNull();
    expect(selfCrossing([[0, 0], [1, 0], [1, 1], [0, 0]])).toBeNull();
    expect(selfCrossing([[0, 0], [1, 0], [1, 1], [0, 1], [1, 0]])).toEqual([1, 0]);
  });

  it("a border crosses its neighbour, but may share its ends", () => {
    expect(crossingAmong([[0, 0], [2, 2]], [[[0, 2], [2, 0]]])).toEqual([1, 1]);
    expect(crossingAmong([[0, 0], [2, 2]], [[[0, 0], [2, 0]], [[2, 2], [3, 0]]])).toBeNull();
  });
});

describe("snapping", () => {
  const arc = (id: string, line: LonLat[]): Arc => ({
    arc_id: id, start: `${id}0`, end: `${id}1`, left: 1, right: 2, left_grid: "A", right_grid: "B", kind: "grid", locked: false, line,
  });
  const arcs = [arc("a", [[100, 20], [100 + 100 * PX, 20]])];

  it("prefers a node to the edge that is nearer", () => {
    expect(snap(arcs, [100 + 8 * PX, 20 + PX], ZOOM)).toEqual({ at: [100, 20], kind: "node", id: "a0" });
  });

  it("falls on the edge within six pixels, on the lattice", () => {
    const caught = snap(arcs, [100 + 50 * PX, 20 + 4 * PX], ZOOM);
    expect(caught).toMatchObject({ kind: "edge", id: "a" });
    expect(caught?.at).toEqual(onLattice(caught?.at ?? [0, 0]));
    expect(caught?.at[1]).toBeCloseTo(20, 6);
  });

  it("leaves a pointer alone that is farther away", () => {
    expect(snap(arcs, [100 + 50 * PX, 20 + 9 * PX], ZOOM)).toBeNull();
  });

  it("says after which vertex an edge is met", () => {
    const bent = arc("b", [[100, 20], [100 + 40 * PX, 20], [100 + 80 * PX, 20]]);
    expect(nearestEdge([bent], [100 + 60 * PX, 20 + 2 * PX], ZOOM, 14)).toMatchObject({ index: 1 });
  });

  it("measures on the screen", () => {
    expect(pixelsBetween([100, 20], [100 + 10 * PX, 20], ZOOM)).toBeCloseTo(10, 6);
    expect(nearestOn([100 + 5 * PX, 20], [100, 20], [100, 20], ZOOM).px).toBeCloseTo(5, 6);
  });
});

describe("the pen", () => {
  const drawn = (stroke: Stroke): Drawing => {
    if (stroke.kind === "too_short") throw new Error("too short");
    return stroke.drawing;
  };
  const at = (x: number, y: number): LonLat => [100 + x * PX, 20 + y * PX];

  it("sets vertices until the last is set again", () => {
    const one = drawn(press(begin(false), at(0, 0), ZOOM));
    const two = drawn(press(one, at(40, 0), ZOOM));
    expect(two.vertices).toHaveLength(2);
    expect(press(two, at(42, 1), ZOOM).kind).toBe("finished");
    expect(press(one, at(1, 1), ZOOM).kind).toBe("too_short");
  });

  it("closes a ring on its beginning", () => {
    const three = [at(0, 0), at(40, 0), at(40, 40)].reduce((sofar, p) => drawn(press(sofar, p, ZOOM)), begin(true));
    expect(press(three, at(2, 2), ZOOM).kind).toBe("finished");
    expect(finish(begin(true, [at(0, 0), at(9, 9)])).kind).toBe("too_short");
  });

  it("goes back and forth, and forgets what lies ahead when it goes elsewhere", () => {
    const two = begin(false, [at(0, 0), at(40, 0)]);
    const shorter = back(two);
    expect(shorter.vertices).toHaveLength(1);
    expect(forth(shorter)).toEqual(two);
    expect(forth(drawn(press(shorter, at(0, 40), ZOOM))).vertices).toHaveLength(2);
    expect(back(begin(false)).vertices).toEqual([]);
  });
});

describe("the crosshair", () => {
  const frame = { width: 800, height: 600 };

  it("moves by one pixel, with Shift by ten", () => {
    expect(nudge({ x: 400, y: 300 }, "ArrowRight", false, frame)).toEqual({ to: { x: 401, y: 300 }, pan: [0, 0] });
    expect(nudge({ x: 400, y: 300 }, "ArrowUp", true, frame)).toEqual({ to: { x: 400, y: 290 }, pan: [0, 0] });
    expect(nudge({ x: 400, y: 300 }, "a", false, frame)).toBeNull();
  });

  it("pushes the map when it reaches the rim", () => {
    expect(nudge({ x: 48, y: 300 }, "ArrowLeft", true, frame)).toEqual({ to: { x: 48, y: 300 }, pan: [-10, 0] });
  });

  it("goes round the places", () => {
    expect(nextOf(["a", "b"], null, false)).toBe("a");
    expect(nextOf(["a", "b"], "b", false)).toBe("a");
    expect(nextOf(["a", "b"], "a", true)).toBe("b");
    expect(nextOf([], null, false)).toBeNull();
  });
});

describe("measuring", () => {
  // Both figures by pyproj's Geod on GRS80.
  it("agrees with the geodesic", () => {
    expect(metresBetween([99.6, 24.8], [99.65, 24.83])).toBeCloseTo(6049.4967, 2);
    expect(lengthM([[99.6, 24.8], [99.65, 24.83], [99.6, 24.8]])).toBeCloseTo(2 * 6049.4967, 2);
  });

  it("agrees with the geodesic area to millionths", () => {
    const area = areaM2([[99.6, 24.8], [99.65, 24.81], [99.64, 24.85], [99.61, 24.84]]);
    expect(Math.abs(area / 17_916_966.7826 - 1)).toBeLessThan(5e-6);
    expect(areaM2([])).toBe(0);
  });
});
