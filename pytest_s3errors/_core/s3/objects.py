"""PutObject, GetObject, HeadObject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .attributes import attributes_of, check_active, checksum_headers, response_headers, written_headers
from .conditions import check_read, check_write
from .crc import default_checksum
from .encryption import check_key, etag_of
from .messages import EMPTY, Response
from .payload import receive
from .ranges import part_number, requested_range
from .records import SSE, SYSTEM_HEADERS, StoredObject
from .tags import stated_tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .request import S3Request

_OVERRIDES = {f"response-{name}": spelled for name, spelled in SYSTEM_HEADERS.items()}
_OVERRIDES["response-content-type"] = "Content-Type"


def put_object(ask: S3Request) -> Response:
    """Store the body under the key."""
    ask.check_writable()
    attributes, tags = attributes_of(ask), stated_tags(ask)
    check_write(ask)
    payload = receive(ask)
    obj = StoredObject(
        bucket=ask.bucket,
        key=ask.key,
        content=payload.body,
        etag=etag_of(ask, payload.body, attributes["headers"]),
        last_modified=ask.store.now(),
        checksums=payload.checksums or default_checksum(payload.body),
        tags=tags,
        **attributes,
    )
    obj = ask.store.commit(obj)
    headers = {"ETag": f'"{obj.etag}"', **written_headers(obj), **checksum_headers(obj.checksums)}
    return Response(status=200, headers=headers)


def get_object(ask: S3Request) -> Response:
    """Return the object, or the requested range of it."""
    return _read(ask)


def head_object(ask: S3Request) -> Response:
    """Respond as GetObject does, without the body."""
    whole = _read(ask)
    return Response(status=whole.status, headers=whole.headers, length=len(whole.body))


def _read(ask: S3Request) -> Response:
    if SSE in ask.call.headers:
        message = f"{SSE} header is not supported for this operation."
        raise ask.bad_argument(SSE, ask.call.headers[SSE], message=message)
    obj = ask.readable_object()
    check_key(ask, obj.headers)
    check_read(ask, obj)
    if obj.headers and ask.call.method == "GET":
        check_active(ask, obj)
    span = requested_range(ask, obj)
    headers = response_headers(obj)
    if ask.call.query:
        _override(ask, headers)
        if "partNumber" in ask.call.query and obj.parts:
            headers["x-amz-mp-parts-count"] = str(obj.parts)
    mode = ask.call.headers.get("x-amz-checksum-mode", "").upper()
    if mode != "ENABLED" and "x-amz-checksum-mode" in ask.call.headers:
        raise ask.refused("InvalidRequest: checksum to read")
    if obj.checksums and mode:
        headers.update(checksum_headers(_checksums(ask, obj, span), obj.checksum_type))
    if span is None or not obj.size:
        return Response(status=200, headers=headers, body=obj.content)
    first, end = span
    headers["Content-Range"] = f"bytes {first}-{end - 1}/{obj.size}"
    return Response(status=206, headers=headers, body=obj.content[first:end])


def _checksums(ask: S3Request, obj: StoredObject, span: tuple[int, int] | None) -> Mapping[str, str]:
    """Return the checksums of what is read: a part's own, or the object's if all of it is read."""
    if "partNumber" in ask.call.query and obj.part_checksums:
        return dict.fromkeys(obj.checksums, obj.part_checksums[part_number(ask) - 1])
    return obj.checksums if span in {None, (0, obj.size)} else EMPTY


def _override(ask: S3Request, headers: dict[str, str]) -> None:
    """Let `response-*` parameters replace headers. Refuse other headers, and text that a header can't carry."""
    for name, value in ask.call.query.items():
        if not name.startswith("response-"):
            continue
        if ask.caller.owner_id is None:
            raise ask.refused("InvalidRequest: anonymous response header")
        header = _OVERRIDES.get(name)
        if header is None:
            raise ask.bad_argument(name, value, "response header", name)
        if not value.isprintable() or any(character > "\xff" for character in value):
            raise ask.bad_argument(name, value, "override")
        headers[header] = value
