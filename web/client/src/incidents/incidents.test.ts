import { describe, expect, it } from "vitest";

import { isEmpty, NO_DRAFT, readDraft, reportOf, type Draft } from "./draft";
import { dueState } from "./due";
import { mainAction, needsNote } from "./notes";

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

it("offers first what moves the work on, and asks for words where the server does", () => {
  expect(mainAction(["return", "accept"])).toBe("accept");
  expect(mainAction(["return"])).toBeNull();
  expect(["accept", "resolve", "return"].map(needsNote)).toEqual([false, true, true]);
});
