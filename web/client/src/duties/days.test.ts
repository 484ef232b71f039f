import { expect, it } from "vitest";

import { dayAfter, dayBefore, shifted } from "./days";

it("goes over the ends of months and years", () => {
  expect(dayAfter("2026-12-31")).toBe("2027-01-01");
  expect(dayBefore("2028-03-01")).toBe("2028-02-29");
  expect(shifted("2026-03-30", -30)).toBe("2026-02-28");
});
