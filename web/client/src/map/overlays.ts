/** What is drawn over the county for a task: a pin with its accuracy, faults, one's own area. */
import type { LayerSpecification as Layer, SourceSpecification } from "maplibre-gl";

import { BOLD_FACE, PLAIN_FACE } from "./basics";
import type { Theme } from "./theme";

export const NOTHING = { type: "FeatureCollection" as const, features: [] };

export interface Overlay {
  readonly sources: Readonly<Record<string, SourceSpecification>>;
  readonly layers: readonly Layer[];
}

export function data(extra: object = {}): SourceSpecification {
  // Tolerance 0: an edited border is drawn where it is, not where simplification puts it.
  return { type: "geojson", data: NOTHING, tolerance: 0, ...extra } as SourceSpecification;
}

export function pinOverlay(theme: Theme): Overlay {
  const { accent, panel } = theme.paper;
  return {
    sources: { accuracy: data(), pin: data() },
    layers: [
      {
        id: "accuracy-fill",
        type: "fill",
        source: "accuracy",
        paint: {
          "fill-color": ["case", ["get", "stale"], "#8a8f94", accent],
          "fill-opacity": 0.14,
        },
      },
      {
        id: "accuracy-line",
        type: "line",
        source: "accuracy",
        paint: {
          "line-color": ["case", ["get", "stale"], "#6b7177", accent],
          "line-width": 1.5,
          "line-dasharray": [3, 2],
        },
      },
      {
        id: "pin-rim",
        type: "circle",
        source: "pin",
        paint: { "circle-radius": 9, "circle-color": panel, "circle-opacity": 0.95 },
      },
      {
        id: "pin-point",
        type: "circle",
        source: "pin",
        paint: {
          "circle-radius": 6,
          "circle-color": ["case", ["get", "stale"], "#6b7177", "#b53823"],
        },
      },
    ],
  };
}

export function faultOverlay(theme: Theme): Overlay {
  return {
    sources: { faults: data() },
    layers: [
      {
        id: "fault-point",
        type: "circle",
        source: "faults",
        paint: {
          "circle-radius": 10,
          "circle-color": theme.paper.panel,
          "circle-stroke-color": ["get", "colour"],
          "circle-stroke-width": 3,
        },
      },
      {
        id: "fault-mark",
        type: "symbol",
        source: "faults",
        layout: {
          "text-field": ["get", "mark"],
          "text-font": BOLD_FACE,
          "text-size": 12,
          "text-allow-overlap": true,
          "text-ignore-placement": true,
        },
        paint: { "text-color": ["get", "colour"] },
      },
    ],
  };
}

/** Positions of a file that is being looked at: small, so that five hundred show where they lie. */
export function placesOverlay(theme: Theme): Overlay {
  return {
    sources: { places: data() },
    layers: [
      {
        id: "places-point",
        type: "circle",
        source: "places",
        paint: {
          "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 2, 16, 6],
          "circle-color": "#b53823",
          "circle-stroke-color": theme.paper.panel,
          "circle-stroke-width": 1,
        },
      },
    ],
  };
}

/** Borders of two publications held against each other: dashed as they were, whole as they are. */
export function changesOverlay(theme: Theme): Overlay {
  const { draft, paper } = theme;
  const side = (name: "before" | "after"): ["==", ["get", string], string] => ["==", ["get", "side"], name];
  return {
    sources: { changes: data() },
    layers: [
      {
        id: "changes-fill",
        type: "fill",
        source: "changes",
        paint: {
          "fill-color": ["case", side("before"), draft.old.colour, draft.new.colour],
          "fill-opacity": ["case", ["boolean", ["get", "chosen"], false], 0.22, 0.07],
        },
      },
      {
        id: "changes-halo",
        type: "line",
        source: "changes",
        layout: { "line-join": "round" },
        paint: { "line-color": paper.background, "line-width": 5, "line-opacity": 0.8 },
      },
      {
        id: "changes-after",
        type: "line",
        source: "changes",
        filter: side("after"),
        layout: { "line-join": "round" },
        paint: { "line-color": draft.new.colour, "line-width": 2.6 },
      },
      {
        id: "changes-before",
        type: "line",
        source: "changes",
        filter: side("before"),
        layout: { "line-join": "round" },
        paint: { "line-color": draft.old.colour, "line-width": 2.4, "line-dasharray": [2.4, 1.6] },
      },
    ],
  };
}

export function mineOverlay(theme: Theme): Overlay {
  const { accent, background, ink } = theme.paper;
  return {
    sources: { mine: data(), around: data(), "around-name": data() },
    layers: [
      {
        id: "around-fill",
        type: "fill",
        source: "around",
        paint: { "fill-color": "#ffffff", "fill-opacity": 0.55 },
      },
      {
        id: "around-line",
        type: "line",
        source: "around",
        paint: { "line-color": theme.units.grid.colour, "line-width": 1.4 },
      },
      {
        id: "mine-fill",
        type: "fill",
        source: "mine",
        filter: ["get", "grid"],
        paint: { "fill-color": theme.selection.halo, "fill-opacity": 0.24 },
      },
      {
        id: "mine-inner",
        type: "line",
        source: "mine",
        filter: ["!", ["get", "grid"]],
        paint: {
          "line-color": theme.units.subgroup.colour,
          "line-width": 1,
          "line-dasharray": [2, 2],
        },
      },
      {
        id: "mine-halo",
        type: "line",
        source: "mine",
        filter: ["get", "grid"],
        layout: { "line-join": "round" },
        paint: { "line-color": background, "line-width": 7 },
      },
      {
        id: "mine-line",
        type: "line",
        source: "mine",
        filter: ["get", "grid"],
        layout: { "line-join": "round" },
        paint: { "line-color": accent, "line-width": 3.2 },
      },
      {
        id: "around-name",
        type: "symbol",
        source: "around-name",
        layout: {
          "text-field": [
            "format",
            ["get", "name"],
            {},
            "\n",
            {},
            ["coalesce", ["get", "worker"], ""],
            { "font-scale": 0.88 },
          ],
          "text-font": PLAIN_FACE,
          "text-size": ["case", ["get", "own"], 14, 12],
          "text-max-width": 8,
        },
        paint: {
          "text-color": ["case", ["get", "own"], accent, ink],
          "text-halo-color": background,
          "text-halo-width": 1.8,
        },
      },
    ],
  };
}
