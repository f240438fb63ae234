/** Sheets: native dialogs that rise from the bottom on a phone, and stand in the middle of a large screen. */

import { el, icon } from "./dom.js";
import { T } from "./words.js";

let serial = 0;

/** Opens a sheet titled `title` around `content`; the focus goes to the field marked `data-first`, else to the title, and back to the opener when it closes. */
export function openSheet(title, ...content) {
  serial += 1;
  const id = `sheet-${serial}`;
  const opener = document.activeElement;
  const dialog = el(
    "dialog",
    { class: "sheet", "aria-labelledby": id },
    el(
      "div",
      { class: "sheet-head" },
      el("h2", { id, tabindex: "-1" }, title),
      el("button", { type: "button", class: "round", "aria-label": T.close, onclick: () => dialog.close() }, icon("close")),
    ),
    el("div", { class: "sheet-body" }, content),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (opener?.isConnected) opener.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  // By hand: in a site's frame, browsers block and report the `autofocus` attribute.
  (dialog.querySelector("[data-first]") || dialog.querySelector("h2")).focus();
  return dialog;
}

/** A labelled field with its help and its place for an error: `{row, input, fail(sentence), clear()}`. */
export function field(label, attributes, help) {
  serial += 1;
  const id = `field-${serial}`;
  const error = el("p", { class: "field-error", id: `${id}-error`, hidden: true });
  const input = el("input", { id, class: "field", "aria-describedby": `${help ? `${id}-help ` : ""}${id}-error`, ...attributes });
  const row = el("div", { class: "field-row" }, el("label", { for: id }, label), input, error, help ? el("p", { class: "help", id: `${id}-help` }, help) : null);
  return {
    row,
    input,
    fail(sentence) {
      error.replaceChildren(icon("alert"), el("span", {}, sentence));
      error.hidden = false;
      input.setAttribute("aria-invalid", "true");
      input.focus();
    },
    clear() {
      error.hidden = true;
      input.removeAttribute("aria-invalid");
    },
  };
}

/** Runs `act` with `button` busy: a second press does nothing until it is over. */
export async function busy(button, act) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  try {
    await act();
  } finally {
    button.removeAttribute("aria-disabled");
  }
}
