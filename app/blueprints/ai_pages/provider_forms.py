"""Forms of the catalogue: providers, models, dated prices, dated rates."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, DateField, IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField, widgets
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from app.core.errors import InvalidError
from app.llm.catalogue import ModelValues, ProviderValues
from app.llm.models import CAPABILITIES, Model, Provider
from app.web.forms import PortalForm, between

AUTH_WORDS = {"bearer": "Authorization: Bearer", "header": "Un en-tête à son nom", "query": "Un paramètre de l’adresse"}
CAPABILITY_WORDS = {"tools": "Outils", "vision": "Voit les images", "json": "JSON strict", "images": "Fait des images"}


class ProviderForm(PortalForm):
    """A provider: the address of its API, and how the key is sent."""

    name = StringField("Nom", [DataRequired(), Length(max=120)])
    key = StringField("Identifiant", [DataRequired(), Length(max=40)])
    base_url = StringField("Adresse de l’API", [Length(max=500)])
    needs_key = BooleanField("Demande une clé", default=True)
    api_auth_method = SelectField("Envoi de la clé", choices=[SelectChoice(slug, label) for slug, label in AUTH_WORDS.items()])
    auth_name = StringField("Nom de l’en-tête ou du paramètre", [Length(max=64)])
    api_headers = TextAreaField("En-têtes ajoutés à chaque appel", [Length(max=4000)])
    is_active = BooleanField("Proposé", default=True)
    position = IntegerField("Place dans la liste", [DataRequired(), between(0, 10_000)], default=100)

    def show(self, provider: Provider) -> None:
        """Fill in the form."""
        for name in ("name", "key", "needs_key", "api_auth_method", "is_active", "position"):
            self[name].data = getattr(provider, name)
        self.base_url.data, self.auth_name.data = provider.base_url or "", provider.auth_name or ""
        self.api_headers.data = "\n".join(f"{name}: {value}" for name, value in provider.private.api_headers.items())

    def values(self) -> ProviderValues:
        """What was typed. Raises InvalidError on a header that is none."""
        return ProviderValues(
            key=self.key.data or "",
            name=self.name.data or "",
            base_url=self.base_url.data or "",
            api_auth_method=self.api_auth_method.data,
            auth_name=self.auth_name.data or "",
            api_headers=_headers(self.api_headers.data or ""),
            needs_key=bool(self.needs_key.data),
            is_active=bool(self.is_active.data),
            position=int(self.position.data or 0),
        )


class ModelForm(PortalForm):
    """A model of the catalogue."""

    name = StringField("Nom affiché", [Length(max=200)])
    key = StringField("Identifiant technique", [DataRequired(), Length(max=200)])
    context_size = IntegerField("Contexte", [Optional(), between(1, 100_000_000)])
    capabilities = SelectMultipleField(
        "Ce qu’il sait faire",
        choices=[SelectChoice(slug, CAPABILITY_WORDS[slug]) for slug in CAPABILITIES],
        widget=widgets.ListWidget(prefix_label=False),
        option_widget=widgets.CheckboxInput(),
        default=["tools"],
    )
    is_active = BooleanField("Proposé", default=True)
    position = IntegerField("Place dans la liste", [DataRequired(), between(0, 10_000)], default=100)

    def show(self, model: Model) -> None:
        """Fill in the form."""
        for name in ("name", "key", "context_size", "capabilities", "is_active", "position"):
            self[name].data = getattr(model, name)

    def values(self) -> ModelValues:
        """What was typed."""
        said: dict[str, Any] = {name: self[name].data for name in ("context_size", "capabilities", "is_active")}
        return ModelValues(key=self.key.data or "", name=self.name.data or "", position=int(self.position.data or 0), **said)


class ModelPriceForm(PortalForm):
    """What a million tokens cost from a day on."""

    input = StringField("Un million de jetons lus", [DataRequired(), Length(max=20)])
    output = StringField("Un million de jetons écrits", [DataRequired(), Length(max=20)])
    currency = StringField("Devise", [DataRequired(), Length(max=3)], default="USD")
    valid_from = DateField("À partir du", [DataRequired()])


class RateForm(PortalForm):
    """What one unit of a currency is worth from a day on."""

    currency = StringField("Devise", [DataRequired(), Length(max=3)])
    eur = StringField("Vaut, en euros", [DataRequired(), Length(max=20)])
    valid_from = DateField("À partir du", [DataRequired()])


def _headers(text: str) -> dict[str, str]:
    """`Name: value`, one a line."""
    found: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or not value.strip():
            raise InvalidError("Un en-tête est à corriger.", {"api_headers": [f"« {line[:60]} » : écrivez Nom: valeur, un par ligne."]})
        found[name.strip()] = value.strip()
    return found
