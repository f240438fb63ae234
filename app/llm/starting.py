"""Keeping a key or a whole configuration and testing it in one request: what was typed is kept whatever the test says."""

from __future__ import annotations

from sqlalchemy import and_, select

from app.core.acting import Actor
from app.core.throttle import throttle
from app.core.transaction import release, transaction
from app.llm.active import activate
from app.llm.catalogue import add_user_model, models_of
from app.llm.checking import CheckResult, test_active, test_key
from app.llm.credentials import set_key
from app.llm.errors import ProviderError
from app.llm.gateway import LOCAL, list_models
from app.llm.models import Credential, Provider
from app.llm.reading import read
from app.llm.resolving import KEY_COLUMNS, choice_at

LIST_SECONDS = 10.0
TESTS_PER_MINUTE = 30
NAMES_SAID = 5
"""Models of a server that has several, named to whom shall choose."""
_NAME_IT = "écrivez le nom de celui que vous voulez, puis essayez de nouveau."


def start(
    actor: Actor, owner_id: str | None, provider_key: str, model_key: str, *, api_key: str = "", base_url: str | None = None
) -> CheckResult:
    """Keep a key, activate a model (added to the owner's when nobody knows it), test both.

    Without a name, the model is the one that the server announces, if there is but one. Each step is written in a transaction of
    its own, since the calls give the connection back; the open one must have nothing to write. Raises InvalidError by field
    (`api_key`, `base_url`, `key`), ConflictError, NotFoundError.
    """
    before_test(owner_id)
    release()
    key = model_key.strip()
    with transaction(actor):
        if provider_key != LOCAL.provider:
            set_key(owner_id, provider_key, api_key, base_url)
        if key:
            _activate(owner_id, provider_key, key)
    if not key:
        with transaction(actor):
            tested = test_key(owner_id, provider_key)
        if not tested.success:
            return tested
        names = _announced(owner_id, provider_key, api_key)
        if len(names) != 1:
            return CheckResult(False, tested.api_key_ok, None, None, "no_model", _not_named(names))
        key = names[0]
        with transaction(actor):
            _activate(owner_id, provider_key, key)
    return test_active(owner_id)


def before_test(owner_id: str | None) -> None:
    """A test calls an address of the owner's choice: so many a minute. Raises LimitError."""
    throttle(f"ai-test:{owner_id or 'platform'}", times=TESTS_PER_MINUTE, seconds=60)
    load_client()


def load_client() -> None:
    """Import the SDK, which takes a second or two at first use: before a call is timed, so that it does not count as the provider's."""
    from app.llm.providers import openai_compatible  # noqa: F401


def keep_and_test_key(actor: Actor, owner_id: str | None, provider_key: str, api_key: str, base_url: str | None) -> CheckResult:
    """Keep a key, then test it. As `start`. Raises InvalidError by field, NotFoundError."""
    before_test(owner_id)
    release()
    with transaction(actor):
        set_key(owner_id, provider_key, api_key, base_url)
    return test_key(owner_id, provider_key)


def _activate(owner_id: str | None, provider_key: str, key: str) -> None:
    if all(model.key != key for model in models_of(owner_id, provider_key)):
        add_user_model(owner_id, provider_key, key)
    activate(owner_id, provider_key, key)


def _announced(owner_id: str | None, provider_key: str, api_key: str) -> list[str]:
    """The models that a server says it has. A name that repeats the key is none."""
    mine = and_(Credential.provider_id == Provider.id, Credential.owner_id.is_not_distinct_from(owner_id))
    wanted = select(*KEY_COLUMNS).select_from(Provider).outerjoin(Credential, mine).where(Provider.key == provider_key)
    choice = choice_at(read(wanted, owner_id=owner_id)[0], "", owner_id)
    release()
    if choice is None or choice == LOCAL:
        return []
    try:
        names = list_models(choice, seconds=LIST_SECONDS)
    except ProviderError:
        return []
    return [name for name in names if not (api_key and api_key in name)]


def _not_named(names: list[str]) -> str:
    if not names:
        return f"La clé est enregistrée, mais ce serveur n’annonce aucun modèle : {_NAME_IT}"
    said = ", ".join(names[:NAMES_SAID]) + (", …" if len(names) > NAMES_SAID else "")
    return f"La clé est enregistrée. Ce serveur a plusieurs modèles ({said}) : {_NAME_IT}"
