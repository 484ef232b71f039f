import type { Words } from "./type";

export const hotspots = {} as const satisfies Words;
