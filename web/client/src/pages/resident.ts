/** Residents' pages work without this: it makes photos smaller, finds the position, sends once. */
import "../ui/styles";
import "../ui/resident.css";

import { forgetDraft, keepDraft } from "../resident/draft";
import { offerPosition } from "../resident/position";
import { sendOnce } from "../resident/send-once";
import { shrinkPhotos } from "../resident/shrink";

document.querySelectorAll<HTMLElement>("[data-locate]").forEach(offerPosition);
document.querySelectorAll<HTMLInputElement>('input[type="file"]').forEach(shrinkPhotos);
document.querySelectorAll<HTMLFormElement>("form[data-once]").forEach(sendOnce);
document.querySelectorAll<HTMLFormElement>("form[data-keep]").forEach(keepDraft);
if (document.querySelector(".receipt")) {
  forgetDraft();
}
