/** Small pictures drawn here and now: hatching and point signs, so that no sprite is fetched. */
import type { Dots, Theme, Unjudged } from "./theme";

const SCALE = 2;

function sheet(size: number): { canvas: HTMLCanvasElement; pen: CanvasRenderingContext2D } {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.round(size * SCALE);
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("the browser draws no pictures");
  pen.scale(SCALE, SCALE);
  return { canvas, pen };
}

function take(canvas: HTMLCanvasElement): ImageData {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("the browser draws no pictures");
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

/** A tile of diagonal lines that meets itself at all four edges; rising, or falling if asked. */
export function hatch(colour: string, gap = 8, width = 1.2, falling = false): ImageData {
  const { canvas, pen } = sheet(gap);
  if (falling) {
    pen.translate(gap, 0);
    pen.scale(-1, 1);
  }
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.beginPath();
  for (const shift of [-gap, 0, gap]) {
    pen.moveTo(shift - 1, gap + 1);
    pen.lineTo(shift + gap + 1, -1);
  }
  pen.stroke();
  return take(canvas);
}

/** A tile of dots, one in the middle and one shared by the corners; it meets itself at all edges. */
export function dots({ colour, gap, radius }: Theme["dots"][Dots]): ImageData {
  const { canvas, pen } = sheet(gap);
  pen.fillStyle = colour;
  for (const [x, y] of [[0, 0], [gap, 0], [0, gap], [gap, gap], [gap / 2, gap / 2]] as const) {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fill();
  }
  return take(canvas);
}

/** An empty picture: what has it keeps names away without being seen. */
function blank(): ImageData {
  return take(sheet(1).canvas);
}

function polygon(pen: CanvasRenderingContext2D, mid: number, r: number, n: number, turn: number): void {
  for (let i = 0; i < n; i++) {
    const angle = turn + (i * 2 * Math.PI) / n;
    pen.lineTo(mid + r * Math.cos(angle), mid + r * Math.sin(angle));
  }
  pen.closePath();
}

/** A sign: a shape in a colour with a light rim, readable on any ground and without colour. */
export function sign(shape: string, colour: string, radius: number): ImageData {
  const size = radius * 2 + 5;
  const mid = size / 2;
  const { canvas, pen } = sheet(size);
  const up = -Math.PI / 2;
  pen.beginPath();
  if (shape === "square") polygon(pen, mid, radius * 1.2, 4, Math.PI / 4);
  else if (shape === "diamond") polygon(pen, mid, radius * 1.15, 4, up);
  else if (shape === "triangle") polygon(pen, mid, radius * 1.2, 3, up);
  else if (shape === "pentagon") polygon(pen, mid, radius * 1.1, 5, up);
  else if (shape === "cross") {
    const arm = radius * 0.45;
    for (const [x, y] of [
      [-arm, -radius], [arm, -radius], [arm, -arm], [radius, -arm], [radius, arm], [arm, arm],
      [arm, radius], [-arm, radius], [-arm, arm], [-radius, arm], [-radius, -arm], [-arm, -arm],
    ] as const) pen.lineTo(mid + x, mid + y);
    pen.closePath();
  } else pen.arc(mid, mid, radius, 0, 2 * Math.PI);
  pen.lineJoin = "round";
  pen.lineWidth = 2.4;
  pen.strokeStyle = "#ffffff";
  pen.stroke();
  if (shape === "ring") {
    pen.lineWidth = 2;
    pen.strokeStyle = colour;
    pen.stroke();
  } else {
    pen.fillStyle = colour;
    pen.fill();
  }
  return take(canvas);
}

/** A stable place in a list for a code that the theme does not name. */
export function placeOf(code: string, length: number): number {
  let sum = 0;
  for (const letter of code) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return sum % length;
}

/** The picture that a style asks for by name; none for a name that is not ours. */
export function picture(name: string, theme: Theme): ImageData | null {
  const [family, code] = [name.slice(0, name.indexOf("-")), name.slice(name.indexOf("-") + 1)];
  if (family === "hatch") {
    const colour = theme.unjudged[code as Unjudged].hatch;
    return colour ? hatch(colour, code === "not_comparable" ? 5 : 8, 1.2, code === "suppressed") : null;
  }
  if (family === "dots") return dots(theme.dots[code as Dots]);
  if (family === "room") return blank();
  if (family === "household") {
    const style = theme.households[code] ?? theme.households["ordinary"];
    return style ? sign(style.shape, style.colour, style.size) : null;
  }
  if (family === "camera") {
    const { shapes, colours } = theme.series;
    const at = placeOf(code, shapes.length);
    return sign(shapes[at] ?? "circle", colours[at] ?? theme.series.other.colour, 5.5);
  }
  return null;
}
export const PIXEL_RATIO = SCALE;
