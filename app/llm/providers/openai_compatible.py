"""Any server that speaks OpenAI's chat completions: OpenAI itself, Mistral, Ollama, vLLM, LiteLLM…

The SDK makes the request, authenticates and names the errors; the bytes are read by `chunks`. It never tries again:
another model, or another try of the reply, is decided above.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx2
import openai

from app.llm.deltas import Delta
from app.llm.errors import ErrorKind, ProviderError
from app.llm.providers.chunks import StreamedError, bounded, payloads, read_deltas
from app.llm.providers.clients import clients

if TYPE_CHECKING:
    from app.llm.gateway import ModelChoice

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 30.0
TOTAL_SECONDS = 240.0
_MAX_RETRY_AFTER = 3600.0
_FAILURES = (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, StreamedError, EOFError, OSError, ValueError)
_OPTIONAL = {"stream_options": None, "max_tokens": "max_completion_tokens", "temperature": None}
"""Parameters that some models refuse, and the name to try instead where there is one."""
_refused_options: dict[tuple[str | None, str], frozenset[str]] = {}
_CODE = re.compile(r"[a-z_]{1,60}")


def stream(
    choice: ModelChoice, messages: list[dict[str, Any]], tools: Sequence[dict[str, Any]], *, temperature: float, max_tokens: int
) -> Iterator[Delta]:
    """Stream one completion. Limits: 5 s to connect, 30 s of silence, 240 s in all. Raises ProviderError."""
    body: dict[str, Any] = {
        "model": choice.model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": temperature,
        "max_tokens": max_tokens,
    }
    if tools:
        body["tools"] = list(tools)
    failure: ProviderError | None = None
    try:
        with clients.borrow(choice.base_url or "") as http, ExitStack() as stack:
            response = _open(_sdk(choice, http), choice, body, stack)
            events = payloads(bounded(response.http_response.iter_raw(), TOTAL_SECONDS))
            yield from read_deltas(events)
            # A connection serves again once read to its end, which is already there or a few bytes away.
            with suppress(*_FAILURES):
                for _ in events:
                    pass
    except _FAILURES as error:
        failure = _failure(error, choice)
    # Raised out of the handler: the original holds the request, and the request holds the key.
    if failure:
        raise failure


def _sdk(choice: ModelChoice, http: httpx2.Client) -> openai.OpenAI:
    """An SDK client that takes nothing from the environment which would go to this host: no key, organisation or project."""
    key = choice.api_key or "none"  # servers without keys ignore it
    return openai.OpenAI(
        api_key=key,
        base_url=choice.base_url,
        http_client=http,
        max_retries=0,
        timeout=httpx2.Timeout(IDLE_SECONDS, connect=CONNECT_SECONDS),
        default_headers={
            "Authorization": f"Bearer {key}",
            "OpenAI-Organization": openai.Omit(),  # type: ignore[dict-item]
            "OpenAI-Project": openai.Omit(),  # type: ignore[dict-item]
            "Accept-Encoding": "identity",
        },
    )


def _open(sdk: openai.OpenAI, choice: ModelChoice, body: dict[str, Any], stack: ExitStack) -> Any:
    """Send the request, again without an option that this model refuses; what was refused is remembered."""
    served = (choice.base_url, choice.model)
    left_out = _refused_options.get(served, frozenset())
    while True:
        try:
            response = stack.enter_context(
                sdk.chat.completions.with_streaming_response.create(
                    # As an extra body it is sent as it stands: the SDK would walk through every message against its types.
                    model=choice.model,
                    messages=[],
                    stream=True,
                    extra_body=_without(body, left_out),
                )
            )
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            told = str(error.body)
            refused = {name for name in _OPTIONAL if name not in left_out and re.search(rf"\b{name}\b", told)}
            if not refused:
                raise
            left_out |= refused
        else:
            if left_out:
                _refused_options[served] = left_out
            return response


def _without(body: dict[str, Any], left_out: frozenset[str]) -> dict[str, Any]:
    renamed = {other: body[name] for name, other in _OPTIONAL.items() if other and name in left_out}
    return {name: value for name, value in body.items() if name not in left_out} | renamed


def _failure(error: Exception, choice: ModelChoice) -> ProviderError:
    """The error in our vocabulary, without any of the provider's own sentences."""
    kind: ErrorKind = "bad_response"
    said, retry_after = type(error).__name__, None
    if isinstance(error, openai.APIStatusError):
        kind = _kind_of_status(error.status_code)
        said = " ".join(filter(None, (f"HTTP {error.status_code}", _code(error.code or error.type))))
        retry_after = _retry_after(error.response.headers.get("retry-after"))
    elif isinstance(error, StreamedError):
        kind = "rate_limited" if "rate_limit" in error.code else "overloaded"
        said = f"error in the stream {_code(error.code)}".rstrip()
    elif isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException, TimeoutError)):
        kind = "timeout"
    elif isinstance(error, openai.APIConnectionError):
        kind = "unreachable"
    elif isinstance(error, (EOFError, httpx2.TransportError)):
        kind = "cut"
    return ProviderError(kind, said, provider=choice.provider, model=choice.model, retry_after=retry_after)


def _kind_of_status(status: int) -> ErrorKind:
    known: dict[int, ErrorKind] = {401: "auth", 403: "auth", 408: "timeout", 429: "rate_limited"}
    if status >= 500:
        return "overloaded"
    return known.get(status, "refused" if status >= 400 else "bad_response")


def _code(code: object) -> str:
    """The provider's own code when it is one: lower-case words, which no key is."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _retry_after(header: str | None) -> float | None:
    """Seconds to wait, from a number of them or an HTTP date; None when missing or unreadable."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER) if seconds == seconds else None
