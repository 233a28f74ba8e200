"""ListObjectsV2 and ListObjects.

Keys are kept sorted. A page is a walk from a position in them that rolls up keys with a common prefix up to the
delimiter. The continuation token has the end of the previous page and a checksum, so only our own tokens are accepted.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import crc32
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from s3_asyncio_client._core.limits import MAX_PAGE

from .documents import Elements, xml_response
from .messages import Response
from .permissions import owner_of
from .times import iso_date

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .records import StoredObject
    from .request import S3Request

_MAX_INT = 2**31 - 1
_DIGITS = len(str(_MAX_INT))
_CRC_BYTES = 4
# Parameters that the first version of the listing refuses, as its message spells them.
_OF_VERSION_2 = {"continuation-token": "continuation-token", "start-after": "startAfter"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: keys, common prefixes, and where it ended. `last` is None unless more follows."""

    keys: list[str]
    prefixes: list[str]
    last: str | None

    def __len__(self) -> int:
        """The number of entries. A common prefix counts as one."""
        return len(self.keys) + len(self.prefixes)


def list_objects_v2(ask: S3Request) -> Response:
    """Return a page of keys, continued by token."""
    query = ask.call.query
    stated = number_of(ask, "max-keys", MAX_PAGE)
    if "marker" in query:
        raise ask.bad_argument("marker", None, "marker of version 1")
    bucket, encode = ask.readable_bucket(), encoder(ask)
    token, start_after = query.get("continuation-token"), query.get("start-after", "")
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = start_after if token is None else read_token(ask, token)
    limit = page_size(ask, "max-keys", stated)
    # If the token's page ended with a common prefix, all keys with that prefix have been listed. start-after only
    # skips keys.
    skip = token is not None
    page = walk(bucket.sorted_keys(), prefix=prefix, delimiter=delimiter, after=after, limit=limit, skip=skip)
    children: Elements = [("Name", ask.bucket), ("Prefix", encode(prefix))]
    # A token overrides start-after, which is then not returned either.
    if token is None and "start-after" in query:
        children.append(("StartAfter", encode(start_after)))
    children += given(("ContinuationToken", token))
    if page.last is not None:
        children.append(("NextContinuationToken", make_token(page.last)))
    children += [("KeyCount", str(len(page))), ("MaxKeys", str(limit))]
    owner = owner_of(ask, bucket) if query.get("fetch-owner") == "true" else None
    children += given(("Delimiter", encode(delimiter)), ("EncodingType", query.get("encoding-type")))
    children += _page(page, [bucket.objects[key] for key in page.keys], encode, owner=owner)
    return xml_response("ListBucketResult", children, {"x-amz-bucket-region": bucket.region})


def list_objects(ask: S3Request) -> Response:
    """Return a page of keys, continued by marker: the first version of the operation."""
    query = ask.call.query
    stated = number_of(ask, "max-keys", MAX_PAGE)
    for name, spelled in _OF_VERSION_2.items():
        if name in query:
            raise ask.bad_argument(name, None, "parameter of version 2", spelled)
    bucket, encode = ask.readable_bucket(), encoder(ask)
    limit = page_size(ask, "max-keys", stated)
    marker, prefix, delimiter = (query.get(name, "") for name in ("marker", "prefix", "delimiter"))
    page = walk(bucket.sorted_keys(), prefix=prefix, delimiter=delimiter, after=marker, limit=limit, skip=True)
    children: Elements = [("Name", ask.bucket), ("Prefix", encode(prefix)), ("Marker", encode(marker))]
    # Without a delimiter the last key is the marker. S3 returns it only if it may be a common prefix.
    if page.last is not None and delimiter:
        children.append(("NextMarker", encode(page.last)))
    children.append(("MaxKeys", str(limit)))
    children += given(("Delimiter", encode(delimiter)), ("EncodingType", query.get("encoding-type")))
    owner = None if ask.caller.owner_id is None else owner_of(ask, bucket)  # an anonymous sender gets none
    children += _page(page, [bucket.objects[key] for key in page.keys], encode, owner=owner)
    return xml_response("ListBucketResult", children, {"x-amz-bucket-region": bucket.region})


def walk(keys: Sequence[str], *, prefix: str, delimiter: str, after: str, limit: int, skip: bool) -> Page:
    """Return the page of the sorted *keys* that follows *after*.

    Args:
        keys: Sorted.
        prefix: The common start of listed keys.
        delimiter: Keys with it after the prefix are rolled up to it. "": none.
        after: The key or common prefix at the end of the previous page. "": this is the first page.
        limit: The maximum number of entries.
        skip: Leave out a common prefix that *after* starts with.
    """
    listed: list[str] = []
    prefixes: list[str] = []
    last = ""
    at = max(bisect_right(keys, after), bisect_left(keys, prefix))
    while at < len(keys) and keys[at].startswith(prefix):
        key = keys[at]
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        group = key[: cut + len(delimiter)] if cut >= 0 else ""
        if not (group and skip and after.startswith(group)):
            if len(listed) + len(prefixes) == limit:
                return Page(keys=listed, prefixes=prefixes, last=last if limit else None)
            last = group or key
            (prefixes if group else listed).append(last)
        at = _past(keys, group, at) if group else at + 1
    return Page(keys=listed, prefixes=prefixes, last=None)


def number_of(ask: S3Request, name: str, default: int) -> int:
    """Return the number in the query parameter *name*, which may be negative. Refuse text that is no number (fact 69).

    S3 does so before it looks for the bucket.
    """
    text = ask.call.query.get(name, "")
    if not text:
        return default
    digits = text.removeprefix("-").lstrip("0")
    known = text.isascii() and (text.removeprefix("-").isdigit()) and len(digits) <= _DIGITS
    number = int(digits or "0") * (-1 if text[0] == "-" else 1) if known else 0
    if not known or not -_MAX_INT - 1 <= number <= _MAX_INT:
        raise ask.bad_argument(name, text, "number", name)
    return number


def page_size(ask: S3Request, name: str, number: int, most: int = MAX_PAGE) -> int:
    """Return the *number* in the query parameter *name*, at most *most*. Refuse a negative one (fact 69)."""
    if number < 0 and ask.call.operation == "ListObjectVersions":
        raise ask.bad_argument(name, None, "negative max-keys")
    if number < 0:
        argument = "maxKeys" if name == "max-keys" else name  # here S3 uses its own name of that one
        raise ask.bad_argument(argument, str(number), "negative", argument)
    return min(number, most)


def encoder(ask: S3Request) -> Callable[[str], str]:
    """Return the function that encodes keys in the response, by the request's encoding-type."""
    encoding = ask.call.query.get("encoding-type")
    if encoding is None:
        return str
    if encoding.lower() != "url":
        raise ask.bad_argument("encoding-type", encoding, "encoding type")
    return _url


def _url(text: str) -> str:
    return quote_plus(text, safe="/")


def _past(keys: Sequence[str], group: str, at: int) -> int:
    """Return where the keys that start with *group* end. Nothing sorts between them and group + U+10FFFF."""
    end = bisect_left(keys, group + "\U0010ffff", at)
    while end < len(keys) and keys[end].startswith(group):
        end += 1
    return end


def _page(page: Page, objects: list[StoredObject], encode: Callable[[str], str], *, owner: str | None) -> Elements:
    children: Elements = [("IsTruncated", "false" if page.last is None else "true")]
    children += [("Contents", _content(obj, encode, owner=owner)) for obj in objects]
    children += [("CommonPrefixes", [("Prefix", encode(prefix))]) for prefix in page.prefixes]
    return children


def _content(obj: StoredObject, encode: Callable[[str], str], *, owner: str | None) -> Elements:
    content: Elements = [
        ("Key", encode(obj.key)),
        ("LastModified", iso_date(obj.last_modified)),
        ("ETag", f'"{obj.etag}"'),
    ]
    content += checksum_elements(obj)
    content.append(("Size", str(obj.size)))
    if owner is not None:
        content.append(("Owner", [("ID", obj.owner or owner)]))
    content.append(("StorageClass", obj.headers.get("x-amz-storage-class", "STANDARD")))
    return content


def checksum_elements(obj: StoredObject) -> Elements:
    """Return what listings contain about an object's checksums, which is not their values."""
    if not obj.checksums:
        return []
    listed: Elements = [("ChecksumAlgorithm", algorithm.upper()) for algorithm in obj.checksums]
    return [*listed, ("ChecksumType", obj.checksum_type)]


def given(*pairs: tuple[str, str | None]) -> Elements:
    """Return the elements that the request gave a value for."""
    return [(name, text) for name, text in pairs if text]


def make_token(last: str) -> str:
    """Return the continuation token for a page's *last* entry."""
    raw = last.encode()
    return urlsafe_b64encode(crc32(raw).to_bytes(_CRC_BYTES, "big") + raw).decode()


def read_token(ask: S3Request, token: str) -> str:
    """Return where the previous page ended, or refuse a token that is not ours (fact 70)."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii"))
        if len(raw) > _CRC_BYTES and crc32(raw[_CRC_BYTES:]) == int.from_bytes(raw[:_CRC_BYTES], "big"):
            return raw[_CRC_BYTES:].decode()
    except (Base64Error, ValueError):
        pass
    raise ask.bad_argument("continuation-token", None, "continuation token")
