/** Cells that this plan and a later publication both changed, by groups that are decided together. */
import type { Cell, Conflict } from "../plans/contract";

export type Keep = "mine" | "theirs";
export type Side = "base" | Keep;
export const SIDES: readonly Side[] = ["base", "theirs", "mine"];

export interface Group {
  readonly group: number;
  readonly conflicts: readonly Conflict[];
  readonly names: readonly string[];
  readonly by: Conflict["by"];
  readonly at: Conflict["at"];
}

export function groups(conflicts: readonly Conflict[]): Group[] {
  const found = new Map<number, Conflict[]>();
  for (const one of conflicts) found.set(one.group, [...(found.get(one.group) ?? []), one]);
  return [...found]
    .sort(([a], [b]) => a - b)
    .flatMap(([group, own]) => {
      const [first] = own;
      if (!first) return [];
      const names = [...new Set(own.map((one) => one.name ?? one.unit ?? String(one.cell_id)))];
      return [{ group, conflicts: own, names, by: first.by, at: own.find((one) => one.at)?.at ?? null }];
    });
}

export function cellsOf(group: Group, side: Side): Cell[] {
  return group.conflicts.map((one) => one[side]).filter((cell) => cell !== null);
}

/** What a side gives each grid: cells and households, for the table under its picture. */
export function factsOfSide(group: Group, side: Side): { grid: string | null; name: string | null; cells: number; households: number }[] {
  const found = new Map<string | null, { name: string | null; cells: number; households: number }>();
  for (const { properties: cell } of cellsOf(group, side)) {
    const known = found.get(cell.grid_code) ?? { name: cell.grid_name, cells: 0, households: 0 };
    found.set(cell.grid_code, { ...known, cells: known.cells + 1, households: known.households + cell.n_households });
  }
  return [...found].map(([grid, facts]) => ({ grid, ...facts }));
}

export function choicesOf(
  all: readonly Group[],
  kept: ReadonlyMap<number, Keep>,
): { cell_id: number; keep: Keep }[] {
  return all.flatMap((group) => {
    const keep = kept.get(group.group);
    return keep ? group.conflicts.map((one) => ({ cell_id: one.cell_id, keep })) : [];
  });
}
