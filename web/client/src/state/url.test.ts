import { describe, expect, it } from "vitest";

import { readFields, readView, writeFields, writeView } from "./url";

describe("a view", () => {
  it("survives the address to five decimals", () => {
    const view = { zoom: 13.25, at: [99.60541, 24.82791] } as const;
    expect(readView(writeView(view))).toEqual(view);
  });

  it.each([null, "", "13", "13/24", "13/x/99", "13/95/99", "-1/24/99", "13/24/999"])(
    "that is none (%j) is none",
    (text) => expect(readView(text)).toBeNull(),
  );
});

describe("fields", () => {
  it("that are absent are empty", () => {
    expect(readFields("?unit=530524", ["unit", "view"])).toEqual({ unit: "530524", view: "" });
  });

  it("change alone, and go when emptied", () => {
    expect(writeFields("?lang=en&unit=1", { unit: "2" })).toBe("?lang=en&unit=2");
    expect(writeFields("?unit=1", { unit: "" })).toBe("");
  });

  it("keep slashes and commas legible", () => {
    expect(writeFields("", { view: "13/24/99", hide: "a,b" })).toBe("?view=13/24/99&hide=a,b");
  });

  it("hold whatever a name holds", () => {
    const odd = "甲&乙=丙 ?#";
    expect(readFields(writeFields("", { q: odd }), ["q"])).toEqual({ q: odd });
  });
});
