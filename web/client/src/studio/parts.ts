/** The parts that a grid lies in, and whom each borders: so that an orphan can be handed over. */
import { areaM2, metresBetween } from "./measure";
import type { LonLat } from "../contract";
import { interior } from "../map/interior";
import type { Piece } from "../plans/contract";
import { edgesOf, type CellMap } from "./cells";

/** Parts of a grid, the largest first; cells are of one part when they share an edge. */
export function partsOf(cells: CellMap, grid: string): Piece[] {
  const own = [...cells].filter(([, cell]) => cell.properties.grid_code === grid).map(([id]) => id);
  const leader = new Map(own.map((id) => [id, id]));
  const find = (id: number): number => {
    const above = leader.get(id) ?? id;
    return above === id ? id : find(above);
  };
  const borders = new Map<number, Map<string, number>>();
  for (const { from, to, cells: sides } of edgesOf(cells)) {
    const mine = sides.filter((id) => leader.has(id));
    const [a, b] = mine;
    if (a !== undefined && b !== undefined) leader.set(find(a), find(b));
    const other = sides.map((id) => cells.get(id)?.properties).find((cell) => cell?.grid_code && cell.grid_code !== grid);
    if (a === undefined || b !== undefined || !other?.grid_code) continue;
    const near = borders.get(a) ?? new Map<string, number>();
    const metres = metresBetween([from[0] ?? 0, from[1] ?? 0], [to[0] ?? 0, to[1] ?? 0]);
    borders.set(a, near.set(other.grid_code, (near.get(other.grid_code) ?? 0) + metres));
  }
  const parts = new Map<number, number[]>();
  for (const id of own) parts.set(find(id), [...(parts.get(find(id)) ?? []), id]);
  return [...parts.values()]
    .map((ids) => {
      const near = new Map<string, number>();
      for (const id of ids) {
        for (const [code, metres] of borders.get(id) ?? []) near.set(code, (near.get(code) ?? 0) + metres);
      }
      const village = cells.get(ids[0] ?? -1)?.properties.village_code;
      return {
        area_m2: ids.reduce((sum, id) => sum + sizeOf(cells, id), 0),
        at: placeIn(cells, ids),
        cell_ids: ids,
        neighbours: [...near]
          // A grid stays inside its village.
          .filter(([code]) => code.slice(0, 12) === village)
          .map(([code, border_m]) => ({ grid: code, border_m }))
          .sort((a, b) => b.border_m - a.border_m),
      };
    })
    .sort((a, b) => b.area_m2 - a.area_m2);
}

function sizeOf(cells: CellMap, id: number): number {
  const cell = cells.get(id);
  if (!cell) return 0;
  if (cell.properties.area_m2 !== undefined) return cell.properties.area_m2;
  const ring = cell.geometry.type === "Polygon" ? cell.geometry.coordinates[0] : cell.geometry.coordinates[0]?.[0];
  return areaM2((ring ?? []).slice(1).map(([lon = 0, lat = 0]) => [lon, lat] as const));
}

function placeIn(cells: CellMap, ids: readonly number[]): LonLat {
  const largest = [...ids].sort((a, b) => sizeOf(cells, b) - sizeOf(cells, a))[0];
  const cell = largest === undefined ? undefined : cells.get(largest);
  return (cell && interior(cell.geometry)) ?? [0, 0];
}
