"""Tags of objects and buckets: in documents and in the header x-amz-tagging, and what S3 allows in them."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from s3_asyncio_client._core.limits import MAX_BUCKET_TAGS, MAX_OBJECT_TAGS

from .documents import parse_any, parse_xml, text_of, xml_response
from .messages import EMPTY, Response
from .payload import configuration, receive

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from xml.etree import ElementTree as ET

    from .messages import Refused
    from .records import StoredObject
    from .request import S3Request

MAX_KEY_CHARACTERS = 128
MAX_VALUE_CHARACTERS = 256
HEADER = "x-amz-tagging"
_ALLOWED = re.compile(r"[\w .:/=+\-@]*")


def put_object_tagging(ask: S3Request) -> Response:
    """Replace the tags of an object or version."""
    body = receive(ask).body
    obj = _tagged(ask)
    _retag(ask, obj, _tag_set(ask, parse_xml(ask, body, "Tagging").find("TagSet"), MAX_OBJECT_TAGS))
    return Response(status=200, headers=_version_header(obj))


def get_object_tagging(ask: S3Request) -> Response:
    """Return the tags of an object or version. Without tags the set is empty."""
    obj = _tagged(ask)
    return _told(obj.tags, _version_header(obj))


def delete_object_tagging(ask: S3Request) -> Response:
    """Remove all tags from an object or version."""
    obj = _tagged(ask)
    _retag(ask, obj, EMPTY)
    return Response(status=204, headers=_version_header(obj))


def put_bucket_tagging(ask: S3Request) -> Response:
    """Replace the tags of the bucket."""
    bucket, wanted = configuration(ask, "Tagging")
    bucket.tags = _tag_set(ask, wanted.find("TagSet"), MAX_BUCKET_TAGS)
    return Response(status=204)


def get_bucket_tagging(ask: S3Request) -> Response:
    """Return the tags of the bucket. A bucket without tags has no tag set."""
    bucket = ask.readable_bucket()
    if not bucket.tags:
        raise ask.refused("NoSuchTagSet")
    return _told(bucket.tags)


def delete_bucket_tagging(ask: S3Request) -> Response:
    """Remove all tags from the bucket."""
    ask.readable_bucket().tags = EMPTY
    return Response(status=204)


def stated_tags(ask: S3Request) -> Mapping[str, str]:
    """Return the tags in the header x-amz-tagging, sorted by key, or refuse what S3 does not allow.

    A name without a value is a tag with an empty value. A repeated name, or a value with an unencoded "=", is
    InvalidArgument.
    """
    text = ask.call.headers.get(HEADER)
    if not text:
        return EMPTY
    pairs = []
    for pair in filter(None, text.split("&")):
        name, _, value = pair.partition("=")
        if "=" in value or not name:
            raise ask.bad_argument(HEADER, text, "tagging header")
        try:
            pairs.append((unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")))
        except UnicodeDecodeError as error:
            raise ask.bad_argument(HEADER, text, "tagging header") from error
    if len(dict(pairs)) < len(pairs):
        raise ask.bad_argument(HEADER, text, "tagging header")
    return _checked(ask, sorted(pairs), MAX_OBJECT_TAGS)


def form_tags(ask: S3Request, body: bytes) -> Mapping[str, str]:
    """Return the tags in a form's Tagging document, or refuse what S3 does not allow. Another document has none."""
    root = parse_any(ask, body)
    return _tag_set(ask, root.find("TagSet") if root.tag == "Tagging" else None, MAX_OBJECT_TAGS)


def created_bucket_tags(ask: S3Request, configuration: ET.Element | None) -> Mapping[str, str]:
    """Return the tags of a CreateBucket. S3 itself fails on a repeated key (fact 39)."""
    found = None if configuration is None else configuration.find("Tags")
    pairs = _pairs(ask, found)
    if len(dict(pairs)) < len(pairs):
        raise ask.refused("InternalError")
    return _checked(ask, pairs, MAX_BUCKET_TAGS)


def _tagged(ask: S3Request) -> StoredObject:
    """Return the object or version that the request names. A delete marker has no tags, named or not."""
    bucket = ask.readable_bucket()
    version_id = ask.call.query.get("versionId")
    found = bucket.newest(ask.key) if version_id is None else ask.version(bucket, version_id)
    if found is None:
        ask.check_key()
        # Only GetObjectTagging also names the bucket.
        named = f"{ask.bucket}/{ask.key}" if ask.call.operation == "GetObjectTagging" else ask.key
        raise ask.refused("NoSuchKey", elements={"Key": named})
    if found.delete_marker:
        raise ask.is_marker(found)
    return found


def _retag(ask: S3Request, obj: StoredObject, tags: Mapping[str, str]) -> None:
    ask.readable_bucket().amend(obj, tags=tags)


def _version_header(obj: StoredObject) -> dict[str, str]:
    return {} if obj.version_id is None else {"x-amz-version-id": obj.version_id}


def _tag_set(ask: S3Request, parent: ET.Element | None, limit: int) -> Mapping[str, str]:
    pairs = _pairs(ask, parent)
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise ask.refused("InvalidTag: duplicate", elements={"TagKey": name})
        seen.add(name)
    return _checked(ask, pairs, limit)


def _pairs(ask: S3Request, parent: ET.Element | None) -> list[tuple[str, str]]:
    pairs = []
    for entry in [] if parent is None else parent.findall("Tag"):
        name, value = text_of(entry, "Key"), text_of(entry, "Value")
        if name is None or value is None:
            raise ask.refused("MalformedXML")
        pairs.append((name, value))
    return pairs


def _checked(ask: S3Request, pairs: Iterable[tuple[str, str]], limit: int) -> Mapping[str, str]:
    """Return the tags as stored. S3 checks each of them before it counts them."""
    tags = {}
    for name, value in pairs:
        if name.startswith("aws:"):
            raise _system_tag(ask, name)
        if not 1 <= len(name) <= MAX_KEY_CHARACTERS or not _ALLOWED.fullmatch(name):
            raise ask.refused("InvalidTag", elements={"TagKey": name})
        if len(value) > MAX_VALUE_CHARACTERS or not _ALLOWED.fullmatch(value):
            elements = {"TagKey": name, "TagValue": value}
            raise ask.refused("InvalidTag: value", elements=elements)
        tags[name] = value
    if len(tags) > limit:
        kind = "object" if limit == MAX_OBJECT_TAGS else "bucket"
        raise ask.refused(f"BadRequest: tags of {kind}", limit)
    return MappingProxyType(tags) if tags else EMPTY


def _system_tag(ask: S3Request, name: str) -> Refused:
    """Return InvalidTag for a key reserved for AWS, with the operation's own message."""
    if ask.call.operation == "CreateBucket":
        return ask.refused("InvalidTag: created bucket")
    of_bucket = ask.call.operation == "PutBucketTagging"
    situation = "InvalidTag: system tag" if of_bucket else "InvalidTag: system tag of object"
    return ask.refused(situation, elements={"TagKey": name})


def _told(tags: Mapping[str, str], headers: Mapping[str, str] = EMPTY) -> Response:
    children = [("Tag", [("Key", name), ("Value", value)]) for name, value in tags.items()]
    return xml_response("Tagging", [("TagSet", children)], headers)
