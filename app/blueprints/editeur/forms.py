"""Forms of the editor's portal. Choices and bounds are those of the editor's API."""

from __future__ import annotations

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, EmailField, IntegerField, SelectField, SelectMultipleField, StringField, TelField, TextAreaField, URLField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from app.blueprints.editeur.words import EVENT_LABELS
from app.core.identifiers import check_phone, normalise_email
from app.web.forms import PortalForm, Reads, between
from app.webhooks.models import EVENT_TYPES


class LinkForm(PortalForm):
    """A link to send."""

    artisan_external_id = StringField("Artisan", [DataRequired(), Length(max=100)])
    deployment = SelectField("Assistant", [DataRequired()])
    name = StringField("Nom du client", [Length(max=200)])
    email = EmailField("Adresse e-mail du client", [Length(max=254), Reads(normalise_email)])
    phone = TelField("Téléphone du client", [Length(max=30), Reads(check_phone)])
    days = SelectField(
        "Valable",
        choices=[SelectChoice("1", "1 jour"), SelectChoice("7", "7 jours"), SelectChoice("30", "30 jours"), SelectChoice("90", "90 jours")],
        default="7",
    )


class PermissionFields(PortalForm):
    """What an artisan may do through this editor (003 §15.2 A)."""

    can_create_sessions = BooleanField("Il crée lui-même des liens pour ses clients", default=True)
    can_view_analytics = BooleanField("Il voit les statistiques de ses conversations")
    max_sessions_month = IntegerField("Conversations par mois, au plus", [Optional(), between(1, 1_000_000)])


class ArtisanForm(PermissionFields):
    """A proposal."""

    name = StringField("Nom de l’entreprise", [DataRequired(), Length(max=200)])
    email = EmailField("Adresse e-mail", [DataRequired(), Length(max=254), Reads(normalise_email)])
    external_id = StringField("Identifiant chez vous", [DataRequired(), Length(max=100)])
    phone = TelField("Téléphone", [Length(max=30), Reads(check_phone)])


class CodeForm(PermissionFields):
    """A link code."""

    external_id = StringField("Identifiant chez vous", [DataRequired(), Length(max=100)])
    artisan_name = StringField("Nom de l’artisan", [Length(max=200)])


class ImportForm(PortalForm):
    """A file of artisans."""

    file = FileField("Fichier CSV", [FileRequired("Choisissez un fichier.")])


class TieForm(PermissionFields):
    """Permissions and look of an accepted link."""

    title = StringField("Titre de la conversation", [Length(max=80)])
    primary_color = StringField("Couleur", [Optional(), Regexp(r"#[0-9a-fA-F]{6}\Z", message="Écrivez une couleur comme #24518f.")])
    welcome_message = TextAreaField("Message d’accueil", [Length(max=500)])
    signature = StringField("Signature", [Length(max=200)])


class EndpointForm(PortalForm):
    """Where to be told, and of what."""

    url = URLField("Adresse de réception", [DataRequired(), Length(max=500)])
    events = SelectMultipleField(
        "Événements",
        [DataRequired("Cochez au moins un événement.")],
        choices=[SelectChoice(event, f"{EVENT_LABELS[event]} ({event})") for event in EVENT_TYPES],
        default=list(EVENT_TYPES),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    retry_count = IntegerField("Nouveaux essais après un échec", [InputRequired(), between(0, 12)], default=8)
    timeout_ms = IntegerField("Délai de réponse accordé", [InputRequired(), between(500, 30_000)], default=5000)


class SignatureForm(PortalForm):
    """A request the editor's server received, to be checked."""

    body = TextAreaField("Corps reçu, sans en changer un octet", [DataRequired(), Length(max=200_000)])
    signature = StringField("En-tête X-AiManager-Signature", [DataRequired(), Length(max=200)])
