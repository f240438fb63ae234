"""Forms of the control centre; the rules are the verbs'."""

from __future__ import annotations

from wtforms import HiddenField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from app.llm.models import Provider
from app.web.forms import PortalForm

MAX_KEY, MAX_URL, MAX_MODEL, MAX_NAME = 4000, 500, 200, 120
MAX_PROMPT = 20_000


class KeyForm(PortalForm):
    """A key and the server it is for. What was typed in `api_key` is never written back to a page."""

    base_url = StringField("Adresse du serveur", [Length(max=MAX_URL)])
    api_key = PasswordField("Clé d’API", [Length(max=MAX_KEY)])


class StartForm(KeyForm):
    """All that a first answer needs, in one form: the model is chosen where the provider's are known, written elsewhere."""

    model = SelectField("Modèle", validate_choice=False)
    model_key = StringField("Nom du modèle", [Length(max=MAX_MODEL)])

    def offer(self, provider: Provider, models: list[SelectChoice]) -> None:
        """Keep the fields that this provider needs: the models of a server of one's own are not ours to list."""
        self.model.choices = models
        if provider.base_url or provider.key == "local":
            del self.model_key
        else:
            del self.model
        if provider.key == "local":
            del self.api_key
        if provider.base_url or provider.key == "local":
            del self.base_url

    def key_values(self) -> dict[str, str]:
        """The key and the address, as far as they were asked for."""
        return {name: self[name].data or "" for name in ("api_key", "base_url") if name in self}

    @property
    def chosen_model(self) -> str:
        """The key of the model, chosen or written."""
        return str((self["model"] if "model" in self else self["model_key"]).data or "").strip()


class ActivateForm(PortalForm):
    """One model, as `provider/model`, by provider."""

    choice = SelectField("Modèle", [DataRequired("Choisissez un modèle.")])


class OwnModelForm(PortalForm):
    """A model that the catalogue does not name."""

    provider = SelectField("Fournisseur", [DataRequired()])
    key = StringField("Identifiant technique", [DataRequired(), Length(max=MAX_MODEL)])
    name = StringField("Nom affiché", [Length(max=MAX_NAME)])


class PromptForm(PortalForm):
    """Instructions under a name."""

    name = StringField("Nom", [DataRequired(), Length(max=MAX_NAME)])
    content = TextAreaField("Instructions", [DataRequired(), Length(max=MAX_PROMPT)])
    base = HiddenField()
