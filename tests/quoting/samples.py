"""The journey's bathroom (PRODUCT.md), as prices and as the two ways a model proposes it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.quoting.catalogue import Catalogue, PriceEntry


def entry(
    code: str, label: str, unit: str, unit_price: str, trade: str = "carrelage", vat: str = "20", keywords: tuple[str, ...] = ()
) -> PriceEntry:
    return PriceEntry(code, label, unit, Decimal(unit_price), Decimal(vat), trade, keywords)


BATHROOM = (
    entry("SDB-DEPOSE", "Dépose de l’existant", "forfait", "450", "salle_de_bain", keywords=("démolition",)),
    entry("SDB-PLOMB", "Plomberie", "forfait", "1200", "plomberie"),
    entry("CARR-SOL", "Carrelage au sol", "m²", "80", keywords=("sol", "grès cérame")),
    entry("CARR-MUR", "Carrelage mural", "m²", "70", keywords=("faïence", "mur")),
    entry("SDB-DOUCHE-IT", "Douche italienne", "unité", "2100", "salle_de_bain", keywords=("receveur", "plain-pied")),
)
CATALOGUE = Catalogue(BATHROOM)


def journey_args() -> dict[str, Any]:
    """The arguments of `proposer_pre_devis`."""
    quantities = {"SDB-DEPOSE": 1, "SDB-PLOMB": 1, "CARR-SOL": 8, "CARR-MUR": 20, "SDB-DOUCHE-IT": 1}
    return {
        "type_projet": "renovation_salle_de_bain",
        "titre": "Rénovation de la salle de bain",
        "description": "Salle de bain de 8 m², douche italienne, carrelage mural et sol.",
        "surface_m2": 8,
        "exigences": ["douche_italienne", "carrelage_sol", "carrelage_mural"],
        "lignes": [
            {
                "code": item.code,
                "libelle": item.label,
                "quantite": quantities[item.code],
                "unite": item.unit,
                "hypothese": "Surface murale estimée à 2,5 × la surface au sol." if item.code == "CARR-MUR" else "",
            }
            for item in BATHROOM
        ],
        "notes": "À confirmer après visite.",
    }


def journey_block() -> dict[str, Any]:
    """The content of the json-quote block, without codes, as 003 §15.2 E writes it."""
    return {
        "project_type": "renovation_salle_de_bain",
        "items": [
            {"label": "Dépose existant", "quantity": 1, "unit": "forfait", "price_ht": 450},
            {"label": "Plomberie", "quantity": 1, "unit": "forfait", "price_ht": 1200},
            {"label": "Carrelage sol", "quantity": 8, "unit": "m²", "unit_price": 80, "price_ht": 640},
            {"label": "Carrelage mural", "quantity": 20, "unit": "m²", "unit_price": 70, "price_ht": 1400},
            {"label": "Douche italienne", "quantity": 1, "unit": "forfait", "price_ht": 2100},
        ],
        "total_ht": 5790,
    }


def one_line(**changes: Any) -> dict[str, Any]:
    """A proposal of a single work the library does not have; `changes` replace its fields, None removes one."""
    line = {"libelle": "Miroir chauffant", "quantite": 2, "unite": "unité", "prix_unitaire": 150.0} | changes
    return {"lignes": [{name: value for name, value in line.items() if value is not None}]}
