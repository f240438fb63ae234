"""Short answers and small talk: yes, no, « je ne sais pas », thanks, greetings, questions, insults, English."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from app.llm.providers.local.text import Token, stem


class Reply(StrEnum):
    """How a message answers the question before it, apart from what it names."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    BOTH = "both"
    NONE = "none"


class Topic(StrEnum):
    """What a message asks or says besides its project."""

    DELAY = "delay"
    PRICE = "price"
    TAX = "tax"
    IDENTITY = "identity"
    GUARANTEE = "guarantee"
    PAYMENT = "payment"
    CONTACT = "contact"
    DATA = "data"
    QUESTION = "question"
    THANKS = "thanks"
    AGREED = "agreed"
    GREETING = "greeting"
    INSULT = "insult"
    TOO_EXPENSIVE = "too_expensive"
    UNSUPPORTED = "unsupported"
    PROJECT = "project"
    PHOTOS = "photos"
    NO_PHOTOS = "no_photos"
    CANCEL = "cancel"


_UNKNOWN = (
    "sais pas, sait pas, sais plus, aucune idee, pas d idee, pas idee, peu importe, comme vous voulez, comme vous le sentez, n importe, "
    "a vous de voir, ignore, pas encore decide, pas decide, je sais po, j sais pas, chais pas, jsp, aucune preference, pas de preference, "
    "conseillez moi, no idea, don t know, indifferent, pas sur, pas certain"
)
_NO = "non, nan, nope, aucun, aucune, rien, pas besoin, ni l un ni l autre, pas necessaire, surtout pas, no, inutile, c est tout"
_YES = "oui, ouais, ouai, yes, yep, ok, d accord, bien sur, volontiers, exactement, tout a fait, evidemment, svp oui, si possible"
_BOTH = "les deux, les 2, tout, tous les deux, toutes les deux, partout, both, l ensemble, les trois"

_TOPICS: tuple[tuple[Topic, str], ...] = (
    (
        Topic.INSULT,
        "connard, connards, connasse, con, conne, cons, encule, encules, merde, salaud, salope, pute, putain, fdp, ntm, abruti, "
        "abrutis, idiot, idiote, debile, cretin, imbecile, nul, nulle, nuls, va te faire, ta gueule, ferme la, batard, bouffon, "
        "arnaqueur, arnaqueurs, voleur, voleurs, fuck, stupid, bullshit, minable, degage",
    ),
    (
        Topic.DATA,
        "donnees personnelles, mes donnees, vie privee, rgpd, confidentialite, confidentiel",
    ),
    (
        Topic.IDENTITY,
        "robot, ia, intelligence artificielle, humain, bot, chatgpt, vraie personne, qui es tu, qui etes vous, t es qui",
    ),
    (
        Topic.DELAY,
        "delai, delais, quand, combien de temps, combien de jours, combien de semaines, disponible, disponibles, disponibilite, "
        "disponibilites, date de debut, duree, dure, durent, how long, when, commencer les travaux, debuter",
    ),
    (Topic.TAX, "tva, aide, aides, maprimerenov, ma prime renov, prime, subvention, subventions, credit d impot, eco pret, cee, anah"),
    (Topic.GUARANTEE, "garantie, garanties, decennale, assurance, assurances, assure, rge, qualification, certifie"),
    (Topic.PAYMENT, "acompte, paiement, payer, facilite, plusieurs fois, reglement, credit, cheque, virement"),
    (
        Topic.TOO_EXPENSIVE,
        "trop cher, trop chere, hors budget, moins cher, remise, rabais, ristourne, promotion, negocier, negociable, c est cher",
    ),
    (
        Topic.CONTACT,
        "rendez vous, rdv, visite, venir voir, passer voir, se deplacer, appeler, rappeler, rappelez, telephone, contacter, "
        "parler a quelqu un, parler a un humain, adresse",
    ),
    (
        Topic.PRICE,
        "combien ca coute, combien coute, coute combien, combien ca couterait, quel prix, prix, tarif, tarifs, combien, how much, "
        "cost, price",
    ),
    (Topic.PHOTOS, "photo"),
    (Topic.NO_PHOTOS, "pas de photo, pas photo, pas encore de photo, pas pris de photo, aucune photo, sans photo, no photo, no picture"),
    (
        Topic.CANCEL,
        "annule tout, annulez tout, laisse tomber, laissez tomber, on arrete tout, abandonne tout, oubliez tout, oublie tout, tout annuler",
    ),
    (Topic.THANKS, "merci, mercii, thanks, thank you, thx, parfait, super, genial, nickel, top, impeccable"),
    (
        Topic.AGREED,
        "cela me convient, ca me convient, me convient, d accord, ok, j ai termine, termine, c est bon, je valide, je suis d accord, "
        "c est tout, rien d autre, j accepte, ca marche, entendu, au revoir, bonne journee, bonne soiree, a bientot, bye, oui, tres bien",
    ),
    (
        Topic.UNSUPPORTED,
        "piscine, jardin, jardinage, cloture, portail, pergola, charpente, maconnerie, extension, agrandissement, assainissement, "
        "fosse septique, ramonage, alarme, ascenseur, termites, amiante, panneaux solaires, panneau solaire, photovoltaique, demenagement, "
        "menage, terrassement, elagage, paysagiste, surelevation, fondations, swimming pool, garden",
    ),
    (Topic.PROJECT, "devis, travaux, projet, chantier, estimation, renover, refaire, artisan, bricolage, works, quote, estimate"),
    (Topic.GREETING, "bonjour, bonsoir, salut, coucou, hello, hi, hey, bjr, slt, bsr, good morning"),
)
_ASKING = frozenset(
    [
        "pourquoi",
        "comment",
        "quel",
        "quelle",
        "quels",
        "quelles",
        "qui",
        "quoi",
        "est-ce",
        "combien",
        "pouvez",
        "peux",
        "peut",
        "faites",
        "what",
        "why",
        "how",
        "can",
        "do",
    ]
)
_ENGLISH = frozenset(
    [
        "i",
        "the",
        "my",
        "want",
        "would",
        "like",
        "to",
        "need",
        "please",
        "hello",
        "is",
        "are",
        "you",
        "with",
        "and",
        "for",
        "have",
        "paint",
        "painting",
        "bathroom",
        "kitchen",
        "room",
        "house",
        "do",
        "can",
        "we",
        "new",
        "living",
        "roof",
        "floor",
        "of",
        "in",
        "it",
    ]
)
_FRENCH = frozenset(
    [
        "je",
        "le",
        "la",
        "les",
        "mon",
        "ma",
        "mes",
        "un",
        "une",
        "des",
        "de",
        "du",
        "et",
        "pour",
        "avec",
        "dans",
        "est",
        "vous",
        "nous",
        "veux",
        "voudrais",
        "bonjour",
        "refaire",
        "sur",
        "au",
        "aux",
    ]
)
_MAX_SHORT = 12


def _phrases(listed: str) -> tuple[str, ...]:
    return tuple(f" {' '.join(map(stem, phrase.split()))} " for phrase in listed.split(", "))


_REPLIES = ((Reply.UNKNOWN, _phrases(_UNKNOWN)), (Reply.NO, _phrases(_NO)), (Reply.BOTH, _phrases(_BOTH)), (Reply.YES, _phrases(_YES)))
_BY_TOPIC = tuple((topic, _phrases(listed)) for topic, listed in _TOPICS)


def spaced(found: Sequence[Token]) -> str:
    """The stems of a message between single spaces, to look phrases up."""
    return f" {' '.join(token.stem for token in found if token.text[0].isalnum())} "


def reply_of(found: Sequence[Token]) -> Reply:
    """Yes, no… as far as a short message says it; a long one speaks by what it names."""
    words = spaced(found)
    for reply, phrases in _REPLIES:
        if reply is not Reply.UNKNOWN and len(found) > _MAX_SHORT:
            break
        if any(phrase in words for phrase in phrases):
            return reply
    return Reply.NONE


def topics_of(found: Sequence[Token]) -> frozenset[Topic]:
    """Every topic that a message touches."""
    words = spaced(found)
    topics = {topic for topic, phrases in _BY_TOPIC if any(phrase in words for phrase in phrases)}
    if any(token.text == "?" for token in found) or (found and found[0].text in _ASKING):
        topics.add(Topic.QUESTION)
    return frozenset(topics)


def is_english(found: Sequence[Token]) -> bool:
    """More English than French among the commonest words of both."""
    english = sum(token.text in _ENGLISH for token in found)
    return english >= 2 and english > sum(token.text in _FRENCH for token in found)
