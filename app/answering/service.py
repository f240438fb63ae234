"""Answer one message of a conversation (PRODUCT.md, Model resolution; 003 §15.2 F). Pure of database: it stores nothing."""

from __future__ import annotations

import time

import structlog

from app.answering.attempt import Attempt, Emit
from app.answering.errors import AnswerFailedError
from app.answering.events import Restart
from app.answering.request import Answer, AnswerRequest
from app.llm.breaker import breaker
from app.llm.calls import ModelCall
from app.llm.errors import ProviderError

log = structlog.get_logger(__name__)


def answer(request: AnswerRequest, emit: Emit, calls: list[ModelCall] | None = None) -> Answer:
    """Answer with the first model that can, telling `emit` what happens as it happens.

    A model that fails, for whatever reason, gives way to the next; if something had been shown, a `Restart` makes it void. One
    whose provider keeps failing is passed over at once, unless it is the last. `calls` is filled with each call as it ends,
    so that a caller whose answer breaks off knows what was spent. Raises AnswerFailedError when no model answered.
    """
    calls = [] if calls is None else calls
    started = time.perf_counter()
    failures: list[ProviderError] = []
    number, void = request.attempt, False
    last = len(request.config.choices) - 1
    for place, choice in enumerate(request.config.choices):
        if not breaker.admits(choice) and place < last:
            failures.append(ProviderError("unavailable", "breaker open", provider=choice.provider, model=choice.model))
            continue
        if void:
            number += 1
            emit(Restart(number))
        attempt = Attempt(request, choice, emit, started, calls)
        try:
            attempt.run()
        except ProviderError as error:
            log.warning("answer.model_failed", provider=error.provider, model=error.model, kind=error.kind, said=error.message_internal)
            failures.append(error)
            void = attempt.emitted
            if not request.should_stop():
                continue
            attempt.stopped = True
        finally:
            breaker.given_up(choice)
        return attempt.answer(number, failures)
    raise AnswerFailedError(failures, calls)
