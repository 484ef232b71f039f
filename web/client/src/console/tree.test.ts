import { describe, expect, it } from "vitest";

import type { UnitRow } from "../contract";
import { pathTo, treeMove, visibleRows } from "./tree";

function unit(code: string, nChildren: number): UnitRow {
  return { code, level: "grid", kind: "base", name: code, n_households: 1, n_children: nChildren, area_m2: 1, bbox: null };
}

const roots = [unit("530524", 2)];
const children = new Map([
  ["530524", [unit("530524101", 1), unit("530524102", 0)]],
  ["530524101", [unit("530524101201", 0)]],
]);

describe("the rows of the tree", () => {
  it("are those of open units", () => {
    const codes = (open: string[]): string[] =>
      visibleRows(roots, children, new Set(open)).map((row) => row.unit.code);
    expect(codes([])).toEqual(["530524"]);
    expect(codes(["530524"])).toEqual(["530524", "530524101", "530524102"]);
    expect(codes(["530524", "530524101"])).toEqual(["530524", "530524101", "530524101201", "530524102"]);
  });

  it("know their place among their siblings", () => {
    const [, second] = visibleRows(roots, children, new Set(["530524"]));
    expect(second).toMatchObject({ depth: 1, position: 1, siblings: 2, leaf: false });
  });
});

describe("keys in the tree", () => {
  const rows = visibleRows(roots, children, new Set(["530524"]));

  it.each([
    ["530524", "ArrowDown", { kind: "focus", code: "530524101" }],
    ["530524102", "ArrowDown", { kind: "focus", code: "530524102" }],
    ["530524101", "ArrowRight", { kind: "open", code: "530524101" }],
    ["530524", "ArrowRight", { kind: "focus", code: "530524101" }],
    ["530524102", "ArrowRight", null],
    ["530524102", "ArrowLeft", { kind: "focus", code: "530524" }],
    ["530524", "ArrowLeft", { kind: "shut", code: "530524" }],
    ["530524101", "End", { kind: "focus", code: "530524102" }],
    ["530524102", "Home", { kind: "focus", code: "530524" }],
    ["530524101", "Enter", { kind: "choose", code: "530524101" }],
    ["530524101", "x", null],
    ["gone", "ArrowDown", null],
  ])("%s %s", (code, key, move) => {
    expect(treeMove(rows, code, key)).toEqual(move);
  });
});

it("a unit is seen when its ancestors inside the tree are open", () => {
  expect(pathTo("530524101201003", "530524")).toEqual(["530524", "530524101", "530524101201"]);
  expect(pathTo("530524101201003", "530524101")).toEqual(["530524101", "530524101201"]);
  expect(pathTo("530524", "530524")).toEqual([]);
});
