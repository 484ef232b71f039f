/**
 * The notices of whoever is signed in: kept up to date by one stream a browser, and by asking
 * every half minute where there is none. Screens call `onNotice` and `onChanged`; the first one
 * that does starts it, the last one that leaves ends it.
 */
import { shallowReactive } from "vue";

import { get, post } from "../api";
import { asProblem } from "../problem";
import type { Changed, Notice, NoticePage } from "./contract";
import { lead } from "./leader";
import { isTimeToAsk, ownPatience } from "./pace";
import { EMPTY, put, seen, type Shelf } from "./shelf";
import { openStream } from "./stream";

interface State {
  shelf: Shelf;
  /** A stream is open in this browser; else notices are asked for. */
  live: boolean;
  loaded: boolean;
}

export const state = shallowReactive<State>({ shelf: EMPTY, live: false, loaded: false });

type Said =
  | { readonly kind: "notices"; readonly notices: readonly Notice[] }
  | { readonly kind: "changed"; readonly changed: Changed }
  | { readonly kind: "alive"; readonly cursor: string | null }
  | { readonly kind: "away" }
  | { readonly kind: "seen"; readonly upTo: number; readonly unseen: number; readonly at: string };

const LOOK_MS = 5000;
const ANYTHING: Changed = { what: "all", id: null };
const noticeListeners = new Set<(notice: Notice) => void>();
const changedListeners = new Set<(changed: Changed) => void>();

let cursor = "";
let heardAt = 0;
let asking = false;
let end: (() => void) | null = null;
let tell: (said: Said) => void = () => undefined;

/** Be told of each new notice, once; the function that comes back ends it. */
export function onNotice(listener: (notice: Notice) => void): () => void {
  return listen(noticeListeners, listener);
}

/** Be told that incidents of one's territory changed; the function that comes back ends it. */
export function onChanged(listener: (changed: Changed) => void): () => void {
  return listen(changedListeners, listener);
}

function listen<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  end ??= start();
  return () => {
    listeners.delete(listener);
    if (noticeListeners.size + changedListeners.size > 0) return;
    end?.();
    end = null;
  };
}

/** Mark everything that is on the shelf as seen. */
export async function markSeen(): Promise<void> {
  const newest = state.shelf.notices[0]?.notice_id;
  if (newest === undefined || state.shelf.unseen === 0) return;
  const { unseen } = await post<{ unseen: number }>("/notices/seen", { up_to: newest });
  const said: Said = { kind: "seen", upTo: newest, unseen, at: new Date().toISOString() };
  hear(said);
  tell(said);
}

function hear(said: Said): void {
  if (said.kind !== "away") heardAt = Date.now();
  if (said.kind === "notices") {
    const { shelf, added } = put(state.shelf, said.notices);
    state.shelf = shelf;
    for (const notice of added) for (const listener of noticeListeners) listener(notice);
  } else if (said.kind === "changed") {
    for (const listener of changedListeners) listener(said.changed);
  } else if (said.kind === "seen") {
    state.shelf = seen(state.shelf, said.upTo, said.unseen, said.at);
  } else {
    const back = said.kind === "alive" && !state.live;
    state.live = said.kind === "alive";
    if (said.kind === "alive" && said.cursor !== null && state.loaded) cursor = said.cursor;
    // What changed while nothing was heard is not repeated: whoever shows it looks again.
    if (back && state.loaded) for (const listener of changedListeners) listener(ANYTHING);
  }
}

/** Ask for what is new; the first time, for the latest. Raises nothing: the next try is near. */
async function ask(): Promise<void> {
  if (asking) return;
  asking = true;
  try {
    let page: NoticePage;
    do {
      page = await get<NoticePage>("/notices", { after: cursor });
      const first = !state.loaded || page.fresh;
      cursor = page.cursor;
      heardAt = Date.now();
      if (first) {
        state.shelf = { notices: page.notices, unseen: page.unseen };
        state.loaded = true;
      } else {
        if (page.notices.length > 0) hear({ kind: "notices", notices: page.notices });
        state.shelf = { ...state.shelf, unseen: page.unseen };
      }
    } while (page.more);
    if (!state.live) for (const listener of changedListeners) listener(ANYTHING);
  } catch (error) {
    heardAt = Date.now();
    // Signed out: nobody is here to be told anything.
    if (asProblem(error).kind === "signed_out") {
      end?.();
      end = null;
    }
  } finally {
    asking = false;
  }
}

function start(): () => void {
  const channel = new BroadcastChannel("wangge-notices");
  tell = (said) => channel.postMessage(said);
  channel.onmessage = (event: MessageEvent<Said>) => hear(event.data);
  const both = (said: Said): void => {
    hear(said);
    tell(said);
  };
  let giveUpLead: (() => void) | null = null;
  const patience = ownPatience(Math.random());
  // Each tab looks for itself: the one that leads may have been put to sleep by the browser.
  const look = (): void => {
    if (isTimeToAsk(Date.now() - heardAt, patience, state.live)) void ask();
  };
  const back = (): void => {
    if (document.visibilityState === "visible" && navigator.onLine) look();
  };
  const timer = window.setInterval(look, LOOK_MS);
  document.addEventListener("visibilitychange", back);
  window.addEventListener("online", back);
  let over = false;
  void ask().then(() => {
    if (over) return;
    giveUpLead = lead(() =>
      openStream({
        cursor: () => cursor,
        notice: (notice) => both({ kind: "notices", notices: [notice] }),
        changed: (changed) => both({ kind: "changed", changed }),
        alive: (at) => both({ kind: "alive", cursor: at }),
        behind: () => void ask(),
        away: () => {
          both({ kind: "away" });
          void ask();
        },
      }),
    );
  });
  return () => {
    over = true;
    giveUpLead?.();
    window.clearInterval(timer);
    document.removeEventListener("visibilitychange", back);
    window.removeEventListener("online", back);
    channel.close();
    tell = () => undefined;
    state.live = false;
  };
}
