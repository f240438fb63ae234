"""A tenant with all it needs to talk, and a conversation through the real verbs."""

from __future__ import annotations

from dataclasses import dataclass

from app.conversations.links import OpenedLink, create_link, open_link, token_of
from app.conversations.models import SessionLink
from app.conversations.opening import Opened, open_session
from app.core import acting
from app.core.transaction import transaction
from app.deployments.models import Deployment
from app.identity.models import EditorLink, User
from tests.factories import committing, make_deployment, make_key, make_tie, make_user


@dataclass(frozen=True, slots=True)
class Tenant:
    """An editor, his artisan, his deployment and his key."""

    editor: User
    artisan: User
    tie: EditorLink
    deployment: Deployment
    api_key: str


def make_tenant() -> Tenant:
    """Call inside `committing()`."""
    editor, artisan = make_user("editeur"), make_user("artisan", company_info={"phone": "06 12 34 56 78"})
    tie = make_tie(editor, artisan)
    return Tenant(editor, artisan, tie, make_deployment(editor), make_key(editor, "editeur"))


def make_link(tenant: Tenant, **values: object) -> SessionLink:
    """A session link of the tenant. Call inside `committing()`."""
    return create_link(
        deployment_id=tenant.deployment.id,
        editor_id=tenant.editor.id,
        artisan_id=tenant.artisan.id,
        editor_link_id=tenant.tie.id,
        created_by=tenant.editor.id,
        **values,  # type: ignore[arg-type]
    )


@dataclass(frozen=True, slots=True)
class Chat:
    """An open conversation and the headers that speak in it."""

    token: str
    session_id: str
    secret: str
    link: OpenedLink

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Session-ID": self.session_id, "Authorization": f"Bearer {self.secret}"}


def open_chat(tenant: Tenant, **values: object) -> Chat:
    """A conversation opened from a new link. Call outside of any transaction."""
    with committing():
        token = token_of(make_link(tenant, **values))
    with transaction(acting.door()):
        opened_link = open_link(token)
        opened: Opened = open_session(opened_link, None)
        chat = Chat(token, opened.session.id, opened.secret, opened_link)
    return chat
