/** What this browser keeps of a plan until the server has said yes: it outlives a crash. */
import { boot } from "../boot";
import type { LonLat } from "../contract";
import type { StepWish } from "../plans/contract";
import type { Tool } from "./tools";

/** A step on its way to the server. */
export interface Entry {
  readonly key: string;
  /** What it does, in words. */
  readonly what: string;
  readonly wish: StepWish;
  readonly at: string;
  /** Sent once without an answer: the server may have made it all the same. */
  readonly tried: boolean;
}

/** A step that the server did not take, with what was drawn. */
export interface Refused extends Entry {
  readonly why: string;
  readonly code: string;
  readonly place: LonLat | null;
  /** Whether the server keeps it, too, under the same key. */
  readonly there: boolean;
}

/** A drawing that was not finished. */
export interface Doing {
  readonly tool: Tool;
  readonly grid: string | null;
  readonly vertices: readonly LonLat[];
}

export interface Kept {
  readonly saved_at: string;
  readonly doing: Doing | null;
  readonly queue: readonly Entry[];
  readonly refused: readonly Refused[];
}

export const NOTHING_KEPT: Kept = { saved_at: "", doing: null, queue: [], refused: [] };

/** Whether something was under way: a drawing, or steps that were not sent. */
export function isUnfinished(kept: Kept): boolean {
  return kept.doing !== null || kept.queue.length > 0;
}

function isEmpty(kept: Kept): boolean {
  return !isUnfinished(kept) && kept.refused.length === 0;
}

const DATABASE = "wangge";
const STORE = "drafts";

function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's own store failed"));
  });
}

async function begin(mode: IDBTransactionMode): Promise<IDBTransaction> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await asked(opening);
  // Strict: on the disk, not only handed to the system, when the browser says that it is done.
  return database.transaction(STORE, mode, { durability: "strict" });
}

function ended(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the browser's own store gave up"));
  });
}

// Two people at one computer do not find each other's drawings.
function keyOf(plan: string): string {
  const { person_id: person, scope } = boot().viewer;
  return `${scope}/${person ?? ""}/${plan}`;
}

export async function readKept(plan: string): Promise<Kept> {
  const drafts = (await begin("readonly")).objectStore(STORE);
  const found: unknown = await asked(drafts.get(keyOf(plan)));
  return (found as Kept | undefined) ?? NOTHING_KEPT;
}

/** Keep it; when the promise is kept, a crash of the browser cannot take it any more. */
export async function writeKept(plan: string, kept: Kept): Promise<void> {
  const transaction = await begin("readwrite");
  const drafts = transaction.objectStore(STORE);
  if (isEmpty(kept)) drafts.delete(keyOf(plan));
  else drafts.put(kept, keyOf(plan));
  await ended(transaction);
}
