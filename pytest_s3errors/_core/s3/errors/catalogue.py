"""The error codes of S3's data plane, and the error that S3 would return for a given request.

The facts are in `codes`. `elements` fills a response's elements and headers from the request (its key, its range, its
condition), with one small function per name. Values that the request does not determine, such as the object's size, are
omitted unless the caller passes them. Session tokens and signatures are never echoed.
"""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_s3errors._core.s3.messages import EMPTY, ErrorReply, Refused
from s3_asyncio_client._core.statuses import CODE_OF_STATUS, NOT_FOUND, missing_code

from . import codes as _codes
from .elements import element_value, header_value
from .messages import said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_s3errors._core.s3.messages import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSpec:
    """What is known about one error code.

    `elements` are its own XML elements in S3's order and `headers` its own headers. Not every response has all of them.
    `closes`: S3 closes the connection afterwards.
    """

    code: str
    status: int
    message: str
    elements: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    closes: bool = False


CODES: Mapping[str, ErrorSpec] = MappingProxyType(
    {
        code: ErrorSpec(
            code=code,
            status=status,
            message=message or said(code),
            elements=tuple(_codes.ELEMENTS.get(code, "").split()),
            headers=tuple(_codes.HEADERS.get(code, "").split()),
            closes=code in _codes.CLOSES,
        )
        for code, (status, message) in _codes.CODES.items()
    }
)
"""Every code, in byte order of its name."""


def usual_code(status: int, call: Call) -> str | None:
    """Return the code that S3 most often sends with *status* in response to *call*.

    None for a status that S3's data plane does not send with one code of its own, such as 429 or 502, which come from a
    proxy in front of it.
    """
    if status == NOT_FOUND:
        return missing_code(upload="uploadId" in call.query, key=call.key is not None)
    return CODE_OF_STATUS.get(status)


def error_reply(
    code: str,
    call: Call,
    *,
    status: int | None = None,
    message: str | None = None,
    elements: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ErrorReply:
    """Return the error with which S3 refuses *call* for the reason *code*.

    Args:
        code: A code of `CODES`, or any other together with *status*.
        call: The request. It fills the code's elements and headers as far as possible.
        status: Replaces the code's own.
        message: Replaces the code's own.
        elements: Values that the request does not determine. They win over filled ones and keep S3's order. Elements
            that the code does not have come last, in the given order.
        headers: Further headers, likewise. A redirect's `x-amz-bucket-region` also decides its Endpoint and Location.

    Raises:
        ValueError: *code* is not in the catalogue and *status* is missing.
    """
    spec = CODES.get(code)
    if spec is None:
        if status is None:
            raise ValueError(f"{code!r} is not a code of S3: say its status= too{_hint(code)}")
        spec = ErrorSpec(code=code, status=status, message=message or f"The request failed with {code}.")
    status = spec.status if status is None else status
    message = spec.message if message is None else message
    if not (spec.elements or spec.headers or elements or headers):
        return _plain(code, status, message)
    own, sent = _filled(spec, call, elements or EMPTY, headers or EMPTY)
    return ErrorReply(code=code, status=status, message=message, elements=tuple(own), headers=sent)


def refusal(
    situation: str,
    call: Call,
    *values: object,
    message: str | None = None,
    elements: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Refused:
    """Return the exception that ends *call* with an error of S3.

    Args:
        situation: A code, or a name of `messages.RECORDED`, whose text is filled with *values*.
        call: As for `error_reply`.
        values: The names and numbers in the text of the situation.
        message: Our own words, where S3's were not recorded.
        elements: As for `error_reply`.
        headers: As for `error_reply`.
    """
    code, distinguished, _ = situation.partition(":")
    message = said(situation, *values) if distinguished else message
    return Refused(error_reply(code, call, message=message, elements=elements, headers=headers))


def bad_argument(
    call: Call, name: str, value: str | None, situation: str = "", *values: object, message: str | None = None
) -> Refused:
    """Return InvalidArgument with the argument's name. *value* None omits ArgumentValue.

    *situation* is one of InvalidArgument, filled with *values*. *message* takes its place if none was recorded.
    """
    elements = {"ArgumentName": name} if value is None else {"ArgumentName": name, "ArgumentValue": value}
    named = f"InvalidArgument: {situation}" if situation else "InvalidArgument"
    return refusal(named, call, *values, message=message, elements=elements)


@functools.lru_cache
def _plain(code: str, status: int, message: str) -> ErrorReply:
    """Return a reply that does not depend on the request. A rule reuses it."""
    return ErrorReply(code=code, status=status, message=message, headers=EMPTY)


def _filled(
    spec: ErrorSpec, call: Call, elements: Mapping[str, str], headers: Mapping[str, str]
) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Return the elements and headers of a response: the caller's values, otherwise those from *call*."""
    said = {name.lower(): value for name, value in headers.items()}
    region = said.get("x-amz-bucket-region", elements.get("Region"))
    own = []
    for name in spec.elements:
        value = elements[name] if name in elements else element_value(name, call, spec.code, region)
        if value is not None:
            own.append((name, value))
    own += [(name, value) for name, value in elements.items() if name not in spec.elements]
    sent = dict(headers)
    for name in spec.headers:
        value = None if name.lower() in said else header_value(name, call, spec.code, region)
        if value is not None:
            sent[name] = value
    return own, sent


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the entry of *names* that *name* most likely misspells. None: none is close. Case counts least."""
    folded: dict[str, str] = {}
    for candidate in names:
        folded.setdefault(candidate.casefold(), candidate)
    wanted = name.casefold()
    if wanted in folded:
        return folded[wanted]
    close = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def _hint(code: str) -> str:
    close = nearest(code, CODES)
    return f"; did you mean {close!r}?" if close else ""
