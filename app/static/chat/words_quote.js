/** The sentences of the estimate. */

import { plural, sentences } from "./words.js";

export const Q = sentences("Q", {
  estimate: "Estimation pour votre projet",
  lines: (count) => plural(count, "poste", "postes"),
  assumptions: (count) => `${plural(count, "hypothèse", "hypothèses")} à confirmer`,
  byMachine: "Établie par une intelligence artificielle à partir de cet échange.",
  indicative: "Indicative, non contractuelle",
  toConfirm: (assumption) => (/^à confirmer/i.test(assumption) ? assumption : `à confirmer : ${assumption}`),
  totalHT: "Total HT",
  vat: (rate, base) => (base === null ? `TVA ${rate}` : `TVA ${rate} sur ${base}`),
  totalTTC: "Total TTC",
  line: "Poste",
  amount: "Montant HT",
  ask: "Poser une question",
  agree: "Cela me convient",
  agreed: (day, name) => `Vous avez dit que cela vous convient, le ${day}. ${name} en est prévenu et revient vers vous.`,
  print: "Imprimer l’estimation",
  byEmail: "Recevoir par e-mail",
  replaced: (version, total) => `Estimation n° ${version}, remplacée · ${total} TTC`,
  version: (version) => `Version ${version}`,
  printedOn: (day) => `Estimation du ${day}`,
});
