/** A draft over the county: its cells, borders old and new, what is being drawn. */
import type {
  ExpressionFilterSpecification,
  LayerSpecification as Layer,
  LineLayerSpecification,
} from "maplibre-gl";

import { BOLD_FACE, PLAIN_FACE } from "./basics";
import type { Trace } from "./drawn";
import { data, type Overlay } from "./overlays";
import type { Theme } from "./theme";

/** Pastels that stay apart for red-green blindness; neighbours never share one. */
export const GRID_TINTS = ["#fbe3c0", "#cfe3f3", "#dcead0", "#ecd9ea", "#f6f0bf", "#d3e8e6"];

const CELL_MARK = ["to-string", ["feature-state", "mark"]] as const;

export function draftOverlay(theme: Theme): Overlay {
  const { draft, selection, hover, paper } = theme;
  const tint = GRID_TINTS.flatMap((colour, i) => [i, colour]);
  return {
    sources: {
      draft: data({ promoteId: "cell_id" }),
      "draft-borders": data(),
      preview: data(),
      nodes: data(),
      traces: data(),
      asides: data(),
      sketch: data(),
      snap: data(),
    },
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
        // Under lines and names: what would be is still called what it is called.
        id: "preview-fill",
        type: "fill",
        source: "preview",
        paint: { "fill-color": ["match", ["get", "tint"], ...tint, "#ffffff"] as never },
      },
      {
        id: "preview-line",
        type: "line",
        source: "preview",
        paint: { "line-color": draft.new.colour, "line-width": 1.2, "line-dasharray": [1, 1] },
      },
      {
        // Dashes and names of a whole township cost most of a frame, and nobody can read them there.
        id: "draft-cell-line",
        type: "line",
        source: "draft",
        minzoom: 12,
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
        minzoom: 11.6,
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
      ...handLayers(theme),
    ],
  };
}

/** What is in hand: borders before and after, drawings aside, the pen, where it was caught. */
function handLayers({ draft, selection, paper }: Theme): Layer[] {
  const role = (name: Trace): ExpressionFilterSpecification => ["==", ["get", "role"], name];
  const trace = (name: Trace, paint: NonNullable<LineLayerSpecification["paint"]>, source = "traces"): Layer => ({
    id: `trace-${name}`,
    type: "line",
    source,
    filter: role(name),
    layout: { "line-join": "round", "line-cap": "butt" },
    paint,
  });
  return [
    trace("near", { "line-color": selection.colour, "line-width": 5, "line-opacity": 0.45 }),
    trace("old", {
      "line-color": draft.old.colour,
      "line-width": draft.old.width,
      ...(draft.old.dash ? { "line-dasharray": [...draft.old.dash] } : {}),
    }),
    trace("new", { "line-color": draft.new.colour, "line-width": draft.new.width }),
    trace("waiting", { "line-color": draft.new.colour, "line-width": 3, "line-dasharray": [1, 1] }, "asides"),
    trace("kept", { "line-color": paper.ink, "line-width": 2, "line-dasharray": [4, 2] }, "asides"),
    {
      id: "node-point",
      type: "circle",
      source: "nodes",
      minzoom: 13.5,
      paint: {
        "circle-radius": 3.5,
        "circle-color": paper.panel,
        "circle-stroke-color": paper.ink,
        "circle-stroke-width": 1.5,
      },
    },
    {
      id: "sketch-fill",
      type: "fill",
      source: "sketch",
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "fill-color": draft.new.colour, "fill-opacity": 0.16 },
    },
    {
      id: "sketch-line",
      type: "line",
      source: "sketch",
      filter: ["!=", ["geometry-type"], "Point"],
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
      filter: ["==", ["geometry-type"], "Point"],
      paint: {
        "circle-radius": 4,
        "circle-color": paper.panel,
        "circle-stroke-color": draft.new.colour,
        "circle-stroke-width": 2,
      },
    },
    {
      id: "snap-mark",
      type: "circle",
      source: "snap",
      paint: {
        "circle-radius": ["case", ["==", ["get", "kind"], "node"], 9, 6],
        "circle-opacity": 0,
        "circle-stroke-color": selection.colour,
        "circle-stroke-width": 2.5,
      },
    },
  ];
}
