/** Sent photos as a grid, documents as chips. */

import { el, icon, spoken } from "./dom.js";
import { T } from "./words.js";

const isImage = (file) => file.mime_type.startsWith("image/");

function tile(file, images, context) {
  if (file.status === "refused") {
    return el("p", { class: "file refused" }, icon("alert"), el("span", {}, file.error ? T.refused(file.name, file.error) : T.photoRefused));
  }
  const address = file.preview || file.thumbnail_url;
  if (!isImage(file)) {
    // Signed addresses live a quarter of an hour: the link takes the last one known when it is followed.
    const latest = () => link.setAttribute("href", context.file(file.id)?.url || file.url);
    const link = el("a", { class: "file", href: file.url, target: "_blank", rel: "noopener", onclick: latest }, icon("file"), el("span", {}, file.name));
    return link;
  }
  if (!address) return el("p", { class: "photo pending" }, icon("clock"), spoken(T.photoPending));
  const picture = el("img", { src: address, alt: file.name, width: "160", height: "160", decoding: "async" });
  picture.addEventListener("error", () => context.fresh(file.id).then((latest) => latest?.thumbnail_url && picture.setAttribute("src", latest.thumbnail_url)), { once: true });
  return el(
    "button",
    { type: "button", class: "photo", "aria-label": T.photoOpen(file.name), "data-key": `photo-${file.id}`, onclick: () => context.openPhoto(images, images.indexOf(file)) },
    picture,
  );
}

/** `context.fresh(fileId)` resolves to the file with addresses that still work; `context.openPhoto(images, index)` shows one large. */
export function photoGrid(files, context) {
  const images = files.filter((file) => isImage(file) && file.status !== "refused" && (file.preview || file.thumbnail_url));
  return el("div", { class: `photos count-${Math.min(files.length, 3)}` }, files.map((file) => tile(file, images, context)));
}
