"""The form of the playground: the fields of an agent that change its answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import HiddenField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.agents.fields import SETTINGS, choices_of
from app.agents.models import Agent
from app.agents.versions import MAX_NOTE
from app.core import format as french
from app.evaluation.drafts import FIELDS
from app.web.forms import PortalForm

NUMBERS = tuple(name for name in FIELDS if SETTINGS[name].kind in ("number", "whole"))


class PlaygroundForm(PortalForm):
    """A draft, and what is said to it. `agents.fields` says what each may be."""

    system_prompt = TextAreaField(SETTINGS["system_prompt"].label)
    model = StringField(SETTINGS["model"].label)
    fallback_model = StringField(SETTINGS["fallback_model"].label)
    temperature = StringField(SETTINGS["temperature"].label)
    max_tokens = StringField(SETTINGS["max_tokens"].label)
    context_window = StringField(SETTINGS["context_window"].label)
    top_p = StringField(SETTINGS["top_p"].label)
    frequency_penalty = StringField(SETTINGS["frequency_penalty"].label)
    presence_penalty = StringField(SETTINGS["presence_penalty"].label)
    tools = SelectMultipleField(SETTINGS["tools"].label, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput())
    message = TextAreaField("Votre message")
    note = StringField("Pourquoi ce changement", [Length(max=MAX_NOTE)])
    base = HiddenField()

    def offer(self, agent: Agent) -> None:
        """Every tool there is, and those that the agent still names."""
        known = choices_of("tools")
        self.tools.choices = [SelectChoice(name, name) for name in dict.fromkeys([*known, *agent.tools])]

    def show(self, draft: Mapping[str, Any]) -> None:
        """Fill in the draft."""
        for name in FIELDS:
            value = draft.get(name)
            self[name].data = (
                french.quantity(value)
                if name in NUMBERS and value is not None
                else ([] if name == "tools" else "")
                if value is None
                else value
            )

    def values(self) -> dict[str, Any]:
        """The draft as it was typed, numbers read where one was written."""
        return {name: _number(self[name].data or "") if name in NUMBERS else self[name].data for name in FIELDS}


def _number(typed: str) -> float | int | str:
    """A number as people write it; what is none stays as it is, for the verb to refuse."""
    try:
        value = float("".join(typed.split()).replace(",", ".").replace("−", "-"))
    except ValueError:
        return typed
    return int(value) if value.is_integer() else value
