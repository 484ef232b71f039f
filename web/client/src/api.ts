/** The only module that fetches: typed requests, the token against forgery, problems as errors. */
import { boot } from "./boot";
import type {
  CameraCard,
  Datum,
  Found,
  HouseholdRow,
  IncidentCard,
  IncidentReport,
  IncidentRow,
  Matter,
  Mine,
  Receipt,
  UnitCard,
  UnitRow,
  Where,
} from "./contract";
import { ApiProblem, problemOf } from "./problem";

type Value = string | number | boolean | null | undefined;
export type Query = Readonly<Record<string, Value | readonly string[]>>;

interface Options {
  readonly signal?: AbortSignal | undefined;
  /** Sending the same key again changes nothing and answers the same. */
  readonly key?: string | undefined;
  /** A request that the page sends while it is being left. */
  readonly last?: boolean;
}

const ROOT = "/api/v1";

/** A new key for a write that must happen once, also where `crypto.randomUUID` is withheld (http). */
export function newKey(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A path with its query; empty values are left out, lists repeat their name. */
export function address(path: string, query: Query = {}): string {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value as Value]) {
      if (one !== null && one !== undefined && one !== "") found.append(name, String(one));
    }
  }
  const tail = found.toString();
  return `${ROOT}${path}${tail ? `?${tail}` : ""}`;
}

async function send<T>(
  method: "GET" | "POST" | "PUT" | "DELETE",
  url: string,
  body: unknown,
  { signal, key, last }: Options,
): Promise<T> {
  const headers: Record<string, string> = {
    Accept: "application/json, application/geo+json, application/problem+json",
  };
  if (method !== "GET") headers["X-CSRFToken"] = boot().csrf;
  const says = method === "POST" || method === "PUT";
  if (says) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const answer = await reach(url, {
    method,
    headers,
    ...(says ? { body: JSON.stringify(body ?? {}) } : {}),
    ...(signal ? { signal } : {}),
    ...(last ? { keepalive: true } : {}),
  });
  return read<T>(answer);
}

async function reach(url: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...request, credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiProblem(0, {});
  }
}

async function read<T>(answer: Response): Promise<T> {
  const text = await answer.text();
  let document: unknown = null;
  try {
    document = text ? JSON.parse(text) : null;
  } catch {
    // A proxy's HTML page in place of an answer: its status says what there is to say.
    if (answer.ok) throw new ApiProblem(502, {});
  }
  if (!answer.ok) throw problemOf(answer.status, document);
  return document as T;
}

export function get<T>(path: string, query: Query = {}, options: Options = {}): Promise<T> {
  return send<T>("GET", address(path, query), null, options);
}

export function post<T>(path: string, body: unknown = {}, options: Options = {}): Promise<T> {
  return send<T>("POST", address(path), body, options);
}

export function put<T>(path: string, body: unknown, options: Options = {}): Promise<T> {
  return send<T>("PUT", address(path), body, options);
}

export function remove<T>(path: string, options: Options = {}): Promise<T> {
  return send<T>("DELETE", address(path), null, options);
}

/** The answer with its tag; null where it has not changed since it was tagged so. */
async function newest<T>(path: string, tag: string | null): Promise<{ answer: T; tag: string | null } | null> {
  const headers = { Accept: "application/json", ...(tag ? { "If-None-Match": tag } : {}) };
  const answer = await reach(address(path), { headers });
  if (answer.status === 304) return null;
  return { answer: await read<T>(answer), tag: answer.headers.get("ETag") };
}

/** Send a file as a form does, with words beside it. */
async function sendFile<T>(path: string, name: string, file: Blob, words: Readonly<Record<string, string>>): Promise<T> {
  const body = new FormData();
  for (const [field, said] of Object.entries(words)) body.append(field, said);
  body.append(name, file, `${name}.jpg`);
  const headers = { Accept: "application/json", "X-CSRFToken": boot().csrf };
  return read<T>(await reach(address(path), { method: "POST", headers, body }));
}

/** Send a file as it is, as the whole body. */
export async function postFile<T>(path: string, query: Query, file: Blob): Promise<T> {
  const headers = { Accept: "application/json", "X-CSRFToken": boot().csrf, "Content-Type": "application/octet-stream" };
  return read<T>(await reach(address(path, query), { method: "POST", headers, body: file }));
}

export const part = encodeURIComponent;

export interface WhereQuery {
  readonly lon: number;
  readonly lat: number;
  readonly datum: Datum;
  readonly accuracy_m?: number | undefined;
}

export const api = {
  units: (parent?: string, signal?: AbortSignal) =>
    get<{ units: UnitRow[] }>("/units", { parent }, { signal }).then((answer) => answer.units),
  unit: (code: string, signal?: AbortSignal) => get<UnitCard>(`/units/${part(code)}`, {}, { signal }),
  search: (q: string, signal?: AbortSignal) =>
    get<{ results: Found[] }>("/search", { q }, { signal }).then((answer) => answer.results),
  where: (query: WhereQuery, signal?: AbortSignal) => get<Where>("/where", { ...query }, { signal }),

  households: (grid: string, after?: string) =>
    get<{ households: HouseholdRow[]; next: string | null }>("/households", { grid, after }),
  household: (id: string) => get<HouseholdRow>(`/households/${part(id)}`),
  reveal: (id: string, reason: string) =>
    post<{ phone: string | null }>(`/households/${part(id)}/reveal`, { reason }),
  cameras: (grid: string, after?: string) =>
    get<{ cameras: CameraCard[]; next: string | null }>("/cameras", { grid, after }),
  camera: (id: string) => get<CameraCard>(`/cameras/${part(id)}`),

  matters: () => get<{ matters: Matter[] }>("/matters").then((answer) => answer.matters),
  incidents: (query: Query, signal?: AbortSignal) =>
    get<{ incidents: IncidentRow[]; next: string | null }>("/incidents", query, { signal }),
  incident: (id: string) => get<IncidentCard>(`/incidents/${part(id)}`),
  report: (report: IncidentReport, key: string) =>
    post<IncidentCard | Receipt>("/incidents", report, { key }),
  step: (id: string, step: { action: string; note: string; version: number; key: string }) =>
    post<IncidentCard>(`/incidents/${part(id)}/steps`, step, { key: step.key }),
  assign: (
    id: string,
    wanted: { person_id?: string; unit_code?: string; reason: string; version: number },
  ) => post<IncidentCard>(`/incidents/${part(id)}/assignee`, wanted),

  /** The worker's own ground and events; null where they are still those that were tagged so. */
  mine: (tag: string | null) => newest<Mine>("/me", tag).then((found) => found && { mine: found.answer, tag: found.tag }),
  /** Write down that recurring work is done; the same key again changes nothing. */
  finishTask: (id: string, result: string, key: string) =>
    post<null>(`/tasks/${part(id)}/done`, { result, key }),
  addPhoto: (id: string, jpeg: Blob, keys: Readonly<Record<string, string>>) =>
    sendFile<{ photo_id: string }>(`/incidents/${part(id)}/photos`, "photo", jpeg, keys),
};
