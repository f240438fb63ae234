"""Where a message names works, rooms and parts of a building, and which of them it does not want."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.llm.providers.local.rooms import HOME
from app.llm.providers.local.text import SENTENCE_ENDS, Token
from app.llm.providers.local.vocabulary import Concept, Kind, concept_at

_ALWAYS_NEGATIVE = frozenset(["sans", "ni", "aucun", "aucune", "hors", "hormis", "sauf", "excepte", "jamais", "without", "no"])
KEEPING = frozenset(["garde", "garder", "gardons", "gardez", "conserve", "conserver", "conservons", "conservez", "keep"])
"""Verbs of one who wants nothing new there."""
_SCOPE_ENDS = frozenset(
    ["mais", "avec", "juste", "seulement", "uniquement", "plutot", "je", "on", "nous", "il", "elle", "but", "with", "puis"]
)
_OLD = frozenset(
    [
        "ancien",
        "ancienne",
        "anciens",
        "anciennes",
        "vieux",
        "vieil",
        "vieille",
        "vieilles",
        "existant",
        "existante",
        "existants",
        "existantes",
        "actuel",
        "actuelle",
    ]
)
_WANTING = frozenset(["ne", "n", "veux", "veut", "voudrais", "voulons", "souhaite", "souhaitons", "faut", "besoin", "don", "t"])
_KNOWING = frozenset(["sais", "sait", "pourquoi"])
_DEFINITE = frozenset(["le", "la", "les", "l", "ni", "sans"])
_PLURAL = frozenset(["les", "des", "mes", "nos", "vos", "ces", "plusieurs", "quelques", "differents", "differentes", "toutes", "tous"])
_STOPS = SENTENCE_ENDS | frozenset(",()")
_CLAUSE_ENDS = _STOPS | {"et", "and", "mais", "but"}
_MAX_SCOPE = 7
_MAX_MENTIONS = 120


@dataclass(frozen=True, slots=True)
class Mention:
    """A concept named between two token positions. `old`: the existing one is meant; `removed`: it is to be taken down.

    `to_do` is of a verb said of what stands before it: « toiture à refaire ».
    """

    concept: Concept
    start: int
    end: int
    sentence: int
    negated: bool = False
    old: bool = False
    removed: bool = False
    plural: bool = False
    to_do: bool = False

    @property
    def wanted(self) -> bool:
        return not (self.negated or self.old or self.removed)


def mentions_in(found: Sequence[Token]) -> list[Mention]:
    """Every mention of a message, in its order, with what is negated, old or to be removed."""
    mentions: list[Mention] = []
    sentence = position = 0
    while position < len(found) and len(mentions) < _MAX_MENTIONS:
        if found[position].text in SENTENCE_ENDS:
            sentence += 1
        hit = _flat(found, position) or concept_at(found, position)
        if hit is None:
            position += 1
            continue
        concept, end = hit
        if concept.kind is not Kind.NOTHING:
            plural, old = _is_plural(found, position), _is_old(found, position, end)
            to_do = concept.kind is Kind.VERB and _is_to_do(found, position, mentions[-1] if mentions else None, sentence)
            mentions.append(Mention(concept, position, end, sentence, plural=plural, old=old, to_do=to_do))
        position = end
    return _replaced(found, _negated(found, mentions))


def _flat(found: Sequence[Token], position: int) -> tuple[Concept, int] | None:
    """« T3 », « F2 »: a flat."""
    token = found[position]
    following = found[position + 1] if position + 1 < len(found) else None
    if token.text in ("t", "f") and following is not None and following.text in tuple("1234567") and following.start == token.end:
        return Concept(Kind.ROOM, HOME), position + 2
    return None


def _is_to_do(found: Sequence[Token], position: int, before: Mention | None, sentence: int) -> bool:
    said = before is not None and before.sentence == sentence and before.concept.kind is not Kind.VERB
    return said and found[position - 1].text == "a"


def _is_plural(found: Sequence[Token], start: int) -> bool:
    first = found[start].text
    return (first.endswith("s") and len(first) > 3) or (start > 0 and found[start - 1].text in _PLURAL)


def _is_old(found: Sequence[Token], start: int, end: int) -> bool:
    around = (found[start - 1].text if start else "", found[end].text if end < len(found) else "")
    return bool(set(around) & _OLD)


def _negated(found: Sequence[Token], mentions: list[Mention]) -> list[Mention]:
    """Mark what stands within reach of a negation or of a verb of removal, and what they are said of behind it."""
    removing = {mention.start: mention.to_do for mention in mentions if mention.concept.key == "remove"}
    refusing = {position: _spoken_of(found, mentions, position) for position in range(len(found)) if _is_not_to_do(found, position)}
    no = _reach(found, lambda position: _negates(found, position) and not (found[position].text in KEEPING and position in refusing))
    away = _reach(found, lambda position: removing.get(position) is False)
    to_remove = {_spoken_of(found, mentions, position) for position, to_do in removing.items() if to_do}
    return [
        replace(
            mention,
            negated=no[mention.start] or index in refusing.values(),
            removed=(away[mention.start] or index in to_remove) and mention.concept.kind is not Kind.VERB,
        )
        for index, mention in enumerate(mentions)
    ]


def _is_not_to_do(found: Sequence[Token], position: int) -> bool:
    """« le plafond n'est pas à faire », « les murs sont déjà faits », « la baignoire est à garder »."""
    before, text, following = (found[place].text if 0 <= place < len(found) else "" for place in range(position - 1, position + 2))
    if text == "deja":
        return before in ("est", "sont", "ete") and following.startswith(("fait", "refait"))
    if text in KEEPING:
        return before == "a" and found[position - 2].text in ("est", "sont")
    return text == "pas" and before in ("est", "sont") and following == "a"


def _spoken_of(found: Sequence[Token], mentions: Sequence[Mention], position: int) -> int | None:
    """What « à enlever », « n'est pas à faire » are said of: the nearest work before them in their clause, else the nearest part."""
    begins = next((place for place in range(position - 1, -1, -1) if found[place].text in _CLAUSE_ENDS), -1)
    named = [
        index
        for index, mention in enumerate(mentions)
        if begins < mention.start and mention.end <= position and mention.concept.kind is not Kind.VERB
    ]
    works = [index for index in named if mentions[index].concept.is_head]
    return next(reversed(works or named), None)


def _reach(found: Sequence[Token], begins: Callable[[int], bool]) -> list[bool]:
    """For each token, whether something that began before still holds."""
    held: list[bool] = []
    left = 0
    for position, token in enumerate(found):
        if begins(position):
            left = _MAX_SCOPE
        elif (
            token.text in _STOPS
            or token.text in _SCOPE_ENDS
            or token.text in ("et", "and")
            and not (position + 1 < len(found) and found[position + 1].text in _DEFINITE)
        ):
            left = 0
        held.append(left > 0)
        left = max(left - 1, 0)
    return held


def _negates(found: Sequence[Token], position: int) -> bool:
    text = found[position].text
    if text in _ALWAYS_NEGATIVE or text in KEEPING:
        return True
    before = {token.text for token in found[max(position - 3, 0) : position]}
    if text in ("pas", "not"):
        following = found[position + 1].text if position + 1 < len(found) else ""
        return not (before & _KNOWING) and following not in ("seulement", "que", "mal", "encore")
    if text in ("que", "qu"):
        return found[position - 1].text == "plutot" if position else False
    if text == "plus":
        return bool(before & _WANTING)
    if text in ("lieu", "place"):
        following = found[position + 1].text if position + 1 < len(found) else ""
        return bool(before & {"au", "a"}) and following in ("de", "d", "du", "des")
    return False


def _replaced(found: Sequence[Token], mentions: list[Mention]) -> list[Mention]:
    """« remplacer A par B »: A is to be removed, when B is something we know and is not the same."""
    result = list(mentions)
    verb: Mention | None = None
    for index, mention in enumerate(mentions):
        if mention.concept.kind is Kind.VERB:
            verb = mention if mention.concept.key == "replace" else None
            about = _spoken_of(found, mentions, mention.start) if verb is not None and verb.to_do else None
            following = mentions[index + 1] if index + 1 < len(mentions) else None
            if about is not None and following is not None and following.concept.is_head and _says_by(found, mention.end, following.start):
                result[about] = replace(mentions[about], removed=True)
        elif verb is not None and verb.sentence == mention.sentence and (mention.concept.is_head or mention.concept.key == "wc"):
            following = next((later for later in mentions[index + 1 : index + 3] if later.concept.is_head), None)
            if following is not None and following.concept != mention.concept and _says_by(found, mention.end, following.start):
                result[index] = replace(mention, removed=True)
                verb = None
    return result


def _says_by(found: Sequence[Token], start: int, end: int) -> bool:
    """« par », « contre », « en »; « fenêtres en PVC et la porte » names a material, then one thing more."""
    between = [token.text for token in found[start:end]]
    if "en" in between and {"et", "and", ","} & set(between[between.index("en") :]):
        between.remove("en")
    return bool({"par", "contre", "pour", "en", "by", "with"} & set(between)) and not SENTENCE_ENDS & set(between) and end - start <= 8
