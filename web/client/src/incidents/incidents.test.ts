import { describe, expect, it } from "vitest";

import { isEmpty, NO_DRAFT, readDraft, reportOf, type Draft } from "./draft";
import { dueState } from "./due";
import { deedOf, isReady, mainAction, NO_INPUT } from "./deeds";
import { queryOf } from "./filters";

const draft: Draft = { ...NO_DRAFT, key: "k", matter: "0201", summary: "水渠堵塞" };

describe("the intake form", () => {
  it("is a report without a place, which the desk will answer", () => {
    expect(reportOf(draft)).toEqual({ matter_code: "0201", summary: "水渠堵塞" });
  });

  it("declares the datum with the position and the accuracy in metres", () => {
    expect(reportOf({ ...draft, at: "99.6054, 24.8279", datum: "gcj02", accuracy: "30" })).toEqual({
      matter_code: "0201", summary: "水渠堵塞", lon: 99.6054, lat: 24.8279, datum: "gcj02", accuracy_m: 30,
    });
  });

  it("is not sent half-filled or with a position that is none", () => {
    expect(reportOf({ ...draft, summary: "  " })).toBeNull();
    expect(reportOf({ ...draft, matter: "" })).toBeNull();
    expect(reportOf({ ...draft, at: "somewhere" })).toBeNull();
    expect(reportOf({ ...draft, at: "99.6, 24.8", accuracy: "near" })).toBeNull();
  });

  it("survives being kept, with its key, so that sending again is the same report", () => {
    expect(readDraft(JSON.stringify(draft))).toEqual(draft);
    expect(readDraft("{")).toBeNull();
    expect(readDraft('"text"')).toBeNull();
    expect(readDraft(null)).toBeNull();
    expect(isEmpty({ ...NO_DRAFT, key: "k" })).toBe(true);
    expect(isEmpty(draft)).toBe(false);
  });
});

describe("a deadline", () => {
  const incident = { reported_at: "2026-11-22T00:00:00Z", due_at: "2026-11-22T10:00:00Z", step: "accepted" };
  it.each([
    ["2026-11-22T07:59:00Z", "calm"],
    ["2026-11-22T08:01:00Z", "near"],
    ["2026-11-22T10:01:00Z", "overdue"],
  ])("at %s is %s", (now, state) => {
    expect(dueState(incident, new Date(now))).toBe(state);
  });

  it("does not press what is done or has none", () => {
    const late = new Date("2026-12-01T00:00:00Z");
    expect(dueState({ ...incident, step: "closed" }, late)).toBe("none");
    expect(dueState({ ...incident, due_at: null }, late)).toBe("none");
  });
});

describe("an action", () => {
  const attempt = { action: "attempt", note: true, needs: ["result"] } as const;
  const merge = { action: "merge", note: false, needs: ["incident"] } as const;
  const transfer = { action: "transfer", note: true, needs: ["person", "unit"] } as const;

  it("that moves the work on is offered first", () => {
    expect(mainAction(["return", "accept"])).toBe("accept");
    expect(mainAction(["return"])).toBeNull();
  });

  it("waits until all that it needs is there", () => {
    expect(isReady(attempt, NO_INPUT)).toBe(false);
    expect(isReady(attempt, { ...NO_INPUT, note: "调解未成" })).toBe(true);
    expect(isReady(merge, NO_INPUT)).toBe(false);
    expect(isReady(transfer, { ...NO_INPUT, note: "就近", unit: "5305" })).toBe(false);
    expect(isReady(transfer, { ...NO_INPUT, note: "就近", unit: "530524101001" })).toBe(true);
  });

  it("says only what it needs", () => {
    expect(deedOf(attempt, { ...NO_INPUT, note: " 未成 ", result: "failed", unit: "530524101001" }, 3, "k")).toEqual({
      action: "attempt", note: "未成", version: 3, key: "k", result: "failed",
    });
    expect(deedOf(merge, { ...NO_INPUT, others: ["a", "b"] }, 3, "k")).toEqual({
      action: "merge", note: "", version: 3, key: "k", with: ["a", "b"],
    });
    expect(deedOf({ action: "duplicate", note: false, needs: ["incident"] }, { ...NO_INPUT, others: ["a"] }, 3, "k")).toMatchObject({ of: "a" });
  });
});

it("asks the server for what the address says", () => {
  const none = { step: "", look: "", colour: "", review: "", mine: "", unit: "", matter: "", since: "", until: "" };
  expect(queryOf(none)).toMatchObject({ step: "open", queue: "", counted: "" });
  expect(queryOf({ ...none, step: "all", look: "supervised" })).toMatchObject({ step: "", supervised: "1" });
  expect(queryOf({ ...none, look: "outside", since: "2026-01-01" })).toMatchObject({ queue: "outside", counted: "1" });
});
