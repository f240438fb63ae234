"""What a person must still decide before a price is honest: the choices of each trade, and what goes together in a room. Data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a choice. `target` is a work, or a narrower choice; `words` count only as an answer to the question.

    `alone` is what is asked when the other options are refused already.
    """

    target: str
    plane: str = ""
    words: str = ""
    alone: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A question that changes the price, opened by its words or by a package.

    `default` is what is assumed, and said, when the person does not know; empty: nothing is counted. `first`: decides which
    measures are needed, so it is asked before them. `single`: a later answer replaces the earlier one. `both`: « les deux »
    takes every option. `renovated`: what « refaire », « changer » mean for this word.
    `closed_by`: a narrower choice that makes this one useless. `asked`: how the things are counted before the choice is made.
    """

    key: str
    trade: str
    question: str
    options: tuple[Option, ...]
    default: tuple[str, ...] = ()
    first: bool = False
    single: bool = False
    both: bool = False
    renovated: str = ""
    closed_by: str = ""
    asked: str = ""

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(option.target for option in self.options)


@dataclass(frozen=True, slots=True)
class Package:
    """A room redone as a whole: the works that always come, the choices it opens, the works of others that it takes in."""

    room: str
    works: tuple[str, ...]
    choices: tuple[str, ...]
    absorbs: tuple[str, ...]
    core: tuple[str, ...] = ()
    """Works that, wished for together with tiles, mean the whole room."""


@dataclass(frozen=True, slots=True)
class Trade:
    """How a trade is written: slug of the project, title of the pre-quote, and « pour … »."""

    project_type: str
    title: str
    purpose: str


_CHOICES = (
    Choice(
        "bain",
        "salle_de_bain",
        "Souhaitez-vous une douche italienne, une douche avec receveur ou une baignoire ?",
        (
            Option("douche_italienne", words="italienne, plain pied"),
            Option("douche_receveur", words="receveur, bac"),
            Option("baignoire"),
        ),
        default=("douche_receveur",),
        single=True,
        closed_by="douche",
    ),
    Choice(
        "douche",
        "salle_de_bain",
        "Préférez-vous une douche italienne ou une douche avec receveur ?",
        (Option("douche_italienne", words="italienne, plain pied"), Option("douche_receveur", words="receveur, bac, simple, classique")),
        default=("douche_receveur",),
        single=True,
    ),
    Choice(
        "carrelage",
        "sols",
        "Souhaitez-vous du carrelage au sol, aux murs ou les deux ?",
        (
            Option("carrelage_sol", "sol", alone="Souhaitez-vous du carrelage au sol ?"),
            Option("carrelage_mural", "mur", alone="Souhaitez-vous du carrelage aux murs ?"),
        ),
        default=("carrelage_sol", "carrelage_mural"),
        both=True,
    ),
    Choice(
        "peinture",
        "peinture",
        "Faut-il peindre les murs, le plafond ou les deux ?",
        (
            Option("peinture_murs", "mur", alone="Faut-il peindre les murs ?"),
            Option("peinture_plafond", "plafond", alone="Faut-il peindre le plafond ?"),
        ),
        default=("peinture_murs", "peinture_plafond"),
        both=True,
    ),
    Choice(
        "revetement",
        "sols",
        "Quel revêtement souhaitez-vous : parquet, stratifié, vinyle, carrelage ou moquette ?",
        (
            Option("parquet"),
            Option("parquet_massif", words="massif"),
            Option("stratifie"),
            Option("vinyle", words="pvc"),
            Option("carrelage_sol", words="carrelage, carreaux"),
            Option("moquette"),
            Option("beton_cire"),
            Option("poncage_parquet", words="poncage"),
        ),
        default=("stratifie",),
        single=True,
    ),
    Choice(
        "ancien_sol",
        "sols",
        "Faut-il déposer l’ancien revêtement de sol ?",
        (Option("depose_sol"),),
    ),
    Choice(
        "cuisine_plus",
        "cuisine",
        "Souhaitez-vous aussi une crédence, du carrelage au sol ou les deux ?",
        (
            Option("credence", "mur", alone="Souhaitez-vous aussi une crédence ?"),
            Option("carrelage_sol", "sol", "carrelage", alone="Souhaitez-vous aussi du carrelage au sol ?"),
        ),
        first=True,
        both=True,
    ),
    Choice(
        "toiture",
        "toiture",
        "S’agit-il d’une réfection complète, d’un démoussage, d’une fuite ou de gouttières ?",
        (
            Option("couverture", words="refection, complete, tout, refaire, renovation, remplacement, changer, neuve"),
            Option("demoussage", words="mousse, nettoyage"),
            Option("toiture_fuite", words="fuite, reparation, reparer, infiltration, fuit"),
            Option("gouttieres"),
            Option("reparation_tuiles"),
            Option("hydrofuge"),
            Option("faitage"),
            Option("fenetre_toit"),
        ),
        first=True,
        renovated="couverture",
    ),
    Choice(
        "couverture",
        "toiture",
        "Souhaitez-vous une couverture en tuiles, en ardoises ou en bac acier ?",
        (Option("tuiles"), Option("ardoises"), Option("bac_acier", words="bac, acier, tole")),
        default=("tuiles",),
        single=True,
    ),
    Choice(
        "electricite",
        "electricite",
        "De quoi avez-vous besoin : prises, éclairage, tableau électrique, mise aux normes ou dépannage ?",
        (
            Option("prises"),
            Option("points_lumineux", words="lumiere"),
            Option("tableau_electrique", words="tableau"),
            Option("mise_aux_normes", words="norme"),
            Option("elec_renovation", words="tout, complete, refaire, renovation"),
            Option("interrupteurs"),
            Option("spots"),
            Option("depannage_electrique", words="panne, depannage"),
        ),
        first=True,
        renovated="elec_renovation",
    ),
    Choice(
        "plomberie",
        "plomberie",
        "De quoi avez-vous besoin : chauffe-eau, WC, robinet, réparation d’une fuite ou débouchage ?",
        (
            Option("chauffe_eau", words="ballon"),
            Option("chauffe_eau_thermodynamique"),
            Option("wc", words="wc, toilette"),
            Option("wc_suspendu"),
            Option("robinet"),
            Option("lavabo"),
            Option("fuite_eau", words="fuite, reparation"),
            Option("debouchage", words="bouchon"),
            Option("plomberie_renovation", words="tout, complete, refaire, renovation"),
        ),
        first=True,
        renovated="plomberie_renovation",
    ),
    Choice(
        "chauffage",
        "chauffage",
        "De quoi avez-vous besoin : chaudière, pompe à chaleur, radiateurs, poêle ou climatisation ?",
        (
            Option("chaudiere"),
            Option("pompe_a_chaleur"),
            Option("radiateur"),
            Option("radiateur_eau"),
            Option("radiateur_electrique"),
            Option("poele"),
            Option("climatisation"),
        ),
        first=True,
    ),
    Choice(
        "radiateur",
        "chauffage",
        "S’agit-il de radiateurs électriques ou de radiateurs à eau ?",
        (Option("radiateur_electrique", words="electrique"), Option("radiateur_eau", words="eau, fonte, gaz, central")),
        default=("radiateur_electrique",),
        single=True,
        asked="de radiateurs",
    ),
    Choice(
        "isolation",
        "isolation",
        "Que faut-il isoler : les combles, les murs ou le plancher ?",
        (Option("isolation_combles", "combles"), Option("isolation_murs", "mur"), Option("isolation_plancher", "sol", "plancher, cave")),
        first=True,
    ),
    Choice(
        "isolation_murs",
        "isolation",
        "Souhaitez-vous isoler les murs par l’intérieur ou par l’extérieur ?",
        (Option("isolation_interieure", words="interieur, dedans"), Option("isolation_exterieure", words="exterieur, dehors")),
        default=("isolation_interieure",),
        single=True,
    ),
    Choice(
        "menuiserie",
        "menuiserie",
        "Que faut-il remplacer : des fenêtres, des portes, des volets ou une baie vitrée ?",
        (
            Option("fenetre"),
            Option("fenetre_pvc"),
            Option("fenetre_alu"),
            Option("fenetre_bois"),
            Option("porte"),
            Option("porte_entree"),
            Option("porte_interieure"),
            Option("volet"),
            Option("volet_roulant"),
            Option("volet_battant"),
            Option("baie_vitree"),
            Option("porte_fenetre"),
        ),
        first=True,
    ),
    Choice(
        "fenetre",
        "menuiserie",
        "Préférez-vous des fenêtres en PVC, en aluminium ou en bois ?",
        (Option("fenetre_pvc", words="pvc"), Option("fenetre_alu", words="alu, aluminium"), Option("fenetre_bois", words="bois")),
        default=("fenetre_pvc",),
        single=True,
        asked="de fenêtres",
    ),
    Choice(
        "porte",
        "menuiserie",
        "S’agit-il d’une porte d’entrée ou de portes intérieures ?",
        (Option("porte_entree", words="entree, blindee"), Option("porte_interieure", words="interieure, chambre")),
        default=("porte_interieure",),
        single=True,
        asked="de portes",
    ),
    Choice(
        "volet",
        "menuiserie",
        "Préférez-vous des volets roulants ou des volets battants ?",
        (Option("volet_roulant", words="roulant, electrique"), Option("volet_battant", words="battant, bois")),
        default=("volet_roulant",),
        single=True,
        asked="de volets",
    ),
    Choice(
        "facade",
        "facade",
        "Souhaitez-vous un ravalement, une peinture ou un simple nettoyage de la façade ?",
        (
            Option("ravalement", words="refaire, enduit, complet"),
            Option("peinture_facade", words="peinture, peindre"),
            Option("nettoyage_facade", words="nettoyage, nettoyer"),
            Option("isolation_exterieure", words="isolation, isoler"),
            Option("fissures", words="fissure"),
        ),
        first=True,
        renovated="ravalement",
    ),
    Choice(
        "platrerie",
        "platrerie",
        "S’agit-il d’une cloison à monter, d’un doublage, d’un faux plafond ou d’une démolition ?",
        (
            Option("cloison"),
            Option("doublage"),
            Option("faux_plafond", words="plafond"),
            Option("demolition_cloison", words="demolition, abattre, casser"),
        ),
        first=True,
    ),
)

CHOICES: dict[str, Choice] = {choice.key: choice for choice in _CHOICES}

PACKAGES: dict[str, Package] = {
    "salle_de_bain": Package(
        "salle_de_bain",
        ("sdb_depose", "sdb_plomberie"),
        ("bain", "carrelage"),
        ("carrelage", "carrelage_sol", "carrelage_mural", "wc", "wc_suspendu", "lavabo", "robinet", "vmc", "plomberie", "ancien_sol"),
        ("douche", "douche_italienne", "douche_receveur", "baignoire"),
    ),
    "cuisine": Package(
        "cuisine",
        ("cuisine_depose", "cuisine_plomberie", "cuisine_electricite", "meubles_cuisine", "plan_travail"),
        ("cuisine_plus",),
        ("carrelage", "carrelage_sol", "carrelage_mural", "robinet", "plomberie", "electricite", "ancien_sol"),
    ),
}

TRADES: dict[str, Trade] = {
    "salle_de_bain": Trade("renovation_salle_de_bain", "Rénovation de salle de bain", "la rénovation de votre salle de bain"),
    "cuisine": Trade("renovation_cuisine", "Rénovation de cuisine", "la rénovation de votre cuisine"),
    "peinture": Trade("peinture", "Travaux de peinture", "vos travaux de peinture"),
    "sols": Trade("revetements", "Travaux de revêtement", "vos travaux de revêtement"),
    "toiture": Trade("toiture", "Travaux de toiture", "vos travaux de toiture"),
    "electricite": Trade("electricite", "Travaux d’électricité", "vos travaux d’électricité"),
    "plomberie": Trade("plomberie", "Travaux de plomberie", "vos travaux de plomberie"),
    "chauffage": Trade("chauffage", "Chauffage et climatisation", "vos travaux de chauffage ou de climatisation"),
    "isolation": Trade("isolation", "Travaux d’isolation", "vos travaux d’isolation"),
    "menuiserie": Trade("menuiserie", "Travaux de menuiserie", "vos travaux de menuiserie"),
    "facade": Trade("facade", "Travaux de façade", "vos travaux de façade"),
    "platrerie": Trade("platrerie", "Cloisons et plafonds", "vos travaux de plâtrerie"),
}
