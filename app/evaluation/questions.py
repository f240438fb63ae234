"""The saved questions of an agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from app.agents.models import Agent
from app.core import clock
from app.core.errors import InvalidError, NotFoundError
from app.core.text import clean_line, clean_paragraphs
from app.evaluation.models import Question
from app.evaluation.rules import RULES, wrong_expectation
from app.extensions import db

MAX_QUESTIONS = 50
MAX_MESSAGES = 8
MAX_TITLE, MAX_MESSAGE, MAX_EXPECTED = 120, 4000, 2000


def questions_of(agent_id: str) -> Sequence[Question]:
    """The questions of an agent, in their order."""
    return db.session.scalars(
        select(Question).where(Question.agent_id == agent_id).order_by(Question.position, Question.created_at, Question.id)
    ).all()


def question_of(agent_id: str, question_id: str) -> Question:
    """One of them. Raises NotFoundError."""
    found = db.session.get(Question, question_id)
    if found is None or found.agent_id != agent_id:
        raise NotFoundError()
    return found


def add_question(agent: Agent, values: Mapping[str, Any]) -> Question:
    """Add a question at the end. Raises InvalidError by field."""
    checked = _checked(values)
    count, last = db.session.execute(
        select(func.count(), func.coalesce(func.max(Question.position), 0)).where(Question.agent_id == agent.id)
    ).one()
    if count >= MAX_QUESTIONS:
        raise InvalidError(f"Un agent a {MAX_QUESTIONS} questions au plus.", {"title": [f"Un agent a {MAX_QUESTIONS} questions au plus."]})
    question = Question(agent_id=agent.id, position=last + 1, **checked)
    db.session.add(question)
    db.session.flush()
    return question


def change_question(question: Question, values: Mapping[str, Any]) -> None:
    """Change a question; comparisons made before keep it as it was. Raises InvalidError by field."""
    for name, value in _checked(values).items():
        setattr(question, name, value)
    question.updated_at = clock.now()


def remove_question(question: Question) -> None:
    """Forget a question; comparisons made before keep it."""
    db.session.delete(question)


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    title, rule = clean_line(str(values.get("title") or "")), str(values.get("rule") or "")
    messages = [text for one in values.get("messages") or () if (text := clean_paragraphs(str(one or "")))]
    expected = clean_paragraphs(str(values.get("expected") or ""))
    errors: dict[str, list[str]] = {}
    if not title or len(title) > MAX_TITLE:
        errors["title"] = [f"{MAX_TITLE} caractères au plus." if title else "Donnez un titre à cette question."]
    if not messages:
        errors["messages"] = ["Écrivez ce que la personne demande."]
    elif len(messages) > MAX_MESSAGES or max(map(len, messages)) > MAX_MESSAGE:
        errors["messages"] = [f"{MAX_MESSAGES} messages de {MAX_MESSAGE} caractères au plus."]
    if rule not in RULES:
        errors["rule"] = ["Choisissez une valeur de la liste."]
    elif wrong := wrong_expectation(rule, expected):
        errors["expected"] = [wrong]
    if len(expected) > MAX_EXPECTED:
        errors["expected"] = [f"{MAX_EXPECTED} caractères au plus."]
    if errors:
        raise InvalidError("La question est à corriger.", errors)
    return {"title": title, "messages": messages, "rule": rule, "expected": expected if rule != "json" else ""}
