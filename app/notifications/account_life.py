"""What a person is told of his own account, so that he hears of what he did not do himself."""

from __future__ import annotations

from app.extensions import settings
from app.identity.models import User
from app.identity.tokens import issue_token
from app.notifications.service import notify, send_email


def send_email_change(user: User, address: str) -> None:
    """Ask the new address to confirm. Nothing is said of whether another account has it: only its reader will learn."""
    secret = issue_token("email-change", email=address, user_id=user.id, payload={"epoch": user.epoch})
    send_email(address, kind="email-change", template="email_change", name=user.name, url=f"{settings().base_url}/compte/adresse/{secret}")


def tell_old_address(user: User, old: str) -> None:
    """Tell the address that was left, with what to do if its owner did not ask for it."""
    send_email(old, kind="email-changed", template="email_changed", name=user.name, new_address=user.email)


def tell_password_changed(user: User) -> None:
    """Told in the portal and, whatever the preferences, by e-mail."""
    notify(
        user.id,
        kind="account",
        title="Votre mot de passe a été changé",
        body="Vos autres appareils ont été déconnectés. Si ce n’est pas vous, choisissez un nouveau mot de passe dès maintenant.",
        url="/compte/securite",
    )
