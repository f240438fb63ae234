"""Ways into the APIs of a running demo: `python -m tests.support.callers DEMO.JSON` prints headers by API, and ids that exist."""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app import create_app
from app.conversations.links import create_link, open_link, token_of
from app.conversations.opening import find_holder, open_session
from app.conversations.service import attach_file, post_message
from app.core import acting
from app.core.crypto import seal
from app.core.transaction import transaction
from app.deployments.models import AllowedDomain, Deployment
from app.extensions import db
from app.identity.models import EditorLink, User
from app.llm.catalogue import add_user_model
from app.llm.credentials import set_key
from app.llm.system_prompts import create_prompt
from app.webhooks.models import WebhookEndpoint
from tests.factories import committing, make_key
from tests.support.stack import free_port

PIXEL = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
NOBODY = "http://127.0.0.1:9/"
"""Where nobody answers: a test event that is sent there leaves the machine alone."""


def callers(demo: dict[str, Any]) -> dict[str, Any]:
    """`headers` of the widget, the editor, the artisan and the administrator; `ids` of what they may name in a path."""
    with committing():
        people = {
            name: db.session.scalars(select(User).where(User.email == demo["accounts"][name]["email"])).one()
            for name in ("admin", "artisan")
        }
        tokens = {name: make_key(person, {"admin": "super-admin"}.get(name, name)) for name, person in people.items()}
        deployment = db.session.get_one(Deployment, demo["deployments"]["expert_btp"])
        tie = db.session.scalars(
            select(EditorLink).where(EditorLink.external_id == demo["artisan_external_id"], EditorLink.editor_id == deployment.editor_id)
        ).one()
        link = token_of(
            create_link(
                deployment_id=deployment.id,
                editor_id=deployment.editor_id,
                artisan_id=tie.artisan_id,
                editor_link_id=tie.id,
                created_by=deployment.editor_id,
            )
        )
        hook = WebhookEndpoint(
            editor_id=deployment.editor_id, url=NOBODY, events=["project.created"], sealed_secret=seal(b"whsec_", purpose="webhook")
        )
        db.session.add(hook)
        db.session.flush()
        # Not the conversation's own deployment, which is closed when the API puts it out of service.
        other = db.session.get_one(Deployment, demo["deployments"]["support"])
        domain = AllowedDomain(deployment_id=other.id, editor_id=other.editor_id, host="fuzz.exemple.fr")
        db.session.add(domain)
        db.session.flush()
        set_key(deployment.editor_id, "compatible", "", f"http://127.0.0.1:{free_port()}/v1")
        prompt = create_prompt(deployment.editor_id, "Essai", "Soyez bref.")
        ids = {"editor_id": other.editor_id, "deployment_id": other.id, "webhook_id": hook.id, "domain_id": domain.id}
        ids |= {"provider": "compatible", "prompt_id": prompt.id, "model_id": add_user_model(deployment.editor_id, "compatible", "ok").id}
        # An agent that nobody deployed: the API switches it off, archives and restores it.
        ids |= {"agent_id": "agt_CreateurDePosts", "grantee_id": other.editor_id, "number": "1"}
    with transaction(acting.door()):
        opened = open_session(open_link(link), None)
        session = {"X-Session-ID": opened.session.id, "Authorization": f"Bearer {opened.secret}"}
    with transaction(acting.door()):
        find_holder(opened.session.id, opened.secret)
        ids["message_id"] = post_message(opened.session.id, "Bonjour", "bonjour-0001", [], {}).reply_id
        ids["file_id"] = attach_file(opened.session.id, "salle-de-bain.png", PIXEL).id
    return {
        "headers": {
            "widget": session,
            "editor": {"X-API-Key": demo["api_keys"]["editeur"]},
            "artisan": {"Authorization": f"Bearer {tokens['artisan']}"},
            "admin": {"Authorization": f"Bearer {tokens['admin']}"},
            "ai": {"X-API-Key": demo["api_keys"]["editeur"]},
            "assist": {"X-API-Key": demo["api_keys"]["editeur"]},
        },
        "ids": ids | {"session_id": session["X-Session-ID"]},
    }


if __name__ == "__main__":
    with create_app().app_context():
        print(json.dumps(callers(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
