"""Everything the engine says, in the French of a careful professional. Written with plain spaces and quotes, set by `typeset`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core.format import NARROW_SPACE, SPACE, euro
from app.llm.providers.local.answers import Topic
from app.llm.providers.local.works import Work

_EXAMPLES = "Par exemple : salle de bain, cuisine, peinture, sols, toiture, électricité ou plomberie."
_MAX_ASSUMPTIONS = 6

PHOTOS_QUESTION = (
    "Pourriez-vous m'envoyer une ou deux photos de l'existant ? "
    "Si vous n'en avez pas, dites-le-moi : je prépare l'estimation sans attendre."
)
ENGLISH = "I can help you, and we can simply continue in French."
NOT_UNDERSTOOD = "Pardon, je n'ai pas bien saisi votre réponse."
USUAL_VALUE = "Ce n'est pas grave : je retiens une valeur courante, à confirmer."
CALM = "Je comprends votre agacement et je reste à votre écoute."
OFF_TOPIC = "Je ne peux pas vous renseigner sur ce sujet : je suis là pour préparer l'estimation de vos travaux."
WELCOME = f"Bonjour. Quels travaux souhaitez-vous réaliser ? {_EXAMPLES}"

# Each answer is honest about what an estimate cannot promise; {artisan} begins no sentence, so that « l'artisan » fits too.
_ANSWERS: dict[Topic, str] = {
    Topic.IDENTITY: "Je suis un assistant automatique, et non une personne ; {artisan} peut lire notre échange.",
    Topic.DELAY: "Pour les délais, c'est {artisan} qui vous répondra, selon son planning et l'ampleur du chantier.",
    Topic.TAX: "Le taux de TVA et les aides dépendent de votre situation : {artisan} les précisera dans le devis.",
    Topic.GUARANTEE: "Pour les garanties et les assurances, {artisan} vous donnera les justificatifs avec le devis.",
    Topic.PAYMENT: "Les modalités de paiement figureront dans le devis : {artisan} vous les précisera.",
    Topic.CONTACT: "Pour un appel ou une visite, {artisan} reviendra vers vous : indiquez ici le moment qui vous convient.",
    Topic.DATA: "Vos messages et vos photos servent à préparer votre estimation ; {artisan} peut vous préciser leur usage.",
    Topic.TOO_EXPENSIVE: "Je comprends. Dites-moi ce qu'il faut retirer ou simplifier et je refais l'estimation ; "
    "pour le prix définitif, c'est {artisan} qui vous répondra.",
    Topic.PRICE: "Les montants de l'estimation sont indicatifs : le prix définitif sera celui du devis établi par {artisan}.",
    Topic.PHOTOS: "Les photos montrent l'état de l'existant : elles sont utiles, mais facultatives.",
    Topic.UNSUPPORTED: "Je ne sais pas encore chiffrer tous les travaux que vous citez : {artisan} vous répondra directement sur ce point.",
    Topic.QUESTION: "Je préfère ne pas vous répondre au hasard : {artisan} vous renseignera sur ce point.",
}
ANSWER_ORDER = (
    Topic.IDENTITY,
    Topic.DATA,
    Topic.TOO_EXPENSIVE,
    Topic.DELAY,
    Topic.TAX,
    Topic.GUARANTEE,
    Topic.PAYMENT,
    Topic.CONTACT,
    Topic.PHOTOS,
    Topic.PRICE,
)

_BEFORE_SIGN = re.compile(r" ([;:!?»%])")


def typeset(text: str) -> str:
    """French typography: narrow no-break space before double signs, no-break space in « » and before units, curly apostrophes."""
    spaced = _BEFORE_SIGN.sub(NARROW_SPACE + r"\1", text).replace("« ", f"«{SPACE}")
    return spaced.replace(" m²", f"{SPACE}m²").replace("'", "’")


def artisan_name(name: str) -> str:
    """How the artisan is called inside a sentence."""
    return name or "l'artisan"


def answer(topic: Topic, artisan: str) -> str:
    """The sentence about something the person asked."""
    return _ANSWERS[topic].format(artisan=artisan_name(artisan))


def ask_for_works(question: str) -> str:
    """The first question, with examples."""
    return f"{question} {_EXAMPLES}"


def noted(purpose: str) -> str:
    """What was understood, before the next question."""
    return f"C'est noté pour {purpose}."


def recap(title: str, details: Sequence[str]) -> str:
    """What was understood, in full, before the photos are asked for."""
    return f"C'est noté : {title[:1].lower()}{title[1:]} ({', '.join(details)})."


def cannot_estimate(artisan: str) -> str:
    """Too little is known, and will not be."""
    return (
        "Sans ces précisions, je ne peux pas vous donner une estimation honnête. "
        f"Votre demande est notée : {artisan_name(artisan)} pourra voir cela avec vous sur place."
    )


def closing(artisan: str, *, thanked: bool) -> str:
    """The polite end, once the pre-quote was given."""
    opening = "Je vous en prie" if thanked else "Très bien, merci"
    return f"{opening}. Votre demande est bien notée : {_follows(artisan)}. Je vous souhaite une bonne journée."


def unchanged(artisan: str) -> str:
    """After the pre-quote, a message that changes nothing and asks nothing known."""
    return (
        "Je n'ai pas relevé de changement dans votre projet. Vous pouvez corriger une surface, ajouter ou retirer un élément ; "
        f"sinon, {_follows(artisan)}."
    )


def emptied(artisan: str) -> str:
    """Nothing is left of the project."""
    return f"C'est noté, je retire l'ensemble. Si vous avez un autre projet, décrivez-le-moi ; {artisan_name(artisan)} verra notre échange."


def received(photos: int, documents: int, artisan: str) -> str:
    """Thanks for what was sent; empty when nothing was. A document is not read here, and that is said."""
    if photos:
        return "Merci pour vos photos." if photos > 1 else "Merci pour votre photo."
    return f"Merci pour votre document : je ne peux pas le lire, mais {artisan_name(artisan)} le recevra." if documents else ""


def late_photos(photos: int) -> str:
    """Photos that arrive after the pre-quote."""
    return "Merci, vos photos sont jointes à votre demande." if photos > 1 else "Merci, votre photo est jointe à votre demande."


def refused(artisan: str) -> str:
    """The tool did not take the pre-quote."""
    return (
        "Je n'ai pas réussi à établir l'estimation cette fois-ci, et j'en suis désolé. Vos indications sont conservées : "
        f"{_follows(artisan)}. Vous pouvez aussi me préciser votre projet."
    )


def pre_quote(
    purpose: str,
    totals: Mapping[str, Any],
    assumptions: Sequence[str],
    unpriced: Sequence[Work],
    artisan: str,
    *,
    again: bool,
) -> str:
    """The text beside a pre-quote. `totals` is the tool's answer: its amounts are quoted, none is computed; empty: none is quoted."""
    what = f"Voici votre pré-devis {'mis à jour ' if again else ''}pour {purpose}"
    net, gross = _amount(totals.get("total_ht")), _amount(totals.get("total_ttc"))
    first = f"{what} : {net} HT, soit {gross} TTC." if net and gross else f"{what}."
    parts = [first]
    if assumptions:
        parts.append(_assumptions(assumptions))
    if unpriced:
        parts.append(f"Non chiffré ici : {', '.join(work.name for work in unpriced)}.")
    parts.append(
        f"Estimation indicative, non contractuelle. {_capital(_follows(artisan))}. "
        "Si quelque chose doit changer, une surface ou une option par exemple, dites-le-moi."
    )
    return "\n\n".join(parts)


def _assumptions(assumptions: Sequence[str]) -> str:
    if len(assumptions) == 1:
        return f"Hypothèse à confirmer : {assumptions[0]}."
    shown = assumptions[:_MAX_ASSUMPTIONS]
    return "Hypothèses à confirmer :\n" + "\n".join(f"- {text} ;" for text in shown[:-1]) + f"\n- {shown[-1]}."


def _follows(artisan: str) -> str:
    return f"{artisan_name(artisan)} vérifiera ces éléments et vous enverra un devis détaillé"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _amount(value: object) -> str:
    """An amount of the tool in French; empty when it is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return ""
    return euro(number) if number.is_finite() and abs(number) < 10**12 else ""
