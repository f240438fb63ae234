/** Pages that take the conversation’s place, loaded when needed: the code of a second device, the farewell. */

import { el, icon } from "./dom.js";
import { busy, field } from "./sheets.js";
import { callButton } from "./status.js";
import { explain, told } from "./words.js";
import { M } from "./words_menu.js";

/** A page in the conversation's place, with a heading that takes the focus. */
function fullPage(box, name, title, ...content) {
  const heading = el("h2", { tabindex: "-1" }, title);
  box.replaceChildren(el("div", { class: "full" }, el("div", { class: "full-mark" }, icon(name)), heading, content));
  heading.focus();
}

/** `onAnew`, where another conversation may begin. */
export const farewell = (box, phone, onAnew) =>
  fullPage(
    box,
    "check",
    M.erased,
    el("p", {}, M.erasedText, onAnew ? null : ` ${M.erasedClose}`),
    phone ? callButton(phone, "button") : null,
    onAnew ? el("button", { type: "button", class: "button", onclick: onAnew }, told("anew")) : null,
  );

/** Asks for the code sent by e-mail; `confirm(code)` and `resend()` answer promises. */
export function codePage(box, hint, phone, { confirm, resend, say }) {
  const input = field(M.codeLabel, { type: "text", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "7", class: "field code" });
  const button = el("button", { type: "submit", class: "button primary" }, M.codeSend);
  const again = el("button", { type: "button", class: "button quiet" }, M.codeAgain);
  const news = el("p", { class: "code-news", hidden: true });
  again.addEventListener("click", () =>
    busy(again, async () => {
      news.textContent = await resend().then(
        () => M.codeResent,
        (error) => explain(error),
      );
      news.hidden = false;
      say(news.textContent);
    }),
  );
  const form = el(
    "form",
    {
      class: "sheet-form",
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        input.clear();
        const code = input.input.value.replace(/\s/g, "");
        if (!/^\d{6}$/.test(code)) return input.fail(M.codeWrong);
        return busy(button, () => confirm(code).catch((error) => input.fail(explain(error))));
      },
    },
    input.row,
    button,
    again,
    news,
  );
  fullPage(box, "lock", M.codeTitle, el("p", {}, M.codeText(hint)), form, phone ? callButton(phone, "button quiet") : null);
}
