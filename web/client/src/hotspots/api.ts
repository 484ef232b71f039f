/** What the hotspot screen asks of the server. */
import { address, get, type Query } from "../api";
import type { Answer, Weeks } from "./answer";

export const FILES = ["png", "xlsx", "geojson"] as const;

export function ask(query: Query, signal?: AbortSignal): Promise<Answer> {
  return get<Answer>("/hotspots", query, { signal });
}

export function askWeeks(query: Query, signal?: AbortSignal): Promise<Weeks> {
  return get<Weeks>("/hotspots/weeks", query, { signal });
}

/** The address of the same answer as a file to keep. */
export function fileAddress(kind: (typeof FILES)[number], query: Query): string {
  return address(`/hotspots/file.${kind}`, query).replace("/api/v1", "");
}

/** The address of the map of rates as one page that opens without a network. */
export function sheetAddress(query: Query): string {
  const { since, until, matter, area, method } = query;
  return address("/hotspots/sheet", { since, until, matter, area, method }).replace("/api/v1", "");
}
