import { describe, expect, it } from "vitest";

import { type Reported, reportedAgo, reportedAt } from "./reported";

const now = new Date("2026-11-22T12:00:00+08:00");
const october = "2026-10-01T00:00:00+08:00";

describe("a report without a time of its own", () => {
  it("is known no better than what it reports", () => {
    const one: Reported = { occurred_at: october, occurred_precision: "month", reported_at: october };
    expect(reportedAt(one)).toBe("2026-10");
    expect(reportedAgo(one, now, "zh-CN")).toBe("2026-10");
    expect(reportedAt({ ...one, occurred_precision: "day" })).toBe("2026-10-01");
    expect(reportedAgo({ ...one, occurred_precision: "day" }, now, "zh-CN")).toBe("52天前");
  });
});

it("a report with a time of its own keeps it", () => {
  const one: Reported = {
    occurred_at: october,
    occurred_precision: "month",
    reported_at: "2026-11-22T08:30:00+08:00",
  };
  expect(reportedAt(one)).toBe("2026-11-22 08:30");
  expect(reportedAgo(one, now, "zh-CN")).toBe("3小时前");
});
