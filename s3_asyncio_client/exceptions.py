"""The tree of exceptions.

::

    S3Error
    ├── S3ClientError                4xx: S3 refuses the request
    │   ├── S3NotFoundError          404
    │   ├── S3AccessDeniedError      403
    │   └── S3InvalidRequestError    400, and arguments refused before anything is sent
    ├── S3ServerError                5xx, and an <Error> inside a 200
    ├── S3ConnectionError            also a ConnectionError: refused, reset, disconnected, truncated
    ├── S3TimeoutError               also a TimeoutError
    ├── S3IntegrityError             the bytes are not the bytes
    └── S3ResponseError              what came is not S3's protocol
    CircuitOpenError                 not an S3Error: no request was made

The facts are attributes. ``__str__`` builds the text from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "CircuitOpenError",
    "S3AccessDeniedError",
    "S3ClientError",
    "S3ConnectionError",
    "S3Error",
    "S3IntegrityError",
    "S3InvalidRequestError",
    "S3NotFoundError",
    "S3ResponseError",
    "S3ServerError",
    "S3TimeoutError",
]

_E = TypeVar("_E", bound=BaseException)


class _Context(TypedDict, total=False):
    """The keyword-only parameters that every S3Error takes."""

    request_id: str | None
    host_id: str | None
    operation: str | None
    bucket: str | None
    key: str | None
    retry_after: float | None
    details: Mapping[str, str] | None


class S3Error(Exception):
    """Anything that went wrong between the caller and S3.

    Attributes:
        message: S3's message, or one of this package.
        status_code: HTTP status; None if there was no response.
        error_code: S3's code in S3's spelling ("NoSuchKey"); None if there is none.
        request_id: S3's id of the request, to quote to its operator.
        host_id: The second half of that id (x-amz-id-2).
        operation: S3's name of the operation ("PutObject").
        bucket: The requested bucket.
        key: The requested key; None for a request about a bucket.
        retry_after: Seconds the server asks to wait; None if it did not ask.
        details: Further elements of the error document, element name to text, in the order sent. No secrets.
    """

    def __init__(
        self,
        message: str,
        status_code: int | None = None,
        error_code: str | None = None,
        *,
        request_id: str | None = None,
        host_id: str | None = None,
        operation: str | None = None,
        bucket: str | None = None,
        key: str | None = None,
        retry_after: float | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        # Only the message: OSErrors among the subclasses would take two arguments for errno and strerror.
        super().__init__(message)
        self.message = message
        self.status_code = status_code
        self.error_code = error_code
        self.request_id = request_id
        self.host_id = host_id
        self.operation = operation
        self.bucket = bucket
        self.key = key
        self.retry_after = retry_after
        self.details: dict[str, str] = dict(details) if details else {}

    def __str__(self) -> str:
        if self.error_code and self.status_code is not None:
            return f"{self.error_code} ({self.status_code}): {self.message}"
        if self.status_code is not None:
            return f"HTTP {self.status_code}: {self.message}"
        return self.message

    def __repr__(self) -> str:
        facts = [
            f"{name}={value!r}"
            for name, value in vars(self).items()
            if name != "message" and not name.startswith("_") and value is not None and value != {}
        ]
        return f"{type(self).__name__}({', '.join([repr(self.message), *facts])})"

    def __reduce__(self) -> tuple[Callable[..., S3Error], tuple[object, ...], dict[str, object]]:
        # Not through __init__: a subclass may have another signature, and the state has all attributes (notes too).
        return _rebuild, (type(self), self.args), _state(self)


def _state(error: BaseException) -> dict[str, object]:
    # Copy lists and dicts: a note or a detail added to a copy must not appear in the original.
    return {name: value.copy() if isinstance(value, (list, dict)) else value for name, value in error.__dict__.items()}


def _rebuild(cls: type[_E], args: tuple[object, ...]) -> _E:
    error = cls.__new__(cls)
    error.args = args
    return error


class S3ClientError(S3Error):
    """S3 refuses the request (4xx). A retry seldom helps."""


class S3NotFoundError(S3ClientError):
    """Not found (404). `error_code` says what is missing: the key, the bucket, the upload, the version."""

    def __init__(
        self,
        message: str = "The specified resource was not found",
        status_code: int | None = 404,
        error_code: str | None = "NoSuchKey",
        **context: Unpack[_Context],
    ) -> None:
        super().__init__(message, status_code, error_code, **context)


class S3AccessDeniedError(S3ClientError):
    """The credentials do not allow this (403). S3 also says so about a missing key that they may not list."""

    def __init__(
        self,
        message: str = "Access denied",
        status_code: int | None = 403,
        error_code: str | None = "AccessDenied",
        **context: Unpack[_Context],
    ) -> None:
        super().__init__(message, status_code, error_code, **context)


class S3InvalidRequestError(S3ClientError):
    """The request is invalid (400), according to S3, or to this package before it sends anything."""

    def __init__(
        self,
        message: str = "Invalid request",
        status_code: int | None = 400,
        error_code: str | None = "InvalidRequest",
        **context: Unpack[_Context],
    ) -> None:
        super().__init__(message, status_code, error_code, **context)


class S3ServerError(S3Error):
    """S3 failed (5xx), or started with a 200 and then sent an error document instead of the result."""


class S3ConnectionError(S3Error, ConnectionError):
    """The connection was refused, reset or closed, or the body ended early; whether S3 did the work is unknown."""


class S3TimeoutError(S3Error, TimeoutError):
    """S3 took longer than allowed. Whether it did the work is unknown."""


class S3IntegrityError(S3Error):
    """The bytes received are not the bytes stored: right length, wrong checksum."""


class S3ResponseError(S3Error):
    """The response breaks S3's protocol: broken XML, an empty body instead of a document, not HTTP."""


class CircuitOpenError(Exception):
    """No request was made, because too many earlier ones failed.

    Attributes:
        message: What the open circuit protects, in words.
        retry_in_s: Seconds until a request is let through as a probe; None if unknown.
    """

    def __init__(
        self, message: str = "Circuit breaker is OPEN: no request was made", *, retry_in_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_in_s = retry_in_s

    def __reduce__(self) -> tuple[Callable[..., CircuitOpenError], tuple[object, ...], dict[str, object]]:
        return _rebuild, (type(self), self.args), _state(self)
