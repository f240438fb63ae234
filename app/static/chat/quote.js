/** The estimate as a card that one could print. */

import { el, icon } from "./dom.js";
import { date, money, number, percent } from "./words.js";
import { Q } from "./words_quote.js";

/** An assumption is a sentence of its own; here it follows a colon. « VMC » and the like keep their capitals. */
const uncapitalised = (text) => text.replace(/^\p{Lu}(?=[\p{Ll}’'])/u, (letter) => letter.toLowerCase());

/** « 8 m² × 80,00 € · à confirmer : … »: nothing for one lump sum without assumption. */
function detail({ quantity, unit, unit_price, vat_rate, assumption }, severalRates) {
  const parts = [];
  if (quantity !== 1) parts.push(`${number(quantity)} ${unit} × ${money(unit_price)}`);
  if (severalRates) parts.push(Q.vat(percent(vat_rate), null));
  if (assumption) parts.push(Q.toConfirm(uncapitalised(assumption)));
  return parts.join(" · ");
}

function table(quote) {
  const severalRates = quote.vat.length > 1;
  const row = (label, amount, className) => el("tr", { class: className }, el("th", { scope: "row" }, label), el("td", {}, amount));
  const lines = quote.lines.map((line) => {
    const more = detail(line, severalRates);
    return row([line.label, more && el("span", { class: "quote-detail" }, more)], money(line.total_ht));
  });
  const rates = quote.vat.map(({ rate, base, amount }) => row(Q.vat(percent(rate), severalRates ? money(base) : null), money(amount)));
  return el(
    "table",
    {},
    el("thead", { class: "sr" }, el("tr", {}, el("th", { scope: "col" }, Q.line), el("th", { scope: "col" }, Q.amount))),
    el("tbody", {}, lines),
    el("tfoot", {}, row(Q.totalHT, money(quote.total_ht)), rates, row(Q.totalTTC, money(quote.total_ttc), "quote-total")),
  );
}

function print(card) {
  const root = document.documentElement;
  root.classList.add("printing-card");
  card.classList.add("printed");
  const clear = () => {
    root.classList.remove("printing-card");
    card.classList.remove("printed");
  };
  window.addEventListener("afterprint", clear, { once: true });
  window.print();
}

function actions(quote, { artisan, onAsk, onAgree, onEmail }) {
  const email = () => el("button", { type: "button", class: "button quiet", "data-key": "email", onclick: onEmail }, icon("mail"), Q.byEmail);
  if (quote.accepted_at) {
    return [
      el("p", { class: "quote-agreed", tabindex: "-1", "data-key": "agree" }, icon("check"), el("span", {}, Q.agreed(date(quote.accepted_at), artisan))),
      el("div", { class: "quote-actions no-print" }, email()),
    ];
  }
  const agree = el("button", { type: "button", class: "button primary", "data-key": "agree", onclick: () => onAgree(quote, agree) }, Q.agree);
  return el("div", { class: "quote-actions no-print" }, el("button", { type: "button", class: "button", "data-key": "ask", onclick: onAsk }, Q.ask), agree);
}

/**
 * `quote` is the API's PreQuote. `latest` is false when a later version replaced it: it folds to one line.
 * `context` is `{artisan, phone, signature, onAsk, onAgree(quote, button), onEmail}`.
 */
export function quoteCard(quote, latest, createdAt, context) {
  const id = `quote-${quote.id}-${quote.version}`;
  const assumptions = quote.lines.filter(({ assumption }) => assumption).length;
  const facts = [Q.indicative, Q.lines(quote.lines.length), assumptions ? Q.assumptions(assumptions) : null, quote.version > 1 ? Q.version(quote.version) : null];
  const card = el(
    "div",
    { class: "quote", role: "group", "aria-labelledby": id },
    el(
      "header",
      { class: "quote-head" },
      el(
        "div",
        {},
        el("p", { class: "print-only quote-issuer" }, [context.artisan, context.phone, context.signature].filter(Boolean).join(" · ")),
        el("h2", { id }, quote.title || Q.estimate),
        el("p", { class: "quote-facts" }, facts.filter(Boolean).join(" · ")),
        el("p", { class: "print-only" }, Q.printedOn(date(createdAt))),
      ),
      el("button", { type: "button", class: "round no-print", "aria-label": Q.print, title: Q.print, onclick: () => print(card) }, icon("print")),
    ),
    table(quote),
    quote.notes ? el("p", { class: "quote-notes" }, quote.notes) : null,
    latest ? actions(quote, context) : null,
    el("p", { class: "quote-fine" }, [/intelligence artificielle/i.test(quote.disclaimer) ? null : Q.byMachine, quote.disclaimer].filter(Boolean).join(" ")),
  );
  if (latest) return card;
  return el("details", { class: "quote-old" }, el("summary", {}, Q.replaced(quote.version, money(quote.total_ttc))), card);
}
