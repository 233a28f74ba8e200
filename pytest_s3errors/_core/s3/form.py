"""Parse a browser's form, multipart/form-data, as far as S3 reads it: the fields before the file, and the file.

Source: RFC 7578; S3 API Reference, "Browser-based uploads using POST".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_s3errors._core.body import PIECE_BYTES, Body

MAX_FIELD_BYTES = 20_480
"""The maximum number of bytes before the file, for field names, values and framing."""

_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_DISPOSITION = re.compile(rb"content-disposition\s*:\s*form-data\s*(;.*)", re.IGNORECASE)
_PARAMETER = re.compile(rb';\s*(name|filename)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))', re.IGNORECASE)
_ESCAPED = re.compile(r'\\(["\\])')


class FormError(Exception):
    """The body is not a form. The message says where it breaks."""


class FieldsTooLongError(FormError):
    """More than `MAX_FIELD_BYTES` come before the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Fields by name in lower case; the last one with a name wins. The file is None if there is none."""

    fields: Mapping[str, str]
    file: Body | None
    filename: str


def parse_form(content_type: str, body: Body) -> Form:
    """Parse a form. Everything after the file is ignored.

    Raises:
        FieldsTooLongError: Too many bytes come before the file.
        FormError: There is no boundary, or a part has a wrong start or end.
    """
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise FormError("there is no boundary")
    delimiter = b"--" + (boundary[1] or boundary[2]).encode("utf-8", "surrogateescape")
    head = b"\r\n" + bytes(body[: MAX_FIELD_BYTES + len(delimiter)])  # there may be no line before the first one
    offset, delimiter = len(b"\r\n"), b"\r\n" + delimiter
    fields: dict[str, str] = {}
    at = _after(head, delimiter, 0)
    while at is not None:
        name, filename, start = _part(head, at)
        if name.lower() == "file":
            end = _find(body, delimiter, start - offset)
            return Form(fields=fields, file=body[start - offset : end], filename=filename)
        end = head.find(delimiter, start)
        if end < 0:
            raise FieldsTooLongError if len(body) > MAX_FIELD_BYTES else FormError("a field does not end")
        fields[name.lower()] = _text(head[start:end])
        at = _after(head, delimiter, end)
    return Form(fields=fields, file=None, filename="")


def _after(head: bytes, delimiter: bytes, at: int) -> int | None:
    """Return where the part after the delimiter starts. None: it was the last one."""
    at = head.find(delimiter, at)
    if at < 0:
        raise FormError("there is no part")
    at += len(delimiter)
    line = head.find(b"\r\n", at)
    rest = head[at : line if line >= 0 else len(head)]
    if rest.startswith(b"--"):
        return None
    if line < 0 or rest.strip(b" \t"):
        raise FormError(f"a delimiter does not end at byte {at}")
    return line


def _part(head: bytes, at: int) -> tuple[str, str, int]:
    """Return name, file name and content start of the part whose header fields start at *at*, with their CRLF."""
    end = head.find(b"\r\n\r\n", at)
    if end < 0:
        raise FieldsTooLongError if len(head) > MAX_FIELD_BYTES else FormError("a part's header does not end")
    for line in head[at:end].split(b"\r\n"):
        disposition = _DISPOSITION.fullmatch(line)
        if disposition is not None:
            found = {one[1].lower(): one[2] or one[3] or b"" for one in _PARAMETER.finditer(disposition[1])}
            if found.get(b"name"):
                return _unescaped(found[b"name"]), _unescaped(found.get(b"filename", b"")), end + 4
    raise FormError("a part has no name")


def _find(body: Body, delimiter: bytes, start: int) -> int:
    if isinstance(body, bytes):
        found = body.find(delimiter, start)
    else:
        found, overlap = -1, len(delimiter) - 1
        while found < 0 and start < len(body):
            at = bytes(body[start : start + PIECE_BYTES + overlap]).find(delimiter)
            found, start = (start + at if at >= 0 else -1), start + PIECE_BYTES
    if found < 0:
        raise FormError("the file does not end")
    return found


def _unescaped(name: bytes) -> str:
    return _ESCAPED.sub(r"\1", _text(name))


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise FormError("a field is no UTF-8") from error
