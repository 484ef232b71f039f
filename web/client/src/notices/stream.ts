/**
 * The event stream of one browser: opened again after pauses that grow, given up when it is
 * silent. What it misses meanwhile is asked for by `store.ts`, which needs no stream at all.
 */
import { address } from "../api";
import type { Changed, Notice } from "./contract";
import { pauseMs, SILENCE_MS } from "./pace";

export interface Hears {
  /** How far the reader has read; the stream begins there. */
  cursor(): string;
  notice(notice: Notice): void;
  changed(changed: Changed): void;
  /** The hub is there; `cursor` is how far one has read with all that came before. */
  alive(cursor: string | null): void;
  /** There is more than the stream says: ask. */
  behind(): void;
  /** There is no stream at present. */
  away(): void;
}

/** Open the stream and keep it open; the function that comes back closes it for good. */
export function openStream(hears: Hears): () => void {
  let source: EventSource | null = null;
  let failures = 0;
  let timer = 0;
  let over = false;

  function wait(ms: number, then: () => void): void {
    window.clearTimeout(timer);
    timer = window.setTimeout(then, ms);
  }

  function fail(): void {
    source?.close();
    source = null;
    if (over) return;
    failures += 1;
    hears.away();
    wait(pauseMs(failures, Math.random()), open);
  }

  /** Something came: the stream lives, and has to say something again in time. */
  function lives(event: MessageEvent<string>): void {
    failures = 0;
    wait(SILENCE_MS, fail);
    hears.alive(event.lastEventId || null);
  }

  function open(): void {
    source = new EventSource(address("/stream", { after: hears.cursor() }));
    // A gateway that holds answers back opens the stream and lets nothing through.
    wait(SILENCE_MS, fail);
    source.onerror = fail;
    const on = (kind: string, then: (event: MessageEvent<string>) => void): void => {
      source?.addEventListener(kind, (event: MessageEvent<string>) => {
        then(event);
        lives(event);
      });
    };
    on("ready", () => undefined);
    on("beat", () => undefined);
    on("behind", () => hears.behind());
    on("notice", (event) => hears.notice(JSON.parse(event.data) as Notice));
    on("changed", (event) => hears.changed(JSON.parse(event.data) as Changed));
  }

  open();
  return () => {
    over = true;
    window.clearTimeout(timer);
    source?.close();
  };
}
