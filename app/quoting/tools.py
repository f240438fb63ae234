"""The two tools a model uses to estimate works: look prices up, then propose a pre-quote.

Their context carries `values["catalogue"]` (the `Catalogue` of the conversation) and `values["drafts"]` (a list that
receives each accepted `Draft`). Names, arguments and answers are French because models read them with French prompts.
"""

from __future__ import annotations

from typing import Any

from app.core.money import VAT_RATES
from app.llm.tools import Tool, ToolContext, register
from app.quoting.drafting import MAX_LABEL, MAX_LINES, MAX_REQUIREMENTS, MAX_TITLE, Draft, draft_from_tool
from app.quoting.errors import QuoteRefusedError

_MAX_CODES = 50
_MAX_WORDS = 200

_SEARCH_PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "codes": {
            "type": "array",
            "items": {"type": "string"},
            "maxItems": _MAX_CODES,
            "description": "Codes d’articles déjà connus, par exemple CARR-SOL.",
        },
        "metier": {"type": "string", "description": "Corps de métier, par exemple « plomberie » ou « carrelage »."},
        "recherche": {"type": "string", "description": "Mots décrivant l’ouvrage, par exemple « douche italienne »."},
    },
    "additionalProperties": False,
}

_LINE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "description": "Code de la bibliothèque de prix. À donner dès qu’un article convient."},
        "libelle": {"type": "string", "maxLength": MAX_LABEL, "description": "Nom de l’ouvrage."},
        "quantite": {"type": "number", "exclusiveMinimum": 0, "description": "Quantité dans l’unité de l’article."},
        "unite": {"type": "string", "description": "Unité, par exemple m², ml, unité ou forfait."},
        "prix_unitaire": {
            "type": "number",
            "exclusiveMinimum": 0,
            "description": "Prix unitaire en euros hors taxes, seulement pour un ouvrage sans code.",
        },
        "tva": {
            "type": "number",
            "enum": [float(rate) for rate in VAT_RATES],
            "description": "Taux de TVA en pour cent, seulement pour un ouvrage sans code.",
        },
        "hypothese": {"type": "string", "description": "Ce qui a été supposé, par exemple « surface murale = 2,5 × surface au sol »."},
    },
    "required": ["libelle", "quantite", "unite"],
    "additionalProperties": False,
}

_PROPOSAL_PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type_projet": {"type": "string", "description": "Identifiant du type de projet, par exemple renovation_salle_de_bain."},
        "titre": {"type": "string", "maxLength": MAX_TITLE, "description": "Titre court du pré-devis."},
        "description": {"type": "string", "description": "Résumé du projet, sans nom ni coordonnées de la personne."},
        "surface_m2": {"type": "number", "description": "Surface principale en m², à omettre si elle est inconnue."},
        "exigences": {
            "type": "array",
            "items": {"type": "string"},
            "maxItems": MAX_REQUIREMENTS,
            "description": "Identifiants des souhaits, par exemple douche_italienne.",
        },
        "lignes": {"type": "array", "items": _LINE, "minItems": 1, "maxItems": MAX_LINES, "description": "Les ouvrages chiffrés."},
        "notes": {"type": "string", "description": "Réserves et précisions pour la personne."},
    },
    "required": ["type_projet", "titre", "lignes"],
    "additionalProperties": False,
}


def _search(context: ToolContext, args: dict[str, Any]) -> dict[str, Any]:
    """Look prices up. An argument of another kind than announced counts as missing."""
    codes = args.get("codes")
    entries = context.values["catalogue"].search(
        codes=[code for code in codes[:_MAX_CODES] if isinstance(code, str)] if isinstance(codes, list) else [],
        trade=_words(args.get("metier")),
        text=_words(args.get("recherche")),
    )
    return {
        "articles": [
            {
                "code": entry.code,
                "libelle": entry.label,
                "unite": entry.unit,
                "prix_unitaire": float(entry.unit_price),
                "tva": float(entry.vat_rate),
                "metier": entry.trade,
            }
            for entry in entries
        ]
    }


def _words(value: object) -> str:
    return value[:_MAX_WORDS] if isinstance(value, str) else ""


def _propose(context: ToolContext, args: dict[str, Any]) -> dict[str, Any]:
    """Accept a pre-quote, or tell the model why not, so that it may try again."""
    try:
        draft = draft_from_tool(args, context.values["catalogue"])
    except QuoteRefusedError as error:
        return {"accepte": False, "raison": error.reason}
    context.values["drafts"].append(draft)
    return _accepted(draft)


def _accepted(draft: Draft) -> dict[str, Any]:
    return {
        "accepte": True,
        "titre": draft.title,
        "lignes": [
            {
                "libelle": line.label,
                "quantite": float(line.quantity),
                "unite": line.unit,
                "prix_unitaire": float(line.unit_price),
                "total_ht": float(line.total_ht),
                "hypothese": line.assumption,
            }
            for line in draft.lines
        ],
        "total_ht": float(draft.totals.total_ht),
        "tva": [{"taux": float(vat.rate), "base": float(vat.base), "montant": float(vat.amount)} for vat in draft.totals.vat],
        "total_ttc": float(draft.totals.total_ttc),
        "corrections": list(draft.corrections),
    }


register(
    Tool(
        name="rechercher_prix",
        description=(
            "Cherche dans la bibliothèque de prix de l’entreprise les ouvrages à chiffrer : par codes, par corps de métier ou par mots. "
            "À appeler avant de proposer un pré-devis ; les prix sont en euros hors taxes, pour une unité."
        ),
        parameters=_SEARCH_PARAMETERS,
        run=_search,
    )
)
register(
    Tool(
        name="proposer_pre_devis",
        description=(
            "Propose à la personne un pré-devis indicatif quand le projet, les surfaces et les options sont connus. Donner les ouvrages et les "
            "quantités, avec le code de la bibliothèque quand il existe : son prix, son unité et sa TVA s’appliquent alors. Ne calculer aucun "
            "total : ils sont calculés ici et rendus dans la réponse, seuls montants à citer. Si la réponse porte « accepte: false », corriger "
            "selon la raison donnée et appeler de nouveau l’outil."
        ),
        parameters=_PROPOSAL_PARAMETERS,
        run=_propose,
    )
)
