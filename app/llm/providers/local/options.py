"""Decides a choice from what a message says of its options: their names, their short words, « les deux », « plutôt », « seulement »."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from app.llm.providers.local.answers import Reply
from app.llm.providers.local.choices import CHOICES, Choice
from app.llm.providers.local.linking import PLANES, room_of_refused
from app.llm.providers.local.mentions import KEEPING, Mention
from app.llm.providers.local.reading import Message
from app.llm.providers.local.request import Request
from app.llm.providers.local.vocabulary import Kind, phrase_stems
from app.llm.providers.local.works import WORKS

_ONLY = frozenset(["seulement", "uniquement", "juste", "seul", "seule", "seuls", "only"])
_OR = frozenset({"ou", "or"})
_CHANGING = frozenset(["finalement", "plutot", "prefere", "preferons", "prefererais"])
_NOT = ("sans", "pas", "ni", "que")
_OPTION_STEMS = {
    (key, option.target): tuple(phrase_stems(phrase) for phrase in option.words.split(", ") if phrase)
    for key, choice in CHOICES.items()
    for option in choice.options
}


def take(request: Request, target: str) -> None:
    """Want a work, or open the narrower choice that an option stands for."""
    if target in WORKS:
        request.want(target)
    else:
        request.open(target)


def drop(request: Request, target: str) -> None:
    """The opposite of `take`."""
    if target in WORKS:
        request.refuse(target)
    else:
        request.choices.pop(target, None)


def take_by_words(request: Request, message: Message, choice: Choice) -> bool:
    """Take the options whose short words stand in the message: of a single choice the last named, none when it hesitates."""
    stems = [token.stem for token in message.found]
    named: dict[str, int] = {}
    for option in choice.options:
        for phrase in _OPTION_STEMS[choice.key, option.target]:
            places = [
                place for place, part in enumerate(stems) if part == phrase[0] and tuple(stems[place : place + len(phrase)]) == phrase
            ]
            wanted = [place for place in places if stems[max(place - 1, 0)] not in _NOT]
            if wanted:
                named[option.target] = max(wanted[-1], named.get(option.target, -1))
    ranked = sorted(named, key=named.__getitem__)
    if not ranked or (choice.single and len(ranked) > 1 and _OR & message.words):
        return False
    for target in ranked[-1:] if choice.single else ranked:
        take(request, target)
    return True


def is_left_out(request: Request, message: Message, plane: Mention, target: str) -> bool:
    """« murs et plafonds, sauf le plafond du couloir »: it stays in the other rooms."""
    room = room_of_refused(message.found, message.mentions, message.mentions.index(plane))
    rest = tuple(other for other in request.scope(target) if other != room)
    if not room or not rest or target not in request.works:
        return False
    request.scopes[target] = rest
    return True


def decide_by_planes(request: Request, message: Message, planes: Sequence[Mention]) -> None:
    """Parts of the building named alone: « murs et plafond » after « je voudrais repeindre »."""
    keys = [message.asked.removeprefix("choice:")]
    keys += [key for key in request.choices if any(target in request.works for target in PLANES[key].values())]
    keys += [choice.key for choice in request.open_choices()]
    wanted = [key for key in PLANES if any(target in request.works for target in PLANES[key].values())]
    for plane in planes:
        among = (*keys, *wanted) if plane.negated else keys
        key = next((key for key in among if plane.concept.key in PLANES.get(key, {})), None)
        if key is not None and not is_left_out(request, message, plane, PLANES[key][plane.concept.key]):
            (take if plane.wanted else drop)(request, PLANES[key][plane.concept.key])


def decide_by_answer(request: Request, message: Message) -> None:
    """The answer to the question about a choice, when the message names none of its options."""
    kind, _, key = message.asked.partition(":")
    if kind != "choice" or key not in CHOICES or request.resolved(CHOICES[key]):
        return
    choice = CHOICES[key]
    remaining = [target for target in choice.targets if target not in request.refused]
    if take_by_words(request, message, choice):
        return
    if message.reply is Reply.UNKNOWN:
        request.unknown.add(message.asked)
    elif message.reply is Reply.NO or message.words & KEEPING:
        request.settled.add(key)
    elif message.reply is Reply.BOTH and choice.both:
        for target in remaining:
            take(request, target)
    elif message.reply is Reply.YES and len(remaining) == 1:
        take(request, remaining[0])


def change_by_words(request: Request, message: Message) -> None:
    """« finalement en PVC »: another option of a choice already made, by its short word."""
    if not message.words & _CHANGING:
        return
    named = {mention.concept.key for mention in message.mentions}
    for key in list(request.choices):
        choice = CHOICES[key]
        if choice.single and not named & set(choice.targets):
            take_by_words(request, message, choice)


def keep_only(request: Request, message: Message) -> None:
    """« seulement les murs »: the other options of the same choice go."""
    if not message.words & _ONLY:
        return
    named = {mention.concept.key for mention in message.mentions if mention.wanted}
    for key, choice in CHOICES.items():
        planes = {target for plane, target in PLANES[key].items() if plane in named}
        kept = {target for target in choice.targets if target in named or target in planes} & set(request.works)
        if choice.both and kept:
            for target in set(choice.targets) - kept:
                if target in request.works:
                    request.refuse(target)


def replace_single(request: Request, message: Message, before: set[str]) -> None:
    """« plutôt du stratifié »: of a choice that takes one answer, the new one replaces the old, in the same rooms."""
    adds = any(mention.concept.key == "add" for mention in message.mentions) or "aussi" in message.words
    for choice in CHOICES.values():
        if not choice.single:
            continue
        _take_back(request, message, choice)
        if _hesitates(message, choice):
            for target in choice.targets:
                request.works.pop(target, None)
            request.choices.pop("carrelage", None)
            request.open(choice.key)
        elif not adds:
            _replace(request, choice, before)


def _replace(request: Request, choice: Choice, before: set[str]) -> None:
    wanted = [target for target in choice.targets if target in request.works]
    new = [target for target in wanted if target not in before]
    for target in wanted if new else ():
        if target in before and set(request.scope(target)) == set(request.scope(new[0])):
            request.refuse(target)


def _hesitates(message: Message, choice: Choice) -> bool:
    """« parquet ou carrelage »: two options with « ou » between them are a question, no answer."""
    named = [mention for mention in message.mentions if _option_key(mention) in choice.targets]
    return any(_OR & {token.text for token in message.found[one.end : other.start]} for one, other in pairwise(named))


def _take_back(request: Request, message: Message, choice: Choice) -> None:
    """« du carrelage, finalement du parquet »: in one sentence, and of no other room, the first is no longer wanted."""
    named = [(place, mention) for place, mention in enumerate(message.mentions) if _option_key(mention) in choice.targets]
    for (place, one), (next_place, other) in pairwise(named):
        elsewhere = any(mention.concept.kind is Kind.ROOM for mention in message.mentions[place + 1 : next_place])
        changed = _CHANGING & {token.text for token in message.found[one.end : other.start]}
        if changed and not elsewhere and other.wanted and _option_key(one) != _option_key(other):
            request.refuse(_option_key(one))
            request.choices.pop(one.concept.key, None)


def _option_key(mention: Mention) -> str:
    return "carrelage_sol" if mention.concept.key == "carrelage" else mention.concept.key
