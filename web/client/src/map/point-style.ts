/** Households, cameras and incidents on the map. */
import type { ExpressionSpecification as Expression, LayerSpecification as Layer } from "maplibre-gl";

import { PLAIN_FACE } from "./basics";
import type { Theme } from "./theme";

const FIRST_SINGLE_INCIDENT = 14;

const LEVEL_MARK: Readonly<Record<string, string>> = {
  severe: "01",
  major: "02",
  large: "03",
  ordinary: "04",
};

/** The theme's entry for an incident's level, whichever of its two names the level has. */
export function incidentStyle(theme: Theme, level: string): Theme["incidents"][string] {
  const found = theme.incidents[level] ?? theme.incidents[LEVEL_MARK[level] ?? "04"];
  if (!found) throw new Error(`the theme has no incident level ${level}`);
  return found;
}

function byLevel<T extends string | number>(
  theme: Theme,
  pick: (style: Theme["incidents"][string]) => T,
): Expression {
  const named = Object.keys(LEVEL_MARK).flatMap((level) => [level, pick(incidentStyle(theme, level))]);
  return [
    "match",
    ["get", "level"],
    ...named,
    pick(incidentStyle(theme, "ordinary")),
  ] as unknown as Expression;
}

export function pointLayers(theme: Theme): Layer[] {
  return [
    {
      id: "household-point",
      type: "symbol",
      source: "households",
      "source-layer": "households",
      minzoom: 15,
      metadata: { group: "households" },
      layout: {
        "icon-image": ["concat", "household-", ["get", "class"]],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
    },
    {
      id: "camera-point",
      type: "symbol",
      source: "cameras",
      "source-layer": "cameras",
      minzoom: 13,
      metadata: { group: "cameras" },
      layout: {
        "icon-image": ["concat", "camera-", ["get", "registry"]],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
      paint: {
        "icon-opacity": [
          "match",
          ["get", "status"],
          ["off", "fault"],
          theme.cameras["offline"]?.opacity ?? 0.5,
          1,
        ],
      },
    },
    {
      id: "incident-cluster",
      type: "circle",
      source: "incidents",
      "source-layer": "incidents",
      maxzoom: FIRST_SINGLE_INCIDENT,
      filter: ["has", "n"],
      metadata: { group: "incidents" },
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["sqrt", ["get", "n"]], 1, 4, 1.4, 8, 10, 18],
        "circle-color": theme.paper.panel,
        "circle-stroke-color": incidentStyle(theme, "severe").colour,
        "circle-stroke-width": 1.5,
      },
    },
    {
      id: "incident-cluster-n",
      type: "symbol",
      source: "incidents",
      "source-layer": "incidents",
      maxzoom: FIRST_SINGLE_INCIDENT,
      filter: ["has", "n"],
      metadata: { group: "incidents" },
      layout: {
        // Nothing to be seen, but as much room as the bubble takes: names keep out of it.
        "icon-image": "room-",
        "icon-allow-overlap": true,
        "icon-padding": ["interpolate", ["linear"], ["sqrt", ["get", "n"]], 1, 6, 1.4, 10, 10, 20],
        "text-field": ["case", [">", ["get", "n"], 1], ["to-string", ["get", "n"]], ""],
        "text-font": PLAIN_FACE,
        "text-size": 11,
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { "text-color": theme.paper.ink },
    },
    {
      id: "incident-point",
      type: "circle",
      source: "incidents",
      "source-layer": "incidents",
      filter: ["!", ["has", "n"]],
      metadata: { group: "incidents" },
      paint: {
        "circle-radius": byLevel(theme, (style) => style.size),
        "circle-color": byLevel(theme, (style) => style.colour),
        "circle-stroke-color": theme.paper.panel,
        "circle-stroke-width": 1.5,
      },
    },
    {
      id: "incident-mark",
      type: "symbol",
      source: "incidents",
      "source-layer": "incidents",
      filter: ["!", ["has", "n"]],
      metadata: { group: "incidents" },
      layout: {
        "text-field": byLevel(theme, (style) => style.mark),
        "text-font": PLAIN_FACE,
        "text-size": 10,
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { "text-color": theme.paper.panel },
    },
  ];
}
