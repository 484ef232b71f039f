/** What is put on the map as GeoJSON: a pin, a draft, what is being drawn, one's own area. */
import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import type { Feature, FeatureCollection, LineString, Point, Polygon } from "geojson";

import type { LonLat } from "../contract";
import { NOTHING } from "./overlays";

/** A line of the work in hand: before, after, under the pointer, waiting to be sent, kept, proposed. */
export type Trace = "old" | "new" | "near" | "waiting" | "kept";

export interface Traced {
  readonly role: Trace;
  readonly line: readonly LonLat[];
}

export function pointAt(at: LonLat, properties: Record<string, unknown> = {}): Feature<Point> {
  return { type: "Feature", properties, geometry: { type: "Point", coordinates: [...at] } };
}

export function lineOf(line: readonly LonLat[], properties: Record<string, unknown> = {}): Feature<LineString> {
  return { type: "Feature", properties, geometry: { type: "LineString", coordinates: line.map((p) => [...p]) } };
}

function area(ring: readonly LonLat[], properties: Record<string, unknown> = {}): Feature<Polygon> {
  const [first] = ring;
  const closed = first ? [...ring, first] : ring;
  return { type: "Feature", properties, geometry: { type: "Polygon", coordinates: [closed.map((p) => [...p])] } };
}

export function all(features: readonly Feature[]): FeatureCollection {
  return { type: "FeatureCollection", features: [...features] };
}

function traced(traces: readonly Traced[]): FeatureCollection {
  return all(traces.filter(({ line }) => line.length > 1).map(({ role, line }) => lineOf(line, { role })));
}

export function drawnOn(map: MapLibreMap) {
  // Each new content of a source is a frame of the whole map: nothing in place of nothing is none.
  const filled = new Set<string>();
  let caught = "";

  function set(source: string, data: FeatureCollection): void {
    if (data.features.length) filled.add(source);
    else if (!filled.delete(source)) return;
    (map.getSource(source) as GeoJSONSource | undefined)?.setData(data);
  }

  return {
    /** A pin, and round it the circle in which the position may really lie. */
    setPin(at: LonLat | null, radius: readonly LonLat[] | null = null, stale = false): void {
      set("pin", at ? all([pointAt(at, { stale })]) : NOTHING);
      set("accuracy", radius ? all([area(radius, { stale })]) : NOTHING);
    },

    /** Draw a draft; `villages` are the codes whose borders in force it is held against. */
    setDraft(cells: FeatureCollection, borders: FeatureCollection, villages: readonly string[]): void {
      set("draft", cells);
      set("draft-borders", borders);
      if (map.getLayer("draft-old")) {
        map.setFilter("draft-old", ["in", ["slice", ["get", "code"], 0, 12], ["literal", [...villages]]]);
      }
    },

    showDraft(visible: boolean): void {
      for (const layer of map.getStyle().layers) {
        if (layer.id.startsWith("draft-")) {
          map.setLayoutProperty(layer.id, "visibility", visible ? "visible" : "none");
        }
      }
    },

    /** Cells as they would be, over the draft: while a border is dragged, or as a proposal. */
    setPreview(cells: FeatureCollection): void {
      set("preview", cells);
    },

    /** The ends of borders, which move with every border that meets there. */
    setNodes(nodes: readonly LonLat[]): void {
      set("nodes", all(nodes.map((at) => pointAt(at))));
    },

    /** The borders in hand: as they were, as they are now, the one under the pointer. */
    setTraces(traces: readonly Traced[]): void {
      set("traces", traced(traces));
    },

    /** Drawings that are not in the plan: they wait, or were refused and are kept. */
    setAsides(traces: readonly Traced[]): void {
      set("asides", traced(traces));
    },

    /** What the pen has drawn; `ahead` is where the next vertex would be, `ring` closes it. */
    setSketch(line: readonly LonLat[], ahead: LonLat | null = null, ring = false): void {
      const whole = ahead && line.length ? [...line, ahead] : line;
      set(
        "sketch",
        all([
          ...(ring && whole.length > 2 ? [area(whole)] : []),
          ...(whole.length > 1 ? [lineOf(whole)] : []),
          ...line.map((at) => pointAt(at)),
        ]),
      );
    },

    /** Where the pointer has been caught: by a node, or by an edge. */
    setSnap(at: LonLat | null, kind: "node" | "edge" = "node"): void {
      const mark = at ? `${at.join()} ${kind}` : "";
      if (mark === caught) return;
      caught = mark;
      set("snap", at ? all([pointAt(at, { kind })]) : NOTHING);
    },

    setPlaces(places: readonly LonLat[]): void {
      set("places", all(places.map((at) => pointAt(at))));
    },

    setFaults(faults: FeatureCollection): void {
      set("faults", faults);
    },

    /** Grids that differ between two publications, each with its `side`: "before" or "after". */
    setChanges(grids: FeatureCollection): void {
      set("changes", grids);
    },

    /** Circles round clusters, and above each what it is called. */
    setClusters(
      clusters: readonly { at: LonLat; ring: readonly LonLat[]; top: LonLat; label: string; isNew: boolean }[],
    ): void {
      set("clusters", all(clusters.map((one) => area(one.ring, { is_new: one.isNew }))));
      set("cluster-name", all(clusters.map((one) => pointAt(one.top, { label: one.label }))));
    },

    setMine(own: FeatureCollection, around: FeatureCollection, names: FeatureCollection): void {
      set("mine", own);
      set("around", around);
      set("around-name", names);
    },
  };
}
