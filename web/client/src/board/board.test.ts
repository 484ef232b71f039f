import { describe, expect, it } from "vitest";

import type { Counts, Line } from "./answer";
import { bars, change, monthBars, percent, spell, ticks } from "./figures";

function line(key: string, valid: number): Line {
  return { key, counts: { valid } as Counts, then: null, comparable: "" };
}

describe("a change", () => {
  it("is in percent of what was", () => {
    expect(change({ then: 80, comparable: "" }, 100, "en")).toBe("+25%");
    expect(change({ then: 80, comparable: "" }, 80, "en")).toBe("0%");
  });

  it("from nothing, and from what cannot be compared, is a dash", () => {
    expect(change({ then: 0, comparable: "" }, 100, "en")).toBe("—");
    expect(change({ then: null, comparable: "" }, 100, "en")).toBe("—");
    expect(change({ then: 80, comparable: "border_changed" }, 100, "en")).toBe("—");
  });
});

describe("bars", () => {
  it("of a month are its days, those without an event too", () => {
    const found = bars([line("2026-06-02", 3)], { since: "2026-06-01", until: "2026-06-30" });
    expect(found).toHaveLength(30);
    expect(found.slice(0, 3).map((bar) => bar.n)).toEqual([0, 3, 0]);
  });

  it("of a quarter are weeks that end with the period", () => {
    const found = bars([line("2026-06-30", 3), line("2026-06-24", 1), line("2026-06-23", 5)], {
      since: "2026-04-01",
      until: "2026-06-30",
    });
    expect(found.at(-1)).toEqual({ since: "2026-06-24", until: "2026-06-30", n: 4 });
    expect(found.reduce((sum, bar) => sum + bar.n, 0)).toBe(9);
  });

  it("of years are months", () => {
    const found = bars([], { since: "2025-01-15", until: "2026-06-30" });
    expect(found).toHaveLength(18);
    expect(found[0]).toMatchObject({ since: "2025-01-15", until: "2025-01-31" });
  });
});

describe("months", () => {
  it("hold what is known by day and what is known by month, and end with the period", () => {
    const window = { since: "2026-04-16", until: "2026-06-10" };
    const found = monthBars([line("2026-05-02", 3)], [line("2026-05", 4), line("2026-06", 1)], window);
    expect(found).toEqual([
      { since: "2026-04-16", until: "2026-04-30", n: 0 },
      { since: "2026-05-01", until: "2026-05-31", n: 7 },
      { since: "2026-06-01", until: "2026-06-10", n: 1 },
    ]);
  });

  it("go on into the next year", () => {
    const found = monthBars([], [], { since: "2025-12-01", until: "2026-01-31" });
    expect(found.map((bar) => bar.since)).toEqual(["2025-12-01", "2026-01-01"]);
  });
});

describe("figures", () => {
  it("of nothing are dashes", () => {
    expect(percent(0, 0, "en")).toBe("—");
    expect(spell(null, "en")).toBe("—");
  });

  it("have a unit that a person would use", () => {
    expect(spell(1800, "en")).toBe("30 min");
    expect(spell(4 * 3600, "zh-CN")).toBe("4.0 小时");
    expect(spell(3 * 86_400, "en")).toBe("3.0 d");
  });

  it("stand on a round axis that holds them", () => {
    expect(ticks(0)).toEqual([0, 1]);
    expect(ticks(37)).toEqual([0, 10, 20, 30, 40]);
    expect(ticks(1001).at(-1)).toBe(1500);
  });
});
