/** What the « ··· » button offers: finish, receive by e-mail, talk to the artisan, delete, about. */

import { el, icon, touch } from "./dom.js";
import { busy, field, openSheet } from "./sheets.js";
import { callButton } from "./status.js";
import { T, explain } from "./words.js";
import { M } from "./words_menu.js";

const submit = (label, className = "primary") => el("button", { type: "submit", class: `button ${className}` }, label);

/** A form whose refusal is shown beside its field; `act(value)` resolves when the server accepted. */
function askingForm({ intro, input, button, check, act }) {
  return el(
    "form",
    {
      class: "sheet-form",
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        input.clear();
        const wrong = check(input.input.value.trim());
        if (wrong) return input.fail(wrong);
        return busy(button, () => act(input.input.value.trim()).catch((error) => input.fail(explain(error))));
      },
    },
    intro,
    input.row,
    button,
  );
}

const done = (dialog, say, ...content) => {
  const message = el("div", { class: "sheet-done", tabindex: "-1" }, icon("check"), el("div", {}, content));
  dialog.querySelector(".sheet-body").replaceChildren(message);
  message.focus();
  say(message.textContent);
};

/** `attempt(act)` runs an act and tells a refusal; `onErased()` once the conversation is deleted; `log` shows or hides the hours. */
export function createMenu({ boot, artisan, conversation, say, attempt, onErased, log }) {
  function email() {
    const input = field(M.emailLabel, { type: "email", inputmode: "email", autocomplete: "email", maxlength: "254", "data-first": !touch() }, M.emailCode);
    const form = askingForm({
      intro: el("p", {}, M.emailText),
      input,
      button: submit(M.emailSend),
      check: (value) => (/^\S+@\S+\.\S+$/.test(value) ? null : M.emailWrong),
      async act(value) {
        conversation.remember();
        await conversation.sendTranscript(value).catch((error) => {
          throw error.fields?.email ? Object.assign(error, { message: error.fields.email[0] }) : error;
        });
        done(dialog, say, el("p", {}, M.emailSent(value)));
      },
    });
    const dialog = openSheet(M.emailTitle, form);
  }

  function talk() {
    const phone = boot.artisan_phone;
    const notify = el("button", { type: "button", class: "button" }, icon("flag"), M.notify(artisan));
    const problem = el("p", { class: "field-error", hidden: true });
    notify.addEventListener("click", () =>
      busy(notify, async () => {
        try {
          const data = await conversation.askArtisan();
          const number = data?.phone || phone;
          done(dialog, say, el("p", {}, M.notified(artisan)), number ? callButton(number, "button") : null);
        } catch (error) {
          problem.textContent = explain(error);
          problem.hidden = false;
          say(problem.textContent);
        }
      }),
    );
    const dialog = openSheet(
      M.talk,
      el("p", {}, phone ? M.talkText(artisan) : M.talkTextNoPhone(artisan)),
      el("div", { class: "sheet-actions" }, phone ? callButton(phone) : null, notify),
      problem,
    );
  }

  function about() {
    openSheet(
      M.about,
      el("p", { class: "about-notice" }, boot.notice),
      el("p", {}, M.aboutPerson(artisan)),
      el("p", {}, M.aboutFigures),
      el("p", {}, M.aboutErase),
      boot.signature ? el("p", { class: "muted" }, boot.signature) : null,
    );
  }

  function erase() {
    const input = field(M.eraseLabel, { type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", "data-first": !touch() });
    const form = askingForm({
      intro: el("p", {}, M.eraseText(artisan)),
      input,
      button: submit(M.eraseAct, "danger"),
      check: (value) => (value.toUpperCase() === M.eraseWord ? null : M.eraseMismatch),
      async act() {
        await conversation.erase();
        dialog.close();
        onErased();
      },
    });
    form.append(el("button", { type: "button", class: "button", onclick: () => dialog.close() }, M.cancel));
    const dialog = openSheet(M.eraseTitle, form);
  }

  function finish() {
    return attempt(async () => {
      await conversation.complete();
      say(T.finished);
    });
  }

  function open() {
    const entry = (name, label, help, act, pressed) =>
      el(
        "li",
        {},
        el(
          "button",
          {
            type: "button",
            class: `menu-entry${name === "trash" ? " risky" : ""}`,
            "aria-pressed": pressed,
            onclick: () => {
              dialog.close();
              act();
            },
          },
          icon(name),
          el("span", {}, el("span", { class: "menu-label" }, label), el("span", { class: "menu-help" }, help)),
        ),
      );
    const timed = log.classList.contains("all-timed");
    const open = conversation.live && conversation.messages.length > 0;
    const dialog = openSheet(
      M.menu,
      el(
        "ul",
        { class: "menu", role: "list" },
        open && conversation.status !== "completed" ? entry("flag", M.done, M.doneHelp(artisan), finish) : null,
        open ? entry("mail", M.email, M.emailHelp, email) : null,
        conversation.live ? entry("phone", M.talk, M.talkHelp(artisan), talk) : null,
        entry("clock", M.hours, M.hoursHelp, () => log.classList.toggle("all-timed"), String(timed)),
        entry("info", M.about, M.aboutHelp, about),
        open ? entry("trash", M.erase, M.eraseHelp, erase) : null,
      ),
    );
  }

  return { open, email };
}
