import { describe, expect, it } from "vitest";

import type { CellFacts } from "../plans/contract";
import { aim, NO_BRUSH, paint, toggle, type Brush, type Touch } from "./brush";

function cell(id: number, grid: string | null, village = "v1"): CellFacts {
  return {
    cell_id: id, village_code: village, grid_code: grid, grid_name: grid, subgroup_code: null,
    subgroup_name: null, n_households: 1, changed: false, version: 1,
  };
}

function brushOf(touch: Touch): Brush {
  if (touch.kind !== "taken") throw new Error(touch.kind);
  return touch.brush;
}

const aimed = brushOf(aim(cell(1, "A")));

describe("the brush", () => {
  it("aims at a grid first, and never at free land", () => {
    expect(aimed).toEqual({ target: "A", village: "v1", cells: new Set() });
    expect(aim(cell(9, null))).toEqual({ kind: "no_grid" });
    expect(paint(NO_BRUSH, cell(1, "A"))).toEqual({ kind: "taken", brush: aimed });
  });

  it("takes a cell once, however often it passes", () => {
    const once = brushOf(paint(aimed, cell(2, "B")));
    expect(paint(once, cell(2, "B"))).toEqual({ kind: "same" });
    expect(once.cells).toEqual(new Set([2]));
  });

  it("takes free land too", () => {
    expect(brushOf(paint(aimed, cell(3, null))).cells).toEqual(new Set([3]));
  });

  it("leaves alone what the grid already has", () => {
    expect(paint(aimed, cell(4, "A"))).toEqual({ kind: "same" });
  });

  it("does not cross the village's border", () => {
    expect(paint(aimed, cell(5, "C", "v2"))).toEqual({ kind: "other_village" });
  });

  it("lets a cell go at a second click, and changes nothing that was given", () => {
    const two = brushOf(toggle(aimed, cell(2, "B")));
    const none = brushOf(toggle(two, cell(2, "B")));
    expect(none.cells.size).toBe(0);
    expect(two.cells).toEqual(new Set([2]));
  });
});
