/** What is drawn over the county for a task: a pin with its accuracy, a draft, faults, a sketch. */
import type { LayerSpecification as Layer, SourceSpecification } from "maplibre-gl";

import { BOLD_FACE, PLAIN_FACE } from "./style";
import type { Theme } from "./theme";

export const NOTHING = { type: "FeatureCollection" as const, features: [] };

/** Pastels that stay apart for red-green blindness; neighbours never share one. */
export const GRID_TINTS = ["#fbe3c0", "#cfe3f3", "#dcead0", "#ecd9ea", "#f6f0bf", "#d3e8e6"];

export interface Overlay {
  readonly sources: Readonly<Record<string, SourceSpecification>>;
  readonly layers: readonly Layer[];
}

function data(extra: object = {}): SourceSpecification {
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

const CELL_MARK = ["to-string", ["feature-state", "mark"]] as const;

export function draftOverlay(theme: Theme): Overlay {
  const { draft, selection, hover, paper } = theme;
  const tint = GRID_TINTS.flatMap((colour, i) => [i, colour]);
  return {
    sources: { draft: data({ promoteId: "cell_id" }), "draft-borders": data(), sketch: data() },
    layers: [
      {
        id: "draft-fill",
        type: "fill",
        source: "draft",
        paint: {
          "fill-color": ["match", ["get", "tint"], ...tint, "#ffffff"] as never,
          "fill-antialias": false,
        },
      },
      {
        id: "draft-changed",
        type: "fill",
        source: "draft",
        filter: ["get", "changed"],
        paint: { "fill-pattern": "changed" },
      },
      {
        id: "draft-touch",
        type: "fill",
        source: "draft",
        paint: {
          "fill-color": [
            "match",
            CELL_MARK,
            "brush",
            draft.new.colour,
            "target",
            selection.colour,
            "from",
            draft.old.colour,
            hover.colour,
          ] as never,
          "fill-opacity": [
            "match",
            CELL_MARK,
            "brush",
            0.55,
            ["target", "from"],
            0.22,
            ["case", ["boolean", ["feature-state", "hover"], false], hover.fill_opacity, 0],
          ] as never,
        },
      },
      {
        id: "draft-cell-line",
        type: "line",
        source: "draft",
        paint: { "line-color": paper.muted, "line-width": 0.8, "line-dasharray": [2, 2] },
      },
      {
        // Borders in force, under the draft's: only what the draft takes away stays to be seen.
        id: "draft-old",
        type: "line",
        source: "units",
        "source-layer": "grid",
        filter: ["literal", false],
        paint: {
          "line-color": draft.old.colour,
          "line-width": draft.old.width,
          ...(draft.old.dash ? { "line-dasharray": [...draft.old.dash] } : {}),
        },
      },
      {
        id: "draft-border",
        type: "line",
        source: "draft-borders",
        filter: ["!=", ["geometry-type"], "Point"],
        layout: { "line-join": "round", "line-cap": "round" },
        paint: {
          "line-color": ["case", ["get", "changed"], draft.new.colour, paper.ink],
          "line-width": ["case", ["get", "changed"], draft.new.width, 1.8],
        },
      },
      {
        id: "draft-name",
        type: "symbol",
        source: "draft-borders",
        filter: ["==", ["get", "kind"], "grid"],
        layout: {
          "text-field": ["get", "name"],
          "text-font": BOLD_FACE,
          "text-size": ["interpolate", ["linear"], ["zoom"], 12, 11, 16, 14],
          "text-max-width": 7,
          "text-padding": 2,
        },
        paint: {
          "text-color": paper.ink,
          "text-halo-color": paper.background,
          "text-halo-width": 1.8,
        },
      },
      {
        id: "draft-cell-name",
        type: "symbol",
        source: "draft-borders",
        filter: ["==", ["get", "kind"], "cell"],
        minzoom: 14.5,
        layout: {
          "text-field": ["get", "name"],
          "text-font": PLAIN_FACE,
          "text-size": 11,
          "text-max-width": 7,
        },
        paint: {
          "text-color": paper.muted,
          "text-halo-color": paper.background,
          "text-halo-width": 1.4,
        },
      },
      {
        id: "sketch-line",
        type: "line",
        source: "sketch",
        paint: {
          "line-color": draft.new.colour,
          "line-width": draft.new.width,
          "line-dasharray": [2, 1],
        },
      },
      {
        id: "sketch-point",
        type: "circle",
        source: "sketch",
        paint: {
          "circle-radius": 4,
          "circle-color": paper.panel,
          "circle-stroke-color": draft.new.colour,
          "circle-stroke-width": 2,
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
