"""What a verb refused, shown beside the fields of its form (ARCHITECTURE.md, A request: a form with errors renders itself again with 422)."""

from __future__ import annotations

from app.core.errors import InvalidError
from app.web.forms import PortalForm


def put_errors(form: PortalForm, error: InvalidError) -> None:
    """Put each refused field's sentences beside it; a refusal that names no field of the form goes to its first one."""
    named = {name: sentences for name, sentences in error.fields.items() if name in form}
    if not named:
        first = next(field.short_name for field in form if field.type not in ("CSRFTokenField", "HiddenField"))
        named = {first: [error.message]}
    for name, sentences in named.items():
        form[name].errors = [*form[name].errors, *sentences]
