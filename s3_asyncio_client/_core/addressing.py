"""Where a request goes and what it may contain: URLs, queries, names and header values.

Percent-encoding follows RFC 3986 as SigV4 requires (space is %20, "+" is %2B, "~" stays). Keys are opaque: ".", "..",
"//" and a leading slash are parts of a name, never of a path to normalize.
"""

from __future__ import annotations

import base64
import functools
import re
from typing import TYPE_CHECKING
from urllib.parse import quote as percent_encode
from urllib.parse import urlsplit

from s3_asyncio_client._core.bucket_names import (
    bucket_name_problem,
    directory_name_problem,
    is_ipv4,
    new_name_problem,
)
from s3_asyncio_client._core.limits import MAX_KEY_BYTES
from s3_asyncio_client.exceptions import S3InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLAIN_PATH = re.compile(r"[0-9A-Za-z._~/-]*")
_LINE_BREAK = re.compile(r"[\r\n\0]")
# An encoded word has at most 75 characters; 12 of them are the frame, and base64 makes 4 of every 3 bytes.
_BYTES_PER_ENCODED_WORD = 45


def quote(value: str) -> str:
    """Percent-encode everything except RFC 3986's unreserved characters, as UTF-8. "/" becomes %2F."""
    return percent_encode(value, safe="")


def quote_key(key: str) -> str:
    """Percent-encode a key for the path of a URL. "/" stays."""
    return key if _PLAIN_PATH.fullmatch(key) else percent_encode(key, safe="/")


def canonical_query(params: Mapping[str, str]) -> str:
    """Encode a query in SigV4's order: by encoded name, then value. An empty value becomes ``name=``."""
    if not params:
        return ""
    return "&".join(f"{name}={value}" for name, value in sorted((quote(k), quote(v)) for k, v in params.items()))


def build_url(endpoint_url: str, bucket: str | None, key: str | None = None) -> str:
    """Return the percent-encoded URL of a bucket or object, without a query.

    Endpoints that start with ``https://s3.`` get the bucket as a label of the host (virtual-hosted style), all others
    as the first segment of the path. A bucket that is not a DNS label, or has a dot that a TLS wildcard certificate
    does not cover, is always put into the path. An endpoint whose host already starts with the bucket, such as
    ``https://bucket.fra1.digitaloceanspaces.com``, stays unchanged.

    Args:
        endpoint_url: Scheme and host, with an optional port and path.
        bucket: Name of the bucket; None for a request about the account.
        key: Name of the object; None for a request about the bucket, whose URL has no slash at the end.
    """
    url = _bucket_url(endpoint_url, bucket)
    return url if key is None else f"{url}/{quote_key(key)}"


@functools.lru_cache(64)  # a client has few buckets and asks at each request
def _bucket_url(endpoint_url: str, bucket: str | None) -> str:
    base = endpoint_url.rstrip("/")
    if bucket is None:
        return base
    if base.startswith("https://s3.") and _DNS_LABEL.fullmatch(bucket):
        return base.replace("https://", f"https://{bucket}.", 1)
    return f"{base}/{quote(bucket)}" if without_bucket(base, bucket) is None else base


@functools.lru_cache(64)
def without_bucket(endpoint_url: str, bucket: str) -> str | None:
    """Return the endpoint without the bucket that its host begins with, so that the path needs none.

    None: the host is not ``bucket.`` and a domain of two or more labels.
    """
    parts = urlsplit(endpoint_url)
    host = parts.hostname or ""
    if not host.startswith(f"{bucket}.") or "." not in host.removeprefix(f"{bucket}.") or is_ipv4(host):
        return None
    return parts._replace(netloc=parts.netloc[len(bucket) + 1 :]).geturl()


def check_bucket(bucket: str) -> None:
    """Refuse a bucket name that cannot be sent to any server.

    It is lenient: S3-compatible servers have buckets with names that S3 no longer accepts; see `check_new_bucket`.

    Raises:
        TypeError: *bucket* is not a str.
        S3InvalidRequestError: It is empty, longer than 255 characters, ".", contains "..", or contains anything but
            ASCII letters and digits, ".", "_" and "-". The code is InvalidBucketName.
    """
    if not isinstance(bucket, str):
        raise _no_text(bucket)
    problem = bucket_name_problem(bucket)
    if problem is not None:
        raise _bad_name(bucket, problem)


def check_new_bucket(bucket: str, *, directory: bool = False) -> None:
    """Refuse a bucket name that S3 would not create. *directory*: that of a directory bucket, ``base--zone--x-s3``.

    Raises:
        TypeError: *bucket* is not a str.
        S3InvalidRequestError: It breaks a rule for buckets of its kind. The code is InvalidBucketName.
    """
    if not isinstance(bucket, str):
        raise _no_text(bucket)
    problem = directory_name_problem(bucket) if directory else new_name_problem(bucket)
    if problem is not None:
        raise _bad_name(bucket, problem)


def _no_text(bucket: object) -> TypeError:
    return TypeError(f"bucket must be a str, not {type(bucket).__name__}")


def _bad_name(bucket: str, problem: str) -> S3InvalidRequestError:
    return S3InvalidRequestError(f"bucket name {bucket[:80]!r} {problem}", error_code="InvalidBucketName")


def check_key(key: str) -> None:
    """Refuse a key that cannot be sent.

    Raises:
        TypeError: *key* is not a str.
        S3InvalidRequestError: It is empty (code InvalidRequest), has lone surrogates and therefore no UTF-8 form
            (InvalidURI), or has more than 1024 bytes in UTF-8 (KeyTooLongError).
    """
    if not isinstance(key, str):
        raise TypeError(f"key must be a str, not {type(key).__name__}")
    if not key:
        raise S3InvalidRequestError("key is empty; pass the name of an object, at least one character long")
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise S3InvalidRequestError(
            f"key {key!r} has lone surrogates and so no UTF-8 form; decode file names without surrogateescape",
            error_code="InvalidURI",
        ) from None
    if size > MAX_KEY_BYTES:
        raise S3InvalidRequestError(
            f"key {key[:40]!r}... has {size} bytes in UTF-8, at most {MAX_KEY_BYTES} are allowed; shorten it",
            error_code="KeyTooLongError",
            details={"Size": str(size), "MaxSizeAllowed": str(MAX_KEY_BYTES)},
        )


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse headers that would corrupt the request.

    Raises:
        TypeError: A name or value is not a str.
        ValueError: A name is not an HTTP token, or a value has a CR, LF or NUL.
    """
    for name, value in headers.items():
        check_header(name, value)


def metadata_headers(metadata: Mapping[str, str] | None) -> dict[str, str]:
    """Return the ``x-amz-meta-*`` headers of user metadata.

    Args:
        metadata: Name (without prefix) to value. S3 returns the names in lower case.

    Returns:
        Header name to value. A value that a header cannot carry unchanged (not ASCII, control characters, spaces at the
        ends, looks like an encoded word) is encoded by RFC 2047, as S3 itself does in responses.

    Raises:
        TypeError: A name or value is not a str.
        ValueError: A name is not an HTTP token, or a value has a CR, LF or NUL.
    """
    headers: dict[str, str] = {}
    for name, value in (metadata or {}).items():
        check_header(name, value, "metadata")
        plain = value.isascii() and value.isprintable() and value == value.strip() and "=?" not in value
        headers[f"x-amz-meta-{name}"] = value if plain else _encoded_words(value)
    return headers


def check_header(name: str, value: str, kind: str = "header") -> None:
    """Refuse one header; see `check_headers`. *kind* is what an error calls it."""
    if not isinstance(name, str) or not isinstance(value, str):
        raise TypeError(f"{kind} {name!r} must map a str to a str, not to {type(value).__name__}; use str(...)")
    if not _is_token(name):
        raise ValueError(f"{kind} name {name!r} must be letters and digits of ASCII and !#$%&'*+-.^_`|~, at least one")
    if not value.isprintable() and _LINE_BREAK.search(value):  # the value may be a secret: do not show it
        raise ValueError(f"{kind} {name!r} has a value with a line break (CR or LF) or NUL; remove or encode it")


@functools.lru_cache(256)  # a program sends the same few headers over and over
def _is_token(name: str) -> bool:
    return _TOKEN.fullmatch(name) is not None


def _encoded_words(value: str) -> str:
    words = [b""]
    for character in value:
        encoded = character.encode("utf-8", "replace")
        if len(words[-1]) + len(encoded) > _BYTES_PER_ENCODED_WORD:
            words.append(b"")
        words[-1] += encoded
    return " ".join(f"=?UTF-8?B?{base64.b64encode(word).decode()}?=" for word in words)
