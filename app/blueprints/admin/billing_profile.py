"""The billing of an editor, on his page of the platform's portal (003 §3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.billing.statements.models import BillingProfile, Statement
from app.billing.statements.profiles import notes_of, profile_of, save_profile
from app.billing.statements.queries import latest_statements
from app.blueprints.admin.billing_forms import CYCLE_NAMES, STATE_PILLS, ProfileForm
from app.blueprints.admin.blueprint import bp
from app.core import format as french
from app.core.errors import InvalidError
from app.identity.admin_queries import account_in_role
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.responding import respond


@bp.route("/editeurs/<editor_id>/facturation", methods=["GET", "POST"])
@requires("users.manage")
def billing_profile(editor_id: str) -> ResponseReturnValue:
    """Open or change the billing of an editor."""
    editor = account_in_role(editor_id, "editeur")
    form, found = ProfileForm(), profile_of(editor.id)
    if request.method == "GET":
        if found is None:
            form.suggest(editor)
            form.begin()
        else:
            form.show(found)
            form.show_terms(found, notes_of(editor.id))
    elif form.validate_on_submit():
        try:
            save_profile(editor.id, form.contact(), form.terms())
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash(f"La facturation {french.de(editor.display_name)} est enregistrée.", "success")
            return redirect(url_for(".editor", editor_id=editor.id), code=303)
    return respond("admin/editors/billing.html", form=form, editor=editor, found=found, status=422 if form.errors else 200)


@dataclass(frozen=True, slots=True)
class BillingCard:
    """What the card « Facturation » of an editor's page shows."""

    profile: BillingProfile | None
    notes: str
    statements: Sequence[Statement]
    cycle: str
    state: tuple[str, str, str] | None


def billing_card(editor_id: str) -> BillingCard:
    """The card of an editor."""
    found = profile_of(editor_id)
    return BillingCard(
        profile=found,
        notes=notes_of(editor_id),
        statements=latest_statements(editor_id) if found else [],
        cycle=CYCLE_NAMES[found.cycle] if found else "",
        state=STATE_PILLS[found.status] if found else None,
    )
