"""What partners are told of a conversation: the body of an event (003 §15.2 E, §17.5)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.conversations.models import Message, Session
from app.conversations.presentation import iso
from app.core.rows import insert_row
from app.extensions import db
from app.files.models import File
from app.files.processing import WHEN_READY
from app.files.service import webhook_file
from app.quoting.models import Project
from app.quoting.presentation import webhook_pre_quote
from app.quoting.queries import last_pre_quote, project_of
from app.webhooks.models import Event
from app.webhooks.service import make_event, tell_after_commit


def tell(event_type: str, session: Session, data: dict[str, Any], summary: str = "") -> None:
    """Record an event of this session, in the transaction of the fact."""
    event = fact(event_type, session, data, summary)
    insert_row(event)
    tell_after_commit(event)


def fact(event_type: str, session: Session, data: dict[str, Any], summary: str = "") -> Event:
    """An event of this session, not yet written: whoever does calls `tell_after_commit`."""
    body = {
        "editor_id": session.editor_id,
        "deployment": {"key": session.deployment_id, "name": session.deployment_name},
        "artisan": {"external_id": session.external_id, "name": session.artisan_name},
        "particulier": {"name": session.visitor_name, "email": session.visitor_email, "phone": session.visitor_phone},
        "session": {
            "id": session.id,
            "status": session.status,
            "started_at": iso(session.started_at),
            "messages_count": session.messages_count,
            "link_id": session.link_id,
            "context": session.context,
        },
        "data": data,
    }
    return make_event(
        event_type,
        session_id=session.id,
        editor_id=session.editor_id,
        artisan_id=session.artisan_id,
        particulier_id=session.particulier_id,
        summary=summary or session.title or session.artisan_name,
        body=body,
    )


def message_data(message: Message) -> dict[str, Any]:
    """A message in an event."""
    return {
        "message": {
            "id": message.id,
            "sender": message.sender,
            "content": message.content,
            "created_at": iso(message.created_at),
            "reply_to": message.reply_to,
        }
    }


def project_data(session: Session) -> dict[str, Any]:
    """Project, files and pre-quote of a session, as far as there are any."""
    project, quote = project_of(session.id), last_pre_quote(session.id)
    files = db.session.scalars(select(File).where(File.session_id == session.id, File.status == "ready").order_by(File.created_at, File.id))
    return {
        "project": _project(project) if project else None,
        "files": [webhook_file(file) for file in files],
        "pre_quote": webhook_pre_quote(quote) if quote else None,
    }


def tell_file(file: File) -> None:
    """`file.uploaded`, once the file may be shown."""
    tell("file.uploaded", db.session.get_one(Session, file.session_id), {"file": webhook_file(file)}, file.name)


WHEN_READY.append(tell_file)


def _project(project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "type": project.type,
        "title": project.title,
        "description": project.description,
        "surface_m2": float(project.surface_m2) if project.surface_m2 is not None else None,
        "requirements": project.requirements,
        "state": project.state,
    }
