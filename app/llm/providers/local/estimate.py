"""From a complete request to the lines of a pre-quote: codes, quantities, and what each quantity supposes. No price here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.core.format import quantity
from app.llm.providers.local.choices import CHOICES, PACKAGES, TRADES
from app.llm.providers.local.needs import Assumption, Completed
from app.llm.providers.local.request import GENERAL, PARTITION_HEIGHT, WALL_RATIO, Request
from app.llm.providers.local.works import WORKS, Basis, Work

_CALL_OUT_HOURS = Decimal(2)
_MAX_TITLES = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One work with its quantity in the unit of the work, and what that quantity supposes."""

    work: Work
    quantity: Decimal
    assumptions: tuple[str, ...]

    @property
    def assumption(self) -> str:
        """What the quantity supposes, in one sentence; empty when nothing."""
        text = " ; ".join(self.assumptions)
        return text[:1].upper() + text[1:]

    def text(self, with_area: bool) -> str:
        """« 6 × prise de courant », « gouttière sur 20 m »; the surface only when no surface is said for the whole."""
        if self.work.basis is Basis.COUNT and self.quantity > 1:
            return f"{quantity(self.quantity)} × {self.work.name}"
        if self.work.basis is Basis.LENGTH:
            return f"{self.work.name} sur {quantity(self.quantity)} m"
        return f"{self.work.name} sur {quantity(self.quantity)} m²" if with_area and self.work.basis.is_area else self.work.name


@dataclass(frozen=True, slots=True)
class Estimate:
    """A pre-quote without its prices."""

    project_type: str
    title: str
    purpose: str
    surface: Decimal | None
    lines: tuple[Line, ...]

    @property
    def requirements(self) -> list[str]:
        """What the person asked for, without what always comes with a room."""
        brought = {key for line in self.lines for key in line.work.brings}
        usual = {key for package in PACKAGES.values() for key in package.works if WORKS[key].basis is Basis.LUMP}
        return [line.work.key for line in self.lines if line.work.key not in brought | usual]

    @property
    def details(self) -> list[str]:
        """The surface and the works, in the words of a sentence."""
        asked = set(self.requirements)
        works = [line.text(self.surface is None) for line in self.lines if line.work.key in asked or not asked]
        return [f"{quantity(self.surface)} m²", *works] if self.surface is not None else works

    @property
    def description(self) -> str:
        """The project in one line, from what was understood: never the person's own words, which may name people."""
        return f"{self.title} : {', '.join(self.details)}"


def estimate_of(completed: Completed) -> Estimate:
    """The estimate of a request in which nothing is missing."""
    request = completed.request
    trades = [TRADES[trade] for trade in request.trades()]
    titles = [trade.title for trade in trades[:_MAX_TITLES]]
    title = " et ".join([titles[0], *(later[:1].lower() + later[1:] for later in titles[1:])]) if titles else ""
    purpose = trades[0].purpose if len(trades) == 1 else "votre projet"
    lines = tuple(_line(request, work, completed.assumptions) for work in request.ordered_works())
    return Estimate(trades[0].project_type if trades else "", title, purpose, request.main_surface(), lines)


def _line(request: Request, work: Work, assumed: Sequence[Assumption]) -> Line:
    amount, derived = _amount(request, work)
    texts = [assumption.text for assumption in assumed if _concerns(request, assumption.need, work)]
    return Line(work, amount, tuple(text for text in (derived, *texts) if text))


def _amount(request: Request, work: Work) -> tuple[Decimal, str]:
    """The quantity of a work, and how it was derived when nobody gave it."""
    each = (
        f"{request.rooms_redone(work)} pièces à refaire, forfaits et équipements comptés pour chacune"
        if request.rooms_redone(work) > 1
        else ""
    )
    if work.basis is Basis.COUNT:
        return request.count(work) or Decimal(1), "" if work.key in request.counts else each
    if work.basis is Basis.LENGTH:
        length = request.length(work) or Decimal(1)
        return length, "" if work.key in request.lengths else f"{work.name} sur la même longueur que les meubles ({quantity(length)} m)"
    if work.basis is Basis.HOURS:
        return _CALL_OUT_HOURS, f"intervention supposée de {quantity(_CALL_OUT_HOURS)} heures"
    if work.basis is Basis.LUMP:
        return Decimal(request.rooms_redone(work)), each
    area = request.area(work) or Decimal(1)
    return area, _derivation(request, work, area)


def _derivation(request: Request, work: Work, area: Decimal) -> str:
    if request.given_area(work) is not None:
        if work.key in request.lengths and work.key not in request.areas:
            return f"{quantity(request.lengths[work.key])} m de long sur {quantity(PARTITION_HEIGHT)} m de haut"
        return ""
    if work.basis is not Basis.WALL:
        return ""
    if request.measured_walls(work) is not None:
        return f"surface des murs calculée d’après vos dimensions : {quantity(area)} m²"
    floor = area / WALL_RATIO
    return f"surface des murs estimée à {quantity(area)} m² ({quantity(WALL_RATIO)} × {quantity(floor)} m² au sol)"


def _concerns(request: Request, need: str, work: Work) -> bool:
    """Whether an assumption bears on a work."""
    kind, _, key = need.partition(":")
    if kind == "choice":
        return work.key in CHOICES[key].default
    if kind != "surface":
        return work.key == key or (key in CHOICES and work.key in CHOICES[key].targets)
    if not work.basis.is_area or (request.given_area(work) is not None and work.basis is not Basis.OWN):
        return False
    if key == GENERAL:
        return work.basis is not Basis.OWN
    return key.removeprefix("room:") in request.scope(work.key) if key.startswith("room:") else key in (work.key, work.plane)


def tool_arguments(estimate: Estimate, articles: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
    """The arguments of `proposer_pre_devis`; with the articles of `rechercher_prix`, a work the library lacks is told in the notes."""
    lines = [_tool_line(line, articles) for line in estimate.lines if articles is None or line.work.code in articles]
    arguments: dict[str, Any] = {
        "type_projet": estimate.project_type,
        "titre": estimate.title,
        "description": estimate.description,
        "surface_m2": _number(estimate.surface),
        "exigences": estimate.requirements,
        "lignes": lines,
    }
    unpriced = unpriced_works(estimate, articles)
    if unpriced:
        arguments["notes"] = f"Non chiffré ici : {', '.join(work.name for work in unpriced)}."
    return arguments


def unpriced_works(estimate: Estimate, articles: Mapping[str, Mapping[str, Any]] | None) -> list[Work]:
    """The works that the library has no price for."""
    return [line.work for line in estimate.lines if articles is not None and line.work.code not in articles]


def _tool_line(line: Line, articles: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
    article = (articles or {}).get(line.work.code, {})
    arguments = {
        "code": line.work.code,
        "libelle": article.get("libelle") or line.work.label,
        "quantite": _number(line.quantity),
        "unite": article.get("unite") or line.work.basis.unit,
    }
    return arguments | ({"hypothese": line.assumption} if line.assumption else {})


def block(estimate: Estimate, articles: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
    """The content of a ```` ```json-quote ```` block (003 §15.2 F), for a conversation without the tool that takes pre-quotes."""
    items = []
    for line in estimate.lines:
        if articles is not None and line.work.code not in articles:
            continue
        item = {"code": line.work.code, "label": line.work.label, "quantity": _number(line.quantity), "unit": line.work.basis.unit}
        price = (articles or {}).get(line.work.code, {}).get("prix_unitaire")
        item |= {"unit_price": price} if price is not None else {}
        items.append(item | ({"note": line.assumption} if line.assumption else {}))
    return {
        "project_type": estimate.project_type,
        "title": estimate.title,
        "description": estimate.description,
        "surface_m2": _number(estimate.surface),
        "requirements": estimate.requirements,
        "items": items,
    }


def _number(value: Decimal | None) -> int | float | None:
    """A JSON number, whole when it is."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
