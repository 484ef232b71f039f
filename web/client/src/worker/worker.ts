/**
 * The worker of the phone page: it starts without a network. It keeps programs and unit tiles, and
 * the one page of whoever is signed in; households, cameras and events pass it by.
 */
import { ExpirationPlugin } from "workbox-expiration";
import { cleanupOutdatedCaches, precacheAndRoute } from "workbox-precaching";
import { registerRoute } from "workbox-routing";
import { CacheFirst, NetworkFirst } from "workbox-strategies";

declare const self: ServiceWorkerGlobalScope & {
  /** The files of the page; the server writes them before this program. */
  readonly SHELL: readonly string[];
};

/** Named also in `me/shell.ts`, which fills and wipes them. */
const TILES = "wangge-tiles";
const PAGE = "wangge-page";
const ASSETS = "wangge-assets";
const MOST_ASSETS = 60;
const PATIENCE_S = 3;

// The names of built files change with what is in them.
precacheAndRoute(self.SHELL.map((url) => ({ url, revision: null })));
cleanupOutdatedCaches();

// A page that came from the network belongs to a later build than this worker may know.
registerRoute(
  ({ url }) => url.pathname.startsWith("/static/build/assets/"),
  // `object`: its optional methods are declared as if they could be undefined.
  new CacheFirst({ cacheName: ASSETS, plugins: [new ExpirationPlugin({ maxEntries: MOST_ASSETS }) as object] }),
);

registerRoute(
  ({ url, request }) => request.mode === "navigate" && url.pathname === "/me",
  new NetworkFirst({
    cacheName: PAGE,
    networkTimeoutSeconds: PATIENCE_S,
    plugins: [
      {
        cacheKeyWillBeUsed: async () => "/me",
        // Neither the way to the sign-in form nor an error is the page.
        cacheWillUpdate: async ({ response }) => (response.status === 200 ? response : null),
      },
    ],
  }),
);

// Tiles of units never change under their address. Where none was taken along the ground is empty,
// and the worker's own outline is drawn over it.
const tiles = new CacheFirst({ cacheName: TILES, plugins: [{ cacheWillUpdate: async () => null }] });
registerRoute(
  ({ url }) => /^\/tiles\/\d+\/\w+\/\d+\/\d+\/\d+\.mvt$/.test(url.pathname),
  async ({ request, url, event }) => {
    try {
      return url.pathname.split("/")[3] === "units" ? await tiles.handle({ request, event }) : await fetch(request);
    } catch {
      return new Response(null, { status: 200 });
    }
  },
);

// Whoever comes or goes, nothing of the one before is left to be shown.
self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "POST" && ["/sign-in", "/sign-out"].includes(new URL(url).pathname)) {
    event.waitUntil(Promise.all([caches.delete(PAGE), caches.delete(TILES)]));
  }
});

self.addEventListener("message", (event) => {
  if (event.data === "go-on") void self.skipWaiting();
});

// The page that brought the first worker is looked after from then on.
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
