/** What the server says of notices, by the stream and by asking. */

export interface Notice {
  readonly notice_id: number;
  readonly kind: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly at: string;
  readonly seen_at: string | null;
}

export interface NoticePage {
  readonly notices: readonly Notice[];
  readonly cursor: string;
  readonly unseen: number;
  /** Ask again at once: this was a page of many. */
  readonly more: boolean;
  /** These are the latest, not what is new: the cursor was of another database. */
  readonly fresh: boolean;
}

/** Something of the desk's changed; without an id, any of them may have. */
export interface Changed {
  readonly what: string;
  readonly id: string | null;
}
