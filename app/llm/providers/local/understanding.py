"""Adds what one message says to the request: rooms, works wanted or refused, choices. Quantities are in `quantities`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.llm.providers.local import options
from app.llm.providers.local.choices import CHOICES, PACKAGES, Choice
from app.llm.providers.local.linking import PLANES, Head, depends_on_floor, give_rooms, heads_in, room_of_refused
from app.llm.providers.local.mentions import Mention
from app.llm.providers.local.quantities import read_quantities
from app.llm.providers.local.reading import Message
from app.llm.providers.local.request import Request, Room, trade_of
from app.llm.providers.local.rooms import HOME, WET_ROOMS
from app.llm.providers.local.vocabulary import Concept, Kind
from app.llm.providers.local.works import WORKS

_COVERINGS = ("parquet", "parquet_massif", "stratifie", "vinyle", "moquette", "carrelage_sol", "beton_cire")
_PAINTED = {
    "porte": "peinture_porte",
    "porte_interieure": "peinture_porte",
    "porte_entree": "peinture_porte",
    "fenetre": "peinture_fenetre",
    "volet": "peinture_volet",
    "volet_battant": "peinture_volet",
    "radiateur": "peinture_radiateur",
    "radiateur_eau": "peinture_radiateur",
    "facade": "peinture_facade",
}
_BASE_OF = {"plomberie": ("sdb_plomberie", "cuisine_plomberie"), "electricite": ("cuisine_electricite",)}
_DEPOSES = ("sdb_depose", "cuisine_depose", "depose_sol", "toiture_depose")
_REDOING = ("renovate", "replace")
_TILES = frozenset({"carrelage", "carrelage_mural"})
_INSTEAD = frozenset({"juste", "seulement", "uniquement", "plutot", "finalement", "mais"})
_DONE = frozenset({"deja", "meme"})


def understand(request: Request, message: Message) -> None:
    """Change the request by what the message says; what it does not speak of stays."""
    before, known, scopes = set(request.works), set(request.rooms), dict(request.scopes)
    heads, free_planes = heads_in(message.found, message.mentions)
    heads = _painted(heads)
    _read_rooms(request, message)
    loose = [room for room in give_rooms(message.found, message.mentions, heads) if room not in known]
    _open_packages(request, message.mentions, heads)
    heads = [head for head in heads if not _is_other_furniture(request, head)]
    for head in heads:
        if head.key in WORKS:
            _apply_work(request, head)
        else:
            _apply_choice(request, message, head, CHOICES[head.key])
    options.decide_by_planes(request, message, free_planes)
    options.decide_by_answer(request, message)
    options.change_by_words(request, message)
    options.keep_only(request, message)
    options.replace_single(request, message, before)
    _keep_what_is_there(request, message)
    _widen_scopes(request, loose)
    _keep_scopes(request, message, scopes)
    read_quantities(request, message, heads)
    _settle(request)


def _read_rooms(request: Request, message: Message) -> None:
    for index, mention in enumerate(message.mentions):
        key = mention.concept.key
        told = index > 0 and room_of_refused(message.found, message.mentions, index - 1)
        if mention.concept.kind is Kind.ROOM and mention.negated and not told:
            request.rooms.pop(key, None)
            request.drop_package(key)
        elif mention.concept.kind is Kind.ROOM:
            request.rooms.setdefault(key, Room())


def _open_packages(request: Request, mentions: Sequence[Mention], heads: Sequence[Head]) -> None:
    """A room to redo as a whole: the object of the verb, or named with nothing but its own works."""
    for index, mention in enumerate(mentions):
        key = mention.concept.key
        if mention.concept.kind is not Kind.ROOM or key not in PACKAGES or mention.negated or key in request.packages:
            continue
        if _is_object(mentions, index) or _stands_alone(request, key, heads):
            request.add_package(key)


def _is_object(mentions: Sequence[Mention], index: int) -> bool:
    """« refaire la salle de bain », « salle de bain à refaire »."""
    room = mentions[index]
    for before in reversed(mentions[:index]):
        if before.sentence != room.sentence or before.concept.kind in (Kind.WORK, Kind.CHOICE, Kind.PLANE):
            break
        if before.concept.kind is Kind.VERB:
            return before.concept.key in _REDOING
    following, after = (mentions[place] if place < len(mentions) else None for place in (index + 1, index + 2))
    if following is None or following.concept.key != "renovate" or following.sentence != room.sentence or following.start - room.end > 8:
        return False
    return following.start == room.end or after is None or after.sentence != following.sentence or after.start - following.end > 3


def _stands_alone(request: Request, key: str, heads: Sequence[Head]) -> bool:
    """Nothing else was ever named than the room and works of its own: none tied to a verb, or enough of them for the whole."""
    if request.trades():
        return False
    package = PACKAGES[key]
    own = [trade_of(head.key) == key for head in heads]
    if not all(mine or head.key in package.absorbs for mine, head in zip(own, heads, strict=True)):
        return False
    keys = {head.key for head in heads}
    whole = bool(keys & set(package.core)) and bool(keys & _TILES)
    return whole or not heads or (any(own) and not any(head.verb for head in heads))


def _is_other_furniture(request: Request, head: Head) -> bool:
    """« déplacer les meubles », « enlever les anciens meubles »: only those of a kitchen to redo are new ones."""
    mention = head.mention
    bare = head.key == "meubles_cuisine" and mention.end - mention.start == 1
    return bare and ("cuisine" not in request.packages or mention.removed or mention.old)


def _painted(heads: Sequence[Head]) -> list[Head]:
    """« repeindre les portes » is paint, no joinery: the paint's head gives way to what it paints."""
    result: list[Head] = []
    for head in heads:
        last = result[-1] if result else None
        same = last is not None and last.mention.sentence == head.mention.sentence
        if last is None or not same or head.verb or head.key not in _PAINTED or last.key not in ("peinture", *_PAINTED.values()):
            result.append(head)
            continue
        if last.key == "peinture" and not last.planes:
            result.pop()
        result.append(Head(replace(head.mention, concept=Concept(Kind.WORK, _PAINTED[head.key]))))
    return result


def _apply_work(request: Request, head: Head) -> None:
    """One work named by the message: wanted, refused, or only there to be taken down."""
    mention, key = head.mention, head.key
    if key == "papier_peint" and (mention.removed or mention.old):
        _want(request, head, "depose_papier")
    elif mention.removed:
        if key in _COVERINGS and not request.packages and key not in request.works:
            _want(request, head, "depose_sol")
        request.refuse(key)
    elif mention.negated:
        request.refuse(key)
    elif not (mention.old and WORKS[key].basis.is_area and head.verb not in _REDOING):
        _want(request, head, key)


def _apply_choice(request: Request, message: Message, head: Head, choice: Choice) -> None:
    """One choice named by the message: decided by the parts of the building beside it, opened, or closed."""
    mention = head.mention
    planes = [plane for plane in head.planes if plane.concept.key in PLANES[choice.key]]
    if mention.old and depends_on_floor(choice.key) and head.verb not in _REDOING:
        return
    if mention.removed and choice.key in ("carrelage", "revetement") and not request.packages:
        # Taking an old floor up is a work of its own, whatever comes after.
        _want(request, head, "depose_sol")
        return
    if planes:
        for plane in planes:
            meant = mention.wanted or (mention.negated and _is_opposed(message, mention, plane))
            if options.is_left_out(request, message, plane, PLANES[choice.key][plane.concept.key]):
                continue
            there = replace(head, rooms=head.places.get(plane.concept.key, head.rooms))
            _apply_plane(request, message, there, PLANES[choice.key][plane.concept.key], wanted=meant and not plane.negated)
        if mention.wanted and all(plane.negated for plane in planes):
            _want_the_rest(request, head, choice)
    elif not mention.wanted and not mention.old:
        for target in (*choice.targets, *_BASE_OF.get(choice.key, ())):
            options.drop(request, target)
        request.choices.pop(choice.key, None)
        request.settled.add(choice.key)
    elif choice.renovated and head.verb in _REDOING:
        _want(request, head, choice.renovated)
    elif choice.both and mention.end < len(message.found) and message.found[mention.end].text == "partout":
        for target in choice.targets:
            _want(request, head, target)
    else:
        _want(request, head, choice.key)
        if choice.single:
            options.take_by_words(request, message, choice)


def _is_opposed(message: Message, refused: Mention, plane: Mention) -> bool:
    """« je ne veux pas repeindre le plafond, juste les murs »: what is wanted instead."""
    return any(token.text in _INSTEAD for token in message.found[refused.end : plane.start])


def _apply_plane(request: Request, message: Message, head: Head, target: str, *, wanted: bool) -> None:
    if not wanted:
        options.drop(request, target)
        return
    _want(request, head, target)
    if target in CHOICES:
        options.take_by_words(request, message, CHOICES[target])


def _want_the_rest(request: Request, head: Head, choice: Choice) -> None:
    """« repeindre le salon, pas le plafond »: what is said not to be meant tells what is."""
    if all(option.plane for option in choice.options):
        for target in choice.targets:
            if target not in request.refused:
                _want(request, head, target)


def _want(request: Request, head: Head, key: str) -> None:
    """Take a work or open a choice, in the rooms named with it."""
    rooms = tuple(dict.fromkeys(room for room in head.rooms if room in request.rooms))
    if len(rooms) > 1:
        rooms = tuple(room for room in rooms if room != HOME)
    if rooms:
        for name in (key, *(CHOICES[key].targets if key in CHOICES else ())):
            request.scopes[name] = rooms
    options.take(request, key)
    request.settled.discard(key)


def _keep_what_is_there(request: Request, message: Message) -> None:
    """« sans dépose », « rien à déposer », « la dépose est déjà faite »: nothing is taken down."""
    for mention in message.mentions:
        taken_down = mention.concept.key == "remove" and message.found[mention.start].text.startswith("depos")
        nothing = [token.text for token in message.found[max(mention.start - 2, 0) : mention.start]] == ["rien", "a"]
        if taken_down and (mention.negated or nothing or message.words & _DONE):
            for work in _DEPOSES:
                request.refuse(work)


def _widen_scopes(request: Request, rooms: Sequence[str]) -> None:
    """A new room named with no work of its own joins the works that were tied to rooms."""
    tied = {room for scope in request.scopes.values() for room in scope}
    new = [room for room in rooms if room in request.rooms and room not in request.packages and room not in tied and room != HOME]
    for key, scope in request.scopes.items():
        request.scopes[key] = tuple(dict.fromkeys((*scope, *new)))


def _keep_scopes(request: Request, message: Message, scopes: Mapping[str, tuple[str, ...]]) -> None:
    """« il faut aussi repeindre la chambre »: a work named again elsewhere stays where it was, unless it is only moved."""
    left_out = {room_of_refused(message.found, message.mentions, index) for index in range(len(message.mentions))}
    if not message.words & _INSTEAD:
        for key, rooms in scopes.items():
            kept = (room for room in rooms if room not in left_out)
            request.scopes[key] = tuple(dict.fromkeys((*kept, *request.scopes[key])))


def _settle(request: Request) -> None:
    """What follows from the rest: tiles in a dry room go on its floor; a new covering asks what becomes of the old one."""
    if "carrelage" in request.choices and not request.resolved(CHOICES["carrelage"]) and not request.packages:
        rooms = set(request.scope("carrelage")) - {HOME}
        if rooms and not rooms & WET_ROOMS:
            request.want("carrelage_sol")
    if any(key in request.works and not request.absorbing(key) for key in _COVERINGS):
        if "ancien_sol" not in request.choices:
            request.open("ancien_sol")
    else:
        request.choices.pop("ancien_sol", None)
