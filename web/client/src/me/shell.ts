/** The page without a network: its worker, the tiles it takes along, what is wiped at sign-out. */
import { ref } from "vue";

import type { Bbox } from "../boot";
import { tilesOf } from "./ground";
import { forget, tidy } from "./outbox/store";

/** Named also in `worker/worker.ts`, which serves from them. */
export const TILES = "wangge-tiles";
export const PAGE = "wangge-page";

/** A newer page lies ready; it comes when the worker is let go on. */
export const newerShell = ref<ServiceWorker | null>(null);

/** Whether this browser can start the page without a network. Without https it may not. */
export const canStartOffline = "serviceWorker" in navigator;

/** Let the worker look after the page; a browser that refuses has a page all the same. */
export async function registerShell(): Promise<void> {
  if (!canStartOffline) return;
  let registration: ServiceWorkerRegistration;
  try {
    registration = await navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" });
  } catch {
    return;
  }
  const look = (worker: ServiceWorker | null): void => {
    // The first worker replaces none: then there is nothing newer to tell of.
    if (worker?.state === "installed" && navigator.serviceWorker.controller) newerShell.value = worker;
  };
  look(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const { installing } = registration;
    installing?.addEventListener("statechange", () => look(installing));
  });
}

/** Change to the newer page. The outbox stays as it is. */
export function takeNewerShell(): void {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  newerShell.value?.postMessage("go-on");
}

/** Take the page and the tiles of a box along; what is there already is not asked for again. */
export async function takeAlong(publication: number, box: Bbox): Promise<void> {
  if (!canStartOffline) return;
  await navigator.serviceWorker.ready;
  const page = await caches.open(PAGE);
  if (!(await page.match("/me"))) await page.add("/me");
  const tiles = await caches.open(TILES);
  const wanted = tilesOf(box).map(([z, x, y]) => `/tiles/${publication}/units/${z}/${x}/${y}.mvt`);
  const kept = new Set((await tiles.keys()).map(({ url }) => new URL(url).pathname));
  for (const url of wanted) {
    if (!kept.has(url)) await tiles.add(url);
  }
  for (const url of kept) {
    if (!wanted.includes(url)) await tiles.delete(url);
  }
}

/** Leave nothing of a person on the phone but what has not been sent. */
export async function wipe(person: string): Promise<void> {
  if (canStartOffline) await Promise.all([caches.delete(PAGE), caches.delete(TILES)]);
  await forget(null);
  await tidy(person, Date.now(), true);
}
