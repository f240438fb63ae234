"""One message, read once: what it names, its numbers, how it answers. Mentions whose meaning depends on the others are settled here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from app.llm.providers.local.answers import Reply, reply_of
from app.llm.providers.local.linking import depends_on_floor, verb_over
from app.llm.providers.local.measures import Numbers, numbers_in
from app.llm.providers.local.mentions import Mention, mentions_in
from app.llm.providers.local.number_words import with_numbers
from app.llm.providers.local.rooms import HOME
from app.llm.providers.local.text import FUNCTION_WORDS, Token, tokens
from app.llm.providers.local.vocabulary import Concept, Kind
from app.llm.providers.local.works import WORKS, Basis

_ROOFS = frozenset({"toiture", "couverture", "tuiles", "ardoises"})
_ROOF_MATERIALS = frozenset({"tuiles", "ardoises", "bac_acier"})
_ROOF_WORKS = frozenset(
    {"toiture", "demoussage", "hydrofuge", "toiture_fuite", "reparation_tuiles", "gouttieres", "faitage", "fenetre_toit"}
)
_LEAKS = frozenset({"fuite_eau", "debouchage"})
_PLACES = frozenset(["sous", "derriere", "autour", "pres", "dans", "vers", "niveau"])
_FITTING = ("replace", "install", "add", "renovate")


@dataclass(frozen=True, slots=True)
class Message:
    """A message and the need it was asked about (empty: none)."""

    found: list[Token]
    mentions: list[Mention]
    numbers: Numbers
    reply: Reply
    asked: str

    @property
    def words(self) -> frozenset[str]:
        return frozenset(token.text for token in self.found)


def read(text: str, asked: str = "", trades: Collection[str] = ()) -> Message:
    """Read a raw message; `asked` is the need that the question before it was about, `trades` those already talked about."""
    found = with_numbers(tokens(text))
    mentions = mentions_in(found)
    roof = "toiture" in trades or any(mention.concept.key in _ROOFS for mention in mentions)
    kept = [_meant(found, mentions, index, roof) for index in range(len(mentions)) if not _is_only_a_place(found, mentions, index)]
    return Message(found, kept, numbers_in(found), reply_of(found), asked)


def _meant(found: Sequence[Token], mentions: Sequence[Mention], index: int, roof: bool) -> Mention:
    """WC as equipment, a leak in a roof, a wall to pull down (but not in « enlever le papier peint des murs »)."""
    mention = mentions[index]
    key = mention.concept.key
    if key == "wc" and mention.concept.kind is Kind.ROOM and _is_equipment(mentions, index):
        return replace(mention, concept=Concept(Kind.WORK, "wc"), plural=False)
    if key == "fuite_eau" and roof:
        return replace(mention, concept=Concept(Kind.WORK, "toiture_fuite"))
    if key in ("cloison", "mur") and mention.removed and not _bears(found, mentions, index):
        return replace(mention, concept=Concept(Kind.WORK, "demolition_cloison"), removed=False)
    return mention


def _bears(found: Sequence[Token], mentions: Sequence[Mention], index: int) -> bool:
    """A part that only says where the work before it is."""
    before = mentions[index - 1] if index else None
    return (
        before is not None
        and before.concept.is_head
        and all(token.text in FUNCTION_WORDS or token.text == "sur" for token in found[before.end : mentions[index].start])
    )


def _is_equipment(mentions: Sequence[Mention], index: int) -> bool:
    """« changer les WC » is the equipment, « repeindre les WC » the room."""
    before = mentions[index - 1] if index else None
    if before is not None and before.concept.kind is Kind.VERB and before.concept.key in ("replace", "install", "add"):
        return True
    return not any(mention.concept.is_head and depends_on_floor(mention.concept.key) for mention in mentions)


def _is_only_a_place(found: Sequence[Token], mentions: Sequence[Mention], index: int) -> bool:
    """What is named beside the works, not as one: « une fuite sous l'évier », « T3 de 3 pièces », the parquet that is sanded."""
    mention = mentions[index]
    keys = {other.concept.key for other in mentions}
    key = mention.concept.key
    if (key == "parquet" and "poncage_parquet" in keys) or (key == "piece" and HOME in keys):
        return True
    if key in _ROOF_MATERIALS and keys & _ROOF_WORKS and not _is_laid(mentions, index):
        return True
    fitted = mention.concept.kind is Kind.WORK and WORKS[key].basis is Basis.COUNT
    if (not fitted and key != "wc") or verb_over(mentions, index) in _FITTING:
        return False
    return bool(keys & _LEAKS) or _word_before(found, mention.start) in _PLACES


def _is_laid(mentions: Sequence[Mention], index: int) -> bool:
    """« refaire la toiture en tuiles », « mon toit est en ardoise, à refaire »: the covering itself is the work."""
    sentence = mentions[index].sentence
    names = [
        place for place in range(index) if mentions[place].concept.key in ("toiture", "couverture") and mentions[place].sentence == sentence
    ]
    following = mentions[index + 1] if index + 1 < len(mentions) else None
    if following is not None and following.concept.key == "renovate" and following.sentence == sentence:
        after = mentions[index + 2] if index + 2 < len(mentions) else None
        return following.to_do or after is None or not after.concept.is_head
    return any(verb_over(mentions, place) in _FITTING for place in (index, *names))


def _word_before(found: Sequence[Token], position: int) -> str:
    """The nearest word before that is no article."""
    for token in reversed(found[max(position - 3, 0) : position]):
        if token.text not in FUNCTION_WORDS and not token.article:
            return token.text
    return ""
