/** What a reader holds: notices by number, each once, whichever way and in whatever order they come. */
import type { Notice } from "./contract";

export const KEPT = 100;

export interface Shelf {
  /** The newest first. */
  readonly notices: readonly Notice[];
  readonly unseen: number;
}

export const EMPTY: Shelf = { notices: [], unseen: 0 };

/** The shelf with more notices on it, and which of them it did not hold before, the oldest first. */
export function put(shelf: Shelf, more: readonly Notice[]): { shelf: Shelf; added: readonly Notice[] } {
  const held = new Set(shelf.notices.map((notice) => notice.notice_id));
  const added = more.filter((notice, i) => !held.has(notice.notice_id) && more.findIndex((one) => one.notice_id === notice.notice_id) === i);
  if (added.length === 0) return { shelf, added };
  const notices = [...shelf.notices, ...added].sort((a, b) => b.notice_id - a.notice_id).slice(0, KEPT);
  const unseen = shelf.unseen + added.filter((notice) => notice.seen_at === null).length;
  return { shelf: { notices, unseen }, added: [...added].sort((a, b) => a.notice_id - b.notice_id) };
}

/** The shelf after everything up to a notice was seen; the server's count decides. */
export function seen(shelf: Shelf, upTo: number, unseen: number, at: string): Shelf {
  const notices = shelf.notices.map((notice) =>
    notice.seen_at === null && notice.notice_id <= upTo ? { ...notice, seen_at: at } : notice,
  );
  return { notices, unseen };
}
