/** The French sentences of the conversation, and how numbers and dates are written. The menu has its own: words_menu.js. */

/** French spacing: narrow no-break space before ; : ! ? % € and inside « »; « e-mail » and « à confirmer » hold together. */
export const spaced = (text) =>
  text
    .replace(/ ([:;!?%€»])/g, "\u202f$1")
    .replace(/« /g, "«\u202f")
    .replace(/e-mail/g, "e\u2011mail")
    .replace(/à confirmer/g, "à\u00a0confirmer");

/** Spaces a table of sentences and of functions that make sentences. */
export const typeset = (words) =>
  Object.fromEntries(
    Object.entries(words).map(([key, word]) => [key, typeof word === "function" ? (...given) => spaced(word(...given)) : spaced(word)]),
  );

/** « 1 poste », « 5 postes », held together. */
export const plural = (count, one, many) => `${count}\u00a0${count > 1 ? many : one}`;

const euros = new Intl.NumberFormat("fr-FR", { style: "currency", currency: "EUR" });
const numbers = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 3 });
const zone = { timeZone: "Europe/Paris" };
const hours = new Intl.DateTimeFormat("fr-FR", { ...zone, hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat("fr-FR", { ...zone, weekday: "long", day: "numeric", month: "long" });
const dates = new Intl.DateTimeFormat("fr-FR", { ...zone, day: "numeric", month: "long", year: "numeric" });

export const money = (amount) => euros.format(amount);
export const number = (value) => numbers.format(value);
export const percent = (rate) => spaced(`${numbers.format(rate)} %`);
export const time = (iso) => hours.format(new Date(iso));
export const date = (iso) => dates.format(new Date(iso));
export const size = (bytes) => `${numbers.format(Math.max(0.1, Math.round(bytes / 104857.6) / 10))}\u202fMo`;
export const sameDay = (a, b) => dates.format(new Date(a)) === dates.format(new Date(b));

/** « Aujourd’hui 14:32 », « Hier 9:05 », « lundi 3 novembre 9:05 ». */
export function moment(iso) {
  const yesterday = new Date(Date.now() - 86400000);
  const day = sameDay(iso, new Date()) ? "Aujourd’hui" : sameDay(iso, yesterday) ? "Hier" : days.format(new Date(iso));
  return `${day} ${time(iso)}`;
}

export const T = typeset({
  you: "Vous : ",
  assistant: "Assistant : ",
  system: "Information : ",
  person: (name) => `${name} (l’artisan) : `,
  online: "Assistant en ligne",
  prompt: "· répond tout de suite",
  offlineShort: "Hors connexion",
  typing: "En train d’écrire",
  queued: (before) => `Votre demande est dans la file : ${plural(before, "personne", "personnes")} avant vous`,
  stopped: "Réponse arrêtée",
  replyFailed: "La réponse n’est pas arrivée. Votre message est bien gardé.",
  replyRestarts: "La réponse reprend depuis le début.",
  retry: "Réessayer",
  discard: "Effacer",
  sending: "Envoi…",
  sent: "Envoyé",
  waiting: "Partira dès le retour du réseau",
  delayed: "Partira dans un instant",
  notSent: "Non envoyé",
  unavailable: "La conversation ne s’ouvre pas",
  useful: "Réponse utile",
  useless: "Réponse pas utile",
  thanks: "Merci de votre avis.",
  offline: "Pas de réseau. Vos messages sont gardés et partiront à son retour.",
  reconnecting: "Connexion difficile, nouvel essai en cours…",
  slowDown: (seconds) => `Un peu trop vite pour l’assistant : votre message partira dans ${seconds} s.`,
  finished: "Conversation terminée. Vous pouvez écrire à nouveau quand vous voulez.",
  paused: "Conversation en pause. Écrivez pour la reprendre.",
  question: "Votre question sur l’estimation",
  tooLong: (excess) => `Message trop long de ${plural(excess, "caractère", "caractères")}. Raccourcissez-le, ou envoyez-le en deux fois.`,
  charactersLeft: (left) => `${plural(left, "caractère restant", "caractères restants")}`,
  close: "Fermer",
  call: (phone) => `Appeler le ${phone}`,
  // Photos and documents
  photoWaiting: "En attente",
  photoUploading: (share) => `${share} %`,
  photoChecking: "Vérification",
  photoReady: "Prêt à envoyer",
  photoRemove: (name) => `Retirer ${name}`,
  photoOpen: (name) => `Agrandir ${name}`,
  photoRefused: "Photo refusée",
  photoPending: "Photo en préparation",
  wrongType: (name) => `« ${name} » : ce format n’est pas accepté. Choisissez une photo (JPEG, PNG, WebP) ou un PDF.`,
  tooLarge: (name, max) => `« ${name} » est trop lourd : ${max} au plus par fichier.`,
  tooMany: (max) => `${max} fichiers au plus par conversation. Envoyez les plus parlants.`,
  empty: (name) => `« ${name} » est vide. Choisissez un autre fichier.`,
  refused: (name, why) => `« ${name} » : ${why}`,
  unreadable: "ce fichier n’a pas pu être lu. Essayez avec une autre photo.",
});

/** What one is told by error code, when the page knows better than the server's sentence. */
const ERRORS = typeset({
  network: "Le réseau ne répond pas. Réessayez dans un instant.",
  server: "Une panne passagère de notre côté. Rien n’est perdu : réessayez dans un instant.",
  rate_limited: "Trop de demandes à la fois. Patientez quelques secondes et réessayez.",
  message_too_long: "Ce message est trop long. Envoyez-le en deux fois.",
  too_large: "Ce fichier est trop lourd.",
  wrong_type: "Ce format n’est pas accepté.",
});

/** What to tell the visitor; a fault of this page's own code is for the console, not for him. */
export function explain(error) {
  if (!error.code) console.error(error);
  return ERRORS[error.code] || (error.code && error.message) || ERRORS.server;
}

/** Refusals after which nothing more can be written: what happened, what was kept, what to do. `again`: a new try may work. */
const EXPIRED = ["Cette conversation a expiré", "Demandez un nouveau lien pour la poursuivre. Ce que vous avez écrit est gardé."];
const CLOSED = ["Ce lien n’est plus actif", "Il a été fermé par son auteur. Ce que vous avez écrit est gardé."];
const PAUSED = ["L’assistant est en pause", "Il ne répond plus pour le moment. Ce que vous avez écrit est gardé."];

const ENDINGS = {
  session_expired: { words: EXPIRED },
  link_expired: { words: EXPIRED },
  unauthorized: { words: EXPIRED, again: true },
  link_revoked: { words: CLOSED },
  session_revoked: { words: CLOSED },
  forbidden: { words: CLOSED },
  not_found: { words: ["Conversation introuvable", "Elle a été supprimée, ou le lien est incomplet."] },
  deployment_suspended: { words: PAUSED, again: true },
  account_suspended: { words: PAUSED, again: true },
  quota_exceeded: {
    words: ["L’assistant a beaucoup répondu", "Son nombre de messages est atteint pour le moment. Votre conversation est gardée."],
    again: true,
  },
  message_limit_reached: { words: ["Conversation complète", "Elle a atteint le nombre de messages prévu. L’artisan peut la lire et vous répondre."] },
};

/** `{title, text, again}` when the error's code ends the conversation, else null. */
export function ending(error) {
  const found = ENDINGS[error.code];
  return found ? { title: spaced(found.words[0]), text: spaced(found.words[1]), again: Boolean(found.again) } : null;
}
