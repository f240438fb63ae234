"""The platform's price library as delivered: current works of French building trades, net of VAT (PRODUCT.md, the journey).

Data only. Prices are supplied and fitted, in euros for one `unit`; the 20 % rate is the normal one, an artisan lowers it in
his own devis where the law allows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PriceSeed:
    """One work: `unit` is forfait, m², ml, unité or h; price in euros and VAT in per cent, both exact decimals as text."""

    code: str
    label: str
    unit: str
    unit_price: str
    vat_rate: str
    trade: str
    keywords: tuple[str, ...]


def _trade(trade: str, *rows: tuple[str, str, str, str, str]) -> tuple[PriceSeed, ...]:
    """Rows of one trade: code, label, unit, price, keywords separated by commas."""
    return tuple(PriceSeed(code, label, unit, price, "20", trade, tuple(words.split(", "))) for code, label, unit, price, words in rows)


PLATFORM_PRICES: tuple[PriceSeed, ...] = (
    *_trade(
        "salle_de_bain",
        ("SDB-DEPOSE", "Dépose de l'existant", "forfait", "450", "démolition, évacuation, sanitaires"),
        ("SDB-PLOMB", "Plomberie", "forfait", "1200", "alimentation, évacuation, raccordement, salle de bain"),
        ("SDB-DOUCHE-IT", "Douche italienne", "unité", "2100", "douche à l'italienne, douche de plain-pied, receveur à carreler"),
        ("SDB-DOUCHE-REC", "Douche avec receveur", "unité", "1250", "bac à douche, receveur, cabine"),
        ("SDB-BAIGNOIRE", "Baignoire", "unité", "980", "bain, tablier"),
        ("SDB-PAROI", "Paroi de douche", "unité", "620", "vitre, verre, porte de douche"),
        ("SDB-VASQUE", "Meuble vasque", "unité", "780", "lavabo, meuble de salle de bain, miroir"),
        ("SDB-SECHE", "Sèche-serviettes", "unité", "450", "radiateur, chauffage de salle de bain"),
    ),
    *_trade(
        "carrelage",
        ("CARR-SOL", "Carrelage au sol", "m²", "80", "carreaux, grès cérame, sol"),
        ("CARR-MUR", "Carrelage mural", "m²", "70", "faïence, carreaux, mur"),
    ),
    *_trade(
        "peinture",
        ("PEINT-MUR", "Peinture des murs", "m²", "25", "mur, deux couches, repeindre"),
        ("PEINT-PLAF", "Peinture du plafond", "m²", "28", "plafond, deux couches"),
        ("PEINT-PREP", "Préparation des murs", "m²", "14", "rebouchage, enduit, ponçage, lissage"),
        ("PEINT-DEP-PP", "Dépose de papier peint", "m²", "9", "décollage, tapisserie"),
        ("PEINT-PP", "Pose de papier peint", "m²", "34", "tapisserie, papier intissé"),
        ("PEINT-PORTE", "Peinture de porte", "unité", "95", "porte, boiserie, deux faces"),
        ("PEINT-FEN", "Peinture de fenêtre", "unité", "110", "fenêtre, boiserie"),
        ("PEINT-VOLET", "Peinture de volets", "unité", "120", "volet, paire, boiserie extérieure"),
        ("PEINT-RAD", "Peinture de radiateur", "unité", "75", "radiateur, fonte, métal"),
    ),
    *_trade(
        "sols",
        ("SOL-DEPOSE", "Dépose de l'ancien revêtement de sol", "m²", "18", "arrachage, évacuation, moquette, carrelage"),
        ("SOL-RAGREAGE", "Ragréage", "m²", "24", "mise à niveau, chape, sol"),
        ("SOL-PARQUET", "Parquet contrecollé", "m²", "75", "parquet, bois, pose flottante"),
        ("SOL-MASSIF", "Parquet massif", "m²", "110", "parquet, chêne, pose collée, pose clouée"),
        ("SOL-STRAT", "Sol stratifié", "m²", "42", "stratifié, parquet flottant"),
        ("SOL-VINYLE", "Sol vinyle", "m²", "45", "PVC, lino, lames clipsables"),
        ("SOL-MOQUETTE", "Moquette", "m²", "32", "textile, sol souple"),
        ("SOL-BETON", "Béton ciré", "m²", "120", "micro-ciment, sol décoratif"),
        ("SOL-PONCAGE", "Ponçage et vitrification de parquet", "m²", "38", "rénovation, vernis, huile, parquet"),
        ("SOL-PLINTHE", "Plinthes", "ml", "14", "plinthe, bois, MDF"),
    ),
    *_trade(
        "cuisine",
        ("CUIS-DEPOSE", "Dépose de la cuisine existante", "forfait", "550", "démolition, évacuation"),
        ("CUIS-PLOMB", "Plomberie de cuisine", "forfait", "850", "alimentation, évacuation, évier"),
        ("CUIS-ELEC", "Électricité de cuisine", "forfait", "1100", "prises, circuits spécialisés"),
        ("CUIS-MEUBLES", "Meubles de cuisine posés", "ml", "780", "caissons, façades, cuisine équipée"),
        ("CUIS-PLAN", "Plan de travail", "ml", "240", "stratifié, quartz, bois"),
        ("CUIS-CREDENCE", "Crédence", "ml", "130", "verre, carrelage, inox"),
        ("CUIS-EVIER", "Évier et mitigeur", "unité", "420", "évier, robinet, cuve"),
        ("CUIS-HOTTE", "Hotte aspirante", "unité", "460", "aspiration, extraction"),
        ("CUIS-ILOT", "Îlot central", "unité", "2400", "îlot, bar"),
    ),
    *_trade(
        "toiture",
        ("TOIT-DEPOSE", "Dépose de la couverture", "m²", "25", "démolition, évacuation, toit"),
        ("TOIT-TUILE", "Couverture en tuiles", "m²", "95", "tuile, terre cuite, toit"),
        ("TOIT-ARDOISE", "Couverture en ardoises", "m²", "145", "ardoise naturelle, toit"),
        ("TOIT-BAC", "Couverture en bac acier", "m²", "70", "tôle, toit"),
        ("TOIT-DEMOUSS", "Démoussage de toiture", "m²", "18", "mousse, nettoyage, toit"),
        ("TOIT-HYDRO", "Traitement hydrofuge de toiture", "m²", "12", "imperméabilisant, toit"),
        ("TOIT-FUITE", "Recherche et réparation de fuite en toiture", "forfait", "380", "infiltration, étanchéité, toit"),
        ("TOIT-REPAR", "Remplacement de tuiles ou d'ardoises abîmées", "forfait", "450", "tuile cassée, réparation"),
        ("TOIT-GOUTT", "Gouttière", "ml", "55", "zinc, PVC, descente, eaux pluviales"),
        ("TOIT-FAITAGE", "Réfection du faîtage", "ml", "62", "faîtière, toit"),
        ("TOIT-FENETRE", "Fenêtre de toit", "unité", "1150", "velux, lucarne"),
    ),
    *_trade(
        "electricite",
        ("ELEC-RENO", "Rénovation électrique complète", "m²", "110", "réfection, câblage, logement"),
        ("ELEC-NORMES", "Mise aux normes électriques", "m²", "85", "sécurité, NF C 15-100"),
        ("ELEC-TABLEAU", "Tableau électrique", "unité", "1350", "disjoncteur, différentiel"),
        ("ELEC-PRISE", "Prise de courant", "unité", "85", "prise électrique"),
        ("ELEC-INTER", "Interrupteur", "unité", "75", "va-et-vient, commande"),
        ("ELEC-LUM", "Point lumineux", "unité", "110", "luminaire, plafonnier, applique"),
        ("ELEC-SPOT", "Spot encastré", "unité", "90", "éclairage, LED"),
        ("ELEC-RJ45", "Prise réseau RJ45", "unité", "95", "internet, fibre"),
        ("ELEC-RADIATEUR", "Radiateur électrique", "unité", "520", "chauffage, convecteur, inertie"),
        ("ELEC-VMC", "VMC", "unité", "690", "ventilation, aération"),
        ("ELEC-BORNE", "Borne de recharge", "unité", "1490", "voiture électrique, IRVE"),
        ("ELEC-DEPAN", "Dépannage électrique", "h", "65", "panne, court-circuit, main-d'œuvre"),
    ),
    *_trade(
        "plomberie",
        ("PLOMB-RENO", "Rénovation complète de la plomberie", "m²", "75", "réseau, tuyauterie, logement"),
        ("PLOMB-CE", "Chauffe-eau électrique", "unité", "980", "ballon, cumulus, eau chaude"),
        ("PLOMB-CET", "Chauffe-eau thermodynamique", "unité", "2950", "ballon, eau chaude, économie"),
        ("PLOMB-WC", "WC à poser", "unité", "420", "toilettes, cuvette"),
        ("PLOMB-WC-SUSP", "WC suspendu", "unité", "890", "toilettes, bâti-support"),
        ("PLOMB-LAVABO", "Lavabo", "unité", "320", "lave-mains, vasque"),
        ("PLOMB-ROBINET", "Robinet ou mitigeur", "unité", "170", "robinetterie, mélangeur"),
        ("PLOMB-FUITE", "Recherche et réparation de fuite d'eau", "forfait", "190", "dépannage, tuyau, canalisation"),
        ("PLOMB-DEBOUCH", "Débouchage de canalisation", "forfait", "160", "évacuation, bouchon, dépannage"),
    ),
    *_trade(
        "chauffage",
        ("CHAUF-GAZ", "Chaudière à gaz à condensation", "unité", "4200", "chaudière, chauffage central"),
        ("CHAUF-PAC", "Pompe à chaleur air-eau", "unité", "12500", "PAC, chauffage"),
        ("CHAUF-RADIATEUR", "Radiateur à eau", "unité", "540", "chauffage central"),
        ("CHAUF-POELE", "Poêle à bois ou à granulés", "unité", "3900", "chauffage, pellets"),
        ("CHAUF-CLIM", "Climatisation réversible", "unité", "2300", "climatiseur, split"),
    ),
    *_trade(
        "isolation",
        ("ISO-COMBLES", "Isolation des combles", "m²", "38", "grenier, laine soufflée"),
        ("ISO-MUR-INT", "Isolation des murs par l'intérieur", "m²", "65", "doublage, laine de verre"),
        ("ISO-MUR-EXT", "Isolation des murs par l'extérieur", "m²", "165", "ITE, façade, polystyrène"),
        ("ISO-PLANCHER", "Isolation du plancher bas", "m²", "45", "cave, vide sanitaire, sous-sol"),
    ),
    *_trade(
        "menuiserie",
        ("MEN-FEN-PVC", "Fenêtre en PVC", "unité", "690", "double vitrage, fenêtre"),
        ("MEN-FEN-ALU", "Fenêtre en aluminium", "unité", "920", "double vitrage, fenêtre"),
        ("MEN-FEN-BOIS", "Fenêtre en bois", "unité", "980", "double vitrage, fenêtre"),
        ("MEN-PF", "Porte-fenêtre", "unité", "1250", "double vitrage"),
        ("MEN-BAIE", "Baie vitrée", "unité", "2350", "coulissant, baie coulissante"),
        ("MEN-PORTE-ENT", "Porte d'entrée", "unité", "2100", "porte blindée, serrure"),
        ("MEN-PORTE-INT", "Porte intérieure", "unité", "390", "bloc-porte"),
        ("MEN-VOLET-ROUL", "Volet roulant", "unité", "620", "volet électrique"),
        ("MEN-VOLET-BATT", "Volets battants", "unité", "480", "volet bois, volet aluminium, paire"),
        ("MEN-PORTE-GAR", "Porte de garage", "unité", "1750", "sectionnelle, basculante"),
        ("MEN-PLACARD", "Placard sur mesure", "ml", "650", "dressing, rangement"),
        ("MEN-ESCALIER", "Escalier", "unité", "3800", "marches, bois"),
    ),
    *_trade(
        "facade",
        ("FAC-RAVAL", "Ravalement de façade", "m²", "58", "enduit, échafaudage"),
        ("FAC-PEINT", "Peinture de façade", "m²", "38", "peinture extérieure"),
        ("FAC-NETT", "Nettoyage de façade", "m²", "16", "haute pression, mousse"),
        ("FAC-FISSURE", "Traitement de fissures", "ml", "38", "fissure, lézarde, rebouchage"),
    ),
    *_trade(
        "platrerie",
        ("PLAC-CLOISON", "Cloison en plaques de plâtre", "m²", "68", "placo, séparation"),
        ("PLAC-DOUBLAGE", "Doublage de mur", "m²", "58", "placo, contre-cloison"),
        ("PLAC-PLAFOND", "Faux plafond", "m²", "72", "plafond suspendu, placo"),
        ("PLAC-DEMOL", "Démolition de cloison", "m²", "48", "abattre, gravats"),
        ("PLAC-PORTEUR", "Ouverture dans un mur porteur", "forfait", "3400", "IPN, poutre, étude de structure"),
    ),
)
