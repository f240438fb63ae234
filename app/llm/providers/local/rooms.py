"""The rooms people name, and the surface assumed when nobody knows it (said in the pre-quote as an assumption). Data."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

HOME = "logement"
WET_ROOMS = frozenset({"salle_de_bain", "cuisine", "wc", "buanderie"})


@dataclass(frozen=True, slots=True)
class RoomKind:
    """`of` completes « la surface au sol … »; `of_several` the same for two or more; `typical` is in m² of floor."""

    key: str
    words: str
    of: str
    of_several: str
    name: str
    typical: Decimal


def _kind(key: str, words: str, of: str, of_several: str, name: str, typical: int) -> tuple[str, RoomKind]:
    return key, RoomKind(key, words, of, of_several, name, Decimal(typical))


ROOMS: dict[str, RoomKind] = dict(
    (
        _kind(
            "salle_de_bain",
            "salle de bain, salle de bin, sale de bain, salle d'eau, sdb, sdbs, bathroom",
            "de la salle de bain",
            "des salles de bain",
            "salle de bain",
            6,
        ),
        _kind("cuisine", "cuisine, kitchen, kitchenette, coin cuisine", "de la cuisine", "des cuisines", "cuisine", 12),
        _kind("salon", "salon, living room, living, lounge", "du salon", "des salons", "salon", 25),
        _kind("sejour", "sejour, salle de sejour, piece a vivre, piece de vie, piece principale", "du séjour", "des séjours", "séjour", 30),
        _kind("salle_a_manger", "salle a manger, dining room", "de la salle à manger", "des salles à manger", "salle à manger", 18),
        _kind("chambre", "chambre, chambre parentale, chambre d'ami, bedroom", "de la chambre", "des chambres", "chambre", 12),
        _kind("bureau", "bureau", "du bureau", "des bureaux", "bureau", 10),
        _kind("entree", "entree, hall, vestibule", "de l’entrée", "des entrées", "entrée", 6),
        _kind("couloir", "couloir, degagement, corridor, palier", "du couloir", "des couloirs", "couloir", 8),
        _kind(
            "cage_escalier", "cage d'escalier, montee d'escalier", "de la cage d’escalier", "des cages d’escalier", "cage d’escalier", 15
        ),
        _kind("wc", "wc, toilette, cabinet de toilette, toilet", "des WC", "des WC", "WC", 2),
        _kind("buanderie", "buanderie, cellier, laundry", "de la buanderie", "des buanderies", "buanderie", 6),
        _kind("garage", "garage", "du garage", "des garages", "garage", 18),
        _kind("sous_sol", "sous sol, cave, basement", "du sous-sol", "des sous-sols", "sous-sol", 30),
        _kind("veranda", "veranda", "de la véranda", "des vérandas", "véranda", 15),
        _kind("mezzanine", "mezzanine", "de la mezzanine", "des mezzanines", "mezzanine", 12),
        _kind("terrasse", "terrasse, balcon", "de la terrasse", "des terrasses", "terrasse", 20),
        _kind("local", "local, magasin, boutique, commerce, atelier", "du local", "des locaux", "local", 40),
        _kind("piece", "piece, room", "de la pièce", "des pièces", "pièce", 15),
        _kind(HOME, "", "du logement", "des logements", "logement", 70),
    )
)
