import { describe, expect, it } from "vitest";

import type { Card } from "./contract";
import { isOpen, missing, stepOf, takeable } from "./steps";

function card(kind: Card["kind"], read: number, taken: number, refused: number): Card {
  const counts = { read, taken, refused, unchanged: read - taken - refused, repaired: 0, unplaced: 0 };
  return { kind, account: { counts } } as unknown as Card;
}

describe("the steps of an import", () => {
  it("lead from looking to trying to taking in", () => {
    expect(stepOf("received", null)).toBe("look");
    expect(stepOf("running", "check")).toBe("check");
    expect(stepOf("checked", "check")).toBe("check");
    expect(stepOf("running", "commit")).toBe("done");
    expect(stepOf("failed", "commit")).toBe("check");
  });

  it("can be changed until a worker has it or it has ended", () => {
    expect(["received", "stopped", "checked", "failed"].every((state) => isOpen(state as Card["state"]))).toBe(true);
    expect(["waiting", "running", "done", "discarded"].some((state) => isOpen(state as Card["state"]))).toBe(false);
  });
});

describe("what may be taken in", () => {
  it("is all where nothing is refused and something differs", () => {
    expect(takeable(card("households", 9, 9, 0))).toBe("all");
    expect(takeable(card("households", 9, 0, 0))).toBe("nothing");
  });

  it("is the good rows of a table, and never a part of outlines", () => {
    expect(takeable(card("households", 9, 7, 2))).toBe("part");
    expect(takeable(card("households", 9, 0, 9))).toBe("nothing");
    expect(takeable(card("grids", 9, 0, 9))).toBe("whole_only");
  });
});

it("required fields without a column are named", () => {
  const fields = [{ name: "number", required: true }, { name: "address", required: false }];
  expect(missing(fields, {})).toEqual(["number"]);
  expect(missing(fields, { number: "户号" })).toEqual([]);
});
