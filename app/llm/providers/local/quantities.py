"""Gives each number of a message to what it measures: rooms, works, parts of the building, or the question asked."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from app.llm.providers.local.answers import Reply
from app.llm.providers.local.choices import CHOICES
from app.llm.providers.local.linking import PLANES, Head, depends_on_floor, target_of
from app.llm.providers.local.measures import Measure, Measured, Numbers, count_of
from app.llm.providers.local.mentions import Mention
from app.llm.providers.local.reading import Message
from app.llm.providers.local.request import GENERAL, Request, Room
from app.llm.providers.local.rooms import ROOMS
from app.llm.providers.local.text import FUNCTION_WORDS, Token
from app.llm.providers.local.vocabulary import Kind
from app.llm.providers.local.works import WORKS, Basis

_PARTITIONS = ("cloison", "demolition_cloison")
_BEYOND_BELIEF = 40
"""Times the usual surface: « une salle de bain de 800 m² » is a slip of the keyboard."""
_CORRECTING = frozenset({"pardon", "plutot", "finalement", "erreur", "rectification"})
_ADDING = frozenset({"aussi", "autre", "egalement"})
_ONE_SURFACE = frozenset({"toit", "facade", "combles", "plancher"})


def read_quantities(request: Request, message: Message, heads: Sequence[Head]) -> None:
    """Store the surfaces, lengths and counts of a message."""
    found, mentions, numbers, asked = message.found, message.mentions, message.numbers, message.asked
    _read_counts(request, found, mentions, heads, numbers)
    answered = _read_areas(request, message, heads)
    answered |= _read_lengths(request, found, heads, numbers, asked)
    if not answered and message.reply is not Reply.BOTH:
        _read_bare_answer(request, found, numbers, asked)
    if asked.partition(":")[0] in ("surface", "length", "count") and message.reply is Reply.UNKNOWN:
        request.unknown.add(asked)


def _read_counts(request: Request, found: Sequence[Token], mentions: Sequence[Mention], heads: Sequence[Head], numbers: Numbers) -> None:
    """« deux chambres », « six prises », « ajoutez une prise », « 6 prises au salon et 4 prises dans la chambre »."""
    for mention in mentions:
        if mention.concept.kind is Kind.ROOM and mention.wanted and mention.concept.key in request.rooms:
            count = count_of(found, numbers, mention.start, mention.end)
            if count is not None:
                request.rooms[mention.concept.key].count = int(count)
    counted: set[str] = set()
    for head in heads:
        key = head.key
        is_counted = WORKS[key].basis is Basis.COUNT if key in WORKS else bool(CHOICES[key].asked)
        if not is_counted or not head.mention.wanted:
            continue
        count = count_of(found, numbers, head.mention.start, head.mention.end)
        if count is not None:
            count += _counted_elsewhere(found, numbers, heads, head)
            known = request.counts.get(key)
            again = head.verb == "add" or (key in counted and not _CORRECTING & {token.text for token in found})
            request.counts[key] = known + count if known is not None and again else count
            request.plural.discard(key)
            counted.add(key)
        elif head.mention.plural and key not in request.counts:
            request.plural.add(key)


def _counted_elsewhere(found: Sequence[Token], numbers: Numbers, heads: Sequence[Head], head: Head) -> Decimal:
    """« 6 prises dans le salon et 4 dans la chambre »: those of the other rooms."""
    ends = next((other.mention.start for other in heads if other.mention.start > head.mention.start), len(found))
    more = [
        value
        for place, value in numbers.bare.items()
        if head.mention.end < place < ends - 1 and found[place - 1].text in ("et", ",", "+") and found[place + 1].text == "dans"
    ]
    return sum(more, Decimal(0))


def _read_areas(request: Request, message: Message, heads: Sequence[Head]) -> bool:
    """Give each surface to its target; whether there was any."""
    found, mentions, numbers, asked = message.found, message.mentions, message.numbers, message.asked
    areas = _added_up(found, [measure for measure in numbers.measures if measure.kind is Measured.AREA])
    by_room: dict[str, list[Measure]] = {}
    before: Measure | None = None
    target: Mention | None = None
    for measure in areas:
        said, target = target, target_of(found, mentions, measure)
        word = _corrected_at(found, before, measure)
        if word is not None:
            target = said if target is None or target.start < word else target
            if target is not None and target.concept.key in by_room:
                by_room[target.concept.key][-1] = measure
                continue
        before = measure
        listed = _listed(request, message, measure) if target is None or target.concept.is_head else []
        if listed:
            by_room.setdefault(next(iter(request.rooms)), []).extend(listed)
        elif measure.total and (target is None or target.concept.kind is not Kind.ROOM or len(request.rooms) > 1):
            _set_general(request, measure.value)
        elif target is None:
            _answer_area(request, _from_known(request, mentions, measure), asked)
        elif target.concept.kind is Kind.ROOM:
            if target.concept.key not in request.rooms:
                # « sauf la chambre de 10 m² » says nothing of the rest; « sauf la chambre, 45 m² » does.
                if _behind_comma(found, target, measure):
                    _answer_area(request, measure, asked)
            elif _is_sum(found, mentions, target, measure):
                _set_general(request, measure.value)
            else:
                by_room.setdefault(target.concept.key, []).extend(_with_those_before(request, message, target.concept.key, measure))
        else:
            _area_of_part(request, heads, target, measure, areas, asked)
    for key, measures in by_room.items():
        _set_room(request, key, measures)
    return bool(areas)


def _corrected_at(found: Sequence[Token], before: Measure | None, measure: Measure) -> int | None:
    """« 20 m², ah non pardon, 25 m² » is 25: the place of the word that takes the surface before back."""
    if before is None:
        return None
    words = [token.text for token in found[before.end : measure.start]]
    if _ADDING & set(words):
        return None
    corrects = (word in _CORRECTING or (word == "fait" and words[at - 1] == "en") for at, word in enumerate(words))
    return next((before.end + at for at, is_one in enumerate(corrects) if is_one), None)


def _added_up(found: Sequence[Token], areas: Sequence[Measure]) -> list[Measure]:
    """« 20 m² + 15 m² » is one surface."""
    sums: list[Measure] = []
    for area in areas:
        if sums and [token.text for token in found[sums[-1].end : area.start]] == ["+"]:
            first = sums.pop()
            area = Measure(first.kind, first.value + area.value, first.start, area.end)
        sums.append(area)
    return sums


def _from_known(request: Request, mentions: Sequence[Mention], measure: Measure) -> Measure:
    """« rajoutez 10 m² », « enlevez 5 m² » change the only surface known instead of replacing it."""
    verbs = [mention.concept.key for mention in mentions if mention.end == measure.start and not mention.negated]
    known = [area for area in (*(room.area for room in request.rooms.values()), *request.areas.values()) if area is not None]
    if len(known) != 1 or not {"add", "remove"} & set(verbs):
        return measure
    value = known[0] + measure.value if "add" in verbs else known[0] - measure.value
    return Measure(measure.kind, value if value > 0 else known[0], measure.start, measure.end)


def _with_those_before(request: Request, message: Message, room: str, measure: Measure) -> list[Measure]:
    """« deux chambres de 12 et 14 m² » is two surfaces, « trois chambres, 10, 12 et 15 m² » three."""
    each = [measure]
    while len(each) < request.rooms[room].count:
        start = each[0].start - 2
        value = message.numbers.bare.get(start)
        if value is None or message.found[start + 1].text not in ("et", ","):
            break
        each.insert(0, Measure(measure.kind, value, start, start + 1))
    return each


def _listed(request: Request, message: Message, measure: Measure) -> list[Measure]:
    """« trois chambres à repeindre, 10, 12 et 15 m² »: a list is of the only rooms there are; empty when it is none."""
    each = _with_those_before(request, message, next(iter(request.rooms)), measure) if len(request.rooms) == 1 else []
    return each if len(each) > 1 else []


def _is_sum(found: Sequence[Token], mentions: Sequence[Mention], target: Mention, measure: Measure) -> bool:
    """« salon et chambre, 45 m² »: behind a comma, the surface is that of both."""
    index = list(mentions).index(target)
    before = mentions[index - 1] if index else None
    if (
        not _behind_comma(found, target, measure)
        or before is None
        or before.concept.kind is not Kind.ROOM
        or before.sentence != target.sentence
    ):
        return False
    between = [token.text for token in found[before.end : target.start]]
    return "et" in between and not any(token.value is not None and not token.article for token in found[before.end : target.start])


def _behind_comma(found: Sequence[Token], target: Mention, measure: Measure) -> bool:
    return any(token.text == "," for token in found[target.end : measure.start])


def _set_room(request: Request, key: str, measures: Sequence[Measure]) -> None:
    """One surface counts for each of the rooms, several are added up; one that no such room has is asked again."""
    room = request.rooms.setdefault(key, Room())
    first = measures[0]
    if len(measures) == 1 and not first.total and (first.each or room.count > 1):
        room.area = first.value * max(room.count, 1)
        room.walls = first.walls * room.count if first.walls is not None else None
    else:
        room.area = sum((measure.value for measure in measures), Decimal(0))
        walls = [measure.walls for measure in measures if measure.walls is not None]
        room.walls = sum(walls, Decimal(0)) if len(walls) == len(measures) else None
    if room.area > ROOMS[key].typical * _BEYOND_BELIEF * room.count:
        room.area = room.walls = None
    _forget_derived(request, key)


def _forget_derived(request: Request, room: str) -> None:
    """A room measured anew outdates the surface said for the whole, when it is the only room."""
    if len(request.rooms) == 1 and room in request.rooms:
        request.areas.pop(GENERAL, None)


def _set_general(request: Request, value: Decimal) -> None:
    """A surface for all: it replaces those of the rooms."""
    request.areas[GENERAL] = value
    for room in request.rooms.values():
        room.area = room.walls = None


def _answer_area(request: Request, measure: Measure, asked: str, *, floor: bool = False) -> None:
    """A surface that names nothing: it answers the question, or replaces the only surface known, or is that of all.

    That of the floor does not replace that of the walls: « 100 m² de murs, 40 m² au sol ».
    """
    kind, _, key = asked.partition(":")
    if kind == "surface":
        _store(request, key, measure)
        return
    measured = [room for room in request.rooms if request.rooms[room].area is not None]
    if len(request.rooms) == 1 and not request.areas:
        _set_room(request, next(iter(request.rooms)), [Measure(measure.kind, measure.value, 0, 0, measure.walls, total=True)])
    elif len(request.areas) == 1 and not measured and not (floor and _of_walls(next(iter(request.areas)))):
        request.areas[next(iter(request.areas))] = measure.value
    else:
        _set_general(request, measure.value)


def _of_walls(key: str) -> bool:
    return key == "mur" or (key in WORKS and WORKS[key].basis is Basis.WALL)


def _store(request: Request, key: str, measure: Measure) -> None:
    """Put a surface where the question pointed: a room (`room:salon`), a work, a part of the building, or everything."""
    if key.startswith("room:"):
        name = key.removeprefix("room:")
        total = not measure.each
        _set_room(request, name, [Measure(measure.kind, measure.value, 0, 0, measure.walls, total, measure.each)])
    elif key == GENERAL:
        _set_general(request, measure.value)
    else:
        request.areas[key] = measure.value


def _area_of_part(
    request: Request, heads: Sequence[Head], target: Mention, measure: Measure, others: Sequence[Measure], asked: str
) -> None:
    """A surface tied to a work or to a part of the building."""
    key = target.concept.key
    if target.concept.kind is Kind.PLANE:
        owner = next((head for head in heads if target in head.planes), None)
        work = PLANES.get(owner.key, {}).get(key, "") if owner is not None else ""
        if (owner is not None and _measures_all(owner, target, others)) or (key == "sol" and not work):
            _answer_area(request, measure, asked, floor=key == "sol")
        else:
            request.areas[_area_key(work) if work in WORKS else key] = measure.value
    elif key in WORKS:
        request.areas[_area_key(key)] = measure.value
    else:
        _area_of_choice(request, key, measure, asked)


def _area_key(work: str) -> str:
    """A roof or an attic has one surface, whatever is done to it; other works have their own."""
    plane = WORKS[work].plane
    return plane if plane in _ONE_SURFACE else work


def _measures_all(owner: Head, target: Mention, others: Sequence[Measure]) -> bool:
    """« murs et plafond, 45 m² »: the last of several parts, and no other surface among them."""
    planes = [plane for plane in owner.planes if not plane.negated]
    among = any(planes[0].start <= other.start < target.start for other in others) if planes else False
    return len(planes) > 1 and target == planes[-1] and not among


def _area_of_choice(request: Request, key: str, measure: Measure, asked: str) -> None:
    """A roof has one surface; « peinture 40 m² » with one part named is that part; else it is the floor."""
    works = [WORKS[target] for target in CHOICES[key].targets if target in WORKS and WORKS[target].trade == CHOICES[key].trade]
    planes = {work.plane for work in works if work.basis is Basis.OWN and work.plane}
    wanted = [work.key for work in works if work.key in request.works and work.basis.is_area]
    if len(planes) == 1 and not depends_on_floor(key):
        request.areas[planes.pop()] = measure.value
    elif len(wanted) == 1 and not request.rooms:
        request.areas[wanted[0]] = measure.value
    else:
        _answer_area(request, measure, asked)


def _read_lengths(request: Request, found: Sequence[Token], heads: Sequence[Head], numbers: Numbers, asked: str) -> bool:
    """Metres of furniture, gutters or partitions; in an answer about lengths they are added up."""
    lengths = [measure for measure in numbers.measures if measure.kind is Measured.LENGTH]
    kind, _, asked_key = asked.partition(":")
    if not lengths:
        return False
    named = [head for head in heads if head.key in WORKS and (WORKS[head.key].basis is Basis.LENGTH or head.key in _PARTITIONS)]
    if kind == "length" and not named:
        request.lengths[asked_key] = sum((measure.value for measure in lengths), Decimal(0))
        return True
    if kind == "surface" and len(lengths) == 1 and not named and not any(measure.kind is Measured.AREA for measure in numbers.measures):
        # Many write « 25 m » for 25 m².
        _store(request, asked_key, Measure(Measured.AREA, lengths[0].value, 0, 0))
        return True
    for measure in lengths:
        key = _length_owner(request, found, named, measure)
        if key:
            request.lengths[key] = measure.value
    return False


def _length_owner(request: Request, found: Sequence[Token], named: Sequence[Head], measure: Measure) -> str:
    """The work a length belongs to: that of « 4 m de meubles », else the nearest before, else the one that needs a length."""
    after = [
        head
        for head in named
        if 0 <= head.mention.start - measure.end <= 2
        and all(token.text in FUNCTION_WORDS for token in found[measure.end : head.mention.start])
    ]
    before = [head for head in named if head.mention.end <= measure.start]
    if after or before:
        return (after[0] if after else before[-1]).key
    needing = [work.key for work in request.ordered_works() if work.basis is Basis.LENGTH or work.key in _PARTITIONS]
    return needing[0] if needing else ""


def _read_bare_answer(request: Request, found: Sequence[Token], numbers: Numbers, asked: str) -> None:
    """A number without unit, right after a question about a number: « 25 », « une dizaine », « entre 10 et 12 »."""
    kind, _, key = asked.partition(":")
    if kind not in ("surface", "length", "count"):
        return
    values = [value for position, value in numbers.bare.items() if kind == "count" or not found[position].article]
    values = [value for value in values if 0 < value <= 2000]
    if not values:
        return
    # Of « entre 10 et 12 » the larger is kept: an estimate that goes down disappoints nobody.
    ranged = any(token.text in ("entre", "ou") for token in found) or any(
        found[position + 1].text in ("a", "et") and position + 2 in numbers.bare for position in numbers.bare if position + 1 < len(found)
    )
    value = max(values[:2]) if ranged else values[0]
    if kind == "surface":
        _store(
            request, key, Measure(Measured.AREA, value, 0, 0, each=any(token.text in ("chacune", "chacun", "chaque") for token in found))
        )
    elif kind == "length":
        request.lengths[key] = value
    elif value == value.to_integral_value():
        request.counts[key] = value
        request.plural.discard(key)
