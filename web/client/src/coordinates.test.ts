import { describe, expect, it } from "vitest";

import { readCoordinates, readMetres } from "./coordinates";

describe("written coordinates", () => {
  it.each(["99.6054, 24.8279", "99.6054，24.8279", "99.6054 24.8279", " 99.6054;24.8279 "])("%s", (text) => {
    expect(readCoordinates(text)).toEqual([99.6054, 24.8279]);
  });

  it("are turned round where latitude stands first", () => {
    expect(readCoordinates("24.8279, 99.6054")).toEqual([99.6054, 24.8279]);
  });

  it.each(["", "99.6", "99.6, x", "1,2,3", "200, 24", "NaN, 24"])("refuse %j", (text) => {
    expect(readCoordinates(text)).toBeNull();
  });
});

it("metres may carry their unit", () => {
  expect(readMetres("30")).toBe(30);
  expect(readMetres("30 米")).toBe(30);
  expect(readMetres("12.5m")).toBe(12.5);
  expect(readMetres("")).toBeNull();
  expect(readMetres("far")).toBeNaN();
  expect(readMetres("-3")).toBeNaN();
});
