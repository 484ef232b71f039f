/** Photos made smaller before they travel: a phone's 5 MB take a minute where the signal is weak. */

const LONGEST_SIDE = 1600;
const LIGHT_ENOUGH = 300 * 1024;
const QUALITY = 0.8;

/** The size at which a picture is sent: its longer side at most 1600 pixels. */
export function sizeToSend(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

/** Replace what is chosen by a smaller one; whatever fails leaves the file as it was. */
export function shrinkPhotos(input: HTMLInputElement): void {
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file && file.size > LIGHT_ENOUGH) {
      void shrunk(file)
        .then((small) => {
          if (small.size < file.size && input.files?.[0] === file) {
            put(input, small);
          }
        })
        .catch(() => undefined);
    }
  });
}

async function shrunk(file: File): Promise<File> {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const size = sizeToSend(picture.width, picture.height);
  const canvas = Object.assign(document.createElement("canvas"), size);
  canvas.getContext("2d")?.drawImage(picture, 0, 0, size.width, size.height);
  picture.close();
  const blob = await new Promise<Blob | null>((done) => {
    canvas.toBlob(done, "image/jpeg", QUALITY);
  });
  if (!blob) {
    throw new Error("no picture");
  }
  return new File([blob], "photo.jpg", { type: blob.type });
}

function put(input: HTMLInputElement, file: File): void {
  const list = new DataTransfer();
  list.items.add(file);
  input.files = list.files;
}
