"""DeleteObject, DeleteObjects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_s3errors._core.envelope import Children, document
from pytest_s3errors._core.messages import Refused, Response

from .buckets import XML
from .conditions import check_delete, check_still
from .documents import malformed, parse_xml, text_of
from .payload import receive

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from .ask import Ask

MAX_DELETED_KEYS = 1000


def delete_object(ask: Ask) -> Response:
    """Take the object out; one that is absent is deleted all the same."""
    ask.check_writable()
    ask.check_version(ask.call.query.get("versionId"))
    check_delete(ask)
    ask.store.remove(ask.bucket, ask.key)
    return Response(status=204)


def delete_objects(ask: Ask) -> Response:
    """Take up to 1000 objects out, each on its own: 200 even where some of them are refused (fact 27)."""
    ask.check_writable()
    wanted = parse_xml(ask, receive(ask).body, "Delete")
    entries = wanted.findall("Object")
    if not 1 <= len(entries) <= MAX_DELETED_KEYS or not all(text_of(entry, "Key") for entry in entries):
        raise malformed(ask)
    quiet = (text_of(wanted, "Quiet") or "").strip().lower() == "true"
    results: list[tuple[str, Children]] = []
    for entry in entries:
        try:
            deleted = _delete(ask, entry)
        except Refused as refusal:
            code, message = refusal.reply.code, refusal.reply.message
            results.append(("Error", [*_named(entry), ("Code", code), ("Message", message)]))
        else:
            results += [] if quiet else [("Deleted", deleted)]
    return Response(status=200, headers=XML, body=document("DeleteResult", results))


def _delete(ask: Ask, entry: ET.Element) -> list[tuple[str, str]]:
    one = replace(ask, key=text_of(entry, "Key") or "")
    one.check_key()
    one.check_version(text_of(entry, "VersionId"))
    etag = text_of(entry, "ETag")
    if etag is not None:
        check_still(one, one.store.find(one.bucket, one.key), etag)
    one.store.remove(one.bucket, one.key)
    return _named(entry)


def _named(entry: ET.Element) -> list[tuple[str, str]]:
    return [(name, text) for name in ("Key", "VersionId") if (text := text_of(entry, name)) is not None]
