"""One form and one preview for the four places where a look is written (003 §15.2 C; PRODUCT.md, Branding).

A page gives its `Desk`: what is edited, what stands above, whose names fill the variables. All the rest is here and in `branding/_desk.html`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, redirect, request
from flask_wtf.file import FileField
from werkzeug.wrappers import Response as Redirection
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from app.consents.service import AI_NOTICE
from app.core.errors import InvalidError, TooLargeError, WrongTypeError
from app.deployments.brand_levels import HOUSE, LENGTHS, OWN, Level, origin_of
from app.deployments.branding import Names, own_values, resolve_branding
from app.deployments.colors import VISIBLE, WHITE, contrast, is_color, readable_on
from app.deployments.custom_css import MAX_LENGTH, PARTS, Sheet, read_sheet
from app.web.form_errors import put_errors
from app.web.forms import PortalForm
from app.web.responding import respond

SHOWN_REFUSALS = 8
SAMPLE = Names(artisan="[nom de l’artisan]", artisan_phone="[son téléphone]", particulier="M. Martin")
"""What stands for people who are not known yet."""
YES, NO = "1", "0"


class LookForm(PortalForm):
    """Words and a colour; what is left empty inherits."""

    title = StringField("Titre", [Length(max=LENGTHS["title"])])
    welcome_message = TextAreaField("Message d’accueil", [Length(max=LENGTHS["welcome_message"])])
    placeholder = StringField("Invitation à écrire", [Length(max=LENGTHS["placeholder"])])
    signature = StringField("Signature", [Length(max=LENGTHS["signature"])])
    primary_color = StringField("Couleur", [Length(max=LENGTHS["primary_color"])])


class HouseLookForm(LookForm):
    """What an agent and a deployment decide besides."""

    logo = FileField("Logo")
    remove_logo = BooleanField("Retirer ce logo")
    powered_by = SelectField("Mention « Propulsé par AI-Manager »", validate_choice=False)
    custom_css = TextAreaField("Feuille de style", [Length(max=MAX_LENGTH)])


@dataclass(frozen=True, slots=True)
class Legibility:
    """What is told of a colour: how readable a text on it is, and whether it was corrected."""

    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What is edited (`own`), the levels above it from the agent down, and the names that fill the variables."""

    above: tuple[Level, ...]
    own: Mapping[str, Any]
    names: Names
    house: bool = False
    required: bool = False

    def look(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The look with these values at this level."""
        return resolve_branding([*(level.values for level in self.above), values], self.names, required_branding=self.required)

    def origin(self, name: str) -> str:
        """What the chip of an empty field says."""
        return origin_of(name, self.above)


Keep = Callable[[dict[str, Any]], None]


def edit_look(
    desk: Desk,
    template: str,
    *,
    keep: Keep,
    saved: str,
    take_logo: Callable[[bytes], None] | None = None,
    remove_logo: Callable[[], None] | None = None,
    **words: Any,
) -> Response | Redirection:
    """Show the form, or keep what it says: `keep` is the level's verb, `saved` what is told then."""
    form = _form(desk)
    if form.validate_on_submit():
        values = _typed(form)
        try:
            keep(values)
            if take_logo and form.logo.data:  # type: ignore[attr-defined]
                take_logo(form.logo.data.read())  # type: ignore[attr-defined]
            elif remove_logo and form.remove_logo.data:  # type: ignore[attr-defined]
                remove_logo()
        except InvalidError as error:
            put_errors(form, error)
        except (TooLargeError, WrongTypeError) as error:
            form.logo.errors = [error.message]  # type: ignore[attr-defined]
        else:
            flash(saved, "success")
            told = _legibility(desk.look(values), values.get("primary_color") or "")
            if told.kind != "ok":
                flash(told.sentence, "warning")
            return redirect(request.path, code=303)
    inherited = desk.look({})
    return respond(
        template,
        form=form,
        desk=desk,
        inherited=inherited,
        parts=[f".{part}" for part in sorted(PARTS)],
        status=422 if form.errors else 200,
        **_preview(desk, _typed(form)),
        **words,
    )


def preview_look(desk: Desk) -> Response:
    """What the customer would see with the words being typed; nothing is kept."""
    bounds = LENGTHS | ({"custom_css": MAX_LENGTH + 1} if desk.house else {})
    values: dict[str, Any] = {name: request.form.get(name, "")[:limit] for name, limit in bounds.items()}
    values["powered_by"] = {YES: True, NO: False}.get(request.form.get("powered_by", ""))
    values["remove_logo"] = bool(request.form.get("remove_logo"))
    return respond("branding/_preview.html", **_preview(desk, values))


def _form(desk: Desk) -> LookForm:
    own = own_values(desk.own, house=desk.house)
    data = {name: own.get(name) for name in (HOUSE if desk.house else OWN)}
    if not desk.house:
        return LookForm(data=data)
    form = HouseLookForm(data=data | {"powered_by": {True: YES, False: NO}.get(own.get("powered_by"), "")})  # type: ignore[arg-type]
    inherited = "affichée" if desk.look({})["powered_by"] else "non affichée"
    form.powered_by.choices = [
        SelectChoice("", f"Comme hérité : {inherited}"),
        SelectChoice(YES, "Affichée"),
        SelectChoice(NO, "Non affichée"),
    ]
    if desk.required:
        form.powered_by.choices = [SelectChoice("", "Affichée : l’agent l’impose")]
        form.powered_by.data = ""
    return form


def _typed(form: LookForm) -> dict[str, Any]:
    values: dict[str, Any] = {name: form[name].data for name in OWN}
    if isinstance(form, HouseLookForm):
        values |= {
            "custom_css": form.custom_css.data,
            "powered_by": {YES: True, NO: False}.get(form.powered_by.data or ""),
            "remove_logo": form.remove_logo.data,
        }
    return values


def _preview(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    logo = {} if values.get("remove_logo") else {"logo_url": desk.own.get("logo_url")}
    look = desk.look({**logo, **values})
    sheet = read_sheet(str(values.get("custom_css") or "")) if desk.house else Sheet()
    return {
        "look": look,
        "legibility": _legibility(look, (values.get("primary_color") or "").strip()),
        "refused": sheet.refused[:SHOWN_REFUSALS],
        "refused_more": max(len(sheet.refused) - SHOWN_REFUSALS, 0),
        "notice": AI_NOTICE.text,
    }


def _legibility(look: Mapping[str, Any], typed: str) -> Legibility:
    color, ink = look["primary_color"], look["on_primary"]
    if typed and not is_color(typed):
        return Legibility("wait", "Cette couleur n’est pas encore complète : un dièse et six chiffres ou lettres de a à f, comme #24518f.")
    asked = look["color_asked"]
    if asked:
        ratio = _written(contrast(asked, readable_on(asked)))
        return Legibility(
            "wait", f"Sur {asked}, le texte serait difficile à lire ({ratio} pour 1) : vos clients verront {color}, la plus proche lisible."
        )
    words, ratio = "blanc" if ink == WHITE else "foncé", _written(contrast(color, ink))
    if contrast(color, WHITE) < VISIBLE:
        return Legibility("wait", f"Texte {words} à {ratio} pour 1, lisible ; mais cette couleur se voit à peine sur une page blanche.")
    return Legibility("ok", f"Texte {words} à {ratio} pour 1 : bien lisible.")


def _written(ratio: float) -> str:
    return f"{ratio:.1f}".replace(".", ",")
