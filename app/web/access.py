"""Who may call a view. Every view says so; a guard test walks the routes and fails on one that does not."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from app.core.acting import Actor, current_actor
from app.core.errors import ForbiddenError, UnauthorizedError
from app.web.errors import wants_json

View = TypeVar("View", bound=Callable[..., Any])


def requires(*permissions: str) -> Callable[[View], View]:
    """The signed-in actor must hold one of the permissions (none named: being signed in is enough)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            actor = current_actor()
            if actor.kind != "user":
                return sign_in_first()
            if permissions and not any(actor.can(permission) for permission in permissions):
                raise ForbiddenError("Votre rôle ne permet pas cette action.")
            return view(*args, **kwargs)

        guarded.access = permissions or ("signed-in",)  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def public(view: View) -> View:
    """Anybody may call this view (or it checks a secret of its own: a link, a session, a signature)."""
    view.access = ("public",)  # type: ignore[attr-defined]
    return view


def sign_in_first() -> Response:
    """401 for programs, the login page for people, which then brings them back."""
    if wants_json():
        raise UnauthorizedError("Identifiez-vous pour continuer.")
    target = url_for("auth.login", suite=request.full_path.rstrip("?") if request.method == "GET" else None)
    if request.headers.get("HX-Request"):
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target, code=303)


def signed_in() -> Actor:
    """The actor, known to be a signed-in user (views under `requires`)."""
    actor = current_actor()
    if actor.kind != "user":
        raise UnauthorizedError("Identifiez-vous pour continuer.")
    return actor
