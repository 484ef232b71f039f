/** Photos that were taken and not handed over yet: shrunk at once, with a small view of each. */
import { onBeforeUnmount, ref, shallowRef } from "vue";

import { shrink } from "./outbox/shrink";

export interface Taken {
  readonly jpeg: ArrayBuffer;
  readonly url: string;
}

export const MOST_PHOTOS = 4;

export function usePhotos() {
  const taken = shallowRef<readonly Taken[]>([]);
  const shrinking = ref(false);
  /** The last file was no picture that this browser reads. */
  const unreadable = ref(false);

  async function take(files: readonly File[]): Promise<void> {
    shrinking.value = true;
    unreadable.value = false;
    for (const file of files.slice(0, MOST_PHOTOS - taken.value.length)) {
      try {
        const jpeg = await shrink(file);
        taken.value = [...taken.value, { jpeg, url: URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" })) }];
      } catch {
        unreadable.value = true;
      }
    }
    shrinking.value = false;
  }

  function drop(one: Taken): void {
    URL.revokeObjectURL(one.url);
    taken.value = taken.value.filter((other) => other !== one);
  }

  function clear(): void {
    taken.value.forEach(drop);
    unreadable.value = false;
  }

  /** What to hand over; the views of it are taken down. */
  function handOver(): ArrayBuffer[] {
    const photos = taken.value.map((one) => one.jpeg);
    clear();
    return photos;
  }

  onBeforeUnmount(clear);
  return { taken, shrinking, unreadable, take, drop, clear, handOver };
}

export type Photos = ReturnType<typeof usePhotos>;
