import { describe, expect, it } from "vitest";

import type { GridRow, HotspotMap } from "./answer";
import { isSure, onAxis, paintKey, paints, ranking, verdict } from "./paint";
import { days, periodOf, presetOf, PRESETS } from "./periods";

function row(code: string, given: Partial<GridRow>): GridRow {
  return {
    code, name: code, households: 40, observed: 3, expected: 2, rate: 1, ratio: 1.2, ratio_low: 0.8,
    ratio_high: 1.9, paint: "r2", outline: null, gi_z: 0.3, gi_bin: 0, around: null, flags: [], rank: 9,
    ...given,
  };
}

const rows = [
  row("a", { rank: 2, gi_z: 3.1, gi_bin: 3, paint: "r4" }),
  row("b", { rank: 1, gi_z: 1.2, outline: "double", paint: "r5" }),
  row("c", { rank: null, paint: "suppressed", observed: null, gi_bin: null, gi_z: null }),
  row("d", { rank: 3, paint: "too_few" }),
];
const map = { rows, observed: 9, counts: { judged: 3 } } as unknown as HotspotMap;

describe("a hotspot map", () => {
  it("keeps hatching under both methods: what is not judged has no colour", () => {
    expect(rows.map((one) => paintKey(one, "excess"))).toEqual(["r4", "r5", "suppressed", "too_few"]);
    expect(rows.map((one) => paintKey(one, "gi"))).toEqual(["gi3", "gi0", "suppressed", "too_few"]);
  });

  it("outlines significance for the excess test only", () => {
    expect(paints(map, "excess").get("b")?.outline).toBe("double");
    expect(paints(map, "gi").get("b")?.outline).toBeNull();
  });

  it("is ranked by its own certainty, and leaves out what was not judged", () => {
    expect(ranking(map, "excess").map((one) => one.code)).toEqual(["b", "a", "d"]);
    expect(ranking(map, "gi").map((one) => one.code)).toEqual(["a", "b", "d"]);
    expect(rows.map((one) => isSure(one, "gi"))).toEqual([true, false, false, false]);
  });

  it("says when there is nothing to see", () => {
    expect(verdict(map)).toBe("shown");
    expect(verdict({ ...map, observed: 0 })).toBe("empty");
    expect(verdict({ ...map, counts: { judged: 0 } })).toBe("too_little");
  });

  it("mirrors a ratio and its inverse about its axis up to four", () => {
    expect(onAxis(2) - onAxis(1)).toBeCloseTo(onAxis(1) - onAxis(0.5));
    expect(onAxis(100)).toBe(100);
    expect(onAxis(0.001)).toBe(0);
  });
});

describe("periods", () => {
  it("count both of their days", () => {
    expect(days(periodOf("7", "2026-11-22"))).toBe(7);
    expect(periodOf("7", "2026-11-22")).toEqual({ since: "2026-11-16", until: "2026-11-22" });
    expect(days({ since: "2026-02-01", until: "2026-01-01" })).toBeLessThan(1);
  });

  it("of last month end with its last day, over a new year and in February", () => {
    expect(periodOf("month", "2026-01-05")).toEqual({ since: "2025-12-01", until: "2025-12-31" });
    expect(periodOf("month", "2028-03-31")).toEqual({ since: "2028-02-01", until: "2028-02-29" });
  });

  it("are recognised again", () => {
    for (const preset of PRESETS) {
      expect(presetOf(periodOf(preset, "2026-11-22"), "2026-11-22")).toBe(preset);
    }
    expect(presetOf({ since: "2026-01-02", until: "2026-11-22" }, "2026-11-22")).toBeNull();
  });
});
