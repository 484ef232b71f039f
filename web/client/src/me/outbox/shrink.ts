/** A photo made small and bare: drawn anew on a canvas, only its pixels are left. */

export const LONGEST_SIDE = 1600;
export const MAX_BYTES = 300 * 1024;
const QUALITIES = [0.8, 0.65, 0.5, 0.4] as const;
const SMALLER = 0.75;

/** The size that fits into `longest`, never larger than it is. */
export function fitted(width: number, height: number, longest: number): { width: number; height: number } {
  const scale = Math.min(1, longest / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

async function encoded(picture: ImageBitmap, longest: number, quality: number): Promise<Blob> {
  const { width, height } = fitted(picture.width, picture.height, longest);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("the browser draws nothing");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0, width, height);
  return new Promise((resolve, reject) => {
    const take = (blob: Blob | null): void => (blob ? resolve(blob) : reject(new Error("no picture came out")));
    canvas.toBlob(take, "image/jpeg", quality);
  });
}

/**
 * The photo as JPEG of at most 300 KiB, upright, without position, time and make of the camera.
 * Rejects what the browser cannot read as a picture.
 */
export async function shrink(file: Blob): Promise<ArrayBuffer> {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  try {
    for (let longest = LONGEST_SIDE; ; longest = Math.round(longest * SMALLER)) {
      for (const quality of QUALITIES) {
        const blob = await encoded(picture, longest, quality);
        if (blob.size <= MAX_BYTES) return await blob.arrayBuffer();
      }
    }
  } finally {
    picture.close();
  }
}
