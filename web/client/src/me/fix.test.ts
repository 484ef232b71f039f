import { expect, it } from "vitest";

import { cannotLocate, trust, type Fix } from "./fix";

const fix: Fix = { at: [99.6, 24.8], accuracyM: 12, measured: 1_000_000, tapped: false };

it("a measurement is good while it is fresh and fine", () => {
  expect(trust(fix, 1_030_000)).toBe("good");
  expect(trust({ ...fix, accuracyM: 51 }, 1_030_000)).toBe("rough");
  expect(trust({ ...fix, accuracyM: null }, 1_030_000)).toBe("rough");
  expect(trust(fix, 1_061_000)).toBe("stale");
});

it("a tap on the map does not age", () => {
  expect(trust({ ...fix, accuracyM: null, tapped: true }, 9_000_000)).toBe("good");
});

it("a page without https says why it cannot locate", () => {
  expect(cannotLocate(false, true)).toBe("http");
  expect(cannotLocate(true, false)).toBe("http");
  expect(cannotLocate(true, true)).toBeNull();
});
