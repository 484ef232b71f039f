import type { Words } from "./type";

export const studio = {} as const satisfies Words;
