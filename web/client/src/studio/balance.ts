import type { Impact } from "../plans/contract";
import type { GridTotal } from "./cells";

export interface BalanceRow {
  readonly code: string;
  readonly name: string;
  readonly before: number | null;
  readonly after: number;
  readonly change: number | null;
  /** Width of the bar against the largest grid, in percent. */
  readonly width: number;
}

/**
 * Households per grid before and after. The draft's own cells say what is; the impact says what
 * was, for the grids it names; a grid that the impact does not name has not changed.
 */
export function balance(
  totals: ReadonlyMap<string, GridTotal>,
  impact: Impact | null,
): BalanceRow[] {
  const known = new Map(impact?.balance.map((row) => [row.grid_code, row]));
  const largest = Math.max(1, ...[...totals.values()].map((grid) => grid.n_households));
  const rows = [...totals.values()].map((grid) => {
    const named = known.get(grid.code);
    known.delete(grid.code);
    const before = named ? named.before : grid.n_households;
    const after = named ? named.after : grid.n_households;
    return row(grid.code, named?.name ?? grid.name, before, after, largest);
  });
  // A grid that was merged away has no cells left, and still lost its households.
  for (const gone of known.values()) {
    rows.push(row(gone.grid_code, gone.name, gone.before, gone.after, largest));
  }
  return rows.sort(
    (a, b) => Math.abs(b.change ?? 0) - Math.abs(a.change ?? 0) || (a.code < b.code ? -1 : 1),
  );
}

function row(code: string, name: string, before: number, after: number, largest: number): BalanceRow {
  return { code, name, before, after, change: after - before, width: (after / largest) * 100 };
}

/** How far the largest grid is from the mean; 1 is perfectly even. None without households. */
export function spread(rows: readonly BalanceRow[]): number | null {
  const counts = rows.map((r) => r.after).filter((n) => n > 0);
  const sum = counts.reduce((a, b) => a + b, 0);
  return sum > 0 ? (Math.max(...counts) * counts.length) / sum : null;
}
