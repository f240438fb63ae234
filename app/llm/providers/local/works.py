"""The works the engine can put into a pre-quote: what they are measured by, their price code.

Data. Units and labels are those of the platform's price library, whose prices are asked for through the tools, never known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Basis(StrEnum):
    """What gives a work its quantity; the value is the unit."""

    LUMP = "forfait"
    COUNT = "unité"
    LENGTH = "ml"
    HOURS = "h"
    FLOOR = "m² de sol"
    WALL = "m² de mur"
    CEILING = "m² de plafond"
    OWN = "m²"
    """A surface of its own, that no room tells: a roof, a façade, a partition."""

    @property
    def unit(self) -> str:
        return self.value.split(" ")[0]

    @property
    def is_area(self) -> bool:
        return self.unit == "m²"


@dataclass(frozen=True, slots=True)
class Work:
    """`key` is also the requirement's slug; `plane` the part of a building it covers; `asked` how a question names it."""

    key: str
    trade: str
    code: str
    label: str
    basis: Basis
    plane: str = ""
    asked: str = ""
    brings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The label inside a sentence: « douche italienne », but « VMC »."""
        return self.label if self.label[:2].isupper() else self.label[:1].lower() + self.label[1:]


LUMP, COUNT, LENGTH, HOURS = Basis.LUMP, Basis.COUNT, Basis.LENGTH, Basis.HOURS
FLOOR, WALL, CEILING, OWN = Basis.FLOOR, Basis.WALL, Basis.CEILING, Basis.OWN

_SDB_BASE = ("sdb_depose", "sdb_plomberie")
_TAKEN_DOWN = ("toiture_depose",)
_SDB, _ELEC, _PLOMB, _MEN = "salle_de_bain", "electricite", "plomberie", "menuiserie"

# In the order of the lines of a pre-quote: taking down, networks, surfaces, equipment.
_WORKS = (
    Work("sdb_depose", _SDB, "SDB-DEPOSE", "Dépose de l'existant", LUMP),
    Work("sdb_plomberie", _SDB, "SDB-PLOMB", "Plomberie", LUMP),
    Work("cuisine_depose", "cuisine", "CUIS-DEPOSE", "Dépose de la cuisine existante", LUMP),
    Work("cuisine_plomberie", "cuisine", "CUIS-PLOMB", "Plomberie de cuisine", LUMP),
    Work("cuisine_electricite", "cuisine", "CUIS-ELEC", "Électricité de cuisine", LUMP),
    Work("depose_sol", "sols", "SOL-DEPOSE", "Dépose de l'ancien revêtement de sol", FLOOR, plane="sol"),
    Work("toiture_depose", "toiture", "TOIT-DEPOSE", "Dépose de la couverture", OWN, plane="toit"),
    Work("depose_papier", "peinture", "PEINT-DEP-PP", "Dépose de papier peint", WALL, plane="mur"),
    Work("demolition_cloison", "platrerie", "PLAC-DEMOL", "Démolition de cloison", OWN, asked="de la cloison à démolir"),
    Work("mur_porteur", "platrerie", "PLAC-PORTEUR", "Ouverture dans un mur porteur", LUMP),
    Work("elec_renovation", _ELEC, "ELEC-RENO", "Rénovation électrique complète", FLOOR, asked="du logement"),
    Work("mise_aux_normes", _ELEC, "ELEC-NORMES", "Mise aux normes électriques", FLOOR, asked="du logement"),
    Work("plomberie_renovation", _PLOMB, "PLOMB-RENO", "Rénovation complète de la plomberie", FLOOR, asked="du logement"),
    Work("isolation_combles", "isolation", "ISO-COMBLES", "Isolation des combles", OWN, plane="combles", asked="des combles à isoler"),
    Work(
        "isolation_interieure",
        "isolation",
        "ISO-MUR-INT",
        "Isolation des murs par l'intérieur",
        OWN,
        plane="mur",
        asked="des murs intérieurs à isoler",
    ),
    Work(
        "isolation_exterieure",
        "isolation",
        "ISO-MUR-EXT",
        "Isolation des murs par l'extérieur",
        OWN,
        plane="mur",
        asked="des murs extérieurs à isoler",
    ),
    Work(
        "isolation_plancher", "isolation", "ISO-PLANCHER", "Isolation du plancher bas", OWN, plane="plancher", asked="du plancher à isoler"
    ),
    Work("cloison", "platrerie", "PLAC-CLOISON", "Cloison en plaques de plâtre", OWN, plane="cloison", asked="de la cloison"),
    Work("doublage", "platrerie", "PLAC-DOUBLAGE", "Doublage de mur", OWN, asked="des murs à doubler"),
    Work("faux_plafond", "platrerie", "PLAC-PLAFOND", "Faux plafond", CEILING),
    Work("ragreage", "sols", "SOL-RAGREAGE", "Ragréage", FLOOR, plane="sol"),
    Work("carrelage_sol", "sols", "CARR-SOL", "Carrelage au sol", FLOOR, plane="sol"),
    Work("carrelage_mural", "sols", "CARR-MUR", "Carrelage mural", WALL, plane="mur"),
    Work("parquet", "sols", "SOL-PARQUET", "Parquet contrecollé", FLOOR, plane="sol"),
    Work("parquet_massif", "sols", "SOL-MASSIF", "Parquet massif", FLOOR, plane="sol"),
    Work("stratifie", "sols", "SOL-STRAT", "Sol stratifié", FLOOR, plane="sol"),
    Work("vinyle", "sols", "SOL-VINYLE", "Sol vinyle", FLOOR, plane="sol"),
    Work("moquette", "sols", "SOL-MOQUETTE", "Moquette", FLOOR, plane="sol"),
    Work("beton_cire", "sols", "SOL-BETON", "Béton ciré", FLOOR, plane="sol"),
    Work("poncage_parquet", "sols", "SOL-PONCAGE", "Ponçage et vitrification de parquet", FLOOR, plane="sol"),
    Work("plinthes", "sols", "SOL-PLINTHE", "Plinthes", LENGTH, asked="de plinthes"),
    Work("preparation_murs", "peinture", "PEINT-PREP", "Préparation des murs", WALL, plane="mur"),
    Work("peinture_murs", "peinture", "PEINT-MUR", "Peinture des murs", WALL, plane="mur"),
    Work("peinture_plafond", "peinture", "PEINT-PLAF", "Peinture du plafond", CEILING, plane="plafond"),
    Work("papier_peint", "peinture", "PEINT-PP", "Pose de papier peint", WALL, plane="mur"),
    Work("peinture_porte", "peinture", "PEINT-PORTE", "Peinture de porte", COUNT, asked="de portes à peindre"),
    Work("peinture_fenetre", "peinture", "PEINT-FEN", "Peinture de fenêtre", COUNT, asked="de fenêtres à peindre"),
    Work("peinture_volet", "peinture", "PEINT-VOLET", "Peinture de volets", COUNT, asked="de paires de volets à peindre"),
    Work("peinture_radiateur", "peinture", "PEINT-RAD", "Peinture de radiateur", COUNT, asked="de radiateurs à peindre"),
    Work("douche_italienne", _SDB, "SDB-DOUCHE-IT", "Douche italienne", COUNT, asked="de douches italiennes", brings=_SDB_BASE),
    Work("douche_receveur", _SDB, "SDB-DOUCHE-REC", "Douche avec receveur", COUNT, asked="de douches avec receveur", brings=_SDB_BASE),
    Work("baignoire", _SDB, "SDB-BAIGNOIRE", "Baignoire", COUNT, asked="de baignoires", brings=_SDB_BASE),
    Work("paroi_douche", _SDB, "SDB-PAROI", "Paroi de douche", COUNT, asked="de parois de douche"),
    Work("meuble_vasque", _SDB, "SDB-VASQUE", "Meuble vasque", COUNT, asked="de meubles vasques"),
    Work("seche_serviettes", _SDB, "SDB-SECHE", "Sèche-serviettes", COUNT, asked="de sèche-serviettes"),
    Work("meubles_cuisine", "cuisine", "CUIS-MEUBLES", "Meubles de cuisine posés", LENGTH, asked="de meubles de cuisine"),
    Work("plan_travail", "cuisine", "CUIS-PLAN", "Plan de travail", LENGTH, asked="de plan de travail"),
    Work("credence", "cuisine", "CUIS-CREDENCE", "Crédence", LENGTH, asked="de crédence"),
    Work("evier", "cuisine", "CUIS-EVIER", "Évier et mitigeur", COUNT, asked="d’éviers"),
    Work("hotte", "cuisine", "CUIS-HOTTE", "Hotte aspirante", COUNT, asked="de hottes"),
    Work("ilot", "cuisine", "CUIS-ILOT", "Îlot central", COUNT, asked="d’îlots"),
    Work("tuiles", "toiture", "TOIT-TUILE", "Couverture en tuiles", OWN, plane="toit", brings=_TAKEN_DOWN),
    Work("ardoises", "toiture", "TOIT-ARDOISE", "Couverture en ardoises", OWN, plane="toit", brings=_TAKEN_DOWN),
    Work("bac_acier", "toiture", "TOIT-BAC", "Couverture en bac acier", OWN, plane="toit", brings=_TAKEN_DOWN),
    Work("demoussage", "toiture", "TOIT-DEMOUSS", "Démoussage de toiture", OWN, plane="toit"),
    Work("hydrofuge", "toiture", "TOIT-HYDRO", "Traitement hydrofuge de toiture", OWN, plane="toit"),
    Work("toiture_fuite", "toiture", "TOIT-FUITE", "Recherche et réparation de fuite en toiture", LUMP),
    Work("reparation_tuiles", "toiture", "TOIT-REPAR", "Remplacement de tuiles ou d'ardoises abîmées", LUMP),
    Work("gouttieres", "toiture", "TOIT-GOUTT", "Gouttière", LENGTH, asked="de gouttières"),
    Work("faitage", "toiture", "TOIT-FAITAGE", "Réfection du faîtage", LENGTH, asked="de faîtage"),
    Work("fenetre_toit", "toiture", "TOIT-FENETRE", "Fenêtre de toit", COUNT, asked="de fenêtres de toit"),
    Work("tableau_electrique", _ELEC, "ELEC-TABLEAU", "Tableau électrique", COUNT, asked="de tableaux électriques"),
    Work("prises", _ELEC, "ELEC-PRISE", "Prise de courant", COUNT, asked="de prises"),
    Work("interrupteurs", _ELEC, "ELEC-INTER", "Interrupteur", COUNT, asked="d’interrupteurs"),
    Work("points_lumineux", _ELEC, "ELEC-LUM", "Point lumineux", COUNT, asked="de points lumineux"),
    Work("spots", _ELEC, "ELEC-SPOT", "Spot encastré", COUNT, asked="de spots"),
    Work("prise_reseau", _ELEC, "ELEC-RJ45", "Prise réseau RJ45", COUNT, asked="de prises réseau"),
    Work("radiateur_electrique", _ELEC, "ELEC-RADIATEUR", "Radiateur électrique", COUNT, asked="de radiateurs électriques"),
    Work("vmc", _ELEC, "ELEC-VMC", "VMC", COUNT, asked="de VMC"),
    Work("borne_recharge", _ELEC, "ELEC-BORNE", "Borne de recharge", COUNT, asked="de bornes de recharge"),
    Work("depannage_electrique", _ELEC, "ELEC-DEPAN", "Dépannage électrique", HOURS),
    Work("chauffe_eau", _PLOMB, "PLOMB-CE", "Chauffe-eau électrique", COUNT, asked="de chauffe-eau"),
    Work("chauffe_eau_thermodynamique", _PLOMB, "PLOMB-CET", "Chauffe-eau thermodynamique", COUNT, asked="de chauffe-eau thermodynamiques"),
    Work("wc", _PLOMB, "PLOMB-WC", "WC à poser", COUNT, asked="de WC"),
    Work("wc_suspendu", _PLOMB, "PLOMB-WC-SUSP", "WC suspendu", COUNT, asked="de WC suspendus"),
    Work("lavabo", _PLOMB, "PLOMB-LAVABO", "Lavabo", COUNT, asked="de lavabos"),
    Work("robinet", _PLOMB, "PLOMB-ROBINET", "Robinet ou mitigeur", COUNT, asked="de robinets"),
    Work("fuite_eau", _PLOMB, "PLOMB-FUITE", "Recherche et réparation de fuite d'eau", LUMP),
    Work("debouchage", _PLOMB, "PLOMB-DEBOUCH", "Débouchage de canalisation", LUMP),
    Work("chaudiere", "chauffage", "CHAUF-GAZ", "Chaudière à gaz à condensation", COUNT, asked="de chaudières"),
    Work("pompe_a_chaleur", "chauffage", "CHAUF-PAC", "Pompe à chaleur air-eau", COUNT, asked="de pompes à chaleur"),
    Work("radiateur_eau", "chauffage", "CHAUF-RADIATEUR", "Radiateur à eau", COUNT, asked="de radiateurs à eau"),
    Work("poele", "chauffage", "CHAUF-POELE", "Poêle à bois ou à granulés", COUNT, asked="de poêles"),
    Work("climatisation", "chauffage", "CHAUF-CLIM", "Climatisation réversible", COUNT, asked="d’unités de climatisation"),
    Work("fenetre_pvc", _MEN, "MEN-FEN-PVC", "Fenêtre en PVC", COUNT, asked="de fenêtres"),
    Work("fenetre_alu", _MEN, "MEN-FEN-ALU", "Fenêtre en aluminium", COUNT, asked="de fenêtres"),
    Work("fenetre_bois", _MEN, "MEN-FEN-BOIS", "Fenêtre en bois", COUNT, asked="de fenêtres"),
    Work("porte_fenetre", _MEN, "MEN-PF", "Porte-fenêtre", COUNT, asked="de portes-fenêtres"),
    Work("baie_vitree", _MEN, "MEN-BAIE", "Baie vitrée", COUNT, asked="de baies vitrées"),
    Work("porte_entree", _MEN, "MEN-PORTE-ENT", "Porte d'entrée", COUNT, asked="de portes d’entrée"),
    Work("porte_interieure", _MEN, "MEN-PORTE-INT", "Porte intérieure", COUNT, asked="de portes intérieures"),
    Work("volet_roulant", _MEN, "MEN-VOLET-ROUL", "Volet roulant", COUNT, asked="de volets roulants"),
    Work("volet_battant", _MEN, "MEN-VOLET-BATT", "Volets battants", COUNT, asked="de paires de volets"),
    Work("porte_garage", _MEN, "MEN-PORTE-GAR", "Porte de garage", COUNT, asked="de portes de garage"),
    Work("placard", _MEN, "MEN-PLACARD", "Placard sur mesure", LENGTH, asked="de placard"),
    Work("escalier", _MEN, "MEN-ESCALIER", "Escalier", COUNT, asked="d’escaliers"),
    Work("ravalement", "facade", "FAC-RAVAL", "Ravalement de façade", OWN, plane="facade"),
    Work("peinture_facade", "facade", "FAC-PEINT", "Peinture de façade", OWN, plane="facade"),
    Work("nettoyage_facade", "facade", "FAC-NETT", "Nettoyage de façade", OWN, plane="facade"),
    Work("fissures", "facade", "FAC-FISSURE", "Traitement de fissures", LENGTH, asked="de fissures"),
)

WORKS: dict[str, Work] = {work.key: work for work in _WORKS}
ORDER: dict[str, int] = {work.key: position for position, work in enumerate(_WORKS)}
