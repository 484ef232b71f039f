/** The map's colours: the file layers/theme.json as the server puts it into every page. */
import { boot } from "../boot";
import type { Level } from "../contract";

interface Said {
  readonly zh: string;
  readonly en: string;
}

/** Kinds of grids of which a hotspot map claims nothing. */
export const UNJUDGED = ["too_few", "suppressed", "not_comparable"] as const;
export type Unjudged = (typeof UNJUDGED)[number];

/** How densely a class is dotted: what is low is told from what is high without its colour. */
export type Dots = "sparse" | "dense";

export interface Paint extends Said {
  readonly key?: string;
  readonly bin?: number;
  readonly colour: string;
  readonly sign: string;
  readonly hatch?: string | null;
  readonly dots?: Dots;
}

export interface LineStyle {
  readonly colour: string;
  readonly width: number;
  readonly dash?: readonly number[] | null;
}

export interface OutlineStyle extends LineStyle, Said {
  readonly q: number;
  readonly core: string | null;
  readonly core_width: number;
}

export interface Theme {
  readonly paper: Readonly<
    Record<"background" | "panel" | "ink" | "muted" | "rule" | "accent", string>
  >;
  readonly ratio: { readonly breaks: readonly number[]; readonly classes: readonly Paint[] };
  readonly gi: { readonly classes: readonly Paint[] };
  readonly volume: {
    readonly breaks: Readonly<Record<"township" | "village" | "grid", readonly number[]>>;
    readonly classes: readonly Paint[];
  };
  readonly pattern: { readonly classes: readonly Paint[] };
  readonly cluster: { readonly classes: readonly Paint[] };
  readonly dots: Readonly<
    Record<Dots, { readonly colour: string; readonly gap: number; readonly radius: number }>
  >;
  readonly unjudged: Readonly<Record<Unjudged, Paint>>;
  readonly outline: Readonly<Record<"solid" | "double", OutlineStyle>>;
  readonly units: Readonly<Record<Level, LineStyle & Said>>;
  readonly households: Readonly<
    Record<string, Said & { readonly colour: string; readonly shape: string; readonly size: number }>
  >;
  readonly incidents: Readonly<
    Record<string, Said & { readonly colour: string; readonly mark: string; readonly size: number }>
  >;
  readonly series: {
    readonly shapes: readonly string[];
    readonly colours: readonly string[];
    readonly other: { readonly colour: string; readonly shape: string };
  };
  readonly cameras: Readonly<Record<string, Said & { readonly opacity: number }>>;
  readonly selection: LineStyle & {
    readonly halo: string;
    readonly halo_width: number;
    readonly fill_opacity: number;
  };
  readonly hover: LineStyle & { readonly fill_opacity: number };
  readonly draft: Readonly<Record<"old" | "new", LineStyle & Said>>;
  readonly faults: Readonly<Record<string, Said & { readonly colour: string; readonly mark: string }>>;
  readonly words: Readonly<Record<string, Said>>;
}

export function theme(): Theme {
  return boot().theme as Theme;
}

/** The theme's own word in a language. */
export function said(entry: Said, locale: string): string {
  return locale === "en" ? entry.en : entry.zh;
}

/** Every class of a painted map, of whatever kind, by its key; and the kinds that are not judged. */
export function paintClass(from: Theme, key: string): Paint | undefined {
  return (
    from.unjudged[key as Unjudged] ??
    [from.ratio, from.gi, from.volume, from.pattern, from.cluster]
      .flatMap(({ classes }) => classes)
      .find((one) => one.key === key)
  );
}
