"""What answering refuses."""

from __future__ import annotations

from collections.abc import Sequence

from app.answering.wording import NO_MODEL
from app.core.errors import DomainError
from app.llm.errors import ProviderError


class AnswerFailedError(DomainError):
    """No model answered. The message is for the person; `failures` says, in order, what each model did, for the staff."""

    status = 503
    code = "model_unavailable"

    def __init__(self, failures: Sequence[ProviderError]) -> None:
        super().__init__(NO_MODEL)
        self.failures = tuple(failures)

    @property
    def retry_after(self) -> float | None:
        """The shortest wait that a provider asked for, in seconds."""
        return min((failure.retry_after for failure in self.failures if failure.retry_after is not None), default=None)
