"""What is still missing before a price is honest, in which order it is asked, and what is assumed when nobody knows.

A need is a key: `travaux`, `choice:bain`, `surface:room:salon`, `surface:toit`, `count:prises`, `length:gouttieres`. The key of
the question that was asked is found back in the text of the reply that asked it, since nothing else is stored.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal

from app.core.format import quantity
from app.core.text import fold
from app.llm.providers.local.choices import CHOICES, Choice
from app.llm.providers.local.linking import depends_on_floor
from app.llm.providers.local.request import GENERAL, Request, Room
from app.llm.providers.local.rooms import HOME, ROOMS
from app.llm.providers.local.works import WORKS, Basis, Work

WORKS_NEEDED = "travaux"
_WORKS_QUESTION = "Quels travaux souhaitez-vous"
_GENERAL_FLOOR = "des pièces concernées"
_SHARED_SURFACES = {"toit": "de la toiture", "facade": "de la façade"}
_TYPICAL_AREAS = {"toit": 100, "facade": 100, "cloison": 10, "demolition_cloison": 10, "isolation_combles": 60}
_TYPICAL_AREA = 40
_TYPICAL_FLOOR = 20
_TYPICAL_LENGTHS = {"meubles_cuisine": 5, "plan_travail": 3, "credence": 3, "gouttieres": 20}
_TYPICAL_LENGTH = 10
_TYPICAL_COUNT = 4


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something taken for granted because the person did not know: the need it stands for, and how to say it."""

    need: str
    text: str


@dataclass(frozen=True, slots=True)
class Completed:
    """A request with what had to be assumed filled in, and the need to ask about (empty: nothing is missing)."""

    request: Request
    assumptions: tuple[Assumption, ...]
    missing: str


def complete(request: Request, given_up: Collection[str]) -> Completed:
    """Fill in what the person cannot say (or was asked for in vain); stop at the first thing worth asking. Changes nothing given."""
    filled = deepcopy(request)
    assumptions: list[Assumption] = []
    while True:
        need = next(_needs(filled), "")
        if need in ("", WORKS_NEEDED) or (need not in request.unknown and need not in given_up):
            return Completed(filled, tuple(assumptions), need)
        text = _assume(filled, need)
        if text:
            assumptions.append(Assumption(need, text))


def _needs(request: Request) -> Iterator[str]:
    """Every open need, the first to ask first."""
    if not request.trades():
        yield WORKS_NEEDED
        return
    choices = _in_order(request)
    yield from (f"choice:{choice.key}" for choice in choices if choice.first)
    yield from dict.fromkeys(_surfaces(request, choices))
    yield from (f"choice:{choice.key}" for choice in choices if not choice.first)
    for work in request.ordered_works():
        if work.basis is Basis.COUNT and request.count(work) is None:
            yield f"count:{_count_key(request, work)}"
        elif work.basis is Basis.LENGTH and request.length(work) is None:
            yield f"length:{work.key}"


def _in_order(request: Request) -> list[Choice]:
    """The open choices trade by trade, then in the order a craftsman would ask."""
    trades, places = request.trades(), list(CHOICES)
    return sorted(
        request.open_choices(),
        key=lambda choice: (trades.index(request.absorbing(choice.key) or choice.trade), places.index(choice.key)),
    )


def _surfaces(request: Request, choices: list[Choice]) -> Iterator[str]:
    for choice in choices:
        own = {WORKS[target].plane for target in choice.targets if target in WORKS and WORKS[target].basis is Basis.OWN}
        if depends_on_floor(choice.key):
            yield from _floor_needs(request, choice.key)
        elif not choice.first and len(own) == 1 and own <= set(_SHARED_SURFACES) and not own & set(request.areas):
            yield f"surface:{own.pop()}"
    for work in request.ordered_works():
        if not work.basis.is_area or request.area(work) is not None:
            continue
        if work.basis is Basis.OWN:
            yield f"surface:{work.plane if work.plane in _SHARED_SURFACES else work.key}"
        else:
            yield from _floor_needs(request, work.key)


def _floor_needs(request: Request, key: str) -> Iterator[str]:
    """The floor surface to ask for: of the rooms one by one, or of all at once when none is known."""
    if request.floor(key) is not None:
        return
    rooms = request.scope(key)
    unmeasured = [room for room in rooms if request.rooms[room].area is None]
    if not rooms:
        home = key in WORKS and WORKS[key].asked == ROOMS[HOME].of
        yield f"surface:room:{HOME}" if home else f"surface:{GENERAL}"
    elif len(unmeasured) > 1 and len(unmeasured) == len(rooms):
        yield f"surface:{GENERAL}"
    else:
        yield f"surface:room:{unmeasured[0]}"


def question(request: Request, need: str) -> str:
    """The question that asks for a need, one sentence."""
    kind, _, key = need.partition(":")
    if kind == "choice":
        return _choice_question(request, CHOICES[key])
    if kind == "count":
        return f"Combien {_asked(key)} faut-il prévoir ?"
    if kind == "length":
        return f"Combien de mètres linéaires {_asked(key)} faut-il prévoir, environ ?"
    if kind == "surface":
        return f"Quelle est la surface {_surface_of(request, key)}, en m² ?"
    rooms = [ROOMS[room] for room in request.rooms]
    where = "réaliser" if not rooms else f"dans votre {rooms[0].name}" if len(rooms) == 1 else "dans ces pièces"
    return f"{_WORKS_QUESTION} {where} ?"


def _asked(key: str) -> str:
    """« de prises »: what a question counts."""
    return WORKS[key].asked if key in WORKS else CHOICES[key].asked


def _choice_question(request: Request, choice: Choice) -> str:
    """The choice among what was not refused already."""
    remaining = [option for option in choice.options if option.target not in request.refused]
    return remaining[0].alone or choice.question if len(remaining) == 1 else choice.question


def _count_key(request: Request, work: Work) -> str:
    """Windows are counted before their material is known: the choice they were taken from carries the number."""
    return next((key for key in request.choices if work.key in CHOICES[key].targets and CHOICES[key].asked), work.key)


def _surface_of(request: Request, key: str) -> str:
    if key == GENERAL:
        return f"au sol {_GENERAL_FLOOR}, au total"
    if key.startswith("room:"):
        room = key.removeprefix("room:")
        kind = ROOMS[room]
        return f"au sol {kind.of_several}, au total" if request.rooms.get(room, Room()).count > 1 else f"au sol {kind.of}"
    return _SHARED_SURFACES.get(key) or WORKS[key].asked


def _markers() -> dict[str, str]:
    """The words by which each question is recognised, folded."""
    markers = {_WORKS_QUESTION: WORKS_NEEDED, f"surface au sol {_GENERAL_FLOOR}": f"surface:{GENERAL}"}
    markers |= {choice.question: f"choice:{choice.key}" for choice in CHOICES.values()}
    markers |= {option.alone: f"choice:{choice.key}" for choice in CHOICES.values() for option in choice.options if option.alone}
    markers |= {f"surface {of}": f"surface:{key}" for key, of in _SHARED_SURFACES.items()}
    for kind in ROOMS.values():
        markers |= {f"surface au sol {of}": f"surface:room:{kind.key}" for of in (kind.of, kind.of_several)}
    for work in WORKS.values():
        if work.basis is Basis.OWN and work.plane not in _SHARED_SURFACES:
            markers[f"surface {work.asked}"] = f"surface:{work.key}"
        elif work.basis is Basis.COUNT:
            markers.setdefault(f"combien {work.asked} faut-il", f"count:{work.key}")
        elif work.basis is Basis.LENGTH:
            markers[f"combien de mètres linéaires {work.asked} faut-il"] = f"length:{work.key}"
    for choice in CHOICES.values():
        if choice.asked:
            markers[f"combien {choice.asked} faut-il"] = f"count:{choice.key}"
    return {fold(words): need for words, need in markers.items()}


_MARKERS = _markers()
_SENTENCE = re.compile(r"[^.!?]+[.!?]?")
_SENDING = ("envoy", "joindre", "joignez", "partag", "transm")


def asked_in(reply: str) -> str:
    """The need that the last question of a reply was about; empty when none is recognised.

    Another model may have asked before us: a last question about a surface counts as ours.
    """
    questions = [sentence for sentence in _SENTENCE.findall(fold(reply)) if sentence.endswith("?")]
    last = questions[-1] if questions else ""
    hits = [(len(words), need) for words, need in _MARKERS.items() if words in last]
    if hits:
        return max(hits)[1]
    return f"surface:{GENERAL}" if "surface" in last or "m2" in last else ""


def asks_for_photos(reply: str) -> bool:
    """Whether a reply, ours or another model's, asked for photos; thanking for some is not asking."""
    photos = [sentence for sentence in _SENTENCE.findall(fold(reply)) if "photo" in sentence]
    return any(sentence.endswith("?") or any(verb in sentence for verb in _SENDING) for sentence in photos)


def _assume(request: Request, need: str) -> str:
    """Give a need its usual answer in the request; how to say it, empty when nothing is counted for it."""
    kind, _, key = need.partition(":")
    if kind == "choice":
        return _assume_choice(request, CHOICES[key])
    if kind == "count":
        request.counts[key] = Decimal(_TYPICAL_COUNT)
        return f"nombre {_asked(key)} supposé égal à {_TYPICAL_COUNT}"
    if kind == "length":
        request.lengths[key] = Decimal(_TYPICAL_LENGTHS.get(key, _TYPICAL_LENGTH))
        return f"longueur {_asked(key)} supposée de {quantity(request.lengths[key])} m"
    return _assume_surface(request, key)


def _assume_choice(request: Request, choice: Choice) -> str:
    request.settled.add(choice.key)
    for target in choice.default:
        request.want(target)
    names = " et ".join(WORKS[target].name for target in choice.default)
    return f"par défaut, {names}" if names else ""


def _assume_surface(request: Request, key: str) -> str:
    if key == GENERAL:
        rooms = [ROOMS[room].typical * request.rooms[room].count for room in request.rooms if room != HOME]
        area = request.areas[GENERAL] = sum(rooms, Decimal(0)) or Decimal(_TYPICAL_FLOOR)
    elif key.startswith("room:"):
        room = request.rooms.setdefault(key.removeprefix("room:"), Room())
        area = room.area = ROOMS[key.removeprefix("room:")].typical * room.count
    else:
        area = request.areas[key] = Decimal(_TYPICAL_AREAS.get(key, _TYPICAL_AREA))
    return f"surface {_surface_of(request, key).removesuffix(', au total')} supposée de {quantity(area)} m²"
