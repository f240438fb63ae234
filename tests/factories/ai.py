"""Accounts with keys and active models, made through the verbs as their owners do."""

from __future__ import annotations

from contextlib import AbstractContextManager

from app.core import acting
from app.core.transaction import Transaction, transaction
from app.extensions import db
from app.llm import active, catalogue, credentials
from tests.factories import actor_for, committing, make_user

KEY = "sk-tres-secrete-0123456789abcdef"


class Owner:
    """An account, or the platform: `id` is what the verbs take, `acting()` a transaction in its name."""

    def __init__(self, role: str) -> None:
        self.role = role
        with committing():
            user = make_user(role)
            self.id: str | None = None if role == "admin" else user.id
            self.actor = actor_for(user, role)
            db.session.expunge_all()

    def acting(self) -> AbstractContextManager[Transaction]:
        return transaction(self.actor)

    def job(self) -> AbstractContextManager[Transaction]:
        """A job that answers for this account."""
        ids = {"editor_id": None, "artisan_id": None}
        if self.id:
            ids["editor_id" if self.role == "editeur" else "artisan_id"] = self.id
        return transaction(acting.system("reply", **ids))

    def use(self, base_url: str, model: str = "ok", *, key: str = KEY, provider: str = "compatible") -> None:
        """Have `model` of a server active, with a key."""
        with self.acting():
            credentials.set_key(self.id, provider, key, base_url)
            if all(known.key != model for known in catalogue.models_of(self.id, provider)):
                catalogue.add_user_model(self.id, provider, model, capabilities=("tools", "vision"))
            active.activate(self.id, provider, model)
