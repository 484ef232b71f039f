/** A picked border as a line whose vertices are dragged, inserted and deleted, by terra-draw. */
import type { Map as MapLibreMap } from "maplibre-gl";
import { TerraDraw, TerraDrawLineStringMode, TerraDrawSelectMode } from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";

import type { LonLat } from "../contract";

// Seven decimals are the lattice; a longer fraction would be refused as excessive precision.
const DECIMALS = 7;
const MODE = "linestring";
// How near to a handle a hand has to come: targets of 24 pixels.
const REACH_PX = 12;

export interface BorderOptions {
  readonly line: readonly LonLat[];
  readonly colour: `#${string}`;
  /** Where a dragged vertex is caught; none leaves it under the pointer. */
  readonly snap: (at: LonLat, index: number) => LonLat | null;
  /** Whether a line may be as it now is: a locked end has to stay. */
  readonly allowed: (line: readonly LonLat[]) => boolean;
  readonly onChange: (line: LonLat[]) => void;
  /** The hand let go. A vertex that was only inserted has changed nothing yet. */
  readonly onDone: (line: LonLat[], how: "drag" | "insert" | "delete") => void;
}

export interface Border {
  /** Draw the line as somebody else has it: after a refusal, or moved by keys. */
  set(line: readonly LonLat[]): void;
  stop(): void;
}

function toLine(coordinates: readonly (readonly number[])[]): LonLat[] {
  return coordinates.map(([lon = 0, lat = 0]) => [lon, lat] as const);
}

export function editBorder(map: MapLibreMap, options: BorderOptions): Border {
  const { colour } = options;
  const draw = new TerraDraw({
    adapter: new TerraDrawMapLibreGLAdapter({ map, coordinatePrecision: DECIMALS, prefixId: "border" }),
    modes: [
      new TerraDrawLineStringMode(),
      new TerraDrawSelectMode({
        keyEvents: null,
        allowManualSelection: false,
        allowManualDeselection: false,
        pointerDistance: REACH_PX,
        // The library leaves out every nth event of a drag: none shall be left out.
        dragEventThrottle: Infinity,
        flags: {
          [MODE]: {
            feature: {
              validation: (feature) => ({
                valid: feature.geometry.type === "LineString" && options.allowed(toLine(feature.geometry.coordinates)),
              }),
              selfIntersectable: true,
              coordinates: {
                draggable: true,
                midpoints: { draggable: true },
                deletable: true,
                snappable: {
                  toCustom: (event, context) => {
                    const caught = options.snap([event.lng, event.lat], context.currentCoordinate ?? -1);
                    return caught ? [...caught] : undefined;
                  },
                },
              },
            },
          },
        },
        styles: {
          selectedLineStringColor: colour,
          selectedLineStringWidth: 3.5,
          selectionPointColor: "#ffffff",
          selectionPointOutlineColor: colour,
          selectionPointOutlineWidth: 2,
          selectionPointWidth: 6,
          midPointColor: colour,
          midPointOutlineColor: "#ffffff",
          midPointOutlineWidth: 1,
          midPointWidth: 4,
        },
      }),
    ],
  });
  let quiet = false;
  let id: string | number | undefined;

  function current(): LonLat[] | null {
    const found = id === undefined ? undefined : draw.getSnapshotFeature(id);
    return found?.geometry.type === "LineString" ? toLine(found.geometry.coordinates) : null;
  }

  draw.start();
  const [added] = draw.addFeatures([
    {
      type: "Feature",
      properties: { mode: MODE },
      geometry: { type: "LineString", coordinates: options.line.map((p) => [...p]) },
    },
  ]);
  if (!added?.valid || added.id === undefined) throw new Error(`the border cannot be edited: ${added?.reason ?? ""}`);
  id = added.id;
  draw.setMode("select");
  draw.selectFeature(id);

  draw.on("change", (ids) => {
    if (quiet || id === undefined || !ids.includes(id)) return;
    const line = current();
    if (line) options.onChange(line);
  });
  draw.on("finish", (_, { action }) => {
    const line = current();
    if (!line) return;
    if (action === "dragCoordinate") options.onDone(line, "drag");
    else if (action === "insertMidpoint") options.onDone(line, "insert");
    else if (action === "deleteCoordinate") options.onDone(line, "delete");
  });

  return {
    set(line) {
      if (id === undefined) return;
      quiet = true;
      draw.updateFeatureGeometry(id, { type: "LineString", coordinates: line.map((p) => [...p]) });
      quiet = false;
    },
    stop() {
      id = undefined;
      draw.stop();
    },
  };
}
