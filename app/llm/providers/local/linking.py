"""Ties together what one message names: parts of a building to the work on them, rooms to works, measures to what they measure."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from app.llm.providers.local.choices import CHOICES
from app.llm.providers.local.measures import Measure
from app.llm.providers.local.mentions import Mention
from app.llm.providers.local.rooms import HOME
from app.llm.providers.local.text import FUNCTION_WORDS, Token
from app.llm.providers.local.vocabulary import Concept, Kind
from app.llm.providers.local.works import WORKS, Basis

_TO_PLANE = frozenset(["a", "en", "du", "de", "d", "la", "le", "les", "un", "une", "des", ":", "est"])
_NOT_TO_DO = frozenset(["n", "ne", "est", "sont", "pas", "a"])
_AND = frozenset({"et", "and", ",", "puis", "+"})

PLANES: dict[str, dict[str, str]] = {
    key: {option.plane: option.target for option in choice.options if option.plane} for key, choice in CHOICES.items()
}
"""For a choice, what each part of a building means: carrelage, sol: carrelage_sol."""


@dataclass(slots=True)
class Head:
    """A work or a choice named by a message, with the parts of the building said for it, its rooms, and the verb over it.

    `places` has the rooms of each part, when each has its own: « le plafond du salon et les murs de la chambre ».
    """

    mention: Mention
    planes: list[Mention] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)
    places: dict[str, list[str]] = field(default_factory=dict)
    verb: str = ""

    @property
    def key(self) -> str:
        return self.mention.concept.key


def heads_in(found: Sequence[Token], mentions: Sequence[Mention]) -> tuple[list[Head], list[Mention]]:
    """The heads of a message with their planes and verbs, and the planes that belong to none."""
    made = [_renovated_plane(found, mentions, index) for index in range(len(mentions))]
    heads = {index: Head(mention, verb=verb_over(mentions, index)) for index, mention in enumerate(made) if mention.concept.is_head}
    free: list[Mention] = []
    for index, plane in enumerate(mentions):
        if plane.concept.kind is not Kind.PLANE:
            continue
        owner = index if index in heads else _owner(found, made, heads, index)
        if owner is None:
            free.append(plane)
        else:
            heads[owner].planes.append(plane)
    return list(heads.values()), free


def _renovated_plane(found: Sequence[Token], mentions: Sequence[Mention], index: int) -> Mention:
    """« refaire le sol » is about a floor covering, « refaire les murs », « ajouter le plafond » about paint: the plane is a head by itself."""
    plane = mentions[index]
    if plane.concept.kind is not Kind.PLANE or index == 0 or plane.concept.key == "combles":
        return plane
    verb = mentions[index - 1]
    between = found[verb.end : plane.start]
    direct = all(token.text in FUNCTION_WORDS for token in between) and len(between) <= 2
    if (
        verb.concept.kind is not Kind.VERB
        or not (verb.concept.key in ("renovate", "replace") or (verb.concept.key, plane.concept.key) == ("add", "plafond"))
        or not direct
        or _claims(found, mentions, index)
    ):
        return plane
    key = "revetement" if plane.concept.key in ("sol", "plancher") else "peinture"
    return Mention(Concept(Kind.CHOICE, key), plane.start, plane.end, plane.sentence, plane.negated, False, plane.removed, False)


def verb_over(mentions: Sequence[Mention], index: int) -> str:
    """The verb that governs a mention: the nearest before it in its sentence, else « à refaire » after it, no other work between."""
    sentence = mentions[index].sentence
    for before in reversed(mentions[:index]):
        if before.sentence != sentence or before.concept.is_head or before.to_do:
            break
        if before.concept.kind is Kind.VERB:
            return before.concept.key
    for after in mentions[index + 1 :]:
        if after.sentence != sentence or after.concept.is_head:
            break
        if after.concept.kind is Kind.VERB:
            return after.concept.key if after.to_do else ""
    return ""


def _claims(found: Sequence[Token], mentions: Sequence[Mention], index: int) -> bool:
    """« murs à peindre », « sol en stratifié »: the head that follows takes the plane before it."""
    plane = mentions[index]
    following = mentions[index + 1] if index + 1 < len(mentions) else None
    if following is None or following.sentence != plane.sentence or not _takes(following.concept, plane.concept.key):
        return False
    between = found[plane.end : following.start]
    if not between:
        return not (index and mentions[index - 1].concept.is_head and mentions[index - 1].sentence == plane.sentence)
    words = [token.text for token in between]
    return (len(words) <= 2 and _TO_PLANE.issuperset(words)) or (len(words) <= 4 and _NOT_TO_DO.issuperset(words))


def _takes(concept: Concept, plane: str) -> bool:
    if concept.kind is Kind.CHOICE:
        return plane in PLANES[concept.key]
    return concept.kind is Kind.WORK and WORKS[concept.key].plane == plane


def _owner(found: Sequence[Token], mentions: Sequence[Mention], heads: Container[int], index: int) -> int | None:
    """The head a plane belongs to: the one that claims it, else the nearest before, else the nearest after, in its sentence."""
    if _claims(found, mentions, index):
        return index + 1
    sentence = mentions[index].sentence
    plane = mentions[index].concept.key
    for places in (range(index - 1, -1, -1), range(index + 1, len(mentions))):
        for place in places:
            if mentions[place].sentence != sentence:
                break
            concept = mentions[place].concept
            if place in heads and (_takes(concept, plane) or (concept.kind is Kind.WORK and WORKS[concept.key].basis.is_area)):
                return place
    return None


def give_rooms(found: Sequence[Token], mentions: Sequence[Mention], heads: Sequence[Head]) -> list[str]:
    """Put into each head the rooms named with it; the rooms named with no work are returned.

    A sentence is cut at commas and « et », and a group ends where another work begins: « repeindre le salon et carreler la cuisine ».
    """
    by_start = {head.mention.start: head for head in heads}
    loose: list[str] = []
    group: tuple[list[Head], list[Mention]] = ([], [])
    for sentence_begins, segment in _segments(found, mentions):
        new = [by_start[mention.start] for mention in segment if mention.start in by_start]
        keys = {head.key for head in group[0]}
        if sentence_begins or (keys and any(head.key not in keys for head in new)):
            loose += _close(*group)
            group = ([], [])
        group[0].extend(new)
        group[1].extend(segment)
    return loose + _close(*group)


def _segments(found: Sequence[Token], mentions: Sequence[Mention]) -> Iterator[tuple[bool, list[Mention]]]:
    """Runs of mentions between commas and « et », and whether each begins a sentence."""
    segment: list[Mention] = []
    begins = True
    for mention in mentions:
        if segment:
            last = segment[-1]
            if last.sentence != mention.sentence or any(token.text in _AND for token in found[last.end : mention.start]):
                yield begins, segment
                begins = last.sentence != mention.sentence
                segment = []
        segment.append(mention)
    if segment:
        yield begins, segment


def _close(heads: list[Head], mentions: list[Mention]) -> list[str]:
    """Give a finished group its rooms; without any work they are returned."""
    rooms = [mention.concept.key for mention in mentions if mention.concept.kind is Kind.ROOM and not mention.negated]
    places = _places(heads, mentions)
    for head in heads:
        head.rooms, head.places = rooms, places
    return [] if heads else rooms


def _places(heads: list[Head], mentions: list[Mention]) -> dict[str, list[str]]:
    """The rooms of each part of the building, when parts and rooms are told in turn to the end; else nothing."""
    parts = {plane.start for head in heads for plane in head.planes}
    told = [
        mention
        for mention in mentions
        if not mention.negated and (mention.start in parts or (mention.concept.kind is Kind.ROOM and mention.concept.key != HOME))
    ]
    runs = [[mention.concept.key for mention in run] for _, run in groupby(told, lambda mention: mention.concept.kind is Kind.ROOM)]
    if len(runs) < 4 or len(runs) % 2:
        return {}
    places: dict[str, list[str]] = {}
    for one, other in zip(runs[::2], runs[1::2], strict=True):
        planes, rooms = (other, one) if told[0].concept.kind is Kind.ROOM else (one, other)
        for plane in planes:
            places.setdefault(plane, []).extend(rooms)
    return places


def room_of_refused(found: Sequence[Token], mentions: Sequence[Mention], index: int) -> str:
    """« sauf le plafond du couloir », « pas de carrelage dans la cuisine »: the room of what is refused, itself not refused."""
    refused, room = mentions[index], mentions[index + 1] if index + 1 < len(mentions) else None
    if room is None or not (refused.negated and room.negated) or room.concept.kind is not Kind.ROOM:
        return ""
    if refused.concept.kind in (Kind.ROOM, Kind.VERB):
        return ""
    between = found[refused.end : room.start]
    return room.concept.key if all(token.text in FUNCTION_WORDS or token.text == "dans" for token in between) else ""


def target_of(found: Sequence[Token], mentions: Sequence[Mention], measure: Measure) -> Mention | None:
    """What a surface measures: what « de » ties to it, else the nearest room, part or work before, else after, in its sentence."""
    places = [index for index, mention in enumerate(mentions) if _has_surface(mention)]
    linked = next((index for index in places if _linked(found, measure, mentions[index])), None)
    sentence = _sentence_at(found, mentions, measure.start)
    before = [index for index in places if mentions[index].end <= measure.start]
    if linked is not None and not (_only_to_do(found, measure, mentions[linked]) and before and _is_beside(mentions[before[-1]], measure)):
        return mentions[linked]
    same = [index for index in before if mentions[index].sentence == sentence]
    if same:
        return mentions[same[-1]]
    after = [index for index in places if mentions[index].start >= measure.end and mentions[index].sentence == sentence]
    if after:
        return mentions[after[0]]
    rooms = [index for index in before if mentions[index].concept.kind is Kind.ROOM]
    return mentions[rooms[-1]] if rooms else None


def _has_surface(mention: Mention) -> bool:
    concept = mention.concept
    if concept.kind is Kind.WORK:
        return WORKS[concept.key].basis.is_area
    if concept.kind is Kind.CHOICE:
        return any(target in WORKS and WORKS[target].basis.is_area for target in CHOICES[concept.key].targets)
    return concept.kind is Kind.ROOM or (concept.kind is Kind.PLANE and not mention.negated)


def _linked(found: Sequence[Token], measure: Measure, mention: Mention) -> bool:
    """« 20 m² de carrelage », « 45 m² de murs », « 8 m² au sol »: only small words between."""
    between = found[measure.end : mention.start]
    return 0 <= mention.start - measure.end <= 2 and bool(between) and all(token.text in FUNCTION_WORDS for token in between)


def _only_to_do(found: Sequence[Token], measure: Measure, mention: Mention) -> bool:
    """« 10 m² à peindre », « 25 m² les murs »: the surface may well be that of the room or the part named before."""
    return [token.text for token in found[measure.end : mention.start]] in (["a"], ["le"], ["la"], ["les"])


def _is_beside(mention: Mention, measure: Measure) -> bool:
    return mention.concept.kind in (Kind.ROOM, Kind.PLANE) and measure.start - mention.end <= 3


def _sentence_at(found: Sequence[Token], mentions: Sequence[Mention], position: int) -> int:
    """The number of the sentence of a position, counted as `mentions_in` does."""
    nearest = next((mention for mention in reversed(mentions) if mention.end <= position), None)
    start, sentence = (nearest.end, nearest.sentence) if nearest else (0, 0)
    return sentence + sum(token.text in ".;!?\n" for token in found[start:position])


def depends_on_floor(key: str) -> bool:
    """A work, or a choice of works, measured by the floor of its rooms."""
    works = [WORKS[key]] if key in WORKS else [WORKS[target] for target in CHOICES[key].targets if target in WORKS]
    return any(work.basis in (Basis.FLOOR, Basis.WALL, Basis.CEILING) for work in works)
