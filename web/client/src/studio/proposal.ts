/** A drawing that has become a step in waiting: looked at with its consequences, then taken or not. */
import type { LonLat } from "../contract";
import type { PlanChange, StepWish } from "../plans/contract";
import type { CellMap } from "./cells";
import type { Pair } from "./pairs";

export type Proposal =
  | { readonly tool: "split"; readonly grid: string; readonly line: readonly LonLat[] }
  | { readonly tool: "reshape"; readonly pairs: readonly Pair[]; readonly line: readonly LonLat[] }
  | { readonly tool: "nibble"; readonly grid: string; readonly ring: readonly LonLat[] }
  | { readonly tool: "draw"; readonly ring: readonly LonLat[] }
  | { readonly tool: "merge"; readonly from: string; readonly into: string };

/** What a person adds to a drawing: a name for what is new, the two grids that a line lies between. */
export interface Answers {
  readonly name: string;
  readonly a: string;
  readonly b: string;
}

/** The step that a drawing and its answers make; none while an answer is missing. */
export function wishOf(proposal: Proposal, { name, a, b }: Answers): StepWish | null {
  switch (proposal.tool) {
    case "split":
      return { tool: "split", grid_code: proposal.grid, line: proposal.line, ...(name ? { name } : {}) };
    case "reshape":
      return a && b && a !== b ? { tool: "reshape", grid_a: a, grid_b: b, line: proposal.line } : null;
    case "nibble":
      return { tool: "nibble", grid_code: proposal.grid, ring: proposal.ring };
    case "draw":
      return name ? { tool: "draw", ring: proposal.ring, name } : null;
    case "merge":
      return { tool: "merge", from: proposal.from, into: proposal.into };
  }
}

export interface Shift {
  readonly grid: string | null;
  readonly name: string | null;
  readonly before: number;
  readonly after: number;
}

/**
 * Households of the grids whose number a step changes, before and after; land in no grid is one of
 * them. Of villages that are not loaded nobody knows what was before: they are left out.
 */
export function shiftsOf(
  cells: CellMap,
  { changed, gone }: Omit<PlanChange, "plan" | "faults">,
  villages: ReadonlyMap<string, unknown>,
): Shift[] {
  const after = changed.features.filter((cell) => villages.has(cell.properties.village_code));
  const shifts = new Map<string | null, { name: string | null; before: number; after: number }>();
  const of = (grid: string | null, name: string | null) => {
    const known = shifts.get(grid) ?? { name, before: 0, after: 0 };
    shifts.set(grid, known);
    return known;
  };
  const replaced = new Set([...gone, ...after.map((cell) => cell.properties.cell_id)]);
  const touched = new Set<string | null>(after.map((cell) => cell.properties.grid_code));
  for (const id of replaced) {
    const cell = cells.get(id);
    if (cell) touched.add(cell.properties.grid_code);
  }
  for (const [id, { properties: cell }] of cells) {
    if (!touched.has(cell.grid_code)) continue;
    const shift = of(cell.grid_code, cell.grid_name);
    shift.before += cell.n_households;
    if (!replaced.has(id)) shift.after += cell.n_households;
  }
  for (const { properties: cell } of after) {
    of(cell.grid_code, cell.grid_name).after += cell.n_households;
  }
  return [...shifts]
    .map(([grid, shift]) => ({ grid, ...shift }))
    .filter((shift) => shift.before !== shift.after)
    .sort((a, b) => ((a.grid ?? "~") < (b.grid ?? "~") ? -1 : 1));
}
