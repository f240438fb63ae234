"""A person in front of the portals, without JavaScript: cookies, CSRF tokens, redirects."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.identity.models import User
from app.web.house import House

_CSRF = re.compile(r'X-CSRFToken(?:"|&#34;):\s*(?:"|&#34;)([^"&]+)')


class Person:
    """One browser. Each request has an application context of its own, as in a server: nothing of the one before stays in `g`."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.client: FlaskClient = house.test_client()
        self._token: str | None = None

    def signed_in(self, user_id: str, epoch: int = 0, *, portal: str | None = None) -> Person:
        """With the cookie of a login, without paying for its argon2."""
        with self.client.session_transaction() as session:
            session["_user_id"] = f"{user_id}:{epoch}"
            session["_fresh"] = True
            if portal:
                session["portal"] = portal
        return self

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open a page; its CSRF token is kept."""
        with self.house.app_context():
            response = self.client.get(path, **options)
        return self._read(response)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form with the token of the last page that had one; without one yet, some page is opened for it."""
        if self._token is None:
            self.get("/connexion", follow_redirects=True)
        with self.house.app_context():
            response = self.client.post(path, data={"csrf_token": self._token, **(data or {})}, **options)
        return self._read(response)

    def _read(self, response: TestResponse) -> TestResponse:
        found = _CSRF.search(response.get_data(as_text=True)) if response.mimetype == "text/html" else None
        if found:
            self._token = found.group(1)
        return response


def sign_in(house: House, user: User, *, portal: str | None = None) -> Person:
    """A person signed in as this user. Call inside `committing()`, where the user can be read."""
    return Person(house).signed_in(user.id, user.epoch, portal=portal)
