/** The line under the header that tells the truth about the connection, and the panel that ends a conversation. */

import { online } from "./api.js";
import { el, icon } from "./dom.js";
import { T, told as wording } from "./words.js";

/** The button that dials the artisan. */
export const callButton = (phone, className = "button primary") =>
  el("a", { class: className, href: `tel:${phone.replace(/[^\d+]/g, "")}` }, icon("phone"), T.call(phone));

/** `strip` is the line, `subtitle` the header's second line. One thing is said at a time, the gravest first. */
export function createStrip({ strip, subtitle, say }) {
  let linked = true;
  let seconds = 0;
  let timer = null;
  let told = "";

  function show() {
    const [kind, name, words] = !online()
      ? ["offline", "offline", T.offline]
      : seconds > 0
        ? ["slow", "clock", T.slowDown(seconds)]
        : !linked
          ? ["reconnecting", "retry", T.reconnecting]
          : ["", "", ""];
    strip.className = `strip ${kind}`;
    strip.hidden = !kind;
    if (kind) strip.replaceChildren(icon(name), el("span", {}, words));
    subtitle.replaceChildren(...(online() ? [el("span", {}, `${T.online} `), el("span", {}, T.prompt)] : [T.offlineShort]));
    // The countdown is seen, not heard at every second.
    if (kind !== told && kind) say(words);
    told = kind;
  }

  window.addEventListener("online", show);
  window.addEventListener("offline", show);
  show();

  return {
    link(up) {
      if (linked === up) return;
      linked = up;
      show();
    },

    countdown(wait) {
      clearInterval(timer);
      seconds = wait;
      if (wait) {
        timer = setInterval(() => {
          seconds -= 1;
          if (seconds <= 0) clearInterval(timer);
          show();
        }, 1000);
      }
      show();
    },
  };
}

/** The panel that takes the composer's place: `{title, text, again, anew}` (endings.js). */
export function endPanel(panel, { title, text, again, anew }, phone, onAgain) {
  panel.replaceChildren(
    el("h2", { tabindex: "-1" }, title),
    el("p", {}, text),
    el(
      "div",
      { class: "panel-actions" },
      phone ? callButton(phone) : null,
      again || anew ? el("button", { type: "button", class: "button", onclick: onAgain }, icon("retry"), wording(anew ? "anew" : "again")) : null,
    ),
  );
  panel.hidden = false;
}
