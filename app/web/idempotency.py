"""`Idempotency-Key` on POST (CONTRACT.md, HTTP): same key and body, same answer for 24 hours.

Kept in Redis: the fact itself is protected by its own unique keys; this saves an honest client from doubling.
While the request runs, its key is held for two minutes at a time: an answer may take longer, a dead worker may not keep it.
"""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import suppress
from typing import Any

import redis
from flask import Response, g, request

from app.core.acting import current_actor
from app.core.errors import ConflictError, InvalidError, UnavailableError
from app.core.transaction import after_commit
from app.extensions import redis_client
from app.web.api import ApiBlueprint

LIFE_SECONDS = 86_400
RUNNING_SECONDS = 120
BEATS = 3
"""How often a key is held again before it would be let go."""
MAX_KEY = 200
_HELD_AGAIN = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('EXPIRE', KEYS[1], ARGV[2])"
"""Only while the request runs: its answer is kept for a day."""


def idempotent(bp: ApiBlueprint) -> None:
    """Replay answers of repeated POSTs of this blueprint."""
    bp.idempotent = True

    @bp.before_request
    def _replay() -> Response | None:
        key = request.headers.get("Idempotency-Key")
        if request.method != "POST" or not key:
            return None
        if len(key) > MAX_KEY:
            raise InvalidError("Idempotency-Key : 200 caractères au plus.", code="invalid_idempotency_key")
        actor = current_actor()
        asked = "\n".join((actor.account_id or "", request.path, key, *sorted(actor.permissions)))
        name = "idempotency:" + hashlib.sha256(asked.encode()).hexdigest()
        body_hash = hashlib.sha256(request.get_data(cache=True)).hexdigest()
        client = redis_client()
        try:
            running = json.dumps({"body": body_hash})
            if client.set(name, running, nx=True, ex=RUNNING_SECONDS):
                g.idempotency = (name, body_hash)
                g.idempotency_over = _hold(client, name, running)
                return None
            raw = client.get(name)
        except redis.RedisError:
            # Without its memory the key could double the fact: the client tries again later.
            raise UnavailableError("Le service est momentanément indisponible. Réessayez dans un instant.") from None
        kept: dict[str, Any] = json.loads(raw) if isinstance(raw, bytes) else {"body": body_hash}
        if kept["body"] != body_hash:
            raise InvalidError("Cette Idempotency-Key a servi pour une autre demande.", code="idempotency_mismatch")
        if "status" not in kept:
            raise ConflictError("La même demande est en cours.", code="in_progress")
        if "secret_of" in kept:
            raise ConflictError(
                "Cette réponse contenait un secret, montré une seule fois.", code="secret_shown", details={"id": kept["secret_of"]}
            )
        return Response(kept["answer"], status=kept["status"], mimetype="application/json", headers={"Idempotent-Replayed": "true"})

    @bp.teardown_request
    def _let_go(_error: BaseException | None) -> None:
        if over := g.pop("idempotency_over", None):
            over.set()

    @bp.after_request
    def _keep(response: Response) -> Response:
        if "idempotency" not in g:
            return response
        name, body_hash = g.idempotency
        client = redis_client()
        if response.status_code >= 400:
            with suppress(redis.RedisError):
                client.delete(name)
            return response
        kept: dict[str, Any] = {"body": body_hash, "status": response.status_code}
        if "secret_of" in g:
            kept["secret_of"] = g.secret_of
        else:
            kept["answer"] = response.get_data(as_text=True)
        after_commit(lambda: client.set(name, json.dumps(kept), ex=LIFE_SECONDS))
        return response


def _hold(client: redis.Redis, name: str, running: str) -> threading.Event:
    """Hold a key until the event is set, or this process dies."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(RUNNING_SECONDS / BEATS):
            with suppress(redis.RedisError):
                client.eval(_HELD_AGAIN, 1, name, running, RUNNING_SECONDS)

    threading.Thread(target=beat, name="idempotency", daemon=True).start()
    return over


def holds_secret(object_id: str) -> None:
    """This answer shows a secret: a repeated request gets 409 with the object's id instead."""
    g.secret_of = object_id
