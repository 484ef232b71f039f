/** The requests of the board. */
import { address, get, part, post, type Query } from "../api";
import { ApiProblem, problemOf } from "../problem";
import type { Answer, Method } from "../hotspots/answer";
import type { Alert, Alerts, Board, BoardRow, WallData } from "./answer";

export const REPORT_KINDS = ["daily", "weekly", "hotspot"] as const;
export const REPORT_FORMATS = ["docx", "xlsx", "pdf", "html"] as const;

export const boardApi = {
  counts: (query: Query, signal?: AbortSignal) => get<Board>("/counts", query, { signal }),
  rows: (query: Query, signal?: AbortSignal) =>
    get<{ rows: BoardRow[]; n: number }>("/counts/rows", query, { signal }),
  alerts: (all: boolean, signal?: AbortSignal) => get<Alerts>("/alerts", { all: all || null }, { signal }),
  acknowledge: (id: string, note: string) => post<Alert>(`/alerts/${part(id)}/acknowledge`, { note }),
};

/** The address of a report to download. */
export function reportAddress(kind: string, on: string, format: string, query: Query): string {
  return address(`/reports/${part(kind)}.${part(format)}`, { on, ...query }).replace("/api/v1", "");
}

/** Where a wall's tiles are: a kiosk's key opens these and no others. */
export const WALL_TILES = "/wall";

/** What a wall shows. */
export function wallData(query: Query): Promise<WallData> {
  return ofWall<WallData>("/wall/data", query);
}

/** One of a wall's hotspot maps, of the days of its figures. */
export function wallMap(query: { method: Method; area: string }, signal: AbortSignal): Promise<Answer> {
  return ofWall<Answer>("/wall/hotspots", query, signal);
}

/** A wall has no session to renew, so that a refusal is data like any other. */
async function ofWall<T>(path: string, query: Query, signal?: AbortSignal): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(address(path, query).replace("/api/v1", ""), {
      headers: { Accept: "application/json" },
      credentials: "same-origin",
      ...(signal ? { signal } : {}),
    });
  } catch {
    throw new ApiProblem(0, {});
  }
  const document: unknown = await answer.json().catch(() => null);
  if (!answer.ok || document === null) throw problemOf(answer.ok ? 502 : answer.status, document);
  return document as T;
}
