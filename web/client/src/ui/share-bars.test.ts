import { expect, it } from "vitest";

import { shareBars } from "./share-bars";

it("ranks grids by share, what lies outside last, and shows every share that is not nought", () => {
  const bars = shareBars(
    [
      { grid: null, name: null, share: 0.6 },
      { grid: "2", name: "乙", share: 0.199 },
      { grid: "1", name: "甲", share: 0.2 },
      { grid: "3", name: null, share: 0.001 },
    ],
    "网格以外",
  );
  expect(bars.map((bar) => bar.label)).toEqual(["甲", "乙", "3", "网格以外"]);
  expect(bars.map((bar) => bar.first)).toEqual([true, false, false, false]);
  expect(bars[2]?.width).toBe(2);
});

it("keeps the order of codes among equals", () => {
  const bars = shareBars([{ grid: "2", name: "乙", share: 0.5 }, { grid: "1", name: "甲", share: 0.5 }], "");
  expect(bars.map((bar) => bar.key)).toEqual(["1", "2"]);
});
