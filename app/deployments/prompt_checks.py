"""What the instructions of a deployment may not contain: attempts to lift the agent's limits or to have it tell its secrets (003 §13).

A refusal explains itself; it does not replace the limits, which the answer's code enforces whatever a prompt says.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_FINDINGS = 5
_LOOKALIKES = str.maketrans("аеорсухіїјѕԁһкмтвαοερικυντ013457@$", "aeopcyxiijsdhkmtbaoepikuvtoieastas")
"""Cyrillic, Greek and digits that are read as Latin letters."""

# Words that may stand between a verb and what it is about: « toutes tes anciennes instructions ».
_OF = (
    r"(?: (?:toutes?|tous|tout|les|tes|vos|mes|ces|ses|nos|le|la|l'|ta|ton|votre|de|des|du|d'|a|au|aux|cette|ce|et|ou|autres?|"
    r"precedente?s?|anterieure?s?|anciennes?|initiale?s?|internes?|cachee?s?|secrete?s?|systeme|securite|"
    r"all|any|the|your|you|my|our|of|to|me|us|every|each|previous|prior|above|earlier|original|initial|system|hidden|internal|secret|"
    r"these|those|this|that|and|or|other|safety|security|content|existing|have|were|given|been|was)){0,7}? ?"
)
_LIMITS = (
    r"(?:instructions?|consignes?|regles?|directives?|limites?|limitations?|restrictions?|contraintes?|interdictions?|garde fous?|prompts?|"
    r"politiques?|filtres?|protections?|moderation|ce qui precede|tout ce qui|rules?|guidelines?|guardrails?|constraints?|limits?|"
    r"policy|policies|filters?|safeguards?|everything above|everything before|what (?:was|is|came) (?:said|written|before|above))\b"
)
_LIFT = (
    r"(?:ignor\w*|oubli\w*|neglig\w*|outrepass\w*|contourn\w*|desobei\w*|transgress\w*|enfrein\w*|desactiv\w*|suspend\w*|supprim\w*|"
    r"debraye\w*|lev(?:e|er|ez)|passe\w* outre|fais abstraction|faites abstraction|affranchi\w*|"
    r"forget|disregard|overrid\w*|bypass\w*|disobey\w*|circumvent\w*|disable|turn off|remove|drop|discard)"
)
_TELL = (
    r"(?:revel\w*|devoil\w*|affich\w*|montr\w*|recopi\w*|repet\w*|donn\w*|communiqu\w*|divulgu\w*|ecri[rstv]\w*|transmet\w*|envo[iy]\w*|"
    r"partag\w*|cit(?:e|er|ez)|imprim\w*|reprodui\w*|dis|dites|reveal\w*|show|print|repeat|display|share|output|leak|disclose|give|tell|"
    r"send|expose|dump|recite|write out)(?: (?:moi|nous|lui|leur|me|us))?"
)
_SECRETS = (
    r"(?:prompts?(?: systeme)?|system prompts?|(?:instructions?|consignes?|regles?) (?:systeme|internes?|initiales?|cachees?|secretes?|"
    r"confidentielles?|de base)|(?<=tes )(?:instructions?|consignes?)|(?<=vos )(?:instructions?|consignes?)|(?<=your )(?:instructions?|rules?)|"
    r"(?:system|initial|hidden|internal|secret) (?:instructions?|rules?|messages?)|cles? (?:d' ?api|api|de l' ?api|secretes?|privees?)|"
    r"(?:api|secret|private) keys?|jetons? d' ?acces|access tokens?|mots? de passe|passwords?|credentials|"
    r"variables? d' ?environnement|environment variables?)\b"
)
_RULES = "(?:limites?|limitations?|restrictions?|contraintes?|regles?|filtres?|censures?|garde fous?|interdits?|interdictions?)"
_ENGLISH_RULES = r"(?:limits?|limitations?|restrictions?|constraints?|rules?|filters?|censorship|guardrails?|boundaries)"
_ANSWER = r"(?:repond\w*|parl\w*|agi\w*|ecri\w*|fonctionn\w*|act|answer|respond|speak|reply|operate|work)"


@dataclass(frozen=True, slots=True)
class Rule:
    """`negatable`: the same words after « ne » or « never » are a good instruction."""

    family: str
    pattern: re.Pattern[str]
    negatable: bool = False


def _rule(family: str, pattern: str, *, negatable: bool = False) -> Rule:
    return Rule(family, re.compile(r"(?<!\w)" + pattern), negatable)


LIFTS, FREES, JAILBREAKS, TELLS, HIDES = (
    "demande d’ignorer les instructions ou les limites de l’assistant",
    "présente l’assistant comme sans limites",
    "est une tournure connue pour contourner les protections",
    "demande de révéler les instructions ou des secrets",
    "demande de cacher que c’est une intelligence artificielle, ce que la loi interdit",
)
RULES = (
    _rule(LIFTS, _LIFT + _OF + _LIMITS, negatable=True),
    _rule(LIFTS, r"ne (?:tiens|tenez|tenir|prends|prenez) (?:plus |pas )?(?:aucun )?compte" + _OF + _LIMITS),
    _rule(LIFTS, r"ne (?:respecte|suis|suivez|applique|obeis)\w* (?:plus|pas|aucune?)" + _OF + _LIMITS),
    _rule(LIFTS, r"(?:do not|don't|dont|never|no longer|stop) (?:follow|obey|respect|apply|comply with|following|obeying)" + _OF + _LIMITS),
    _rule(FREES, r"(?:n'|ne )(?:as|avez|es|etes|connais|connaissez) (?:plus|pas|aucune?|desormais)(?: plus)?(?: soumis| tenu| lie)?" + _OF + _RULES),
    _rule(FREES, r"(?:assistant|ia|agent|modele|chatbot|robot) (?:n'|ne )(?:a|est|connait) (?:plus|pas|aucune?)(?: soumis| tenu| lie)?" + _OF + _RULES),
    _rule(FREES, _ANSWER + r"(?: \w+){0,4}? (?:sans|hors de|au dela de)(?: aucune?| toute?| la moindre)?" + _OF + _RULES),
    _rule(FREES, _ANSWER + r"(?: \w+){0,4}? (?:without|with no)" + _OF + _ENGLISH_RULES + r"\b"),
    _rule(FREES, r"(?:you|assistant|ai|model|bot)(?: \w+){0,2}? (?:have|has|with|under|by) (?:no|zero)(?: more)?" + _OF + _ENGLISH_RULES + r"\b"),
    _rule(FREES, r"(?:are|is|be) (?:now |completely |fully )*(?:unrestricted|unfiltered|uncensored|unlimited|no longer (?:bound|limited|restricted))"),
    _rule(FREES, r"libres? de (?:toute?s?|tes|vos|ses)" + _OF + _RULES),
    _rule(FREES, r"(?:ia|assistant|modele|ai|model|chatbot) (?:\w+ )?(?:debride\w*|non censure\w*|non filtre\w*|sans (?:filtre|limite|censure|restriction)s?)"),
    _rule(JAILBREAKS, r"jailbr(?:ea|ai)k\w*"),
    _rule(JAILBREAKS, r"do anything now"),
    _rule(JAILBREAKS, r"(?:mode|modus) (?:developpeur|developer|dieu|god|dan|sudo|root|debug|jailbreak|administrateur|admin|libre|sans limites?)\b"),
    _rule(JAILBREAKS, r"(?:developer|god|dan|sudo|root|debug|jailbreak|admin|unrestricted) mode\b"),
    _rule(JAILBREAKS, r"(?:tu n'es|vous n'etes) plus (?:un |une |l'|le |cet )?(?:\w+ )?(?:assistant|ia|modele|chatbot|robot)"),
    _rule(JAILBREAKS, r"you are no longer (?:an? |the )?(?:\w+ )?(?:assistant|ai|model|chatbot|bot)"),
    _rule(JAILBREAKS, r"(?:pretend|imagine|act as if|fais comme si|faites comme si|imagine que)(?: \w+){0,5}? (?:no|without|sans|aucune?|plus de|pas de)" + _OF
          + f"(?:{_RULES}|{_ENGLISH_RULES})"),
    _rule(JAILBREAKS, r"(?:nouvelles?|vraies?) instructions? (?:systeme|prioritaires?)|new system (?:prompt|instructions?|message)"),
    _rule(TELLS, _TELL + _OF + _SECRETS, negatable=True),
    _rule(HIDES, r"ne (?:dis|dites|revele|revelez|mentionne|mentionnez|precise|precisez) (?:jamais|pas|a personne)(?: \w+){0,2}? (?:tu es|vous etes|etre) "
          r"(?:une? )?(?:ia|robot|intelligence artificielle|machine|programme|chatbot)\b"),
    _rule(HIDES, r"(?:pretend\w*|affirm\w*|fais toi passer|faites vous passer)(?: \w+){0,4}? (?:une? )?(?:humain|humaine|vraie personne|personne reelle|human)\b",
          negatable=True),
)  # fmt: skip
MARKUP = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|\[/?INST\]|<</?SYS>>|^[ \t]*(?:#{1,6}[ \t]*)?(?:system|assistant|user)[ \t]*:", re.IGNORECASE | re.MULTILINE
)
_NEGATED = re.compile(
    r"(?:\bne |\bn'|\bnot |\bnever |n't |\bdont |\bjamais |\bsans |\bwithout |\bpas |"
    r"\b(?:refus|evit|interdi|defen)\w* (?:a quiconque )?(?:de |d')|\bpas le droit (?:de |d')|\b(?:refuse|avoid|forbidden) (?:to )?)"
    r"(?:jamais |pas |rien |plus |lui |leur |vous |te |ever |to )*$"
)
_SPELLED = re.compile(r"\b\w(?: \w){3,}\b")


@dataclass(frozen=True, slots=True)
class Finding:
    """A passage that is not accepted, as it was written, and its line, from 1."""

    excerpt: str
    line: int
    reason: str


def tidy(text: str) -> str:
    """Instructions as they are kept: one kind of line end, no control nor invisible character, no space at the end of lines."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(line.rstrip() for line in kept.split("\n"))).strip()


def findings(text: str) -> list[Finding]:
    """What is not accepted in a text, in its order; accents, case, invisible characters and look-alikes change nothing."""
    spans = [(match.start(), match.end(), "contient une balise réservée au dialogue avec le modèle") for match in MARKUP.finditer(text)]
    folded, places = _folded(text)
    for version, where in ((folded, places), _joined(folded, places)):
        for rule in RULES:
            for match in rule.pattern.finditer(version):
                if not (rule.negatable and _NEGATED.search(version, max(0, match.start() - 30), match.start())):
                    spans.append((where[match.start()], where[match.end() - 1] + 1, rule.family))
    found: list[Finding] = []
    end = 0
    for start, stop, reason in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= end:
            found.append(Finding(" ".join(text[start:stop].split())[:120], text.count("\n", 0, start) + 1, reason))
            end = stop
    return found


def explain(found: list[Finding]) -> str:
    """The findings in words: « Ligne 2, « ignore les instructions » : demande d’ignorer… »."""
    told = [f"Ligne {one.line}, « {one.excerpt} » : ce passage {one.reason}." for one in found[:MAX_FINDINGS]]
    if len(found) > MAX_FINDINGS:
        told.append(f"Et {len(found) - MAX_FINDINGS} autres.")
    return " ".join(told)


def _folded(text: str) -> tuple[str, list[int]]:
    """The text in plain lower-case letters, one space between words, « . » where a sentence ends; and the place of each character."""
    out: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if unicodedata.category(char) == "Cf":
            continue
        for piece in unicodedata.normalize("NFKD", char).lower().translate(_LOOKALIKES):
            if unicodedata.combining(piece):
                continue
            plain = "'" if piece in "'’ʼ`´" else "." if piece in ".!?;:" else piece if piece.isalnum() else " "
            if plain == " " and (not out or out[-1] == " "):
                continue
            out.append(plain)
            places.append(place)
    return "".join(out), places


def _joined(folded: str, places: list[int]) -> tuple[str, list[int]]:
    """The same with words spelled letter by letter put together: « i g n o r e »."""
    out: list[str] = []
    kept: list[int] = []
    start = 0
    for match in _SPELLED.finditer(folded):
        out.append(folded[start : match.start()])
        kept += places[start : match.start()]
        letters = [place for place in range(match.start(), match.end()) if folded[place] != " "]
        out.append("".join(folded[place] for place in letters))
        kept += [places[place] for place in letters]
        start = match.end()
    return "".join(out) + folded[start:], kept + places[start:]
