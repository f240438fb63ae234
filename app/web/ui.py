"""The macros of `templates/components/` as one Jinja global, `ui`, and what they need (docs/design.md).

A block rendered alone (jinja2-fragments) sees neither the imports nor the `set` of its file: a global is seen from everywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, request
from jinja2 import Environment
from jinja2.runtime import Macro

from app.web.cells import Cells
from app.web.filters import install_filters

COMPONENTS = ("basics", "values", "blocks", "tables", "forms", "dialogs", "conversation", "quote", "agents", "versions")
CURSORS = ("apres", "avant")


class Ui(Cells):
    """The cells, and every macro of the components as an attribute, found at first use and kept (looked up again each time while developing)."""

    def __init__(self, environment: Environment, asset: Callable[[str], str], keep: bool) -> None:
        super().__init__(asset, keep)
        self._environment = environment

    def __getattr__(self, name: str) -> Macro:
        """The macro called `name`; Jinja turns the AttributeError of an unknown one into its own error, with the line."""
        if not name.startswith("_"):
            for component in COMPONENTS:
                macro = getattr(self._environment.get_template(f"components/{component}.html").module, name, None)
                if isinstance(macro, Macro):
                    if not self._environment.auto_reload:
                        setattr(self, name, macro)
                    return macro
        raise AttributeError(name)


def url_with(**changes: object) -> str:
    """This page's URL with some parameters changed; `None` removes one. Any change forgets the keyset cursors it does not set itself."""
    arguments: dict[str, Any] = {name: values for name, values in request.args.lists() if name not in CURSORS}
    for name, value in changes.items():
        arguments.pop(name, None)
        if value is not None:
            arguments[name] = value
    query = urlencode(arguments, doseq=True)
    return f"{request.path}?{query}" if query else request.path


def has_page(endpoint: str) -> bool:
    """Whether the view exists; one that begins with a dot is of the portal of this request."""
    return _full_name(endpoint) in current_app.view_functions


def is_page(endpoint: str) -> bool:
    """Whether this page is the one."""
    return request.endpoint == _full_name(endpoint)


def _full_name(endpoint: str) -> str:
    return f"{request.blueprint}{endpoint}" if endpoint.startswith(".") else endpoint


def toast_header(message: str, kind: str = "success", undo: str | None = None) -> str:
    """The value of an `HX-Trigger` header that shows a toast; `undo` is the URL that a POST undoes the act with."""
    return json.dumps({"toast": {"message": message, "kind": kind, "undo": undo}})


def install_ui(app: Flask) -> None:
    """Give every template `ui`, `asset`, `url_with`, `has_page`, `is_page` and the French filters."""
    static = Path(app.static_folder or "")

    def versioned(path: str) -> str:
        file = static / path
        if not file.is_file():
            return f"{app.static_url_path}/{path}"
        return f"{app.static_url_path}/{path}?v={hashlib.sha256(file.read_bytes()).hexdigest()[:10]}"

    install_filters(app)
    asset = versioned if app.debug else cache(versioned)
    ui = Ui(app.jinja_env, asset, keep=not app.debug)
    app.jinja_env.globals.update(ui=ui, asset=asset, url_with=url_with, has_page=has_page, is_page=is_page)
