import { describe, expect, it } from "vitest";

import type { Cell, Cells } from "../plans/contract";
import { applyChange, drawing, gridNeighbours, gridTotals, tinted, tints, toMap } from "./cells";

const VILLAGE = "530524101201";

/** A unit square at column x, row y; its corners are its neighbours' corners. */
function square(id: number, x: number, y: number, grid: string | null, n = 10, changed = false): Cell {
  return {
    type: "Feature",
    properties: {
      cell_id: id, village_code: VILLAGE, grid_code: grid, grid_name: grid, subgroup_code: null,
      subgroup_name: null, n_households: n, changed, version: 1,
    },
    geometry: { type: "Polygon", coordinates: [[[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]] },
  };
}

function cells(...features: Cell[]): Cells {
  return { type: "FeatureCollection", features };
}

// Three columns of two: A A B / A B B, and free land on the right.
const map = toMap(cells(
  square(1, 0, 0, "A"), square(2, 1, 0, "A"), square(3, 2, 0, "B"),
  square(4, 0, 1, "A"), square(5, 1, 1, "B"), square(6, 2, 1, "B"),
  square(7, 3, 0, null),
));

describe("a step's answer", () => {
  it("replaces what changed, drops what is gone and leaves the rest as it is", () => {
    const after = applyChange(map, cells(square(2, 1, 0, "B")), [7]);
    expect(after.get(2)?.properties.grid_code).toBe("B");
    expect(after.has(7)).toBe(false);
    expect(after.get(1)).toBe(map.get(1));
    expect(map.get(2)?.properties.grid_code).toBe("A");
  });
});

it("totals leave out land in no grid", () => {
  const totals = gridTotals(map);
  expect([...totals.keys()]).toEqual(["A", "B"]);
  expect(totals.get("A")).toMatchObject({ n_cells: 3, n_households: 30, village: VILLAGE });
});

describe("borders", () => {
  const lines = (kind: boolean): number[][][] =>
    drawing(map).features.flatMap((feature) =>
      feature.geometry.type === "MultiLineString" && feature.properties?.["changed"] === kind
        ? feature.geometry.coordinates
        : [],
    );

  it("stand between grids and round the whole, never inside a grid", () => {
    const edges = lines(false).map((line) => line.join(" "));
    expect(edges).toHaveLength(12 + 3 + 1);
    expect(edges).not.toContain("1,0 1,1");
    expect(edges).toContain("2,0 2,1");
  });

  it("at changed cells are told apart", () => {
    const changed = toMap(cells(square(1, 0, 0, "A"), square(2, 1, 0, "B", 10, true)));
    const drawn = drawing(changed).features.filter((feature) => feature.properties?.["changed"] === true);
    expect(drawn).toHaveLength(1);
    expect(drawn[0]?.geometry).toEqual({ type: "MultiLineString", coordinates: [[[1, 0], [1, 1]]] });
  });

  it("give each grid one name and each cell its count", () => {
    const names = drawing(map).features.filter((feature) => feature.geometry.type === "Point");
    expect(names.filter((point) => point.properties?.["kind"] === "grid")).toHaveLength(2);
    expect(names.filter((point) => point.properties?.["kind"] === "cell")).toHaveLength(7);
  });
});

describe("tints", () => {
  it("differ between neighbours", () => {
    const given = tints(map, new Map(), 6);
    expect(given.get("A")).not.toBe(given.get("B"));
    expect(gridNeighbours(map).get("A")).toEqual(new Set(["B"]));
  });

  it("stay with their grid while its neighbours allow it", () => {
    expect(tints(map, new Map([["A", 4], ["B", 2]]), 6)).toEqual(new Map([["A", 4], ["B", 2]]));
    const clash = tints(map, new Map([["A", 4], ["B", 4]]), 6);
    expect(clash.get("A")).toBe(4);
    expect(clash.get("B")).not.toBe(4);
  });

  it("go with each cell to the map; free land has none", () => {
    const drawn = tinted(map, new Map([["A", 3]]));
    expect(drawn.features.find((f) => f.properties?.["cell_id"] === 1)?.properties?.["tint"]).toBe(3);
    expect(drawn.features.find((f) => f.properties?.["cell_id"] === 7)?.properties?.["tint"]).toBe(-1);
  });
});
