import { describe, expect, it } from "vitest";

import type { LonLat } from "../contract";
import {
  cellOf, changes, deletedVertex, insertedVertex, lockedEnds, mayBecome, movedVertex, nodes, redrawn, sides, toArcs, type Arc, type ArcCollection,
} from "./arcs";

// Two cells side by side: 1 on the left, 2 on the right; their border runs north from (1,0) to
// (1,2) by way of (1,1), and round them lies nothing. The rim is locked on the west only.
function arc(id: string, line: LonLat[], left: number | null, right: number | null, more: Partial<Arc> = {}): Arc {
  const key = (at: LonLat | undefined): string => (at ?? []).join();
  return {
    arc_id: id, start: key(line[0]), end: key(line.at(-1)), left, right,
    left_grid: left === null ? null : `G${left}`, right_grid: right === null ? null : `G${right}`,
    kind: left && right ? "grid" : "village", locked: false, line, ...more,
  };
}

const shared = arc("m", [[1, 0], [1, 1], [1, 2]], 1, 2);
const west = arc("w", [[1, 2], [0, 2], [0, 0], [1, 0]], 1, null);
const east = arc("e", [[1, 0], [2, 0], [2, 2], [1, 2]], 2, null);
const arcs = new Map([shared, west, east].map((one) => [one.arc_id, one]));

it("an answer becomes borders by their ids", () => {
  const { line, ...facts } = shared;
  const answer: ArcCollection = {
    type: "FeatureCollection",
    features: [{ type: "Feature", properties: facts, geometry: { type: "LineString", coordinates: line.map((p) => [...p]) } }],
  };
  expect(toArcs(answer).get("m")).toEqual(shared);
});

describe("a line", () => {
  it("moves, takes and gives vertices; its ends are not given", () => {
    expect(movedVertex(shared.line, 1, [1.123456789, 1])).toEqual([[1, 0], [1.1234568, 1], [1, 2]]);
    expect(insertedVertex(shared.line, 0, [1, 0.5])).toEqual([[1, 0], [1, 0.5], [1, 1], [1, 2]]);
    expect(deletedVertex(shared.line, 1)).toEqual([[1, 0], [1, 2]]);
    expect(deletedVertex(shared.line, 0)).toBe(shared.line);
    expect(deletedVertex(shared.line, 2)).toBe(shared.line);
  });
});

describe("one border redrawn", () => {
  const after = redrawn(arcs, "m", [[1, 0], [1.5, 1], [1, 2]]);

  it("is the border of both neighbours", () => {
    expect(cellOf(after, 1)?.[0]).toContainEqual([1.5, 1]);
    expect(cellOf(after, 2)?.[0]).toContainEqual([1.5, 1]);
  });

  it("is one change, and leaves what it was alone", () => {
    expect([...changes(arcs, after)]).toEqual([["m", { before: shared.line, after: [[1, 0], [1.5, 1], [1, 2]] }]]);
    expect(changes(arcs, arcs).size).toBe(0);
    expect(arcs.get("m")).toBe(shared);
  });

  it("fills the cells on both sides with their tints", () => {
    const drawn = sides(after, changes(arcs, after), (cell) => cell * 10);
    expect(drawn.features.map((one) => one.properties?.["tint"]).sort()).toEqual([10, 20]);
  });
});

describe("a node", () => {
  it("takes all borders along that meet there", () => {
    const after = redrawn(arcs, "m", [[1.2, 0], [1, 1], [1, 2]]);
    expect(after.get("w")?.line.at(-1)).toEqual([1.2, 0]);
    expect(after.get("e")?.line[0]).toEqual([1.2, 0]);
    expect([...changes(arcs, after).keys()].sort()).toEqual(["e", "m", "w"]);
  });

  it("stays where something locked meets it", () => {
    const held = new Map(arcs).set("w", { ...west, locked: true });
    expect(lockedEnds(held, shared)).toEqual({ start: true, end: true });
    expect(mayBecome(held, shared, [[1.2, 0], [1, 1], [1, 2]])).toBe(false);
    expect(mayBecome(held, shared, [[1, 0], [1.3, 1], [1, 2]])).toBe(true);
    expect(mayBecome(arcs, shared, [[1.2, 0], [1, 1], [1, 2]])).toBe(true);
    expect(mayBecome(held, { ...west, locked: true }, west.line)).toBe(false);
  });

  it("is listed once", () => {
    expect(nodes(arcs.values())).toEqual(new Map([["1,0", [1, 0]], ["1,2", [1, 2]]]));
  });
});

describe("a cell from its borders", () => {
  it("has its outer ring first, then its holes", () => {
    const island = arc("i", [[0.2, 0.2], [0.4, 0.2], [0.4, 0.4], [0.2, 0.4], [0.2, 0.2]], 3, 1);
    const rings = cellOf(new Map(arcs).set("i", island), 1);
    expect(rings).toHaveLength(2);
    expect(rings?.[0]).toContainEqual([0, 0]);
    expect(rings?.[1]).toContainEqual([0.4, 0.4]);
    expect(cellOf(new Map([["i", island]]), 3)?.[0]).toHaveLength(5);
  });

  it("is none where a border is missing", () => {
    expect(cellOf(new Map([["m", shared]]), 1)).toBeNull();
  });
});
