/** The words of the page in its language, and how numbers and dates are written. */

import * as french from "./words_fr.js";

/** The language of the page's own words, decided by the server. What people and the assistant write is in theirs. */
export const language = document.documentElement.lang === "en" ? "en" : "fr";

/** French spacing: narrow no-break space before ; : ! ? % € and inside « »; « e-mail » and « à confirmer » hold together. */
export const spaced = (text) =>
  text
    .replace(/ ([:;!?%€»])/g, "\u202f$1")
    .replace(/« /g, "«\u202f")
    .replace(/e-mail/g, "e\u2011mail")
    .replace(/à confirmer/g, "à\u00a0confirmer");

/** Spaces a table of sentences and of functions that make sentences. */
const typeset = (words) =>
  Object.fromEntries(
    Object.entries(words).map(([key, word]) => [key, typeof word === "function" ? (...given) => spaced(word(...given)) : spaced(word)]),
  );

export const { plural } = french;

let speech = french;

/** The sentences of the conversation; empty until `speak()` is done. */
export const T = {};

/** Fetches the page's language; to be awaited before anything is shown. French comes with the page. */
export async function speak() {
  if (language === "en") speech = await import("./words_en.js");
  Object.assign(T, typeset(speech.T));
}

/** A table of sentences of what opens on demand: the given French one, or its English twin. */
export const sentences = (name, table) => typeset(language === "fr" ? table : speech[name]);

const tag = { fr: "fr-FR", en: "en-GB" }[language];
const euros = new Intl.NumberFormat(tag, { style: "currency", currency: "EUR" });
const numbers = new Intl.NumberFormat(tag, { maximumFractionDigits: 3 });
const zone = { timeZone: "Europe/Paris" };
const hours = new Intl.DateTimeFormat(tag, { ...zone, hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat(tag, { ...zone, weekday: "long", day: "numeric", month: "long" });
const dates = new Intl.DateTimeFormat(tag, { ...zone, day: "numeric", month: "long", year: "numeric" });

export const money = (amount) => euros.format(amount);
export const number = (value) => numbers.format(value);
export const percent = (rate) => (language === "fr" ? spaced(`${numbers.format(rate)} %`) : `${numbers.format(rate)}%`);
export const time = (iso) => hours.format(new Date(iso));
export const date = (iso) => dates.format(new Date(iso));
export const size = (bytes) => `${numbers.format(Math.max(0.1, Math.round(bytes / 104857.6) / 10))}\u202f${T.megabytes}`;
export const sameDay = (a, b) => dates.format(new Date(a)) === dates.format(new Date(b));

/** « Aujourd’hui 14:32 », « Hier 9:05 », « lundi 3 novembre 9:05 ». */
export function moment(iso) {
  const yesterday = new Date(Date.now() - 86400000);
  const day = sameDay(iso, new Date()) ? T.today : sameDay(iso, yesterday) ? T.yesterday : days.format(new Date(iso));
  return `${day} ${time(iso)}`;
}

/** What to tell the visitor; a fault of this page's own code is for the console, not for him. */
export function explain(error) {
  if (!error.code) console.error(error);
  return spaced(speech.ERRORS[error.code] || (error.code && error.message) || speech.ERRORS.server);
}

/** Title and text of an ending by its name (endings.js), or a word of its buttons. */
export const told = (name) => (typeof speech.ENDINGS[name] === "string" ? speech.ENDINGS[name] : speech.ENDINGS[name].map(spaced));
