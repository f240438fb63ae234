"""Any server that speaks OpenAI's chat completions: OpenAI itself, Mistral, Ollama, vLLM, LiteLLM…

The SDK makes the request and names the errors; the wire adds the key (`transport.Access`); the bytes are read by `chunks`.
It never tries again: another model, or another try of the reply, is decided above.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx2
import openai

from app.core.http import HttpFailure, outbound
from app.core.urls import BlockedAddressError
from app.llm.deltas import Delta
from app.llm.errors import ErrorKind, ProviderError
from app.llm.providers.chunks import StreamedError, bounded, payloads, read_deltas
from app.llm.providers.clients import clients
from app.llm.providers.transport import Access

if TYPE_CHECKING:
    from app.llm.gateway import ModelChoice

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 30.0
TOTAL_SECONDS = 240.0
_MAX_RETRY_AFTER = 3600.0
_MOST_REMEMBERED = 5000
_FAILURES = (
    openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, StreamedError, BlockedAddressError, HttpFailure, EOFError, OSError, ValueError,
)  # fmt: skip
_OPTIONAL = {
    "stream_options": None, "max_tokens": "max_completion_tokens", "temperature": None, "top_p": None,
    "frequency_penalty": None, "presence_penalty": None, "response_format": None,
}  # fmt: skip
"""Parameters that some models refuse, and the name to try instead where there is one."""
_refused_options: dict[tuple[str | None, str], frozenset[str]] = {}
BLOCKED = "blocked_address"
"""The code of an address that the platform does not call."""
_CODE = re.compile(r"[a-z_]{1,60}")


def stream(
    choice: ModelChoice,
    messages: list[dict[str, Any]],
    tools: Sequence[dict[str, Any]],
    *,
    temperature: float,
    max_tokens: int,
    options: Mapping[str, Any],
    seconds: float | None = None,
) -> Iterator[Delta]:
    """Stream one completion. Limits: 5 s to connect, 30 s of silence, 240 s in all, or `seconds`. Raises ProviderError."""
    body: dict[str, Any] = {
        "model": choice.model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": temperature,
        "max_tokens": max_tokens,
        **options,
    }
    if tools:
        body["tools"] = list(tools)
    failure: Exception | None = None
    try:
        total = seconds or TOTAL_SECONDS
        with clients.borrow(choice.base_url or "", _access(choice, total)) as http, ExitStack() as stack:
            response = _open(_sdk(choice, http, min(IDLE_SECONDS, total)), choice, body, stack)
            events = payloads(bounded(response.http_response.iter_raw(), total))
            yield from read_deltas(events)
            # A connection serves again once read to its end, which is already there or a few bytes away.
            with suppress(*_FAILURES):
                for _ in events:
                    pass
    except _FAILURES as error:
        failure = error
    # Out of the handler, so that nothing raised from here on is chained to the original, whose sentence may repeat the key.
    if failure:
        raise _failure(failure, choice)


def list_models(choice: ModelChoice, *, seconds: float) -> list[str]:
    """GET /models: the names it holds. Raises ProviderError."""
    try:
        with clients.borrow(choice.base_url or "", _access(choice, seconds)) as http:
            page = _sdk(choice, http, seconds).models.with_raw_response.list().http_response
            listed = json.loads(page.content)["data"]
            return [entry["id"] for entry in listed if isinstance(entry["id"], str)]
    except (*_FAILURES, KeyError, TypeError, RecursionError) as error:
        failure = error
    raise _failure(failure, choice)


def _access(choice: ModelChoice, seconds: float) -> Access:
    """What the wire adds for a choice: its key, where the provider wants it, its headers; and where it may go.

    Raises BlockedAddressError, HttpFailure for an account's own address.
    """
    addresses = outbound().resolve(choice.base_url or "", CONNECT_SECONDS).addresses if choice.guarded else ()
    closed, query = {"authorization", (choice.auth_name or "").lower()}, None
    headers = {name: value for name, value in choice.headers if name.lower() not in closed}
    if choice.auth_method == "bearer":
        headers["Authorization"] = f"Bearer {choice.api_key or 'none'}"  # servers without keys ignore it
    elif choice.api_key and choice.auth_name and choice.auth_method == "header":
        headers[choice.auth_name] = choice.api_key
    elif choice.api_key and choice.auth_name:
        query = (choice.auth_name, choice.api_key)
    return Access(tuple(headers.items()), query, addresses, seconds)


def _sdk(choice: ModelChoice, http: httpx2.Client, idle: float) -> openai.OpenAI:
    """An SDK client that knows no key, which the wire adds, and takes none from the environment, nor an organisation or a project."""
    return openai.OpenAI(
        api_key="none",
        base_url=choice.base_url,
        http_client=http,
        max_retries=0,
        timeout=httpx2.Timeout(idle, connect=min(CONNECT_SECONDS, idle)),
        default_headers={
            "Authorization": "Bearer none",  # the wire lets none but its own pass
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
                if len(_refused_options) >= _MOST_REMEMBERED:  # accounts name servers and models as they like
                    _refused_options.clear()
                _refused_options[served] = left_out
            return response


def _without(body: dict[str, Any], left_out: frozenset[str]) -> dict[str, Any]:
    renamed = {other: body[name] for name, other in _OPTIONAL.items() if other and name in left_out and name in body}
    return {name: value for name, value in body.items() if name not in left_out} | renamed


def _failure(error: Exception, choice: ModelChoice) -> ProviderError:
    """The error in our vocabulary, without any of the provider's own sentences."""
    kind: ErrorKind = "bad_response"
    said, retry_after, status, code = type(error).__name__, None, None, ""
    if isinstance(error, openai.APIStatusError):
        status, code = error.status_code, _code(error.code or error.type)
        kind = _kind_of_status(status)
        said = f"HTTP {status} {code}".rstrip()
        retry_after = _retry_after(error.response.headers.get("retry-after"))
    elif isinstance(error, StreamedError):
        kind, code = "rate_limited" if "rate_limit" in error.code else "overloaded", _code(error.code)
        said = f"error in the stream {code}".rstrip()
    elif isinstance(error, BlockedAddressError):
        kind, said, code = "refused", "address not allowed", BLOCKED
    elif isinstance(error, HttpFailure):
        kind, said = "timeout" if error.kind == "timeout" else "unreachable", f"name not resolved: {error.kind}"
    elif isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException, TimeoutError)):
        kind = "timeout"
    elif isinstance(error, openai.APIConnectionError):
        kind = "unreachable"
    elif isinstance(error, (EOFError, httpx2.TransportError)):
        kind = "cut"
    told = {"provider": choice.provider, "model": choice.model, "code": code}
    return ProviderError(kind, said, retry_after=retry_after, status=status, **told)


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
