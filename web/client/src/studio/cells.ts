/** The draft's cells as plain values: applying an answer, totals, borders between grids, tints. */
import type { Feature, FeatureCollection, Point, Position } from "geojson";

import type { Bbox } from "../boot";
import { interior } from "../map/interior";
import type { Cell, Cells } from "../plans/contract";

export type CellMap = ReadonlyMap<number, Cell>;

export function toMap(cells: Cells): Map<number, Cell> {
  return new Map(cells.features.map((cell) => [cell.properties.cell_id, cell]));
}

/** The cells after a step: what changed is replaced, what is gone goes, the rest is untouched. */
export function applyChange(cells: CellMap, changed: Cells, gone: readonly number[]): Map<number, Cell> {
  const after = new Map(cells);
  for (const id of gone) after.delete(id);
  for (const cell of changed.features) after.set(cell.properties.cell_id, cell);
  return after;
}

export interface GridTotal {
  readonly code: string;
  readonly name: string;
  readonly village: string;
  readonly n_cells: number;
  readonly n_households: number;
}

/** Totals of the grids that the loaded cells belong to, by code; land in no grid is left out. */
export function gridTotals(cells: CellMap): Map<string, GridTotal> {
  const totals = new Map<string, GridTotal>();
  for (const { properties: cell } of cells.values()) {
    if (!cell.grid_code) continue;
    const sofar = totals.get(cell.grid_code);
    totals.set(cell.grid_code, {
      code: cell.grid_code,
      name: cell.grid_name ?? cell.grid_code,
      village: cell.village_code,
      n_cells: (sofar?.n_cells ?? 0) + 1,
      n_households: (sofar?.n_households ?? 0) + cell.n_households,
    });
  }
  return new Map([...totals].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function rings(cell: Cell): readonly Position[][] {
  return cell.geometry.type === "Polygon"
    ? cell.geometry.coordinates
    : cell.geometry.coordinates.flat();
}

export interface Edge {
  readonly from: Position;
  readonly to: Position;
  readonly cells: number[];
}

/**
 * Every edge of the cells once, with the one or two cells that share it. The coverage is noded on
 * a lattice, so two cells that touch write the very same vertices: no tolerance is needed.
 */
function edges(cells: CellMap): Map<string, Edge> {
  const found = new Map<string, Edge>();
  for (const [id, cell] of cells) {
    for (const ring of rings(cell)) {
      for (let i = 0; i + 1 < ring.length; i++) {
        const [from, to] = [ring[i], ring[i + 1]];
        if (!from || !to) continue;
        const [a, b] = [from.join(), to.join()];
        const key = a < b ? `${a} ${b}` : `${b} ${a}`;
        const known = found.get(key);
        if (known) known.cells.push(id);
        else found.set(key, { from, to, cells: [id] });
      }
    }
  }
  return found;
}

export function edgesOf(cells: CellMap): Iterable<Edge> {
  return edges(cells).values();
}

/** Which grids touch which, of the loaded ones. */
export function gridNeighbours(cells: CellMap): Map<string, Set<string>> {
  const near = new Map<string, Set<string>>();
  const add = (a: string, b: string): void => {
    const set = near.get(a) ?? new Set<string>();
    near.set(a, set.add(b));
  };
  for (const edge of edges(cells).values()) {
    const [a, b] = edge.cells.map((id) => cells.get(id)?.properties.grid_code ?? "");
    if (a && b && a !== b) {
      add(a, b);
      add(b, a);
    }
  }
  return near;
}

/** A tint for each grid, so that neighbours differ; a grid keeps the tint it had while it can. */
export function tints(
  cells: CellMap,
  before: ReadonlyMap<string, number>,
  n: number,
): Map<string, number> {
  const near = gridNeighbours(cells);
  const given = new Map<string, number>();
  const codes = [...gridTotals(cells).keys()];
  const free = (code: string): Set<number> => {
    const taken = new Set<number>();
    for (const other of near.get(code) ?? []) {
      const tint = given.get(other);
      if (tint !== undefined) taken.add(tint);
    }
    return taken;
  };
  const old = codes.filter((code) => before.has(code));
  for (const code of [...old, ...codes.filter((code) => !before.has(code))]) {
    const taken = free(code);
    const kept = before.get(code);
    const tint =
      kept !== undefined && !taken.has(kept)
        ? kept
        : (Array.from({ length: n }, (_, i) => i).find((i) => !taken.has(i)) ?? 0);
    given.set(code, tint);
  }
  return given;
}

/** The lines between grids, apart for those at changed cells, and the points of their names. */
export function drawing(cells: CellMap): FeatureCollection {
  const lines: Record<"kept" | "changed", Position[][]> = { kept: [], changed: [] };
  for (const edge of edges(cells).values()) {
    const sides = edge.cells.map((id) => cells.get(id)?.properties);
    const border = sides.length === 1 || sides[0]?.grid_code !== sides[1]?.grid_code;
    if (!border) continue;
    const changed = sides.length === 2 && sides.some((cell) => cell?.changed);
    lines[changed ? "changed" : "kept"].push([edge.from, edge.to]);
  }
  const drawn: FeatureCollection["features"] = (["kept", "changed"] as const)
    .filter((kind) => lines[kind].length > 0)
    .map((kind) => ({
      type: "Feature",
      properties: { changed: kind === "changed" },
      geometry: { type: "MultiLineString", coordinates: lines[kind] },
    }));
  return { type: "FeatureCollection", features: [...drawn, ...names(cells)] };
}

function names(cells: CellMap): Feature<Point>[] {
  const named = new Map<string, Cell>();
  const points: Feature<Point>[] = [];
  const point = (cell: Cell, kind: string, name: string): void => {
    const at = interior(cell.geometry);
    if (!at) return;
    points.push({
      type: "Feature",
      properties: { kind, name, changed: false },
      geometry: { type: "Point", coordinates: [...at] },
    });
  };
  for (const cell of cells.values()) {
    const { grid_code: grid, subgroup_name: subgroup, n_households: n } = cell.properties;
    point(cell, "cell", subgroup ? `${subgroup} ${n}` : String(n));
    if (!grid) continue;
    // A grid's name stands in its largest cell: by vertices, which is near enough for a name.
    const known = named.get(grid);
    if (!known || size(cell) > size(known)) named.set(grid, cell);
  }
  for (const cell of named.values()) point(cell, "grid", cell.properties.grid_name ?? "");
  return points;
}

/** The box round a cell. */
export function boxOf(cell: Cell): Bbox {
  const points = rings(cell).flat();
  const xs = points.map((p) => p[0] ?? 0);
  const ys = points.map((p) => p[1] ?? 0);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function size(cell: Cell): number {
  const [west, south, east, north] = boxOf(cell);
  return (east - west) * (north - south);
}

/** The cells as the map draws them: the tint of their grid goes with each. */
export function tinted(cells: CellMap, tint: ReadonlyMap<string, number>): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: [...cells.values()].map((cell) => ({
      ...cell,
      properties: { ...cell.properties, tint: tint.get(cell.properties.grid_code ?? "") ?? -1 },
    })),
  };
}
