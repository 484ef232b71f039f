/** What the phone keeps of its own: the outbox, its photos, and the last answers, each of a person. */
import { openDB, type DBSchema, type IDBPDatabase } from "idb";

import { isReadable, outlived, type Action, type Wish } from "./action";

interface Phone extends DBSchema {
  actions: { key: number; value: Action; indexes: { key: string; person: string } };
  photos: { key: string; value: { key: string; jpeg: ArrayBuffer } };
  answers: { key: [person: string, name: string]; value: { person: string; name: string; at: string; answer: unknown } };
}

const NAME = "wangge-phone";
const VERSION = 1;

let opened: Promise<IDBPDatabase<Phone>> | undefined;

function database(): Promise<IDBPDatabase<Phone>> {
  opened ??= openDB<Phone>(NAME, VERSION, {
    upgrade(db) {
      const actions = db.createObjectStore("actions", { keyPath: "seq", autoIncrement: true });
      actions.createIndex("key", "key", { unique: true });
      actions.createIndex("person", "person");
      db.createObjectStore("photos", { keyPath: "key" });
      db.createObjectStore("answers", { keyPath: ["person", "name"] });
    },
    // A newer shell in another tab wants to change the stores: make way, and open again when asked.
    blocking(_current, _blocked, event) {
      (event.target as IDBDatabase).close();
      opened = undefined;
    },
    terminated() {
      opened = undefined;
    },
  });
  return opened;
}

/** Everything of a person that this shell can read, and how many records only a newer one can. */
export interface Listed {
  readonly actions: readonly Action[];
  readonly newer: number;
}

export async function list(person: string): Promise<Listed> {
  const db = await database();
  const all = await db.getAllFromIndex("actions", "person", person);
  const actions = all.filter(isReadable);
  return { actions, newer: all.length - actions.length };
}

/** Keep actions of one deed together, with their photos: all of them or none. */
export async function add(wishes: readonly Wish[], photos: ReadonlyMap<string, ArrayBuffer>): Promise<void> {
  const db = await database();
  const transaction = db.transaction(["actions", "photos"], "readwrite");
  // The store gives each its place in the order.
  for (const wish of wishes) void transaction.objectStore("actions").add(wish as Action);
  for (const [key, jpeg] of photos) void transaction.objectStore("photos").put({ key, jpeg });
  await transaction.done;
}

/** Write changed records; a photo that has arrived or was taken back leaves its bytes behind. */
export async function save(changed: readonly Action[]): Promise<void> {
  const db = await database();
  const transaction = db.transaction(["actions", "photos"], "readwrite");
  for (const action of changed) {
    void transaction.objectStore("actions").put(action);
    if (action.kind === "photo" && (action.state === "delivered" || action.state === "withdrawn")) {
      void transaction.objectStore("photos").delete(action.key);
    }
  }
  await transaction.done;
}

export async function photo(key: string): Promise<ArrayBuffer | null> {
  const kept = await (await database()).get("photos", key);
  return kept?.jpeg ?? null;
}

/** Forget what has ended, of whoever: all of it at sign-out, else what is old. */
export async function tidy(person: string, now: number, everything = false): Promise<void> {
  const { actions } = await list(person);
  const gone = everything
    ? actions.filter((one) => one.state === "delivered" || one.state === "withdrawn")
    : outlived(actions, now);
  if (gone.length === 0) return;
  const transaction = (await database()).transaction("actions", "readwrite");
  for (const action of gone) void transaction.store.delete(action.seq);
  await transaction.done;
}

// Answers ---------------------------------------------------------------------------------------

export interface Kept<T> {
  readonly at: string;
  readonly answer: T;
}

export async function keep(person: string, name: string, answer: unknown, at: Date): Promise<void> {
  await (await database()).put("answers", { person, name, at: at.toISOString(), answer });
}

export async function kept<T>(person: string, name: string): Promise<Kept<T> | null> {
  const found = await (await database()).get("answers", [person, name]);
  return found ? { at: found.at, answer: found.answer as T } : null;
}

/** Forget the answers of everybody but one; without one, of everybody. */
export async function forget(but: string | null): Promise<void> {
  const transaction = (await database()).transaction("answers", "readwrite");
  for (const key of await transaction.store.getAllKeys()) {
    if (key[0] !== but) void transaction.store.delete(key);
  }
  await transaction.done;
}
