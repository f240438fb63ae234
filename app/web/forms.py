"""The base of every portal form: WTForms' own messages in the words of the house (DESIGN.md, Forms)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask_wtf import FlaskForm
from wtforms import Field
from wtforms.i18n import get_translations
from wtforms.validators import NumberRange, ValidationError

from app.core import format as french
from app.core.text import clean_line

WORDS = {
    "This field is required.": "Remplissez ce champ.",
    "Not a valid choice.": "Choisissez une valeur de la liste.",
    "Invalid Choice: could not coerce.": "Choisissez une valeur de la liste.",
    "Invalid choice(s): one or more data inputs could not be coerced.": "Choisissez des valeurs de la liste.",
    "Invalid email address.": "Écrivez une adresse complète, par exemple nom@entreprise.fr.",
    "Invalid URL.": "Écrivez une adresse complète, par exemple https://exemple.fr.",
    "Not a valid integer value.": "Écrivez un nombre entier, en chiffres.",
    "Not a valid decimal value.": "Écrivez un nombre, par exemple 1200,50.",
    "Not a valid float value.": "Écrivez un nombre, par exemple 1200,50.",
    "Not a valid date value.": "Choisissez une date du calendrier.",
    "Not a valid datetime value.": "Choisissez une date et une heure.",
    "The CSRF token is missing.": "Cette page n’est plus à jour. Envoyez-la à nouveau.",
    "The CSRF session token is missing.": "Cette page n’est plus à jour. Envoyez-la à nouveau.",
    "The CSRF token has expired.": "Cette page était ouverte depuis trop longtemps. Envoyez-la à nouveau.",
    "The CSRF token is invalid.": "Cette page n’est plus à jour. Envoyez-la à nouveau.",
    "The CSRF tokens do not match.": "Cette page n’est plus à jour. Envoyez-la à nouveau.",
}


class FrenchMessages:
    """Our sentence where we have one, else WTForms' French."""

    def __init__(self) -> None:
        self._library = get_translations(["fr"])

    def gettext(self, string: str) -> str:
        return WORDS.get(string) or str(self._library.gettext(string))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return str(self._library.ngettext(singular, plural, n))


_FRENCH = FrenchMessages()


class PortalForm(FlaskForm):
    """Inherit from this one: `class EndpointForm(PortalForm)`."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: object) -> FrenchMessages:
            return _FRENCH


def between(low: int, high: int) -> NumberRange:
    """A number's bounds, said as the verbs say theirs."""
    return NumberRange(low, high, f"Un nombre entre {french.number(low)} et {french.number(high)}.")


class Reads:
    """A validator: the field is read as the verb will read it, so that what is wrong is said with what is missing.

    `read` raises ValueError, in French (core.identifiers). Nothing is read of an empty field.
    """

    def __init__(self, read: Callable[[str], object]) -> None:
        self._read = read

    def __call__(self, form: PortalForm, field: Field) -> None:
        if text := clean_line(field.data or ""):
            try:
                self._read(text)
            except ValueError as error:
                raise ValidationError(str(error)) from None


def read_base(text: str | None) -> datetime | None:
    """The moment of the state that a form was filled in from; None when it does not say."""
    try:
        return datetime.fromisoformat(text or "")
    except ValueError:
        return None
