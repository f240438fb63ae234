"""What answering refuses."""

from __future__ import annotations

from collections.abc import Sequence

from app.answering.wording import NO_MODEL
from app.core.errors import DomainError
from app.llm.calls import ModelCall
from app.llm.errors import ProviderError


class AnswerFailedError(DomainError):
    """No model answered. The message is for the person; `failures` says, in order, what each model did, for the staff;
    `calls` is what was spent all the same.
    """

    status = 503
    code = "model_unavailable"

    def __init__(self, failures: Sequence[ProviderError], calls: Sequence[ModelCall] = ()) -> None:
        super().__init__(NO_MODEL)
        self.failures = tuple(failures)
        self.calls = tuple(calls)

    @property
    def retry_after(self) -> float | None:
        """The shortest wait that a provider asked for, in seconds."""
        return min((failure.retry_after for failure in self.failures if failure.retry_after is not None), default=None)


class BadModelAnswerError(DomainError):
    """The model answered twice something else than the JSON object that was asked for."""

    status = 502
    code = "bad_model_answer"

    def __init__(self) -> None:
        super().__init__("Le modèle n’a pas répondu par un objet JSON, même à la seconde demande. Essayez-en un autre.")
