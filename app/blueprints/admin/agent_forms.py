"""The form of an agent, by sections; the rules are those of `agents.fields`."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, ColorField, HiddenField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.agents.fields import CATEGORIES, MAX_NAME, MAX_NOTES, MAX_PROMPT, SETTINGS, choices_of
from app.agents.icons import ICONS
from app.agents.models import Agent, AgentPrivate
from app.agents.versions import MAX_NOTE
from app.core import format as french
from app.core.errors import InvalidError
from app.web.form_errors import put_errors
from app.web.forms import PortalForm

NUMBERS = tuple(name for name, setting in SETTINGS.items() if setting.kind in ("number", "whole"))
FLAGS = tuple(name for name, setting in SETTINGS.items() if setting.kind == "flag")
LISTS = ("tools", "output_schemas")
TEXTS = ("name", "slug", "description", "category", "color", "system_prompt", "model", "fallback_model", "collection", "ollama_host")
SECTIONS = [
    ("identite", "Identité"),
    ("instructions", "Instructions"),
    ("modele", "Modèle"),
    ("reponses", "Réponses"),
    ("capacites", "Capacités et outils"),
    ("documents", "Documents et serveur"),
    ("notes", "Notes internes"),
]


def _text(name: str, required: bool = False) -> StringField:
    setting = SETTINGS[name]
    return StringField(setting.label, [DataRequired()] if required else [])


def _ticks(name: str) -> SelectMultipleField:
    return SelectMultipleField(SETTINGS[name].label, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput())


class AgentForm(PortalForm):
    """Everything an agent is, but its rules for editors and its look, which have pages of their own."""

    name = StringField("Nom", [DataRequired(), Length(max=MAX_NAME)])
    slug = _text("slug")
    description = TextAreaField("Description", [Length(max=SETTINGS["description"].longest)])
    category = SelectField("Catégorie", choices=[SelectChoice(*one) for one in CATEGORIES.items()])
    icon = RadioField("Icône", choices=[SelectChoice(*one) for one in ICONS.items()], validate_choice=False)
    emoji = StringField("Ou un émoji", [Length(max=16)])
    color = ColorField("Couleur")
    system_prompt = TextAreaField("Instructions", [DataRequired(), Length(max=MAX_PROMPT)])
    note = StringField("Pourquoi ce changement", [Length(max=MAX_NOTE)])
    model = _text("model", required=True)
    fallback_model = _text("fallback_model")
    temperature = _text("temperature", required=True)
    top_p = _text("top_p", required=True)
    frequency_penalty = _text("frequency_penalty", required=True)
    presence_penalty = _text("presence_penalty", required=True)
    max_tokens = _text("max_tokens", required=True)
    context_window = _text("context_window", required=True)
    supports_images = BooleanField(SETTINGS["supports_images"].label)
    supports_audio = BooleanField(SETTINGS["supports_audio"].label)
    supports_video = BooleanField(SETTINGS["supports_video"].label)
    supports_tools = BooleanField(SETTINGS["supports_tools"].label)
    tools = _ticks("tools")
    output_schemas = _ticks("output_schemas")
    collection = _text("collection")
    ollama_host = _text("ollama_host")
    ollama_port = _text("ollama_port")
    extra = TextAreaField("Notes internes", [Length(max=MAX_NOTES)])
    base = HiddenField()

    def offer(self, agent: Agent | None) -> None:
        """The tools and outputs there are; one that is gone stays to be unticked."""
        for name in LISTS:
            known = choices_of(name)
            gone = [one for one in (getattr(agent, name) if agent else ()) if one not in known]
            self[name].choices = [SelectChoice(*one) for one in known.items()] + [
                SelectChoice(one, f"{one} (n’existe plus)") for one in gone
            ]

    def show(self, agent: Agent | None) -> None:
        """Fill in the form with an agent, or with what a new one begins with."""
        source: Any = agent or _beginning()
        for name in (*TEXTS, *FLAGS, *LISTS):
            self[name].data = getattr(source, name)
        for name in NUMBERS:
            value = getattr(source, name)
            self[name].data = "" if value is None else french.quantity(value)
        self.icon.data, self.emoji.data = (source.icon, "") if source.icon in ICONS else ("", source.icon)
        self.extra.data = source.extra.get("note") or ""
        self.base.data = agent.updated_at.isoformat() if agent else ""

    def values(self) -> dict[str, Any]:
        """What was typed; a number where one is expected and one was written."""
        found: dict[str, Any] = {name: self[name].data or "" for name in TEXTS}
        found |= {name: bool(self[name].data) for name in FLAGS} | {name: self[name].data or [] for name in LISTS}
        found |= {name: number(self[name].data or "") for name in NUMBERS}
        return found | {"icon": (self.emoji.data or "").strip() or self.icon.data or "", "extra": self.extra.data or ""}

    def refuse(self, error: InvalidError) -> None:
        """Each sentence beside its field; an icon's beside the emoji when that is what was typed."""
        typed = "emoji" if (self.emoji.data or "").strip() else "icon"
        put_errors(self, InvalidError(error.message, {typed if name == "icon" else name: said for name, said in error.fields.items()}))


def _beginning() -> Agent:
    made = Agent(name="", slug="", description="", system_prompt="")
    for name, column in (*Agent.__table__.columns.items(), *AgentPrivate.__table__.columns.items()):
        if name in SETTINGS and getattr(made, name) is None and column.default is not None:
            setattr(made, name, column.default.arg(None) if column.default.is_callable else column.default.arg)
    return made


def number(typed: str) -> float | int | str | None:
    """A number as people write it; what is none stays as it is, for the verb to refuse."""
    plain = "".join(typed.split()).replace(",", ".").replace("−", "-")
    if not plain:
        return None
    try:
        value = float(plain)
    except ValueError:
        return typed
    return int(value) if value.is_integer() else value
