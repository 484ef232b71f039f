import type { RivalShare } from "../contract";

export interface ShareBar {
  readonly key: string;
  readonly label: string;
  readonly share: number;
  /** Width of the bar in percent of its track; a share that is not nought can always be seen. */
  readonly width: number;
  readonly first: boolean;
}

/** Bars of an accuracy circle's shares, largest first; equal shares keep the order of their codes. */
export function shareBars(rivals: readonly RivalShare[], outside: string): ShareBar[] {
  const ranked = [...rivals].sort((a, b) => b.share - a.share || (a.grid < b.grid ? -1 : 1));
  const bars = ranked.map((rival, rank) => ({
    key: rival.grid,
    label: rival.name || rival.grid,
    share: rival.share,
    width: rival.share > 0 ? Math.max(2, Math.min(100, rival.share * 100)) : 0,
    first: rank === 0,
  }));
  const rest = 1 - rivals.reduce((sum, rival) => sum + rival.share, 0);
  // Shares are rounded on the way; only a real remainder lies outside every grid.
  if (rivals.length > 0 && rest > 0.005) {
    bars.push({ key: "", label: outside, share: rest, width: Math.max(2, rest * 100), first: false });
  }
  return bars;
}
