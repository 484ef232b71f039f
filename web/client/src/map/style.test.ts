import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { draftOverlay } from "./draft-style";
import { faultOverlay, mineOverlay, pinOverlay } from "./overlays";
import { incidentStyle } from "./point-style";
import { countyStyle } from "./style";
import type { Theme } from "./theme";

const root = new URL("../../../../", import.meta.url);
const theme = JSON.parse(readFileSync(new URL("layers/theme.json", root), "utf8")) as Theme;
const style = countyStyle(theme, {
  publication: 7,
  origin: "http://here",
  points: ["households", "cameras", "incidents"],
});

describe("the style", () => {
  it("asks nobody but us, and for no fonts and sprites", () => {
    expect(style.glyphs).toBeUndefined();
    expect(style.sprite).toBeUndefined();
    const addresses = JSON.stringify(style.sources).match(/https?:[^"]+/g) ?? [];
    expect(addresses.length).toBe(4);
    expect(addresses.every((url) => url.startsWith("http://here/tiles/7/"))).toBe(true);
  });

  it("has no layer twice and none without its source", () => {
    const overlays = [pinOverlay, draftOverlay, faultOverlay, mineOverlay].map((make) => make(theme));
    const layers = [...style.layers, ...overlays.flatMap((overlay) => overlay.layers)];
    const sources = new Set([...Object.keys(style.sources), ...overlays.flatMap((o) => Object.keys(o.sources))]);
    expect(new Set(layers.map((layer) => layer.id)).size).toBe(layers.length);
    expect(layers.filter((layer) => "source" in layer && !sources.has(layer.source as string))).toEqual([]);
  });

  it("is bare paper before the first publication", () => {
    expect(countyStyle(theme, { publication: null, origin: "", points: [] }).layers).toHaveLength(1);
  });

  it("draws points only for those who may see them", () => {
    const bare = countyStyle(theme, { publication: 7, origin: "", points: [] });
    expect(Object.keys(bare.sources)).toEqual(["units"]);
    expect(bare.layers.some((layer) => layer.id.startsWith("household"))).toBe(false);
  });

  it("dots what is low, so that it is told from what is high without its colour", () => {
    const dotted = [...theme.ratio.classes, ...theme.gi.classes].filter(({ dots }) => dots);
    expect(dotted.map(({ key }) => key)).toEqual(["r0", "r1", "gi-3", "gi-2", "gi-1"]);
    for (const { key, dots } of dotted) {
      const layer = style.layers.find(({ id }) => id === `hotspot-dots-${dots}`);
      expect(JSON.stringify(layer?.paint)).toContain(`"${key}"`);
    }
  });

  it("gives events their place before any name", () => {
    const at = (id: string): number => style.layers.findIndex((layer) => layer.id === id);
    expect(at("incident-cluster-n")).toBeGreaterThan(at("township-name"));
  });

  it("keeps edited borders where they are", () => {
    expect(draftOverlay(theme).sources["draft"]).toMatchObject({ tolerance: 0, promoteId: "cell_id" });
  });

  it("knows an incident's level by either of its names", () => {
    expect(incidentStyle(theme, "severe")).toBe(theme.incidents["01"]);
    expect(incidentStyle(theme, "04")).toBe(theme.incidents["04"]);
    expect(incidentStyle(theme, "unheard of")).toBe(theme.incidents["04"]);
  });
});

describe("the screens' colours", () => {
  const tokens = readFileSync(new URL("../ui/tokens.css", import.meta.url), "utf8");
  const token = (name: string): string => new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(tokens)?.[1] ?? "";

  function contrast(a: string, b: string): number {
    const light = (hex: string): number => {
      const [r = 0, g = 0, blue = 0] = [1, 3, 5]
        .map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
        .map((c) => (c <= 0.040_45 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * blue;
    };
    const [x, y] = [light(a), light(b)].sort((m, n) => n - m) as [number, number];
    return (x + 0.05) / (y + 0.05);
  }

  it("agree with the map's", () => {
    expect(token("ink")).toBe(theme.paper.ink);
    expect(token("ink-3")).toBe(theme.paper.muted);
    expect(token("brand")).toBe(theme.paper.accent);
  });

  it.each([
    ["ink", "paper"],
    ["ink-2", "paper"],
    ["ink-3", "paper"],
    ["ink-3", "brand-soft"],
    ["ink-on-dark-2", "bar-2"],
    ["brand", "brand-soft"],
    ["amber", "amber-soft"],
    ["cinnabar-strong", "cinnabar-soft"],
    ["steady", "steady-soft"],
  ])("%s on %s can be read (4.5 : 1)", (text, ground) => {
    expect(contrast(token(text), token(ground))).toBeGreaterThanOrEqual(4.5);
  });
});
