"""Decides what to answer: a question, the request for photos (once), the pre-quote, or a word. A function of the history only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

from app.llm.providers.local import wording
from app.llm.providers.local.answers import Reply, Topic, is_english, topics_of
from app.llm.providers.local.choices import TRADES
from app.llm.providers.local.estimate import Estimate, estimate_of
from app.llm.providers.local.history import History, Turn
from app.llm.providers.local.needs import WORKS_NEEDED, Completed, asked_in, asks_for_photos, complete, question
from app.llm.providers.local.reading import Message, read
from app.llm.providers.local.request import Request
from app.llm.providers.local.understanding import understand

_ASKED_IN_VAIN = 2
_SAID_MUCH = 3


@dataclass(frozen=True, slots=True)
class Say:
    """A text is the whole answer. `need` is the key of what it asks, "photos", or empty."""

    text: str
    need: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """The pre-quote is due. `opening` comes before its text; `again`: one was given before."""

    estimate: Estimate
    opening: str
    again: bool


@dataclass(slots=True)
class Situation:
    """Everything the next step depends on."""

    request: Request
    asks: Counter[str]
    quoted: Estimate | None
    photos_settled: bool
    """They were asked for once, or the person said that there are none."""
    last: Message
    progress: bool
    first_reply: bool
    greeted_english: bool


def decide(history: History) -> Say | Quote:
    """The next step of a conversation."""
    if not history.turns:
        return Say(wording.WELCOME, WORKS_NEEDED)
    step = _decide(history, here := situation(history))
    if isinstance(step, Say) and is_english(here.last.found) and not here.greeted_english:
        return Say(_join(step.text, wording.ENGLISH), step.need)
    return step


def _decide(history: History, here: Situation) -> Say | Quote:
    completed = complete(here.request, _given_up(here.asks))
    turn = history.turns[-1]
    asides = _asides(here, turn, history.artisan, completed)
    estimate = estimate_of(completed)
    if completed.missing == WORKS_NEEDED and not here.request.trades():
        return _ask_for_works(here, [_thanks(turn, history), *asides], history.artisan)
    if completed.missing not in ("", WORKS_NEEDED):
        return _ask(here, completed, [_thanks(turn, history), *asides])
    if not estimate.lines:
        return Say(_join(*asides, wording.cannot_estimate(history.artisan)))
    if here.quoted is not None and here.quoted.lines == estimate.lines:
        return Say(_after_quote(here, asides, turn, history.artisan))
    if here.quoted is None and not here.photos_settled and not here.request.photos:
        return Say(
            _join(_thanks(turn, history), *asides, wording.recap(estimate.title, estimate.details), wording.PHOTOS_QUESTION), "photos"
        )
    again = here.quoted is not None and here.quoted.project_type == estimate.project_type
    return Quote(estimate, _join(_thanks(turn, history), *asides), again)


def situation(history: History) -> Situation:
    """Read every turn in order, as if we had followed the conversation."""
    request = Request()
    asks: Counter[str] = Counter()
    quoted: Estimate | None = None
    photos_settled = english = False
    asked = ""
    for turn in history.turns[:-1]:
        request, message = _hear(request, turn, asked)
        photos_settled |= Topic.NO_PHOTOS in topics_of(message.found)
        if turn.reply:
            asked = asked_in(turn.reply)
            asks[asked] += bool(asked)
            photos_settled |= asks_for_photos(turn.reply)
            english |= wording.ENGLISH in turn.reply
        if turn.quoted:
            quoted = estimate_of(complete(request, _given_up(asks)))
    before = deepcopy(request)
    request, last = _hear(request, history.turns[-1], asked)
    photos_settled |= Topic.NO_PHOTOS in topics_of(last.found)
    before.photos = request.photos
    return Situation(request, asks, quoted, photos_settled, last, before != request, len(history.turns) == 1, english)


def _hear(request: Request, turn: Turn, asked: str) -> tuple[Request, Message]:
    """The request after a turn: changed in place, or a new one when everything is called off."""
    message = read(turn.text, asked, request.trades())
    if Topic.CANCEL in topics_of(message.found):
        request = Request(photos=request.photos)
    else:
        understand(request, message)
    request.photos += turn.photos
    return request, message


def _given_up(asks: Counter[str]) -> set[str]:
    return {need for need, times in asks.items() if times >= _ASKED_IN_VAIN}


def _asides(here: Situation, turn: Turn, artisan: str, completed: Completed) -> list[str]:
    """What comes before the step itself: a greeting, a calm word, an answer."""
    topics = topics_of(here.last.found)
    asides: list[str] = []
    if here.first_reply and Topic.GREETING in topics:
        asides.append("Bonjour.")
    if Topic.INSULT in topics:
        asides.append(wording.CALM)
    if Topic.UNSUPPORTED in topics:
        asides.append(wording.answer(Topic.UNSUPPORTED, artisan))
    asides += _answers(here, topics, artisan, completed)
    return asides


def _answers(here: Situation, topics: frozenset[Topic], artisan: str, completed: Completed) -> list[str]:
    """The answer to a question of the person, at most one, never at random."""
    known = [topic for topic in wording.ANSWER_ORDER if topic in topics]
    if here.quoted is None and Topic.PRICE in known:
        known.remove(Topic.PRICE)  # The whole conversation leads to it.
    asking = Topic.QUESTION in topics or (here.quoted is not None and not here.progress)
    if known and (asking or known[0] is Topic.TOO_EXPENSIVE):
        return [wording.answer(known[0], artisan)]
    project = here.progress or Topic.PROJECT in topics or Topic.PRICE in topics or Topic.UNSUPPORTED in topics
    if Topic.QUESTION in topics and not project and completed.missing != WORKS_NEEDED:
        return [wording.answer(Topic.QUESTION, artisan)]
    return []


def _ask_for_works(here: Situation, asides: Sequence[str], artisan: str) -> Say:
    """Nothing to estimate yet: bring the conversation to the works."""
    topics = topics_of(here.last.found)
    if here.quoted is not None or Topic.CANCEL in topics:
        return Say(_join(*asides, wording.emptied(artisan)))
    words = sum(token.is_word for token in here.last.found)
    lost = words >= _SAID_MUCH and not topics - {Topic.QUESTION, Topic.PRICE, Topic.GREETING} and not here.progress
    opening = [wording.OFF_TOPIC] if lost and not (Topic.GREETING in topics and words <= _SAID_MUCH) else []
    if Topic.THANKS in topics and not any(asides):
        opening = ["Je vous en prie."]
    return Say(_join(*asides, *opening, wording.ask_for_works(question(here.request, WORKS_NEEDED))), WORKS_NEEDED)


def _ask(here: Situation, completed: Completed, asides: Sequence[str]) -> Say:
    """One question, after a word on what came before it."""
    opening = ""
    if here.first_reply:
        trades = completed.request.trades()
        opening = wording.noted(TRADES[trades[0]].purpose if len(trades) == 1 else "votre projet")
    elif here.last.reply is Reply.UNKNOWN and here.last.asked:
        opening = wording.USUAL_VALUE
    elif here.progress:
        opening = "C'est noté."
    elif not any(asides) and here.asks[completed.missing]:
        opening = wording.NOT_UNDERSTOOD
    return Say(_join(*asides, opening, question(completed.request, completed.missing)), completed.missing)


def _thanks(turn: Turn, history: History) -> str:
    return wording.received(turn.photos, turn.documents, history.artisan)


def _after_quote(here: Situation, asides: Sequence[str], turn: Turn, artisan: str) -> str:
    """The pre-quote stands: answer, thank or close."""
    if turn.photos:
        return _join(wording.late_photos(turn.photos), *asides)
    if turn.documents:
        return _join(wording.received(0, turn.documents, artisan), *asides)
    if asides:
        return _join(*asides)
    topics = topics_of(here.last.found)
    if topics & {Topic.THANKS, Topic.AGREED}:
        return wording.closing(artisan, thanked=Topic.THANKS in topics)
    return wording.unchanged(artisan)


def _join(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
