"""Opening and changing a company's account: the same for editors and artisans."""

from __future__ import annotations

from typing import Any

from app.blueprints.admin.forms import CompanyForm, NewCompanyForm
from app.core.acting import Actor
from app.core.errors import ConflictError, InvalidError
from app.core.identifiers import format_phone_fr
from app.core.jobs import enqueue_after_commit
from app.identity.models import User
from app.identity.own_account import COMPANY_FIELDS, change_company, rename
from app.identity.staff import open_account
from app.notifications.jobs import send_invitation
from app.web.form_errors import put_errors


def open_company(actor: Actor, form: NewCompanyForm, role: str) -> User | None:
    """Create the account and queue its invitation; None, with the form's errors, when something is to be corrected."""
    if not form.validate_on_submit():
        return None
    try:
        user = open_account(
            actor,
            email=form.email.data or "",
            name=form.name.data or "",
            role=role,
            company_name=form.company_name.data or "",
            company_info=_info(form),
        )
    except InvalidError as error:
        put_errors(form, error)
    except ConflictError as error:
        form.email.errors = [error.message]
    else:
        enqueue_after_commit(send_invitation, user.id)
        return user
    return None


def edit_company(form: CompanyForm, user: User) -> bool:
    """Keep what was typed; False, with the form's errors, when something is to be corrected."""
    if not form.validate_on_submit():
        return False
    try:
        change_company(user, form.company_name.data or "", _info(form))
        rename(user, form.name.data or "")
    except InvalidError as error:
        put_errors(form, error)
        return False
    return True


def company_form(user: User) -> CompanyForm:
    """The form filled in with the company as it stands."""
    shown = {name: user.company_info.get(name, "") for name in COMPANY_FIELDS}
    shown["phone"] = format_phone_fr(shown["phone"]) if shown["phone"] else ""
    return CompanyForm(company_name=user.company_name, name=user.name, **shown)


def _info(form: CompanyForm) -> dict[str, Any]:
    return {name: form[name].data or "" for name in COMPANY_FIELDS}
