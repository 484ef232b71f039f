import { describe, expect, it } from "vitest";

import * as f from "./format";

describe("numbers", () => {
  it("have a unit one can picture", () => {
    expect(f.area(812, "zh-CN")).toBe("812 m²");
    expect(f.area(81_234, "zh-CN")).toBe("8.1 公顷");
    expect(f.area(81_234, "en")).toBe("8.1 ha");
    expect(f.area(3_806_000_000, "zh-CN")).toBe("3,806 km²");
    expect(f.area(null, "zh-CN")).toBe(f.DASH);
  });

  it("show decimetres only near a border", () => {
    expect(f.distance(3.24, "zh-CN")).toBe("3.2 m");
    expect(f.distance(83.6, "zh-CN")).toBe("84 m");
    expect(f.distance(1260, "zh-CN")).toBe("1.3 km");
  });

  it("never say a share is nought when it is not", () => {
    expect(f.share(0.004, "zh-CN")).toBe("0.4 %");
    expect(f.share(0.756, "zh-CN")).toBe("76 %");
    expect(f.probability(0.0004, "zh-CN")).toBe("< 0.001");
    expect(f.probability(0.05, "zh-CN")).toBe("0.050");
    expect(f.probability(null, "zh-CN")).toBe(f.DASH);
  });
});

describe("times", () => {
  const now = new Date("2026-11-22T12:00:00+08:00");

  it("are said as exactly as they are known", () => {
    const began = "2018-09-30T16:00:00Z";
    expect(f.moment(began, "month")).toBe("2018-10");
    expect(f.moment(began, "day")).toBe("2018-10-01");
    expect(f.moment(began, "time")).toBe("2018-10-01 00:00");
  });

  it("are relative in the largest unit", () => {
    expect(f.relative("2026-11-22T11:48:00+08:00", now, "zh-CN")).toBe("12分钟前");
    expect(f.relative("2026-11-22T12:00:20+08:00", now, "zh-CN")).toBe("现在");
    expect(f.relative("2026-11-22T15:00:00+08:00", now, "zh-CN")).toBe("3小时后");
    expect(f.relative("2026-11-19T11:00:00+08:00", now, "en")).toBe("3 days ago");
  });

  it("of day are written with seconds where saving is meant", () => {
    expect(f.clock(new Date("2026-01-02T03:04:05+08:00"))).toBe("03:04:05");
  });

  it("are those of China, whatever the computer's clock is set to", () => {
    expect(f.dateTime("2026-11-21T16:02:00Z")).toBe("2026-11-22 00:02");
    expect(f.date("2026-12-31T15:59:00Z")).toBe("2026-12-31");
    expect(f.date(new Date("2026-12-31T16:00:00Z"))).toBe("2027-01-01");
  });
});

describe("scale", () => {
  it("is a round length that fits", () => {
    for (const perPixel of [0.3, 1.7, 12, 95, 400]) {
      const { metres, pixels } = f.scaleBar(perPixel, 90);
      expect(pixels).toBeLessThanOrEqual(90);
      expect(pixels).toBeGreaterThan(90 / 2.6);
      expect(String(metres)).toMatch(/^[125]0*$/);
    }
  });

  it("halves with every zoom", () => {
    expect(f.metresPerPixel(10, 25) / f.metresPerPixel(11, 25)).toBeCloseTo(2);
    expect(f.metresPerPixel(0, 0)).toBeCloseTo(78271.5, 0);
  });
});

it("boxes are joined", () => {
  expect(f.joinBoxes([[1, 2, 3, 4], [0, 3, 2, 9]])).toEqual([0, 2, 3, 9]);
  expect(f.joinBoxes([])).toBeNull();
});
