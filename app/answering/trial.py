"""One answer outside of a conversation: the playground, question sets, `/api/assist`, the content library."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.answering.config import ResolvedConfig
from app.answering.request import Answer, AnswerRequest, Turn
from app.answering.service import Emit, answer
from app.core.acting import system
from app.core.transaction import in_transaction, transaction
from app.llm.calls import ModelCall
from app.quoting.catalogue import Catalogue, PriceEntry
from app.quoting.service import prices_for


def try_answer(
    config: ResolvedConfig,
    turns: Sequence[Turn],
    emit: Emit | None = None,
    should_stop: Callable[[], bool] | None = None,
    *,
    calls: list[ModelCall] | None = None,
) -> Answer:
    """Answer `turns` as a visitor's last message would be, with the platform's own prices. Raises AnswerFailedError.

    Nothing is stored: `Answer.calls` (or the error's) become lines of the log through `llm.calls.usage_logs`. `calls`, when
    given, is filled as the calls end, so that a caller that is interrupted knows what was spent. The model speaks for seconds:
    whoever has a transaction open calls `core.transaction.release()` before.
    """
    asked = AnswerRequest(
        config, tuple(turns), catalogue=Catalogue(_platform_prices), should_stop=_never if should_stop is None else should_stop
    )
    return answer(asked, _ignore if emit is None else emit, calls)


def _platform_prices() -> list[PriceEntry]:
    """Read in the caller's transaction where there is one."""
    if in_transaction():
        return prices_for(None, None)
    with transaction(system("prices", editor_id=None, artisan_id=None)):
        return prices_for(None, None)


def _never() -> bool:
    return False


def _ignore(event: object) -> None:
    """Nobody listens."""
