import { describe, expect, it } from "vitest";

import type { Rule, Rules } from "./contract";
import { apart, BLANK, carriedOver, changed, drafted, draftsOf, effective, inherited, inUnit, lastTouch, limitOf, own, ROWS, said, toSend, versionOf, wrongOf, type Drafts } from "./limits";

const COUNTY = "530524";
const TOWNSHIP = "530524101";
const VILLAGE = "530524101001";

function rule(territory_code: string | null, of: Partial<Rule> = {}): Rule {
  return { territory_code, territory_name: territory_code, kind: "base", subject: "households", least: 10, most: 150, severity: "warning", updated_at: null, updated_by: null, ...of };
}

function typed(drafts: Drafts, key: string, least: string): Drafts {
  return new Map([...drafts, [key, { ...(drafts.get(key) ?? BLANK), least }]]);
}

describe("what counts in an area", () => {
  const rules = [rule(null), rule(COUNTY, { least: 20 }), rule(TOWNSHIP, { least: 30 }), rule("530524102", { least: 99 })];

  it("is inherited from the smallest area around it", () => {
    expect(inherited(rules, VILLAGE).get("base.households")?.territory_code).toBe(TOWNSHIP);
    expect(inherited(rules, TOWNSHIP).get("base.households")?.territory_code).toBe(COUNTY);
    expect(inherited(rules, COUNTY).get("base.households")?.territory_code).toBeNull();
    expect(inherited(rules, null).size).toBe(0);
  });

  it("is its own where it has one", () => {
    expect(own(rules, TOWNSHIP).get("base.households")?.least).toBe(30);
    expect(own(rules, VILLAGE).size).toBe(0);
  });

  it("has a version by area, and none is nought", () => {
    const given: Rules = { rules, areas: [{ territory_code: TOWNSHIP, version: 7 }] };
    expect(versionOf(given, TOWNSHIP)).toBe(7);
    expect(versionOf(given, VILLAGE)).toBe(0);
  });
});

describe("what is typed", () => {
  it("comes back as the limit that was read, in either unit of area", () => {
    for (const least of [2000, 12_345.5, 30_000, 1_234_567.89]) {
      const before = rule(null, { subject: "area", least, most: null });
      expect(limitOf("base", "area", drafted(before))).toMatchObject({ least, most: null });
    }
  });

  it("shows hectares where every end has them", () => {
    expect(drafted(rule(null, { subject: "area", least: 30_000, most: 50_000 }))).toMatchObject({ unit: "ha", least: "3", most: "5" });
    expect(drafted(rule(null, { subject: "area", least: 2000, most: 50_000 }))).toMatchObject({ unit: "m2", least: "2000", most: "50000" });
  });

  it("keeps its meaning when the unit changes, and its text when it is no number", () => {
    const draft = { ...BLANK, least: "2,000", most: "abc" };
    expect(inUnit(draft, "ha")).toMatchObject({ unit: "ha", least: "0.2", most: "abc" });
    expect(inUnit(inUnit({ ...BLANK, least: "0.3" }, "ha"), "m2").least).toBe("0.3");
  });

  it("is sent only from the ends that a subject has", () => {
    const draft = { ...BLANK, least: "3", most: "9" };
    expect(limitOf("base", "width", draft)).toMatchObject({ least: 3, most: null });
    expect(limitOf("base", "parts", draft)).toMatchObject({ least: null, most: 9 });
    expect(limitOf("base", "names", draft)).toMatchObject({ least: null, most: null });
  });

  it.each([
    ["households", { least: "-1" }, { least: "number" }],
    ["households", { least: "十" }, { least: "number" }],
    ["households", { least: "1.5" }, { least: "whole" }],
    ["households", { least: "20", most: "9" }, { most: "order" }],
    ["households", {}, { least: "empty" }],
    ["households", { severity: "off" }, {}],
    ["households", { least: "1,200", most: "1 500" }, {}],
    ["parts", { most: "2.5" }, { most: "whole" }],
    ["parts", {}, { most: "empty" }],
    ["width", { least: "1.5" }, {}],
    ["names", {}, {}],
  ] as const)("of %s %o is wrong so: %o", (subject, of, wrong) => {
    expect(wrongOf(subject, { ...BLANK, ...of })).toEqual(wrong);
  });
});

describe("a change", () => {
  const seen = own([rule(TOWNSHIP), rule(TOWNSHIP, { subject: "area", least: 2000, most: null })], TOWNSHIP);

  it("is none before anything is typed, nor when the same is typed otherwise", () => {
    expect(changed(draftsOf(seen), seen)).toEqual([]);
    expect(changed(typed(draftsOf(seen), "base.households", " 10.0 "), seen)).toEqual([]);
    const hectares = inUnit(drafted(rule(TOWNSHIP, { subject: "area", least: 2000, most: null })), "ha");
    expect(changed(new Map([...draftsOf(seen), ["base.area", hectares]]), seen)).toEqual([]);
  });

  it("is what is typed, added, and taken away", () => {
    const drafts = new Map(typed(draftsOf(seen), "base.households", "12"));
    drafts.delete("base.area");
    drafts.set("micro.names", BLANK);
    expect(changed(drafts, seen)).toEqual(["base.households", "base.area", "micro.names"]);
  });

  it("leaves limits that no check asks for as they were", () => {
    const odd = rule(null, { kind: "micro", subject: "village", least: null, most: null, severity: "error" });
    const all = own([odd, rule(null)], null);
    expect(draftsOf(all).has("micro.village")).toBe(false);
    expect(toSend(draftsOf(all), all).map((one) => [one.kind, one.subject, one.severity])).toEqual([
      ["base", "households", "warning"],
      ["micro", "village", "error"],
    ]);
  });

  it("is counted with what is inherited beside it, and not while it is wrong", () => {
    const around = own([rule(null), rule(null, { subject: "width", least: 15, most: null })], null);
    const drafts: Drafts = new Map([["base.households", { ...BLANK, least: "5" }]]);
    expect(effective(drafts, around).map((one) => [one.subject, one.least])).toEqual([
      ["households", 5],
      ["width", 15],
    ]);
    expect(effective(typed(drafts, "base.households", "x"), around).map((one) => one.subject)).toEqual(["width"]);
  });
});

describe("limits that somebody else has set meanwhile", () => {
  const seen = own([rule(TOWNSHIP), rule(TOWNSHIP, { subject: "parts", least: null, most: 3 }), rule(TOWNSHIP, { subject: "width", least: 15, most: null })], TOWNSHIP);
  const now = own([rule(TOWNSHIP, { least: 40 }), rule(TOWNSHIP, { subject: "parts", least: null, most: 2 })], TOWNSHIP);

  it("are named where they differ", () => {
    expect(apart(seen, now)).toEqual(["base.households", "base.width", "base.parts"]);
  });

  it("become the ground of what one has typed oneself", () => {
    const merged = carriedOver(typed(draftsOf(seen), "base.households", "25"), seen, now);
    expect(merged.get("base.households")?.least).toBe("25");
    expect(merged.get("base.parts")?.most).toBe("2");
    expect(merged.has("base.width")).toBe(false);
    expect(changed(merged, now)).toEqual(["base.households"]);
  });

  it("do not bring back what one has taken away oneself", () => {
    const drafts = new Map(draftsOf(seen));
    drafts.delete("base.parts");
    expect(carriedOver(drafts, seen, now).has("base.parts")).toBe(false);
  });

  it("name who was there last", () => {
    const touched = [rule(TOWNSHIP, { updated_at: "2026-11-22T01:00:00Z", updated_by: "甲" }), rule(TOWNSHIP, { updated_at: "2026-11-22T03:00:00Z", updated_by: "乙" })];
    expect(lastTouch(touched)).toEqual({ at: "2026-11-22T03:00:00Z", by: "乙" });
    expect(lastTouch([])).toBeNull();
  });
});

it("has a row for each limit that a check asks for, and says it with its unit", () => {
  expect(ROWS).toHaveLength(22);
  expect(said("area", 30_000, "zh-CN")).toBe("3 公顷");
  expect(said("width", 15, "en")).toBe("15 m");
  expect(said("households", 1500, "en")).toBe("1,500");
});
