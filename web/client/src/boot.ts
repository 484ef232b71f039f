/** What the server writes into every page: who looks, at which state of the county. */

export type Locale = "zh-CN" | "en";
export type Bbox = readonly [west: number, south: number, east: number, north: number];

export type Action =
  | "plan.see"
  | "plan.edit"
  | "plan.publish"
  | "plan.approve"
  | "incident.see"
  | "incident.report"
  | "incident.step"
  | "incident.assign"
  | "hotspot.see"
  | "household.see"
  | "camera.see"
  | "household.reveal"
  | "import.run"
  | "people.manage"
  | "worker.see"
  | "export.run";

export interface Viewer {
  /** None for whoever works the machine itself. */
  readonly person_id: string | null;
  readonly name: string;
  readonly role: string;
  readonly role_name: string;
  readonly scope: string;
  readonly scope_name: string;
  readonly actions: readonly Action[];
}

export interface Area {
  readonly code: string;
  readonly name: string;
  readonly bbox: Bbox | null;
}

export interface Boot {
  readonly page: string;
  readonly locale: Locale;
  readonly csrf: string;
  readonly viewer: Viewer;
  readonly publication: number | null;
  readonly published_at?: string | null;
  readonly county: Area | null;
  readonly area: Area | null;
  readonly theme: unknown;
  readonly version: string;
}

let found: Boot | undefined;

/** The page's boot document, read once. Raises if the shell has none: then nothing can work. */
export function boot(): Boot {
  if (found === undefined) {
    const text = document.getElementById("boot")?.textContent;
    if (!text) throw new Error("the page has no boot document");
    found = JSON.parse(text) as Boot;
  }
  return found;
}

export function may(action: Action): boolean {
  return boot().viewer.actions.includes(action);
}
