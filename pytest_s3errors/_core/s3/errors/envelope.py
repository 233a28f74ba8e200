"""Serialize errors and results into the bytes that S3 sends.

An error is one line of XML after a prolog, without a namespace: Code, Message, the code's own elements, RequestId,
HostId. It has the exceptions that captures show: no prolog on a 4xx of CompleteMultipartUpload and UploadPartCopy, no
body for HEAD and 304, and a closed connection after some codes. With status 200 it is the error that S3 sends if it had
to respond before the work was done: before it are the spaces with which S3 keeps the connection alive meanwhile.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from pytest_s3errors._core.s3.messages import Response
from s3_asyncio_client._core.operations import names_of

from .catalogue import CODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_s3errors._core.s3.messages import Call, ErrorReply

Children: TypeAlias = Sequence[tuple[str, "str | Children"]]
"""Pairs of an element's name and its text or children."""

_PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n'
_LATE = f"{_PROLOG}   "
_NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

# Characters that an XML 1.0 parser would not return unchanged: markup, a carriage return (read as a line feed), and
# those that XML can't carry even escaped (control characters, surrogates, U+FFFE, U+FFFF), for which S3 sends "?".
_SPECIAL = re.compile("[&<>\\r\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}

REASONS = {
    "SlowDown": "Slow Down",
    "ServiceUnavailable": "Service Unavailable",
}
"""Reason phrases that S3 chooses by code, not by status."""


def reason(status: int, code: str | None = None) -> str:
    """Return the reason phrase of a status line: S3's own for *code* if it has one, otherwise the HTTP standard's.

    It is Unknown for a status without a standard phrase: botocore takes an empty one, in response to
    ``Expect: 100-continue``, for a connection that broke.
    """
    if status == 503 and code in REASONS:  # noqa: PLR2004 - a status says what it is
        return REASONS[code]
    return _PHRASES.get(status, "Unknown")


_PHRASES = {int(status): status.phrase for status in HTTPStatus} | {416: "Requested Range Not Satisfiable"}


def render_error(reply: ErrorReply, call: Call, *, request_id: str, host_id: str) -> Response:
    """Return *reply* to *call* as S3 sends it, except for the Date header, which only the sender knows.

    The body is empty for HEAD and 304. As in S3, neither states a length.

    Args:
        reply: The error. Its headers win over the usual ones.
        call: The request, for its method and operation.
        request_id: For the body and x-amz-request-id.
        host_id: For the body and x-amz-id-2.
    """
    status = reply.status
    headers = {"x-amz-request-id": request_id, "x-amz-id-2": host_id, "Server": "AmazonS3"}
    body = b""
    if status != 304:  # noqa: PLR2004 - a status says what it is
        headers["Content-Type"] = "application/xml"
        if call.method != "HEAD":
            bare = call.operation in _BARE and 400 <= status < 500  # noqa: PLR2004 - the 4xx
            before = _LATE if status == HTTPStatus.OK else "" if bare else _PROLOG
            body = (before + _error(reply, request_id, host_id)).encode()
    if reply.code in _CLOSING and _closes(reply, call):
        headers["Connection"] = "close"
    if reply.headers:
        said = {name.lower() for name in reply.headers}
        headers = {name: value for name, value in headers.items() if name.lower() not in said} | dict(reply.headers)
    return Response(status=status, headers=headers, body=body)


def document(root: str, children: str | Children, *, namespace: bool = True) -> bytes:
    """Return a result document: the prolog, then one line of XML without white space between elements.

    Args:
        root: Name of the root element.
        children: Its children in order: (name, text) or (name, children). [] is an empty element. A string is the
            root's own text.
        namespace: Whether the root declares S3's namespace.
    """
    parts = [_PROLOG, "<", root, _NAMESPACE if namespace else ""]
    if not children:
        return "".join((*parts, "/>")).encode()
    parts.append(">")
    if isinstance(children, str):
        parts.append(_escaped(children))
    else:
        _write(parts, children)
    parts += ("</", root, ">")
    return "".join(parts).encode()


def new_ids(draw_bits: Callable[[int], int]) -> tuple[str, str]:
    """Create a request id (16 characters of 0-9A-F) and a host id (76 characters of base64) in S3's format.

    Args:
        draw_bits: Returns a number of random bits, such as `random.Random(seed).getrandbits`.
    """
    drawn = draw_bits((8 + 57) * 8)
    return f"{drawn >> 57 * 8:016X}", b2a_base64((drawn & _HOST_BITS).to_bytes(57), newline=False).decode("ascii")


_HOST_BITS = (1 << 57 * 8) - 1
_BARE = names_of(lambda row: row.bare)
_CLOSING = frozenset(code for code, spec in CODES.items() if spec.closes)


def _closes(reply: ErrorReply, call: Call) -> bool:
    # A 301 closes only if it was sent before the request's body was read, an error in a 200 never.
    return reply.status != HTTPStatus.OK and (reply.code != "PermanentRedirect" or call.method in ("PUT", "POST"))


def _error(reply: ErrorReply, request_id: str, host_id: str) -> str:
    own = "".join([f"<{name}>{_escaped(text)}</{name}>" for name, text in reply.elements]) if reply.elements else ""
    return (
        f"<Error><Code>{_escaped(reply.code)}</Code><Message>{_escaped(reply.message)}</Message>{own}"
        f"<RequestId>{request_id}</RequestId><HostId>{host_id}</HostId></Error>"
    )


def _write(parts: list[str], children: Children) -> None:
    for name, content in children:
        if not content:
            parts.append(f"<{name}/>")
        elif isinstance(content, str):
            parts.append(f"<{name}>{_escaped(content)}</{name}>")
        else:
            parts.append(f"<{name}>")
            _write(parts, content)
            parts.append(f"</{name}>")


def _escaped(text: str) -> str:
    return _SPECIAL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0], "?")
