/** Painting cells into a grid: plain values, one function a gesture. */
import type { CellFacts } from "../plans/contract";

export interface Brush {
  readonly target: string | null;
  readonly village: string | null;
  readonly cells: ReadonlySet<number>;
}

export const NO_BRUSH: Brush = { target: null, village: null, cells: new Set() };

export type Touch =
  | { readonly kind: "taken"; readonly brush: Brush }
  | { readonly kind: "same" }
  | { readonly kind: "other_village" }
  | { readonly kind: "no_grid" };

/** The first touch names the receiving grid; land in no grid cannot receive. */
export function aim(cell: CellFacts): Touch {
  if (!cell.grid_code) return { kind: "no_grid" };
  return {
    kind: "taken",
    brush: { target: cell.grid_code, village: cell.village_code, cells: new Set() },
  };
}

/** Drag over a cell: it is taken once; its own grid's cells and another village's are not. */
export function paint(brush: Brush, cell: CellFacts): Touch {
  if (!brush.target) return aim(cell);
  if (cell.grid_code === brush.target || brush.cells.has(cell.cell_id)) return { kind: "same" };
  // A grid belongs to one village; a brush over the border is a slip of the hand.
  if (cell.village_code !== brush.village) return { kind: "other_village" };
  return { kind: "taken", brush: { ...brush, cells: new Set(brush.cells).add(cell.cell_id) } };
}

/** Click a cell: as a drag, and a second click lets it go again. */
export function toggle(brush: Brush, cell: CellFacts): Touch {
  if (!brush.cells.has(cell.cell_id)) return paint(brush, cell);
  const cells = new Set(brush.cells);
  cells.delete(cell.cell_id);
  return { kind: "taken", brush: { ...brush, cells } };
}
