import { expect, it } from "vitest";

import type { Impact } from "../plans/contract";
import { balance, spread } from "./balance";
import type { GridTotal } from "./cells";

const total = (code: string, n: number): [string, GridTotal] => [
  code,
  { code, name: code, village: "v", n_cells: 1, n_households: n },
];
const impact = {
  balance: [
    { grid_code: "A", name: "A", before: 50, after: 40 },
    { grid_code: "Z", name: "Z", before: 5, after: 0 },
  ],
} as unknown as Impact;

it("lists the largest change first, grids that end included, and does not guess the others", () => {
  const rows = balance(new Map([total("A", 40), total("B", 30)]), impact);
  expect(rows.map((row) => [row.code, row.before, row.after, row.change])).toEqual([
    ["A", 50, 40, -10],
    ["Z", 5, 0, -5],
    ["B", 30, 30, 0],
  ]);
});

it("says how far the largest grid is from the mean", () => {
  const even = balance(new Map([total("A", 40), total("B", 40)]), null);
  expect(spread(even)).toBe(1);
  expect(spread(balance(new Map([total("A", 60), total("B", 20)]), null))).toBe(1.5);
  expect(spread([])).toBeNull();
});
