"""Forms of the artisan's portal."""

from __future__ import annotations

from wtforms import EmailField, RadioField, SelectField, StringField, TelField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from app.conversations.links import DEFAULT_LIFE, MAX_LIFE
from app.core.identifiers import check_phone, normalise_email
from app.identity.models import EditorLink
from app.web.forms import PortalForm, Reads

DAY = 86_400
LIVES = (SelectChoice(str(DEFAULT_LIFE), "7 jours"), SelectChoice(str(30 * DAY), "30 jours"), SelectChoice(str(MAX_LIFE), "90 jours"))
WITHOUT_EDITOR = "aucun"


class LinkForm(PortalForm):
    """A link for one customer."""

    name = StringField("Nom du client", [Length(max=120)])
    phone = TelField("Téléphone", [Length(max=40), Reads(check_phone)])
    email = EmailField("Adresse e-mail", [Length(max=254), Reads(normalise_email)])
    editor_link_id = RadioField("Passer par")
    expires_in = SelectField("Valable pendant", choices=LIVES, default=str(DEFAULT_LIFE))

    def offer_editors(self, links: list[EditorLink]) -> None:
        """The editors he works with, the first by default, then none."""
        self.editor_link_id.choices = [(link.id, link.editor_name) for link in links] + [(WITHOUT_EDITOR, "Sans éditeur")]
        if self.editor_link_id.data is None:
            self.editor_link_id.data = self.editor_link_id.choices[0][0]


class LinkCodeForm(PortalForm):
    """The code an editor gave him."""

    code = StringField("Code de liaison", [DataRequired("Écrivez le code reçu."), Length(max=40)])
