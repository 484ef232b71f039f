/** Imports: sent as bytes, looked at, asked for; a worker does them. */
import { get, part, post, postFile, put } from "../api";
import type { LonLat } from "../contract";
import type { Card, ImportRow, Kind, Options } from "./contract";

const at = (key: string, more = ""): string => `/imports/${part(key)}${more}`;

export const importApi = {
  list: (signal?: AbortSignal) => get<{ imports: ImportRow[] }>("/imports", {}, { signal }).then((answer) => answer.imports),
  show: (key: string, signal?: AbortSignal) => get<Card>(at(key), {}, { signal }),
  send: (kind: Kind, file: File) => postFile<Card>("/imports", { kind, name: file.name }, file),
  setOptions: (key: string, options: Options) => put<Card>(at(key, "/options"), options),
  places: (key: string, datum: string | null, signal?: AbortSignal) =>
    get<{ places: LonLat[]; n: number }>(at(key, "/places"), { datum }, { signal }),
  check: (key: string) => post<Card>(at(key, "/check")),
  commit: (key: string, partial: boolean) => post<Card>(at(key, "/commit"), { partial }),
  stop: (key: string) => post<Card>(at(key, "/stop")),
  discard: (key: string) => post<Card>(at(key, "/discard")),
};

/** Where a file made of an import is fetched. */
export function made(key: string, name: string): string {
  return `/api/v1${at(key, `/${name}`)}`;
}
