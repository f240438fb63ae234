"""What people say for each work, choice, room and part of a building: folded phrases separated by commas. Data.

Articles and short prepositions do not count, plurals neither; typing errors are handled by `vocabulary`.
"""

from __future__ import annotations

WORK_WORDS: dict[str, str] = {
    "demolition_cloison": "demolition de cloison",
    "mur_porteur": "mur porteur, ouvrir une cuisine, ipn",
    "elec_renovation": "renovation electrique, rewiring",
    "mise_aux_normes": "mise aux normes, mettre aux normes, remise aux normes",
    "plomberie_renovation": "renovation plomberie",
    "isolation_interieure": "isolation interieure, isolation par l'interieur, iti",
    "isolation_exterieure": "isolation exterieure, isolation facade, isoler facade, isolation par l'exterieur, ite",
    "isolation_plancher": "isolation plancher, plancher bas",
    "cloison": "cloison, mur de separation",
    "doublage": "doublage, doubler un mur",
    "faux_plafond": "faux plafond, plafond suspendu",
    "ragreage": "ragreage, chape, mise a niveau du sol",
    "carrelage_mural": "faience",
    "parquet": "parquet, parquet contrecolle, wooden floor, hardwood",
    "parquet_massif": "parquet massif, parquet en bois massif, parquet chene massif",
    "stratifie": "stratifie, parquet stratifie, parquet flottant, laminate",
    "vinyle": "vinyle, vinyl, lino, linoleum, sol pvc, lame pvc, dalle pvc, gerflex",
    "moquette": "moquette, carpet",
    "beton_cire": "beton cire",
    "poncage_parquet": (
        "poncage parquet, poncer parquet, vitrifier parquet, vitrification, vitrification parquet, vitrifier, renover parquet, "
        "renovation parquet, restaurer parquet, poncage et vitrification, poncer et vitrifier, poncage et vitrification "
        "parquet, poncer et vitrifier parquet"
    ),
    "plinthes": "plinthe",
    "preparation_murs": "reboucher, rebouchage, enduire, lissage, preparation des murs, mur abime, mur en mauvais etat",
    "papier_peint": "papier peint, tapisserie, tapisser, wallpaper",
    "douche_italienne": "douche italienne, douche a l'italienne, douche de plain pied, italian shower, walk in shower",
    "douche_receveur": "douche avec receveur, receveur, receveur de douche, bac a douche, bac de douche, cabine de douche",
    "baignoire": "baignoire, bathtub",
    "paroi_douche": "paroi de douche, paroi, pare douche, porte de douche",
    "meuble_vasque": "meuble vasque, vasque, double vasque, meuble sous vasque, meuble de salle de bain, meuble lavabo",
    "seche_serviettes": "seche serviettes, radiateur seche serviettes",
    "meubles_cuisine": "meuble, meuble de cuisine, meuble cuisine, cuisine equipee, cuisine amenagee, element de cuisine",
    "plan_travail": "plan de travail, worktop",
    "credence": "credence",
    "evier": "evier, sink",
    "hotte": "hotte, hotte aspirante",
    "ilot": "ilot, ilot central",
    "tuiles": "tuile",
    "ardoises": "ardoise",
    "bac_acier": "bac acier",
    "demoussage": "demoussage, demousser, enlever la mousse, nettoyage toiture, nettoyer toit, nettoyer toiture, moss",
    "hydrofuge": "hydrofuge, hydrofuger",
    "toiture_fuite": (
        "fuite toiture, fuite toit, fuite sur le toit, toit fuit, toiture fuit, reparer toit, reparer toiture, reparation toiture, "
        "infiltration, roof leak, leaking roof"
    ),
    "reparation_tuiles": (
        "tuile cassee, tuile envolee, tuile abimee, tuile tombee, ardoise cassee, ardoise envolee, quelques tuiles, quelques ardoises"
    ),
    "gouttieres": "gouttiere, gutter",
    "faitage": "faitage, faitiere",
    "fenetre_toit": "velux, fenetre de toit",
    "tableau_electrique": "tableau electrique, tableau elec, compteur electrique, disjoncteur, fuse box",
    "prises": "prise, prise de courant, prise electrique, power outlet, socket",
    "interrupteurs": "interrupteur, va et vient, switch",
    "points_lumineux": "point lumineux, points lumineux, luminaire, plafonnier, lustre, eclairage, point de lumiere",
    "spots": "spot, spot encastre",
    "prise_reseau": "prise rj, prise reseau, prise internet, prise ethernet, rj",
    "radiateur_electrique": "radiateur electrique, convecteur",
    "vmc": "vmc, ventilation",
    "borne_recharge": "borne de recharge, borne, borne electrique, prise voiture electrique, wallbox",
    "depannage_electrique": (
        "panne electrique, panne de courant, panne electricite, court circuit, depannage electrique, plus de courant, plus d'electricite"
    ),
    "chauffe_eau": "chauffe eau, cumulus, ballon d'eau chaude, ballon eau chaude, water heater, chauffe eau electrique",
    "chauffe_eau_thermodynamique": "chauffe eau thermodynamique, ballon thermodynamique",
    "wc_suspendu": "wc suspendu, toilette suspendue, bati support",
    "lavabo": "lavabo, lave mains",
    "robinet": "robinet, mitigeur, robinetterie, melangeur, tap, faucet",
    "fuite_eau": "fuite, robinet fuit, evier fuit, lavabo fuit, wc fuit, toilette fuit, fuite d'eau, robinet qui fuit, tuyau perce, water leak, leak",
    "debouchage": "debouchage, deboucher, canalisation bouchee, evier bouche, wc bouche, toilette bouchee, lavabo bouche",
    "chaudiere": "chaudiere, boiler",
    "pompe_a_chaleur": "pompe a chaleur, pac, heat pump",
    "radiateur_eau": "radiateur a eau, radiateur fonte, radiateur eau chaude",
    "poele": "poele, poele a bois, poele a granules, insert",
    "climatisation": "climatisation, clim, climatiseur, clim reversible, split",
    "porte_fenetre": "porte fenetre",
    "baie_vitree": "baie vitree, baie coulissante, baie",
    "porte_entree": "porte d'entree, porte blindee, front door",
    "porte_interieure": "porte interieure, porte de chambre, bloc porte",
    "volet_roulant": "volet roulant",
    "volet_battant": "volet battant",
    "porte_garage": "porte de garage, garage door",
    "placard": "placard, dressing",
    "escalier": "escalier, staircase",
    "ravalement": "ravalement, ravalement de facade, enduit de facade, crepi",
    "peinture_facade": "peinture de facade, peinture exterieure, peindre facade, repeindre facade, peindre exterieur",
    "nettoyage_facade": "nettoyage facade, nettoyer facade",
    "fissures": "fissure facade, fissure de facade, fissure exterieure, lezarde",
}

CHOICE_WORDS: dict[str, str] = {
    "douche": "douche, shower",
    "carrelage": "carrelage, carreler, carrele, carrelee, carreaux, tile, tiling",
    "peinture": "peinture, peindre, repeindre, peint, repeint, peintre, paint, painting, repaint, ravaler les murs, rafraichir les murs",
    "revetement": "revetement de sol, revetement, flooring",
    "toiture": "toiture, toit, roof, roofing",
    "couverture": "couverture, charpente et couverture",
    "electricite": (
        "electricite, electricien, elec, installation electrique, reseau electrique, circuit electrique, travaux electriques, wiring, "
        "electrical, electricity"
    ),
    "plomberie": "plomberie, plombier, tuyauterie, canalisation, plumbing, plumber",
    "chauffage": "chauffage, chauffagiste, heating",
    "radiateur": "radiateur, radiator",
    "isolation": "isolation, isoler, isolant, insulation, insulate",
    "menuiserie": "menuiserie, menuisier, huisserie",
    "fenetre": "fenetre, double vitrage, window",
    "porte": "porte, door",
    "volet": "volet, shutter",
    "facade": "facade",
    "platrerie": "placo, placoplatre, platrerie, platrier, plaquiste, plaque de platre, drywall",
}

PLANE_WORDS: dict[str, str] = {
    "sol": "sol, par terre, floor",
    "mur": "mur, mural, murale, muraux, wall",
    "plafond": "plafond, ceiling",
    "plancher": "plancher, vide sanitaire",
    "combles": "combles, combles perdus, combles amenages, grenier, attic, rampant",
}

HOME_WORDS = "maison, appartement, appart, logement, pavillon, studio, duplex, villa, immeuble, house, flat, apartment, home"

VERB_WORDS: dict[str, str] = {
    "renovate": "refaire, refer, refere, refair, refai, renover, renovation, refection, moderniser, rafraichir, redo, renovate, remodel",
    "replace": "changer, remplacer, transformer, replace",
    "install": "installer, poser, pose, mettre, install, fit",
    "remove": "enlever, retirer, supprimer, oter, deposer, depose, arracher, casser, demolir, demolition, abattre, demonter, remove",
    "add": "ajouter, rajouter, ajout, add",
}

PREFIXES: dict[str, str] = {
    "refai": "renovate",
    "renov": "renovate",
    "modernis": "renovate",
    "amenag": "renovate",
    "reamenag": "renovate",
    "rafraich": "renovate",
    "relook": "renovate",
    "restaur": "renovate",
    "retap": "renovate",
    "remplac": "replace",
    "chang": "replace",
    "transform": "replace",
    "install": "install",
    "enlev": "remove",
    "retir": "remove",
    "supprim": "remove",
    "arrach": "remove",
    "decoll": "remove",
    "demoli": "remove",
    "abatt": "remove",
    "demont": "remove",
    "depos": "remove",
    "ajout": "add",
    "rajout": "add",
}
"""Beginnings of conjugated verbs, by the verb they stand for."""

HEAD_PREFIXES: dict[str, str] = {
    "repei": "peinture",
    "peind": "peinture",
    "peign": "peinture",
    "carrel": "carrelage",
    "isol": "isolation",
    "demouss": "demoussage",
    "hydrofug": "hydrofuge",
    "debouch": "debouchage",
    "infiltr": "toiture_fuite",
    "ravale": "ravalement",
    "vitrifi": "poncage_parquet",
    "ponc": "poncage_parquet",
}
"""Beginnings of words that name a work or open a choice."""

NOTHING = (
    "prise en charge, prise en compte, prise de contact, prise de rendez vous, prise de rdv, salle d'attente, point de vue, mise en "
    "relation, porte ouverte, porte a porte, bain de soleil, bain moussant, bouche d'aeration, chambre de commerce, recette de "
    "cuisine, faire la cuisine, faire cuisine, cuisine italienne, bureau de poste, bureau de tabac, salon de coiffure, salon de the, "
    "voiture electrique, porte sur, porte parole, sous plafond"
)
"""Phrases that look like ours and are not."""

MISSPELT = (
    "appartement ardoise baignoire carrelage carreler carreaux chambre chaudiere chauffage climatisation cloison combles couloir "
    "couverture credence cuisine demoussage douche eclairage electricite electrique escalier facade faience fenetre gouttiere "
    "installation interrupteur isolation italienne lavabo lumineux menuiserie mitigeur moquette parquet peindre peinture placard "
    "plafond plomberie plombier radiateur ragreage ravalement receveur refection remplacer renovation renover repeindre revetement "
    "robinet roulant sejour stratifie suspendu tapisserie terrasse thermodynamique toilettes toiture travail vasque vitrification"
)
"""The words of ours that people often mistype: those a typing error may stand for."""

REAL_WORDS = (
    "cousin cousine cuisiner capelage collier croison clesion cambre chanvre combat comber comblement combler charnier chaumiere "
    "chatiere couleur couverte creance douce douceur doucement duchesse ecairage escale fauteuil faillite electronique inflation "
    "inhalation violation desolation immolation idolation instauration invitation interne lambeau lumiere maquette mouette paquet "
    "parquer parquee peinte peintre pendre pitrerie plage plaid planche placer placarder rejoindre repondre reprendre rependre "
    "reperdre revendre reception reaction redaction reduction reelection section selection retention revocation reversement "
    "relevement remplir apparemment appartient insolation italien iranienne renouer revoir secours sejourner strategie suspense toile "
    "torture travers vaque verification vinification rouler coulant"
)
"""Words as near to ours that are what they are."""
