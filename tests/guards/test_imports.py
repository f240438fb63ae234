"""Contexts are given their actor: none reads Flask's request, session or current user by itself (ARCHITECTURE.md, Layers)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
NOT_CONTEXTS = {"blueprints", "core", "static", "templates", "web", "workers"}
OF_THE_REQUEST = {"flask": {"request", "session"}, "flask_login": {"current_user"}}


def request_bound_names(source: str) -> Iterator[str]:
    """The names bound to a request that a module imports, or reaches through the package."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if alias.name in OF_THE_REQUEST.get(node.module or "", ()))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in OF_THE_REQUEST.get(node.value.id, ()):
            yield node.attr


def test_contexts_do_not_know_the_request() -> None:
    modules = [path for path in APP.glob("*/**/*.py") if path.relative_to(APP).parts[0] not in NOT_CONTEXTS]
    found = {
        str(path.relative_to(APP)): names for path in modules if (names := sorted(request_bound_names(path.read_text(encoding="utf-8"))))
    }
    assert len(modules) > 20
    assert found == {}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from flask import current_app, request", ["request"]),
        ("from flask import session as cookie", ["session"]),
        ("def verb():\n    from flask_login import current_user", ["current_user"]),
        ("import flask\nflask.request.args", ["request"]),
        ("from app.core.acting import Actor\nrequest = 1\nthing.session", []),
    ],
)
def test_the_guard_sees(source: str, names: list[str]) -> None:
    assert list(request_bound_names(source)) == names
