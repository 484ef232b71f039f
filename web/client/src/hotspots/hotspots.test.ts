import { describe, expect, it } from "vitest";

import type { Theme } from "../map/theme";
import themeFile from "../../../../layers/theme.json";
import type { Answer, Row, Weeks } from "./answer";
import { fileAddress, sheetAddress } from "./api";
import { METHODS_OF, methodOf, modeOf, MODES } from "./modes";
import { classesOf, isSure, onAxis, paints, ranking, sparkPath, verdict, volumeRange, weekPaints } from "./paint";
import { days, endingOn, periodOf, presetOf, PRESETS } from "./periods";
import { queryOf } from "./query";

const theme = themeFile as unknown as Theme;

function row(code: string, given: Partial<Row>): Row {
  return {
    code, name: code, households: 40, observed: 3, paint: "r2", outline: null, flags: [], rank: 9, ...given,
  };
}

const rows = [
  row("a", { rank: 2, paint: "r4" }),
  row("b", { rank: 1, outline: "double", paint: "r5" }),
  row("c", { rank: null, paint: "suppressed", observed: null }),
  row("d", { rank: 3, paint: "too_few" }),
];
const answer = { method: "excess", rows, observed: 9, counts: { judged: 3 } } as unknown as Answer;

describe("a hotspot answer", () => {
  it("paints what the server says and keeps hatching", () => {
    expect(paints(answer).get("b")).toEqual({ paint: "r5", outline: "double" });
    expect(paints(answer).get("c")?.paint).toBe("suppressed");
  });

  it("is ranked by its own certainty, and leaves out what was not judged", () => {
    expect(ranking(answer).map((one) => one.code)).toEqual(["b", "a", "d"]);
    expect(rows.map((one) => isSure(one, "excess"))).toEqual([false, true, false, false]);
    expect(isSure(row("x", { paint: "c1" }), "scan")).toBe(false);
    expect(isSure(row("x", { paint: "c2" }), "scan")).toBe(true);
    expect(isSure(row("x", { paint: "new" }), "emerging")).toBe(true);
  });

  it("says when there is nothing to see", () => {
    expect(verdict(answer)).toBe("shown");
    expect(verdict({ ...answer, observed: 0 })).toBe("empty");
    expect(verdict({ ...answer, counts: { judged: 0 } })).toBe("too_little");
    expect(verdict({ ...answer, method: "count", counts: { judged: 0 } })).toBe("shown");
  });

  it("mirrors a ratio and its inverse about its axis up to four", () => {
    expect(onAxis(2) - onAxis(1)).toBeCloseTo(onAxis(1) - onAxis(0.5));
    expect(onAxis(100)).toBe(100);
    expect(onAxis(0.001)).toBe(0);
  });

  it("has classes for every method, and counts in words for volume", () => {
    for (const method of MODES.flatMap((mode) => METHODS_OF[mode])) {
      expect(classesOf(theme, method).length).toBeGreaterThan(2);
    }
    expect(theme.volume.classes.map((_, i) => volumeRange(theme, "grid", i))).toEqual([
      "0", "1–2", "3–5", "6–11", "12–24", "≥ 25",
    ]);
  });
});

describe("maps by week", () => {
  const weeks = {
    classes: ["r2", "r5", "too_few"],
    paint: { a: "aba", b: "ccb" },
    outline: { a: "020", b: "001" },
  } as unknown as Weeks;

  it("hold a letter and a line a week", () => {
    expect(weekPaints(weeks, 1).get("a")).toEqual({ paint: "r5", outline: "double" });
    expect(weekPaints(weeks, 2).get("b")).toEqual({ paint: "r5", outline: "solid" });
    expect(weekPaints(weeks, 0).get("b")).toEqual({ paint: "too_few", outline: null });
  });

  it("are a flat line at the bottom when nothing was reported", () => {
    expect(sparkPath([0, 0, 0], 20, 10)).toBe("M0.0 10.0L10.0 10.0L20.0 10.0");
    expect(sparkPath([0, 4], 20, 10)).toBe("M0.0 10.0L20.0 0.0");
  });
});

describe("questions", () => {
  it("have a method for each mode, and an address nobody knows is the rate map", () => {
    for (const mode of MODES) expect(METHODS_OF[mode].map(modeOf)).toEqual(METHODS_OF[mode].map(() => mode));
    expect(methodOf("density")).toBe("excess");
    expect(methodOf("scan")).toBe("scan");
  });

  it("of a lunar year are year on year by that calendar", () => {
    const filters = {
      since: "2026-02-11", until: "2026-02-17", compare: "lunar", matter: "", level: "", source: "", area: "",
      by: "grid" as const,
    };
    expect(queryOf(filters, "change")).toMatchObject({ compare: "yoy", calendar: "lunar" });
    expect(queryOf({ ...filters, compare: "mom" }, "change")).toMatchObject({ compare: "mom", calendar: "" });
  });
});

describe("files", () => {
  it("stand outside the API, with what was asked", () => {
    const query = { since: "2026-01-01", until: "2026-01-31", method: "gi", by: "grid" };
    expect(sheetAddress(query)).toBe("/hotspots/sheet?since=2026-01-01&until=2026-01-31&method=gi");
    expect(fileAddress("png", query)).toBe("/hotspots/file.png?since=2026-01-01&until=2026-01-31&method=gi&by=grid");
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

  it("of old data are its last thirty days, or its last month where that is whole", () => {
    expect(endingOn("2021-12-30")).toEqual({ since: "2021-12-01", until: "2021-12-30" });
    expect(endingOn("2021-12-12")).toEqual({ since: "2021-11-13", until: "2021-12-12" });
    expect(endingOn("2018-12-31")).toEqual({ since: "2018-12-01", until: "2018-12-31" });
    expect(endingOn("2028-02-29")).toEqual({ since: "2028-02-01", until: "2028-02-29" });
  });
});
