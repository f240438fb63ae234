"""Errors a person or a partner may be told. `code` is stable; the message is French (CONTRACT.md, HTTP)."""

from __future__ import annotations

from typing import Any, ClassVar


class DomainError(Exception):
    """Base of every refusal: a stable code, a French sentence, an HTTP status, details for machines."""

    status: ClassVar[int] = 400
    code: str = "bad_request"

    def __init__(self, message: str, *, code: str | None = None, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.details = details or {}


class UnauthorizedError(DomainError):
    status = 401
    code = "unauthorized"


class ForbiddenError(DomainError):
    status = 403
    code = "forbidden"


class NotFoundError(DomainError):
    status = 404
    code = "not_found"

    def __init__(self, message: str = "Cet élément n’existe pas ou n’est plus accessible.", **kwargs: Any) -> None:
        super().__init__(message, **kwargs)


class ConflictError(DomainError):
    status = 409
    code = "conflict"


class GoneError(DomainError):
    status = 410
    code = "gone"


class TooLargeError(DomainError):
    status = 413
    code = "too_large"


class WrongTypeError(DomainError):
    status = 415
    code = "wrong_type"


class InvalidError(DomainError):
    """One or more fields are wrong: `fields` maps a field's name to French sentences."""

    status = 422
    code = "invalid"

    def __init__(self, message: str, fields: dict[str, list[str]] | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.fields = fields or {}
        if fields:
            self.details = {"fields": fields, **self.details}


class UnavailableError(DomainError):
    status = 503
    code = "unavailable"


class LimitError(DomainError):
    """A limit is reached; `retry_after` in seconds when waiting helps."""

    status = 429
    code = "limit_reached"

    def __init__(self, message: str, *, retry_after: int = 60, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after
