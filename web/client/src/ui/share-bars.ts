import type { RivalShare } from "../contract";

export interface ShareBar {
  readonly key: string;
  readonly label: string;
  readonly share: number;
  /** Width of the bar in percent of its track; a share that is not nought can always be seen. */
  readonly width: number;
  readonly first: boolean;
}

/**
 * Bars of an accuracy circle's shares, the largest grid first, what lies outside every grid last;
 * equal shares keep the order of their codes.
 */
export function shareBars(rivals: readonly RivalShare[], outside: string): ShareBar[] {
  const ranked = [...rivals].sort(
    (a, b) =>
      Number(a.grid === null) - Number(b.grid === null) ||
      b.share - a.share ||
      ((a.grid ?? "") < (b.grid ?? "") ? -1 : 1),
  );
  return ranked.map((rival, rank) => ({
    key: rival.grid ?? "outside",
    label: rival.grid === null ? outside : (rival.name ?? rival.grid),
    share: rival.share,
    width: rival.share > 0 ? Math.max(2, Math.min(100, rival.share * 100)) : 0,
    first: rank === 0,
  }));
}
