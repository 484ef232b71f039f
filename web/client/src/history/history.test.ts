import { describe, expect, it } from "vitest";

import type { Changes, Life } from "./api";
import { drawnOf, rowsOf } from "./changes";
import { heirs, layOut, ROW, told } from "./life";

const A = "530524101001001";
const B = "530524101001002";
const C = "530524101001003";

const life: Life = {
  unit: B,
  is_whole: true,
  nodes: [
    { code: A, name: "一", level: "grid", from: "2026-01-01T00:00:00Z", to: null, publication: 1 },
    { code: B, name: "二", level: "grid", from: "2026-02-01T00:00:00Z", to: "2026-03-01T00:00:00Z", publication: 2 },
    { code: C, name: "三", level: "grid", from: "2026-03-01T00:00:00Z", to: null, publication: 3 },
  ],
  links: [
    { from: A, to: A, kind: "reshape", area_m2: 900, n_households: 9, publication: 2, at: "2026-02-01T00:00:00Z" },
    { from: A, to: B, kind: "split", area_m2: 400, n_households: 4, publication: 2, at: "2026-02-01T00:00:00Z" },
    { from: B, to: A, kind: "merge", area_m2: 100, n_households: 1, publication: 3, at: "2026-03-01T00:00:00Z" },
    { from: B, to: C, kind: "split", area_m2: 300, n_households: 3, publication: 3, at: "2026-03-01T00:00:00Z" },
  ],
};

describe("a life laid out", () => {
  const drawn = layOut(life, 300);

  it("has a row a unit, a column an edition and a stroke for land that changed hands", () => {
    expect(drawn.bars.map(({ node }) => node.code)).toEqual([A, B, C]);
    expect(drawn.columns.map(({ n }) => n)).toEqual([1, 2, 3]);
    expect(drawn.flows.map(({ link }) => link.kind)).toEqual(["split", "merge", "split"]);
    expect(drawn.height).toBeGreaterThan(3 * ROW);
  });

  it("ends a bar where its unit ended and lets the others run on", () => {
    const [a, b] = drawn.bars;
    expect(a?.open).toBe(true);
    expect(a?.to).toBe(drawn.width);
    expect(b?.from).toBe(drawn.columns[1]?.x);
    expect(b?.to).toBe(drawn.columns[2]?.x);
  });

  it("draws more land wider", () => {
    const [split, merge] = drawn.flows;
    expect(split?.width).toBeGreaterThan(merge?.width ?? 0);
  });

  it("asks for more room than there is when much happened", () => {
    expect(layOut(life, 60).width).toBeGreaterThan(60);
  });
});

describe("a retired unit", () => {
  it("became what has its land today", () => expect(heirs(life, B).map(({ code }) => code)).toEqual([A, C]));
  it("that is in force is its own heir", () => expect(heirs(life, A).map(({ code }) => code)).toEqual([A]));
  it("tells what happened, the newest first, without what was merely kept", () =>
    expect(told(life).map(({ publication, kind }) => [publication, kind])).toEqual([[3, "split"], [3, "merge"], [2, "split"]]));
});

const changes = {
  type: "FeatureCollection",
  features: (["before", "after"] as const).map((side) => ({
    type: "Feature",
    geometry: { type: "MultiPolygon", coordinates: [] },
    properties: { side, code: A, name: side, change: "reshaped", area_m2: 1, n_households: 1, bbox: [0, 0, side === "after" ? 2 : 1, 1] },
  })),
} as unknown as Changes;

describe("changes", () => {
  it("are one row a grid under its later name, with a box round both", () => {
    const [row, ...rest] = rowsOf(changes);
    expect(rest).toEqual([]);
    expect(row?.name).toBe("after");
    expect(row?.bbox).toEqual([0, 0, 2, 1]);
  });

  it("are drawn of one side, the chosen one marked", () => {
    const drawn = drawnOf(changes, "before", A);
    expect(drawn.features).toHaveLength(1);
    expect(drawn.features[0]?.properties).toMatchObject({ side: "before", chosen: true });
  });
});
