"""The attributes of an object besides its bytes: from request headers into the store, and into response headers."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from s3_asyncio_client._core.limits import MAX_METADATA_BYTES

from .acls import object_ownership
from .encryption import AES256, BUCKET_KEY, CUSTOMER_ALGORITHM, CUSTOMER_KEY_MD5, KMS_KEY, check_encryption
from .messages import EMPTY
from .object_lock import LOCK, lock_headers, stated_lock
from .records import DEFAULT_CONTENT_TYPE, NULL, SSE, SYSTEM_HEADERS, StoredObject
from .stated_grants import GRANT
from .times import http_date

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .request import S3Request

_PLAIN = re.compile(r"[\t -~]")
_UNQUOTED = re.compile(r"[!->@-^`-~]")
_WORDS = re.compile(r"=\?([A-Za-z0-9_-]+)\?([bBqQ])\?([^?\s]*)\?=")
META = "x-amz-meta-"
STORAGE_CLASSES = frozenset(
    {
        "STANDARD",
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER",
        "DEEP_ARCHIVE",
        "GLACIER_IR",
        "SNOW",
        "EXPRESS_ONEZONE",
        "FSX_OPENZFS",
        "FSX_ONTAP",
    }
)
ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_KEPT_AMZ = ("x-amz-storage-class", "x-amz-website-redirect-location", SSE, KMS_KEY, BUCKET_KEY, CUSTOMER_ALGORITHM)
# All headers that S3 stores with an object and returns, in the spelling of its responses.
KEPT = {
    **SYSTEM_HEADERS,
    **{name: name for name in _KEPT_AMZ},
    CUSTOMER_KEY_MD5: CUSTOMER_KEY_MD5.replace("md5", "MD5"),
}


def attributes_of(ask: S3Request) -> dict[str, Any]:
    """Return the fields of a `StoredObject` from the request's headers: type, metadata, headers, owner, ACL and lock.

    Refuse with MetadataTooLarge, InvalidStorageClass, InvalidArgument (encryption, ACL) or
    AccessControlListNotSupported.
    """
    headers = ask.call.headers
    names = " ".join(headers)
    kept = {name: headers[name] for name in KEPT if name in headers}
    metadata: dict[str, str] = {}
    if META in names:
        metadata = {name[len(META) :]: decoded(value) for name, value in headers.items() if name.startswith(META)}
        _check_metadata(ask, metadata)
    if kept:
        _check_kept(ask, kept)
    bucket = ask.store.bucket(ask.bucket)
    check_encryption(ask, kept, bucket)
    owner, acl = object_ownership(ask, bucket, granted=GRANT in names)
    lock = stated_lock(ask, bucket) if LOCK in names or (bucket is not None and bucket.locked) else {}
    return {
        **lock,
        "owner": owner,
        "acl": acl,
        "content_type": ask.call.headers.get("content-type") or DEFAULT_CONTENT_TYPE,
        "metadata": MappingProxyType(metadata) if metadata else EMPTY,
        "headers": MappingProxyType(kept) if kept else EMPTY,
    }


def response_headers(obj: StoredObject) -> dict[str, str]:
    """Return the headers that GetObject and HeadObject send for *obj*, without checksums and ranges."""
    headers = {
        "Last-Modified": http_date(obj.last_modified),
        "ETag": f'"{obj.etag}"',
        **encryption_headers(obj),
        "Accept-Ranges": "bytes",
        "Content-Type": latin(obj.content_type),
    }
    for name, value in obj.headers.items():
        headers[KEPT.get(name, name)] = latin(value)
    if headers.get("x-amz-storage-class") == "STANDARD":  # the only class that S3 does not return
        del headers["x-amz-storage-class"]
    for name, value in obj.metadata.items():
        headers[META + name] = header_text(value)
    if obj.retention or obj.legal_hold:
        headers |= lock_headers(obj)
    if obj.tags:
        headers["x-amz-tagging-count"] = str(len(obj.tags))
    if obj.version_id is not None:
        headers["x-amz-version-id"] = obj.version_id
    return headers


def written_headers(obj: StoredObject) -> dict[str, str]:
    """Return the headers of the response to every write of *obj*: its version, if it has its own id."""
    headers = encryption_headers(obj)
    if obj.version_id not in {None, NULL}:
        headers["x-amz-version-id"] = obj.version_id
    return headers


def encryption_headers(obj: StoredObject) -> dict[str, str]:
    """Return the encryption headers of the response to every write of *obj*. S3's default is AES256."""
    if not obj.headers:
        return {SSE: AES256}
    stated = {KEPT.get(name, name): latin(value) for name, value in obj.headers.items() if name.startswith(SSE)}
    return stated if CUSTOMER_ALGORITHM in stated else {SSE: AES256, **stated}


def checksum_headers(checksums: Mapping[str, str], checksum_type: str = "FULL_OBJECT") -> dict[str, str]:
    """Return `x-amz-checksum-*` for the known checksums. Empty: there are none."""
    if not checksums:
        return {}
    headers = {f"x-amz-checksum-{algorithm}": value for algorithm, value in checksums.items()}
    return {**headers, "x-amz-checksum-type": checksum_type}


def check_active(ask: S3Request, obj: StoredObject) -> None:
    """Refuse to read an archived object with InvalidObjectState (fact 73), unless a copy of it was restored.

    Only test setup archives within INTELLIGENT_TIERING (`x-amz-archive-status`) and restores (`x-amz-restore`).
    """
    if 'ongoing-request="false"' in obj.headers.get("x-amz-restore", ""):
        return
    storage_class, tier = obj.headers.get("x-amz-storage-class", ""), obj.headers.get("x-amz-archive-status")
    if storage_class in ARCHIVED or tier is not None:
        tiers = {} if tier is None else {"AccessTier": tier}
        raise ask.refused("InvalidObjectState", elements={"StorageClass": storage_class, **tiers})


def latin(value: str) -> str:
    """Return a system header's text as S3 sends it: characters outside ISO-8859-1 become spaces."""
    return value if value.isascii() else re.sub("[^\x00-\xff]", " ", value)


def header_text(value: str) -> str:
    """Return metadata as S3 sends it: text that is not plain ASCII becomes an encoded word of RFC 2047.

    Its encoding is Q if more characters are plain than not, otherwise B, as JavaMail chooses.
    """
    plain = len(_PLAIN.findall(value))
    if plain == len(value):
        return value
    if plain * 2 > len(value):
        return f"=?UTF-8?Q?{''.join(map(_quoted, value.encode('utf-8', 'replace')))}?="
    return as_word(value)


def as_word(value: str) -> str:
    """Return an encoded word of RFC 2047 for any *value*."""
    return f"=?UTF-8?B?{b64encode(value.encode('utf-8', 'replace')).decode()}?="


def _quoted(byte: int) -> str:
    character = chr(byte)
    return "_" if character == " " else character if _UNQUOTED.fullmatch(character) else f"={byte:02X}"


def decoded(value: str) -> str:
    """Return a header's text with its encoded words of RFC 2047 decoded. UTF-8 bytes are decoded too."""
    if "=?" in value:
        value = _WORDS.sub(_word, value)
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:  # text already, or bytes in another encoding
        return value


def _word(found: re.Match[str]) -> str:
    try:
        if found[2] in "bB":
            # JavaMail decodes a padding in the middle as 63, and bytes that are not text as U+FFFD.
            value = found[3].rstrip("=").replace("=", "/")
            return b64decode(value + "=" * (-len(value) % 4), validate=True).decode(found[1], "replace")
        return unquote_to_bytes(found[3].replace("_", " ").replace("%", "%25").replace("=", "%")).decode(found[1])
    except (ValueError, LookupError):  # no such encoding, or not in it
        return found[0]


def _check_metadata(ask: S3Request, metadata: Mapping[str, str]) -> None:
    size = sum(len(name) + len(value.encode("utf-8", "replace")) for name, value in metadata.items())
    if size > MAX_METADATA_BYTES:
        elements = {"Size": str(size), "MaxSizeAllowed": str(MAX_METADATA_BYTES)}
        raise ask.refused("MetadataTooLarge", elements=elements)


def _check_kept(ask: S3Request, kept: dict[str, str]) -> None:
    storage_class = kept.get("x-amz-storage-class")
    if storage_class is not None and storage_class not in STORAGE_CLASSES:
        raise ask.refused("InvalidStorageClass", elements={"StorageClassRequested": storage_class})
    if "content-encoding" in kept:
        # aws-chunked is the framing of the request, not of the stored object.
        encodings = kept.pop("content-encoding").split(",")
        stored = ",".join(one for one in encodings if one.strip() not in {"", "aws-chunked"}).strip()
        if stored:
            kept["content-encoding"] = stored
