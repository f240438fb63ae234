"""Replies this process is writing: their leases are renewed together, and a wish to stop is heard (PERFORMANCE.md, one beater).

One thread per process (a greenlet where gevent patched it), alive only while there is something to renew.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import structlog
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from app.conversations.models import Message
from app.core import clock
from app.core.acting import platform
from app.core.transaction import transaction
from app.extensions import db

log = structlog.get_logger(__name__)
BEAT_SECONDS = 2.0
LEASE = timedelta(seconds=8)


class Running:
    """The replies in progress, with the attempt that writes each and whether it should stop.

    Rows of another kind that are leased alike (`evaluation.trying`) give their model and its word for « in progress ».
    """

    def __init__(self, model: Any = Message, status: str = "processing") -> None:
        self._model, self._status = model, status
        self._lock = threading.Lock()
        self._replies: dict[str, int] = {}
        self._stopped: set[str] = set()
        self._beating = False
        self._idle = threading.Event()

    def add(self, app: Flask, message_id: str, attempt: int) -> None:
        """Keep the lease of a reply from now on."""
        with self._lock:
            self._replies[message_id] = attempt
            self._stopped.discard(message_id)
            if not self._beating:
                self._beating = True
                threading.Thread(target=self._beat, args=(app,), name="leases", daemon=True).start()

    def remove(self, message_id: str) -> None:
        """The reply is over here."""
        with self._lock:
            self._replies.pop(message_id, None)
            self._stopped.discard(message_id)
            if not self._replies:
                self._idle.set()

    def should_stop(self, message_id: str) -> bool:
        """True once somebody asked this reply to stop, or once another worker took it over. Cheap: asked at each token."""
        return message_id in self._stopped

    def _beat(self, app: Flask) -> None:
        while True:
            woken = self._idle.wait(BEAT_SECONDS)
            with self._lock:
                self._idle.clear()
                if not self._replies:
                    self._beating = False
                    return
                if woken:  # another reply began meanwhile: its lease is young
                    continue
                current = dict(self._replies)
            try:
                with app.app_context(), transaction(platform("heartbeat")):
                    rows = db.session.execute(
                        update(self._model)
                        .where(self._model.id.in_(current), self._model.status == self._status)
                        .values(lease_until=clock.now() + LEASE)
                        .returning(self._model.id, self._model.attempt, self._model.stop_requested)
                    ).all()
            except SQLAlchemyError:
                log.warning("leases.not_renewed", replies=len(current))
                continue
            ours = {row.id for row in rows if row.attempt == current.get(row.id) and not row.stop_requested}
            with self._lock:
                self._stopped |= {message_id for message_id in current if message_id not in ours and message_id in self._replies}


running = Running()
