import { describe, expect, it } from "vitest";

import { ancestor, levelAt, levelOf, lineage, parentOf, tail } from "./codes";

describe("codes", () => {
  const subgroup = "53052410120100301";

  it("say their level by their length", () => {
    expect(lineage(subgroup).map(levelOf)).toEqual(["county", "township", "village", "grid", "subgroup"]);
    expect(levelOf("12345")).toBeNull();
  });

  it("carry their ancestors as prefixes", () => {
    expect(parentOf(subgroup)).toBe("530524101201003");
    expect(parentOf("530524")).toBeNull();
    expect(ancestor(subgroup, "village")).toBe("530524101201");
    expect(ancestor("530524", "village")).toBeNull();
    expect(tail(subgroup)).toBe("01");
  });
});

it("a click means a smaller unit the closer one looks", () => {
  expect([8, 10, 12, 15].map(levelAt)).toEqual(["township", "village", "grid", "subgroup"]);
});
