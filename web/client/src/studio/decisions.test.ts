import { describe, expect, it } from "vitest";

import type { Cell, Conflict, Plan, PlanChange } from "../plans/contract";
import { ApiProblem } from "../problem";
import type { Arc } from "./arcs";
import { toMap } from "./cells";
import { choicesOf, factsOfSide, groups } from "./conflicts";
import type { Entry } from "./keep";
import { drawnOf, meaningOf, piecesOf, placeOf, wasMade } from "./outcome";
import { pairsOf } from "./pairs";
import { partsOf } from "./parts";
import { shiftsOf, wishOf } from "./proposal";
import { sheetOf } from "./small-map";
import { drawsWith, needsGrid, toolOf, TOOL_KEYS, TOOLS } from "./tools";

const VILLAGE = "530524101201";
const A = `${VILLAGE}001`;
const B = `${VILLAGE}002`;

function square(id: number, x: number, y: number, grid: string | null, n = 10, village = VILLAGE): Cell {
  return {
    type: "Feature",
    properties: {
      cell_id: id, village_code: village, grid_code: grid, grid_name: grid, subgroup_code: null,
      subgroup_name: null, n_households: n, area_m2: 100 - id, changed: false, version: 1,
    },
    geometry: { type: "Polygon", coordinates: [[[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]] },
  };
}

function coverage(...features: Cell[]) {
  return toMap({ type: "FeatureCollection", features });
}

describe("an answer that is no yes", () => {
  const piece = { area_m2: 3000, at: [99.6, 24.8], cell_ids: [7], neighbours: [{ grid: B, border_m: 40 }] };

  it("is waited for, asked about, shown or said", () => {
    expect(meaningOf(new ApiProblem(0, {}))).toBe("away");
    expect(meaningOf(new ApiProblem(503, {}))).toBe("away");
    expect(meaningOf(new ApiProblem(409, { code: "plan.conflict" }))).toBe("conflict");
    expect(meaningOf(new ApiProblem(409, { code: "patch.multipart", pieces: [piece, piece] }))).toBe("pieces");
    expect(meaningOf(new ApiProblem(422, { code: "patch.crosses" }))).toBe("refused");
  });

  it("offers the pieces that are cut off, never the grid itself", () => {
    expect(piecesOf(new ApiProblem(409, { pieces: [{ ...piece, area_m2: 90_000 }, piece] }))).toEqual([piece]);
    expect(piecesOf(new ApiProblem(409, {}))).toEqual([]);
  });

  it("says its place where it has one", () => {
    expect(placeOf({ at: [99.6, 24.8] })).toEqual([99.6, 24.8]);
    expect(placeOf({ at: "here" })).toBeNull();
  });
});

describe("a step without an answer", () => {
  const entry: Entry = { key: "k", what: "", wish: { tool: "merge", from: A, into: B }, at: "", tried: true };
  const now = (version: number, tool: string): Plan =>
    ({ version, steps: [{ seq: 1, tool, params: {}, at: "", by: null, undone: false }] }) as unknown as Plan;

  it("was made when the plan is one step further by the same tool", () => {
    expect(wasMade(entry, 4, now(5, "merge"))).toBe(true);
    expect(wasMade(entry, 4, now(5, "split"))).toBe(false);
    expect(wasMade(entry, 4, now(6, "merge"))).toBe(false);
    expect(wasMade({ ...entry, tried: false }, 4, now(5, "merge"))).toBe(false);
  });
});

describe("a drawing", () => {
  it("becomes a step when nothing is missing", () => {
    const none = { name: "", a: "", b: "" };
    expect(wishOf({ tool: "draw", ring: [] }, none)).toBeNull();
    expect(wishOf({ tool: "reshape", pairs: [], line: [] }, { ...none, a: A, b: A })).toBeNull();
    expect(wishOf({ tool: "reshape", pairs: [], line: [] }, { ...none, a: A, b: B })).toMatchObject({ grid_a: A, grid_b: B });
    expect(wishOf({ tool: "split", grid: A, line: [] }, none)).toEqual({ tool: "split", grid_code: A, line: [] });
  });

  it("can be shown again; a ring closes", () => {
    expect(drawnOf({ tool: "nibble", grid_code: A, ring: [[0, 0], [1, 0], [1, 1]] })[0]).toHaveLength(4);
    expect(drawnOf({ tool: "merge", from: A, into: B })).toEqual([]);
  });

  it("moves households only where their number changes", () => {
    const cells = coverage(square(1, 0, 0, A), square(2, 1, 0, A), square(3, 2, 0, B));
    const changed: PlanChange["changed"] = {
      type: "FeatureCollection",
      features: [square(2, 1, 0, B), square(9, 9, 9, "elsewhere", 5, "530524101999")],
    };
    expect(shiftsOf(cells, { changed, gone: [] }, new Map([[VILLAGE, ""]]))).toEqual([
      { grid: A, name: A, before: 20, after: 10 },
      { grid: B, name: B, before: 10, after: 20 },
    ]);
    expect(shiftsOf(cells, { changed: { ...changed, features: [square(1, 0, 0, A)] }, gone: [] }, new Map([[VILLAGE, ""]]))).toEqual([]);
  });
});

describe("the grids that a line lies between", () => {
  const arc = (id: string, line: Arc["line"], left: string | null, right: string | null): Arc => ({
    arc_id: id, start: "", end: "", left: 1, right: 2, left_grid: left, right_grid: right, kind: "grid", locked: false, line,
  });
  const arcs = [arc("ab", [[1, 0], [1, 2]], A, B), arc("a", [[0, 0], [0, 2]], A, null), arc("in", [[0.5, 0], [0.5, 2]], A, A)];

  it("are those whose border it crosses", () => {
    expect(pairsOf(arcs, [[0.8, 0.5], [1.2, 1], [0.8, 1.5]], 16)).toEqual([{ a: A, b: B, touches: 2 }]);
    expect(pairsOf(arcs, [[0.4, 0.5], [0.6, 0.5]], 16)).toEqual([]);
  });

  it("or on whose border it begins", () => {
    expect(pairsOf(arcs, [[1, 0.5], [1.2, 1]], 16)).toMatchObject([{ a: A, b: B }]);
  });
});

describe("parts of a grid", () => {
  it("hang together by edges, not by corners, and know their neighbours", () => {
    const parts = partsOf(coverage(square(1, 0, 0, A), square(2, 1, 0, A), square(3, 2, 1, A), square(4, 2, 0, B)), A);
    expect(parts.map((part) => [...part.cell_ids].sort())).toEqual([[1, 2], [3]]);
    expect(parts[1]?.neighbours.map((near) => near.grid)).toEqual([B]);
    expect(parts[1]?.at[0]).toBeGreaterThan(2);
  });
});

describe("conflicts", () => {
  const one = (group: number, id: number): Conflict => ({
    group, cell_id: id, unit: A, name: "甲", at: null, base: square(id, id, 0, A), theirs: square(id, id, 0, B), mine: null,
    by: { publication: 3, at: "", person: null, memo: "" },
  });
  const all = groups([one(2, 5), one(1, 3), one(1, 4)]);

  it("are decided group by group", () => {
    expect(all.map((group) => group.conflicts.length)).toEqual([2, 1]);
    expect(choicesOf(all, new Map([[1, "mine"]]))).toEqual([{ cell_id: 3, keep: "mine" }, { cell_id: 4, keep: "mine" }]);
  });

  it("say what each side gives to whom", () => {
    expect(all[0] && factsOfSide(all[0], "theirs")).toEqual([{ grid: B, name: B, cells: 2, households: 20 }]);
    expect(all[0] && factsOfSide(all[0], "mine")).toEqual([]);
  });
});

it("a small picture holds all shapes inside its frame", () => {
  const shape = square(1, 100, 24, A).geometry;
  const numbers = sheetOf([shape], 200, 100).path(shape).match(/[\d.]+/g)?.map(Number) ?? [];
  expect(Math.max(...numbers)).toBeLessThanOrEqual(200);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
});

it("every tool has a key of its own and a way to begin", () => {
  expect(TOOLS.map((tool) => toolOf(TOOL_KEYS[tool]))).toEqual(TOOLS);
  expect(toolOf("s")).toBe("split");
  expect(toolOf("q")).toBeNull();
  expect(drawsWith("nibble")).toBe("ring");
  expect(drawsWith("merge")).toBeNull();
  expect(needsGrid("reshape")).toBe(false);
});
