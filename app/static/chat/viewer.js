/** The full-screen photo viewer, loaded when the first photo is opened. */

import { el, icon } from "./dom.js";
import { T } from "./words.js";
import { M } from "./words_menu.js";

/** Shows `images[first]` large; arrows, swipes and keys go to the others. `fresh(fileId)` gives addresses that still work. */
export function openViewer(images, first, fresh) {
  const opener = document.activeElement;
  let at = first;
  const picture = el("img", { class: "viewer-picture" });
  const caption = el("p", { class: "viewer-caption" });
  const side = (name, label, step) => el("button", { type: "button", class: `round viewer-${name}`, "aria-label": label, onclick: () => show(at + step) }, icon(name));
  const previous = side("previous", M.previous, -1);
  const next = side("next", M.next, 1);
  const dialog = el(
    "dialog",
    { class: "viewer" },
    el("button", { type: "button", class: "round viewer-close", "aria-label": T.close, onclick: () => dialog.close() }, icon("close")),
    previous,
    picture,
    next,
    caption,
  );

  async function show(index) {
    if (index < 0 || index >= images.length) return;
    at = index;
    const file = images[at];
    previous.hidden = at === 0;
    next.hidden = at === images.length - 1;
    picture.setAttribute("alt", file.name);
    dialog.setAttribute("aria-label", file.name);
    caption.textContent = M.rank(file.name, at + 1, images.length);
    // The small one at once, the large one as soon as it is there.
    picture.setAttribute("src", file.preview || file.thumbnail_url);
    const { url } = file.url ? file : (await fresh(file.id)) || {};
    if (url && images[at] === file) {
      const large = new Image();
      large.onload = () => images[at] === file && picture.setAttribute("src", url);
      large.src = url;
    }
  }

  let startX = null;
  dialog.addEventListener("touchstart", (event) => (startX = event.touches.length === 1 ? event.touches[0].clientX : null), { passive: true });
  dialog.addEventListener("touchend", (event) => {
    const moved = startX === null ? 0 : event.changedTouches[0].clientX - startX;
    if (Math.abs(moved) > 60 && (window.visualViewport?.scale ?? 1) === 1) show(at + (moved < 0 ? 1 : -1));
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(at - 1);
    if (event.key === "ArrowRight") show(at + 1);
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener?.focus();
  });
  document.body.append(dialog);
  show(first);
  dialog.showModal();
}
