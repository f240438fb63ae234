"""Scoped reads of projects and pre-quotes."""

from __future__ import annotations

from sqlalchemy import select

from app.extensions import db
from app.quoting.models import PreQuote, Project


def project_of(session_id: str) -> Project | None:
    """The project of a session, if it has one."""
    return db.session.scalar(select(Project).where(Project.session_id == session_id))


def pre_quotes_of(session_id: str) -> list[PreQuote]:
    """All versions of a session's pre-quote, newest first."""
    return list(db.session.scalars(select(PreQuote).where(PreQuote.session_id == session_id).order_by(PreQuote.version.desc())))


def last_pre_quote(session_id: str) -> PreQuote | None:
    """The version that counts."""
    return next(iter(pre_quotes_of(session_id)), None)
