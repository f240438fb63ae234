/** The French sentences of the conversation. What opens on demand has its own: words_menu.js, words_quote.js. */

const numbers = new Intl.NumberFormat("fr-FR");

/** « 1 poste », « 5 postes », « 2 000 caractères », held together. */
export const plural = (count, one, many) => `${numbers.format(count)}\u00a0${count > 1 ? many : one}`;

export const T = {
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
  yesterday: "Hier",
  today: "Aujourd’hui",
  bareLink: "lien",
  megabytes: "Mo",
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
  refused: (name, why) => `« ${name} » n’est pas accepté. ${why}`,
  unreadable: "Ce fichier n’a pas pu être lu. Essayez avec une autre photo.",
};

/** What one is told by error code, when the page knows better than the server's sentence. */
export const ERRORS = {
  network: "Le réseau ne répond pas. Réessayez dans un instant.",
  server: "Une panne passagère de notre côté. Rien n’est perdu : réessayez dans un instant.",
  rate_limited: "Trop de demandes à la fois. Patientez quelques secondes et réessayez.",
  message_too_long: "Ce message est trop long. Envoyez-le en deux fois.",
  too_large: "Ce fichier est trop lourd.",
  wrong_type: "Ce format n’est pas accepté.",
};

/** What is told when nothing more can be written: what happened, what was kept, what to do (endings.js). */
export const ENDINGS = {
  expired: ["Cette conversation a expiré", "Pour protéger vos échanges, elle ne reste ouverte qu’un temps. Demandez un nouveau lien pour la poursuivre."],
  expiredHere: ["Cette conversation a expiré", "Pour protéger vos échanges, elle ne reste ouverte qu’un temps. Vous pouvez en commencer une autre."],
  revoked: ["Ce lien n’est plus actif", "Il a été fermé par son auteur. Demandez-lui un nouveau lien si vous souhaitez poursuivre."],
  suspended: ["L’assistant est suspendu", "Le service qui le propose ne répond plus pour le moment. Ce que vous avez écrit est gardé."],
  deactivated: ["L’assistant est en pause", "Il a été arrêté par le site qui le propose. Ce que vous avez écrit est gardé."],
  deleted: ["Cette conversation a été supprimée", "Ses messages et ses photos ont été effacés."],
  missing: ["Conversation introuvable", "Elle a été supprimée, ou le lien est incomplet."],
  quota: ["L’assistant a beaucoup répondu", "Son nombre de messages est atteint pour le moment. Votre conversation est gardée."],
  full: ["Conversation complète", "Elle a atteint le nombre de messages prévu. L’artisan peut la lire et vous répondre."],
  refused: ["L’assistant ne s’affiche pas ici", "Cette page n’est pas autorisée à le montrer. Le responsable du site peut y remédier."],
  again: "Réessayer",
  anew: "Commencer une autre conversation",
};
