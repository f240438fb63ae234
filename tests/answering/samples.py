"""Requests, prices and listeners for the tests of answering."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.answering.config import ResolvedConfig
from app.answering.events import AnswerEvent, Restart, Token
from app.answering.request import AnswerRequest, Turn
from app.llm.gateway import ModelChoice
from app.quoting.catalogue import Catalogue, PriceEntry
from tests.support.model_server import ModelServer

KEY = "sk-0123456789abcdef"
CATALOGUE = Catalogue(
    PriceEntry(code, label, unit, Decimal(price), Decimal(20), "salle de bain", words)
    for code, label, unit, price, words in (
        ("SDB-DEPOSE", "Dépose de l'existant", "forfait", 450, ("salle", "bain")),
        ("SDB-PLOMB", "Plomberie", "forfait", 1200, ()),
        ("CARR-SOL", "Carrelage au sol", "m²", 80, ()),
        ("CARR-MUR", "Carrelage mural", "m²", 70, ()),
        ("SDB-DOUCHE-IT", "Douche italienne", "unité", 2100, ()),
    )
)
TOOLS = ("rechercher_prix", "proposer_pre_devis")
QUESTION = Turn("user", "Bonjour, je souhaite refaire ma salle de bain, 8 m².")


def choice(models: ModelServer, model: str, **more: Any) -> ModelChoice:
    """A model of the stand-in server."""
    return ModelChoice("platform", model, models.base_url, KEY, **more)


def request(*choices: ModelChoice, tools: tuple[str, ...] = TOOLS, turns: tuple[Turn, ...] = (QUESTION,), **more: Any) -> AnswerRequest:
    """A visitor's first message to an agent that makes quotes."""
    config = ResolvedConfig("Vous êtes Expert BTP.", choices, tools=tools, output_schemas=frozenset({"pre_quote"}))
    return AnswerRequest(config, turns, artisan_name="Durant Peinture", catalogue=CATALOGUE, **more)


class Listener(list[AnswerEvent]):
    """Keeps the events of an answer."""

    def __call__(self, event: AnswerEvent) -> None:
        self.append(event)

    @property
    def seen(self) -> str:
        """What the person has before the eyes at the end."""
        last = max((place for place, event in enumerate(self) if isinstance(event, Restart)), default=-1)
        return "".join(event.text for event in self[last + 1 :] if isinstance(event, Token))
